//! Brings the card of a stream to an end from its record, in another process or later.

use std::sync::Arc;

use feishu_callbacks::build::Element;
use feishu_callbacks::openapi::{CallKind, CardAction, CardBatch, CardChange, ElementPlace, MessagePatch};
use feishu_callbacks::{CardContent, CardSettings, RawCard};
use serde_json::json;

use super::driver::Driver;
use super::keeping::{Keeping, Record, Records, StoredCard};
use super::machine::{Done, Verdict};
use super::options::Look;
use super::send::in_turn;
use crate::openapi::{Place as RatePlace, Target};
use crate::stats::Fate;
use crate::{CallError, OpenApi};

/// The id of the words below a text that stays as it is. They cannot be added twice.
const WORDS: &str = "stream_end";

/// What became of an attempt.
pub(crate) enum Resumed {
    /// The card is at its end.
    Shown,
    /// Another attempt may help.
    Later(String),
    /// None helps.
    Refused(String),
}

/// Makes one attempt. `attempt` is counted from 1, which is the stream itself.
pub(crate) async fn resume(api: &OpenApi, json: &[u8], attempt: u32, records: Arc<dyn Records>) -> Resumed {
    let record = match Record::read(json) {
        Ok(record) => record,
        Err(why) => return Resumed::Refused(why),
    };
    if record.text.is_none() {
        return close(api, &record, attempt).await;
    }
    let keeping = Keeping::resumed(records, &record.seed);
    let (done, error) = Driver::resumed(api.clone(), record.machine(attempt), keeping).await;
    let why = || error.map_or_else(|| "the client ended".to_owned(), |error| error.to_string());
    match done {
        Some(Done::Shown) => {
            api.fates().one(match (record.interrupted, record.by_patch) {
                (true, _) => Fate::Abandoned,
                (false, true) => Fate::ByFallback,
                (false, false) => Fate::Delivered,
            });
            Resumed::Shown
        }
        Some(Done::Failed) => Resumed::Refused(why()),
        Some(Done::Late) | None => Resumed::Later(why()),
    }
}

/// Ends a card whose text is not known here: it stays, with words below it that it was interrupted.
async fn close(api: &OpenApi, record: &Record, attempt: u32) -> Resumed {
    let Some(card) = record.cards.last() else { return Resumed::Shown };
    let closed = match (&card.card_id, &card.message_id) {
        (Some(_), _) if !record.by_patch => close_entity(api, record, card, attempt).await,
        (_, Some(message)) => {
            let Ok(content) = RawCard::new(record.options().card(record.words(), Look::Ended)) else {
                return Resumed::Refused("the card cannot be drawn".to_owned());
            };
            let patch = MessagePatch { message: message.clone(), card: CardContent::from(content) };
            let place =
                RatePlace::new(CallKind::MessagePatch, Some(Target::Message(message.as_str().into())));
            in_turn(api, &place, &patch).await
        }
        _ => return Resumed::Shown,
    };
    let Err(error) = closed else {
        api.fates().one(Fate::Abandoned);
        return Resumed::Shown;
    };
    match Verdict::of(&error) {
        // There is nothing to close any more.
        Verdict::NoCard | Verdict::NoPlace => Resumed::Shown,
        // The call before had arrived.
        Verdict::Unsure | Verdict::Used if is_there_twice(&error) => {
            api.fates().one(Fate::Abandoned);
            Resumed::Shown
        }
        Verdict::Again
        | Verdict::Slower(_)
        | Verdict::Busy
        | Verdict::Behind
        | Verdict::Unsure
        | Verdict::Used => Resumed::Later(error.to_string()),
        _ => Resumed::Refused(error.to_string()),
    }
}

async fn close_entity(
    api: &OpenApi,
    record: &Record,
    card: &StoredCard,
    attempt: u32,
) -> Result<(), CallError> {
    let Some(card_id) = card.card_id.clone() else { return Ok(()) };
    let place = RatePlace::new(CallKind::CardBatch, Some(Target::Card(card_id.as_str().into())));
    let summary = record.options().summary_of(record.words());
    let words = Element::from(json!({"tag": "markdown", "content": record.words()})).with_id(WORDS);
    let batch = CardBatch {
        card_id,
        actions: vec![
            CardAction::Settings(CardSettings::default().streaming(false).summary(summary)),
            CardAction::Add { place: ElementPlace::End, elements: vec![words] },
        ],
        change: CardChange::new(card.number(attempt)).once(format!("{}-e{attempt}", record.seed)),
    };
    in_turn(api, &place, &batch).await
}

fn is_there_twice(error: &CallError) -> bool {
    error.code().is_some_and(|code| code.0 == 300_301)
}
