//! What a handler returns too late, sent as a delayed update of the card.

use feishu_callbacks::openapi::CardUpdate;
use feishu_callbacks::{CardActionTrigger, CardReply};

use super::Route;
use crate::{Context, HandlerError, OpenApi};

impl Route<CardActionTrigger, CardReply> {
    /// Sends the card that the handler returns after its click was answered as a delayed update, once the answer has
    /// been written: the platform takes one for 30 minutes, and two per click (its documentation, "Update cards with a
    /// delay"). A toast cannot be sent late and is left out.
    ///
    /// With [`on_late`](Self::on_late) it makes slow handlers pleasant: the user reads at once that work has begun, and
    /// sees its result when it is there.
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
        return Err("the answer to the click was lost, and before it the platform takes no update".into());
    }
    api.send(&CardUpdate::new(token, card)).await?;
    Ok(())
}
