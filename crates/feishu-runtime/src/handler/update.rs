//! What a handler returns too late, sent as a delayed update of the card.

use feishu_callbacks::openapi::{Call, CardUpdate};
use feishu_callbacks::{CardActionEvent, CardActionTrigger, CardReply, RawCard, decode_with};
use feishu_transport::OpenApi;
use serde_json::{Value, json};

use super::{Registration, Serve};
use crate::{Context, HandlerError};

impl<H: Serve<CardActionTrigger, CardReply>> Registration<CardActionTrigger, CardReply, H> {
    /// Sends the card that the handler returns after its click was answered as a delayed update, once the answer has
    /// been written: the platform takes one for 30 minutes, and two per click (its documentation, "Update cards with a
    /// delay"). A toast cannot be sent late and is left out.
    ///
    /// With [`on_late`](Self::on_late) it makes slow handlers pleasant: the user reads at once that work has begun, and
    /// sees its result when it is there.
    pub fn update_card_when_late(self, api: OpenApi) -> Self {
        self.on_late_result(move |reply, cx| {
            let api = api.clone();
            async move { update(&api, &reply, &cx).await }
        })
    }
}

async fn update(api: &OpenApi, reply: &CardReply, cx: &Context) -> Result<(), HandlerError> {
    let Some(card) = card_of(reply)? else { return Ok(()) };
    let click = decode_with::<CardActionEvent>(cx.header().clone(), cx.payload())?;
    let token = click.event.token.ok_or("the click has no token for a delayed update")?;
    token.claim(cx.received_at().elapsed())?;
    if !cx.replied().await {
        return Err("the answer to the click was lost, and before it the platform takes no update".into());
    }
    let body = json!({ "token": token.expose(), "card": card }).to_string();
    // The path is the same for every card.
    let path = CardUpdate::new(token, RawCard::new(json!({}))?).path();
    api.call(CardUpdate::METHOD, &path, body).await?;
    Ok(())
}

/// The card of a reply as an update has it: card JSON bare, a template with its frame.
fn card_of(reply: &CardReply) -> Result<Option<Value>, HandlerError> {
    let reply = serde_json::to_value(reply)?;
    let Some(card) = reply.get("card") else { return Ok(None) };
    let raw = card.get("type").is_some_and(|kind| kind == "raw");
    Ok(if raw { card.get("data").cloned() } else { Some(card.clone()) })
}
