//! What the user's client would show, by the documented rules.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::card;

/// What the user who clicked would see.
///
/// The codes are those of the page "card callback communication" of the platform's documentation: 200341 no answer in
/// 3 s, 200671 an answer that is not 200, 200672 a malformed answer, 200673 a malformed card in it, 200830 a card of
/// JSON 1.0 in the place of one of JSON 2.0. 108002, for an answer without `data`, is not on that page; users reported it.
/// 200340 (nothing subscribed or published) is not a matter of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    ok: bool,
    code: Option<u32>,
    text: String,
    pub(crate) kind: Kind,
    pub(crate) toast: Option<Toast>,
}

/// What a verdict amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Toast,
    Card,
    ToastAndCard,
    Nothing,
    Preview,
    PlainLink,
    Done,
    Again,
    Error,
}

/// A well-formed toast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) style: String,
    pub(crate) content: String,
    pub(crate) i18n: Map<String, Value>,
}

/// What was pushed, as far as it decides what a good answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Click,
    Preview,
    /// An event, or a payload that the gateway does not know.
    Event,
}

/// What the rules look at.
pub(crate) struct Facts<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) late: bool,
    /// `None` when the payload of the answer cannot be read.
    pub(crate) code: Option<i64>,
    /// `Err` says why `data` cannot be read.
    pub(crate) data: Result<Option<&'a Value>, &'a str>,
    /// Whether the card that was clicked is known to be of JSON 2.0.
    pub(crate) shown_is_v2: Option<bool>,
}

impl Verdict {
    /// Whether the answer was taken as it was meant.
    pub fn is_ok(&self) -> bool {
        self.ok
    }

    /// The code in the error that the user sees.
    pub fn code(&self) -> Option<u32> {
        self.code
    }

    /// What the user sees, or why not.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn unanswered(why: &str) -> Self {
        Self::refused(200_341, why)
    }

    /// Nothing was pushed, or no answer came.
    pub(crate) fn missed(purpose: Purpose, why: &str) -> Self {
        match purpose {
            Purpose::Click => Self::unanswered(why),
            Purpose::Preview => Self::failed(Kind::PlainLink, format!("{PLAIN}: {why}")),
            Purpose::Event => Self::failed(Kind::Again, format!("{why}: the event is pushed again")),
        }
    }

    fn shown(kind: Kind, text: impl Into<String>) -> Self {
        Self { ok: true, code: None, text: text.into(), kind, toast: None }
    }

    fn refused(code: u32, text: impl Into<String>) -> Self {
        Self { ok: false, code: Some(code), text: text.into(), kind: Kind::Error, toast: None }
    }

    fn failed(kind: Kind, text: impl Into<String>) -> Self {
        Self { ok: false, code: None, text: text.into(), kind, toast: None }
    }

    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        match facts.purpose {
            Purpose::Click => click(facts),
            Purpose::Preview => preview(facts),
            Purpose::Event => event(facts),
        }
    }
}

fn click(facts: &Facts<'_>) -> Verdict {
    if facts.late {
        return Verdict::refused(200_341, "no answer within 3 s");
    }
    match facts.code {
        Some(200) => {}
        Some(code) => return Verdict::refused(200_671, format!("the answer has code {code}, not 200")),
        None => return Verdict::refused(200_672, "the answer is not {\"code\":…,\"data\":…}"),
    }
    let data = match facts.data {
        Ok(Some(data)) => data,
        Ok(None) => return Verdict::refused(108_002, "the answer has no data; it must be {} at least"),
        Err(why) => return Verdict::refused(200_672, why),
    };
    let Some(members) = data.as_object() else {
        return Verdict::refused(200_672, format!("data is {}, not an object", kind(data)));
    };
    let toast = match members.get("toast").filter(|toast| !toast.is_null()).map(toast).transpose() {
        Ok(toast) => toast,
        Err(why) => return Verdict::refused(200_672, why),
    };
    let card = members.get("card").filter(|card| !card.is_null());
    if let Some(card) = card {
        if let Err(why) = card::check_reply(card) {
            return Verdict::refused(200_673, why);
        }
        if facts.shown_is_v2 == Some(true) && card::reply_is_v2(card) == Some(false) {
            return Verdict::refused(200_830, "a card of JSON 2.0 cannot become one of JSON 1.0");
        }
    }
    let mut verdict = match (&toast, card) {
        (None, None) => Verdict::shown(Kind::Nothing, "nothing changes"),
        (Some(toast), None) => Verdict::shown(Kind::Toast, toast.to_string()),
        (None, Some(_)) => Verdict::shown(Kind::Card, "the card is replaced"),
        (Some(toast), Some(_)) => {
            Verdict::shown(Kind::ToastAndCard, format!("{toast}, the card is replaced"))
        }
    };
    verdict.toast = toast;
    verdict
}

fn toast(toast: &Value) -> Result<Toast, String> {
    let Some(members) = toast.as_object() else {
        return Err(format!("toast is {}, not an object", kind(toast)));
    };
    let style = match members.get("type") {
        None | Some(Value::Null) => "info",
        Some(Value::String(style)) if matches!(&**style, "info" | "success" | "error" | "warning") => style,
        Some(other) => return Err(format!("toast.type is {other}, not info, success, error or warning")),
    };
    let content = match members.get("content") {
        None | Some(Value::Null) => None,
        Some(Value::String(content)) => Some(&**content),
        Some(other) => return Err(format!("toast.content is {}, not a string", kind(other))),
    };
    let languages = match members.get("i18n") {
        None | Some(Value::Null) => None,
        Some(Value::Object(texts)) if texts.values().all(Value::is_string) => Some(texts),
        Some(other) => return Err(format!("toast.i18n is not an object of strings: {other}")),
    };
    Ok(Toast {
        style: style.to_owned(),
        content: content.unwrap_or_default().to_owned(),
        i18n: languages.cloned().unwrap_or_default(),
    })
}

/// What the user sees of a link whose preview failed.
const PLAIN: &str = "the plain link";

fn preview(facts: &Facts<'_>) -> Verdict {
    if facts.late {
        return Verdict::failed(Kind::PlainLink, format!("{PLAIN}: no answer within 3 s"));
    }
    match facts.code {
        Some(200) => {}
        Some(code) => {
            return Verdict::failed(Kind::PlainLink, format!("{PLAIN}: the answer has code {code}, not 200"));
        }
        None => {
            return Verdict::failed(
                Kind::PlainLink,
                format!("{PLAIN}: the answer is not {{\"code\":…,\"data\":…}}"),
            );
        }
    }
    let data = match facts.data {
        Ok(Some(data)) => data,
        Ok(None) => return Verdict::shown(Kind::PlainLink, PLAIN),
        Err(why) => return Verdict::failed(Kind::PlainLink, format!("{PLAIN}: {why}")),
    };
    let Some(members) = data.as_object() else {
        return Verdict::failed(Kind::PlainLink, format!("{PLAIN}: data is {}, not an object", kind(data)));
    };
    let card = members.get("card").filter(|card| !card.is_null());
    if let Some(Err(why)) = card.map(card::check_reply) {
        return Verdict::failed(Kind::PlainLink, format!("{PLAIN}: {why}"));
    }
    let title = match members.get("inline") {
        None | Some(Value::Null) => None,
        Some(Value::Object(inline)) => {
            let title = inline.get("title").and_then(Value::as_str);
            let languages = inline.get("i18n_title").and_then(Value::as_object);
            let first = languages.and_then(|texts| texts.values().find_map(Value::as_str));
            Some(first.or(title).unwrap_or_default())
        }
        Some(other) => {
            return Verdict::failed(
                Kind::PlainLink,
                format!("{PLAIN}: inline is {}, not an object", kind(other)),
            );
        }
    };
    match (title, card) {
        (None, None) => Verdict::shown(Kind::PlainLink, PLAIN),
        (Some(title), None) => Verdict::shown(Kind::Preview, format!("the link as \"{title}\"")),
        (None, Some(_)) => Verdict::shown(Kind::Preview, "the link with a card"),
        (Some(title), Some(_)) => {
            Verdict::shown(Kind::Preview, format!("the link as \"{title}\" with a card"))
        }
    }
}

fn event(facts: &Facts<'_>) -> Verdict {
    match facts.code {
        _ if facts.late => Verdict::failed(Kind::Again, "no answer within 3 s: the event is pushed again"),
        Some(200) => Verdict::shown(Kind::Done, "the event is done"),
        Some(code) => {
            Verdict::failed(Kind::Again, format!("the answer has code {code}: the event is pushed again"))
        }
        None => Verdict::failed(Kind::Again, "the answer is not {\"code\":…}: the event is pushed again"),
    }
}

/// The kind of a JSON value with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for Toast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = || self.i18n.values().next().and_then(Value::as_str).unwrap_or_default();
        let text = if self.content.is_empty() { first() } else { &self.content };
        write!(f, "a toast ({}) \"{text}\"", self.style)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "error {code}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
