//! Sends a late reply as a delayed card update.

use feishu_callbacks::openapi::CardUpdate;
use feishu_callbacks::{CardActionTrigger, CardReply};

use super::Route;
use crate::{Context, HandlerError, OpenApi};

impl Route<CardActionTrigger, CardReply> {
    /// Sends the card of a late reply as a delayed update, once the click's answer was written. The platform accepts updates
    /// for 30 minutes, and at most two per click (its documentation, "Update cards with a delay"). A toast cannot be sent
    /// late and is dropped.
    ///
    /// Together with [`on_late`](Self::on_late) the user sees at once that work has begun, and later its result.
    pub fn update_card_when_late(self, api: OpenApi) -> Self {
        self.on_late_result(move |reply, cx| {
            let api = api.clone();
            async move { update(&api, reply, &cx).await }
        })
    }
}

async fn update(api: &OpenApi, reply: CardReply, cx: &Context) -> Result<(), HandlerError> {
    let Some(card) = reply.into_card() else { return Ok(()) };
    let click = cx.decode::<CardActionTrigger>()?;
    let token = click.event.token.ok_or("the click has no token for a delayed update")?;
    token.claim(cx.received_at().elapsed())?;
    if !cx.replied().await {
        return Err("the answer to the click was lost, so the platform accepts no delayed update".into());
    }
    api.send(&CardUpdate::new(token, card)).await?;
    Ok(())
}
