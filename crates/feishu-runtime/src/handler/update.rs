//! Sends a late reply as a delayed card update.

use std::sync::Arc;

use feishu_callbacks::openapi::CardUpdate;
use feishu_callbacks::{CardActionTrigger, CardReply, Reply as _};
use serde_json::Value;

use super::Route;
use crate::stats::Incident;
use crate::{Context, HandlerError, OpenApi};

/// Decides between a late reply and the card that a later click on the same message got.
type Decide = Arc<dyn Fn(CardReply, Value) -> Option<CardReply> + Send + Sync>;

impl Route<CardActionTrigger, CardReply> {
    /// Sends the card of a late reply as a delayed update, once the click's answer was written. The platform accepts updates
    /// for 30 minutes, and at most two per click (its documentation, "Update cards with a delay"). A toast cannot be sent
    /// late and is dropped.
    ///
    /// A late card gives way to a newer one: it is left out, and counted as `gave_way`, if a click that came after this one
    /// on the same message has got a card meanwhile. Clicks that another process handled are not known. See
    /// [`update_card_when_late_with`](Self::update_card_when_late_with) for another choice.
    ///
    /// Together with [`on_late`](Self::on_late) the user sees at once that work has begun, and later its result.
    pub fn update_card_when_late(self, api: OpenApi) -> Self {
        self.update_card_when_late_with(api, |_, _| None)
    }

    /// As [`update_card_when_late`](Self::update_card_when_late), with a choice of your own for a late reply whose message
    /// has got a newer card: `choose` takes the late reply and the newer card as it was answered
    /// (`{"type":"raw","data":{…}}`), and returns what is sent, or `None` to leave the newer card. `|late, _| Some(late)`
    /// sends it anyway. It must not block.
    pub fn update_card_when_late_with(
        self,
        api: OpenApi,
        choose: impl Fn(CardReply, Value) -> Option<CardReply> + Send + Sync + 'static,
    ) -> Self {
        let choose: Decide = Arc::new(choose);
        self.on_late_result(move |reply, cx| {
            let (api, choose) = (api.clone(), Arc::clone(&choose));
            async move { update(&api, reply, &cx, &choose).await }
        })
    }
}

async fn update(api: &OpenApi, reply: CardReply, cx: &Context, choose: &Decide) -> Result<(), HandlerError> {
    if reply.card_content().is_none() {
        return Ok(());
    }
    let click = cx.decode::<CardActionTrigger>()?;
    let token = click.event.token.ok_or("the click has no token for a delayed update")?;
    token.claim(cx.received_at().elapsed())?;
    if !cx.replied().await {
        return Err("the answer to the click was lost, so the platform accepts no delayed update".into());
    }
    let chosen = match cx.newer_card() {
        Some(newer) => choose(reply, newer),
        None => Some(reply),
    };
    let Some(chosen) = chosen else {
        cx.core().incident(Incident::GaveWay);
        tracing::info!(trace_id = cx.trace_id(), "a late card gave way to the newer one of a later click");
        return Ok(());
    };
    // Noted before it is sent: an update of an earlier click that is ready at the same moment gives way to this one.
    let written = chosen.to_json()?;
    let Some(card) = chosen.into_card() else { return Ok(()) };
    cx.call().card_sent(&written.into());
    api.send(&CardUpdate::new(token, card)).await?;
    Ok(())
}
