//! The callbacks that are sent: their kind, size and payload, and what a right answer to one is.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use feishu_gateway::{Click, Event, Preview};
use serde::Deserialize;
use serde_json::{Value, json};

/// Stands for the callback's number in a payload. Numbers have eight digits, so that a payload keeps its length.
pub(crate) const HOLE: &str = "77777777";

/// The number of the first callback.
pub(crate) const FIRST: u64 = 10_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Card,
    Preview,
    Event,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Card, Self::Preview, Self::Event];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Preview => "preview",
            Self::Event => "event",
        }
    }

    /// The payload of the answer to callback `number`, as a bare client writes it.
    pub(crate) fn answer(self, number: u64) -> String {
        let reply = match self {
            Self::Event => return r#"{"code":200,"headers":null,"data":null}"#.to_owned(),
            Self::Preview => format!(r#"{{"inline":{{"title":"{number}"}}}}"#),
            Self::Card => format!(r#"{{"toast":{{"type":"success","content":"{number}"}}}}"#),
        };
        format!(r#"{{"code":200,"headers":null,"data":"{}"}}"#, STANDARD.encode(reply))
    }

    /// Is this the right answer to callback `number`?
    pub(crate) fn check(self, number: u64, payload: &[u8]) -> Result<()> {
        let answer: AnswerPayload<'_> =
            serde_json::from_slice(payload).context("its payload is no answer")?;
        ensure!(answer.code == 200, "its code is {}", answer.code);
        if self == Self::Event {
            return Ok(());
        }
        let data = STANDARD.decode(answer.data.context("it has no data")?)?;
        let reply: Reply<'_> = serde_json::from_slice(&data).context("its data is no reply")?;
        let text = if self == Self::Preview {
            reply.inline.context("it has no title")?.title
        } else {
            let toast = reply.toast.context("it has no toast")?;
            ensure!(toast.kind == "success", "its toast is of type {:?}", toast.kind);
            toast.content
        };
        ensure!(text.parse() == Ok(number), "it is for {text:?}");
        Ok(())
    }
}

#[derive(Deserialize)]
struct AnswerPayload<'a> {
    code: i64,
    data: Option<&'a str>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    toast: Option<ToastPart<'a>>,
    #[serde(borrow)]
    inline: Option<Inline<'a>>,
}

#[derive(Deserialize)]
struct ToastPart<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Inline<'a> {
    title: &'a str,
}

/// One sort of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Bytes of a payload, or what it has by itself if that is more.
    pub(crate) bytes: usize,
    /// Bytes of one fragment at most.
    pub(crate) fragment: usize,
    /// How long the handler waits before it answers, in milliseconds.
    pub(crate) sleep: u64,
}

const KIB: usize = 1 << 10;

impl Workload {
    pub(crate) const CARD: Self =
        Self { name: "card, 1 KiB", kind: Kind::Card, bytes: KIB, fragment: usize::MAX, sleep: 0 };
    pub(crate) const PREVIEW: Self = Self { name: "preview", kind: Kind::Preview, bytes: 0, ..Self::CARD };
    pub(crate) const EVENT: Self = Self { name: "event (message)", kind: Kind::Event, ..Self::CARD };
    pub(crate) const CARD_64: Self = Self { name: "card, 64 KiB", bytes: 64 * KIB, ..Self::CARD };
    pub(crate) const FRAGMENTS: Self =
        Self { name: "card, 256 KiB in 4 fragments", bytes: 256 * KIB, fragment: 64 * KIB, ..Self::CARD };

    /// The payload with [`HOLE`] wherever the number goes. Ids differ from callback to callback, as on the platform: a
    /// repeated id would be answered from memory.
    pub(crate) fn payload(self) -> String {
        let bare = self.padded("").len();
        // Text as people write it: mostly ASCII, some Chinese, some escapes.
        let unit = "Approved by the engineer on duty; 审批通过, see \"report.pdf\" (rev 7).\n";
        let length = json!(unit).to_string().len() - 2;
        let missing = self.bytes.saturating_sub(bare);
        self.padded(&(unit.repeat(missing / length) + &"x".repeat(missing % length)))
    }

    fn padded(self, note: &str) -> String {
        let id = format!("bench{HOLE}3f9c1e5ab2d847066d1f0b8c");
        let number: u64 = HOLE.parse().unwrap_or_default();
        let mut value = json!({ "n": number });
        if self.sleep > 0 {
            value["sleep_ms"] = self.sleep.into();
        }
        let payload = match self.kind {
            Kind::Card => Click::form("save", json!({ "note": note })).value(value).event_id(&id).payload(),
            Kind::Preview => {
                Preview::new(&format!("https://bench.example.com/view?n={HOLE}")).event_id(&id).payload()
            }
            Kind::Event => Event::text_message(&format!("{note} {HOLE}"))
                .merge(json!({ "message": { "message_id": format!("om_{id}") } }))
                .event_id(&id)
                .payload(),
        };
        in_order(&payload)
    }
}

/// The envelope's members in the order in which the platform writes them.
fn in_order(payload: &str) -> String {
    let payload: Value = serde_json::from_str(payload).unwrap_or_default();
    format!(r#"{{"schema":"2.0","header":{},"event":{}}}"#, payload["header"], payload["event"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_have_their_size_and_their_number() {
        for workload in
            [Workload::CARD, Workload::PREVIEW, Workload::EVENT, Workload::CARD_64, Workload::FRAGMENTS]
        {
            let payload = workload.payload();
            assert!(payload.len() >= workload.bytes && payload.len() < workload.bytes + KIB, "{payload}");
            assert!(payload.matches(HOLE).count() >= 2, "{payload}");
        }
    }

    #[test]
    fn a_right_answer_is_accepted_and_a_wrong_one_is_refused() {
        for kind in Kind::ALL {
            let answer = kind.answer(12_345_678);
            kind.check(12_345_678, answer.as_bytes()).unwrap();
            kind.check(12_345_678, answer.replace("200", "500").as_bytes()).unwrap_err();
            kind.check(12_345_678, b"12345678").unwrap_err();
            if kind != Kind::Event {
                kind.check(12_345_679, answer.as_bytes()).unwrap_err();
                kind.check(12_345_678, br#"{"code":200}"#).unwrap_err();
            }
        }
    }
}
