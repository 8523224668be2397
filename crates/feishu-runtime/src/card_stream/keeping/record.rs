//! What an inbox keeps of a stream, so that another process can bring its card to an end.

use feishu_callbacks::openapi::Receiver;
use feishu_callbacks::{CardId, ChatId, MessageId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::card_stream::look::StoredLook;
use crate::card_stream::machine::{Machine, Sheet, Way};
use crate::card_stream::options::StreamOptions;
use crate::card_stream::target::Place;

/// The event type of a record, in the queue of the inbox and among its dead letters.
pub(crate) const RECORD: &str = "feishu_runtime.stream";
/// What the id of a record begins with. No event of the platform has such an id.
const ID: &str = "stream:";
/// The version of this format. A record of another one becomes a dead letter.
const VERSION: u32 = 1;
/// How far the numbers and `uuid`s of a further attempt are from those that an earlier process may have used.
const APART: u32 = 1000;

/// A stream at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    /// The final text; `None` while it grew, or if the handler runs again and makes another one.
    pub(crate) text: Option<String>,
    /// Whether the text ends with words for an end that is not its own.
    pub(crate) interrupted: bool,
    place: StoredPlace,
    pub(crate) by_patch: bool,
    pub(crate) seed: String,
    uuids: u32,
    limit: usize,
    tables: usize,
    cuts: Vec<usize>,
    pub(crate) cards: Vec<StoredCard>,
    look: StoredLook,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPlace {
    OpenId(String),
    UnionId(String),
    UserId(String),
    Email(String),
    ChatId(String),
    Reply { to: MessageId, in_thread: bool, chat: Option<ChatId> },
}

/// A card of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredCard {
    pub(crate) card_id: Option<CardId>,
    pub(crate) message_id: Option<MessageId>,
    is_second: bool,
    pub(crate) sequence: u32,
}

/// The record in an event.
#[derive(Deserialize)]
struct Envelope<T> {
    event: T,
}

/// Read before the rest.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Whether an event of the inbox is the record of a stream.
pub(crate) fn is_record(id: &str, event_type: &str) -> bool {
    event_type == RECORD && id.starts_with(ID)
}

/// The id of a stream's record.
pub(crate) fn id(seed: &str) -> String {
    format!("{ID}{seed}")
}

impl Record {
    /// The stream as it is, with its text if that is final. `None` for a place that this version cannot store.
    pub(crate) fn of(machine: &Machine, is_final: bool, interrupted: bool) -> Option<Self> {
        let of = |sheet: &Sheet| StoredCard {
            card_id: sheet.id.clone(),
            message_id: sheet.message.clone(),
            is_second: sheet.is_second,
            sequence: sheet.sequence,
        };
        Some(Self {
            version: VERSION,
            text: is_final.then(|| machine.text.clone()),
            interrupted,
            place: StoredPlace::of(&machine.place)?,
            by_patch: machine.way == Way::Patch,
            seed: machine.seed.clone(),
            uuids: machine.uuids,
            limit: machine.limit,
            tables: machine.tables,
            cuts: machine.cuts.clone(),
            cards: machine.sheets.iter().map(of).collect(),
            look: machine.options.stored(),
        })
    }

    /// The stream again, at its end. `attempt` is counted from 1, which is the stream itself.
    pub(crate) fn machine(&self, attempt: u32) -> Machine {
        let place = self.place.place();
        let way = if self.by_patch { Way::Patch } else { Way::Entity };
        let mut machine = Machine::new(self.options(), place, self.seed.clone(), way);
        machine.uuids = self.uuids.saturating_add(attempt.saturating_mul(APART));
        (machine.limit, machine.tables, machine.cuts) = (self.limit, self.tables, self.cuts.clone());
        let sheet = |card: &StoredCard| Sheet {
            id: card.card_id.clone(),
            message: card.message_id.clone(),
            is_second: card.is_second,
            sequence: card.number(attempt),
            ..Sheet::default()
        };
        machine.sheets = self.cards.iter().map(sheet).collect();
        if machine.sheets.is_empty() {
            machine.sheets.push(Sheet::new());
        }
        machine.set_text(self.text.clone().unwrap_or_default());
        machine.end();
        machine
    }

    pub(crate) fn options(&self) -> StreamOptions {
        StreamOptions::from_stored(self.look.clone())
    }

    pub(crate) fn words(&self) -> &str {
        &self.look.interrupted
    }

    /// As an event: what lists dead letters can read it.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        json!({
            "schema": "2.0",
            "header": { "event_id": id(&self.seed), "event_type": RECORD },
            "event": self,
        })
        .to_string()
        .into_bytes()
    }

    pub(crate) fn read(json: &[u8]) -> Result<Self, String> {
        let broken = |error: serde_json::Error| format!("the record of a streamed answer is broken: {error}");
        let Version { version } = serde_json::from_slice::<Envelope<Version>>(json).map_err(broken)?.event;
        if version != VERSION {
            return Err(format!(
                "the record of a streamed answer has version {version}, and this program reads {VERSION}; \
                 put it back with a program of the version that wrote it"
            ));
        }
        serde_json::from_slice::<Envelope<Self>>(json).map(|envelope| envelope.event).map_err(broken)
    }
}

impl StoredCard {
    /// A number that is surely higher than those of the attempts before.
    pub(crate) fn number(&self, attempt: u32) -> u32 {
        self.sequence.saturating_add(attempt.saturating_mul(APART))
    }
}

impl StoredPlace {
    fn of(place: &Place) -> Option<Self> {
        Some(match place {
            Place::Reply { to, in_thread, chat } => {
                Self::Reply { to: to.clone(), in_thread: *in_thread, chat: chat.clone() }
            }
            Place::To(Receiver::User(id)) => Self::OpenId(id.as_str().to_owned()),
            Place::To(Receiver::Union(id)) => Self::UnionId(id.as_str().to_owned()),
            Place::To(Receiver::TenantUser(id)) => Self::UserId(id.as_str().to_owned()),
            Place::To(Receiver::Email(address)) => Self::Email(address.clone()),
            Place::To(Receiver::Chat(id)) => Self::ChatId(id.as_str().to_owned()),
            Place::To(_) => return None,
        })
    }

    fn place(&self) -> Place {
        Place::To(match self.clone() {
            Self::Reply { to, in_thread, chat } => return Place::Reply { to, in_thread, chat },
            Self::OpenId(id) => Receiver::User(id.into()),
            Self::UnionId(id) => Receiver::Union(id.into()),
            Self::UserId(id) => Receiver::TenantUser(id.into()),
            Self::Email(address) => Receiver::Email(address),
            Self::ChatId(id) => Receiver::Chat(id.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use feishu_callbacks::build::HeaderColor;
    use feishu_callbacks::peek;

    use super::*;

    fn machine(place: Place, options: StreamOptions) -> Machine {
        let mut machine = Machine::new(options, place, "seed".into(), Way::Entity);
        machine.set_text("Tea | \"coffee\" 茶\n\n```\ncode");
        if let Some(sheet) = machine.sheets.first_mut() {
            (sheet.id, sheet.message, sheet.sequence) = (Some("73".into()), Some("om_1".into()), 7);
        }
        machine
    }

    #[test]
    fn record_comes_back_from_its_json_for_each_place_and_look() {
        let reply = |chat: Option<&str>| Place::Reply {
            to: "om_0".into(),
            in_thread: true,
            chat: chat.map(Into::into),
        };
        let places = [
            Place::To(Receiver::User("ou_1".into())),
            Place::To(Receiver::Union("on_1".into())),
            Place::To(Receiver::TenantUser("7".into())),
            Place::To(Receiver::Email("a@example.com".into())),
            Place::To(Receiver::Chat("oc_1".into())),
            reply(Some("oc_1")),
            reply(None),
        ];
        let looks = [
            StreamOptions::default(),
            StreamOptions::default()
                .colored_title("Answer", HeaderColor::Blue)
                .summary("Tea")
                .convert_markdown(),
        ];
        for place in places {
            for (look, has_ended) in looks.iter().zip([false, true]) {
                let mut machine = machine(place.clone(), look.clone());
                if has_ended {
                    machine.end();
                }
                let record = Record::of(&machine, has_ended, true).unwrap();
                let json = record.to_json();
                assert_eq!(Record::read(&json).unwrap(), record);
                assert_eq!(peek(&json).unwrap().event_type.as_str(), RECORD);
                let again = record.machine(2);
                assert_eq!((again.place.clone(), again.sheets[0].sequence), (place.clone(), 2007));
                assert_eq!(again.text, if has_ended { &*machine.text } else { "" });
                let card =
                    |options: &StreamOptions| options.card("Tea", crate::card_stream::options::Look::Ended);
                assert_eq!(card(&again.options), card(look));
            }
        }
    }

    #[test]
    fn record_of_another_version_is_refused_with_what_to_do() {
        let record = Record::of(
            &machine(Place::To(Receiver::Chat("oc_1".into())), StreamOptions::default()),
            false,
            false,
        );
        let json = String::from_utf8(record.unwrap().to_json()).unwrap();
        let newer = json.replace(r#""version":1"#, r#""version":2,"odd":[]"#);
        let error = Record::read(newer.as_bytes()).unwrap_err();
        assert!(error.contains("version 2"), "{error}");
        assert!(Record::read(b"{}").unwrap_err().contains("broken"));
    }
}
