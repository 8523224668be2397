//! An answer that a client sent, decoded.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use feishu_proto::{Frame, header_name};
use serde::Deserialize;
use serde_json::Value;

use crate::verdict::{Facts, Purpose};
use crate::{ConnectionId, Finding, Verdict};

/// A client's answer to one push. Cheap to clone.
#[derive(Clone)]
pub struct Answered(Arc<Inner>);

struct Inner {
    frame: Arc<Frame>,
    connection: ConnectionId,
    elapsed: Duration,
    late: bool,
    purpose: Purpose,
    shown_is_v2: Option<bool>,
    payload: Payload,
    findings: Vec<Finding>,
}

/// The content of an answer's payload.
pub(crate) struct Payload {
    /// `None`: the payload cannot be read, or has no code.
    pub(crate) code: Option<i64>,
    pub(crate) data: Data,
}

pub(crate) enum Data {
    Absent,
    /// JSON of any kind, decoded from base64 and known to be valid.
    Json(Vec<u8>),
    Unreadable(String),
}

/// The gateway's information on an answer, besides its frame.
pub(crate) struct Circumstances {
    pub(crate) connection: ConnectionId,
    pub(crate) elapsed: Duration,
    pub(crate) late: bool,
    pub(crate) purpose: Purpose,
    pub(crate) shown_is_v2: Option<bool>,
    pub(crate) findings: Vec<Finding>,
}

impl Answered {
    pub(crate) fn new(frame: Arc<Frame>, payload: Payload, about: Circumstances) -> Self {
        let Circumstances { connection, elapsed, late, purpose, shown_is_v2, findings } = about;
        Self(Arc::new(Inner { frame, connection, elapsed, late, purpose, shown_is_v2, payload, findings }))
    }

    /// `code` of the answer; 200 means processed. 0 when the payload has no readable code.
    pub fn code(&self) -> i64 {
        self.0.payload.code.unwrap_or(0)
    }

    /// `data` of the answer, decoded from base64 and JSON; `None` when it is missing or unreadable.
    pub fn data(&self) -> Option<Value> {
        match &self.0.payload.data {
            Data::Json(json) => serde_json::from_slice(json).ok(),
            Data::Absent | Data::Unreadable(_) => None,
        }
    }

    /// Time from the moment the push was written to the moment the answer was read.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The frame as it came.
    pub fn frame(&self) -> &Frame {
        &self.0.frame
    }

    /// Payload of the frame, as text for people; empty when it has none.
    pub fn payload(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.0.frame.payload.as_deref().unwrap_or_default())
    }

    /// Header `message_id` of the push.
    pub fn message_id(&self) -> &str {
        self.0.frame.message_id().unwrap_or_default()
    }

    /// Header `biz_rt`: the handler's time in milliseconds, as the client says.
    pub fn biz_rt(&self) -> Option<i64> {
        self.0.frame.header(header_name::BIZ_RT)?.parse().ok()
    }

    /// The connection that the answer came on.
    pub fn connection(&self) -> ConnectionId {
        self.0.connection
    }

    /// Whether it answers a callback, so that a user waits for it.
    pub fn is_callback(&self) -> bool {
        self.0.purpose != Purpose::Event
    }

    /// The findings of this answer, which are also in [`Gateway::findings`](crate::Gateway::findings).
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// What the user would see.
    pub fn verdict(&self) -> Verdict {
        let data = self.data();
        Verdict::of(&Facts {
            purpose: self.0.purpose,
            late: self.0.late,
            code: self.0.payload.code,
            data: match &self.0.payload.data {
                Data::Unreadable(why) => Err(why),
                Data::Absent | Data::Json(_) => Ok(data.as_ref()),
            },
            shown_is_v2: self.0.shown_is_v2,
        })
    }

    /// `code` of the answer, if there is one.
    pub(crate) fn readable_code(&self) -> Option<i64> {
        self.0.payload.code
    }

    /// Whether `data` could hold a card. Looks at the bytes only: most answers have none.
    pub(crate) fn mentions_card(&self) -> bool {
        match &self.0.payload.data {
            Data::Json(json) => json.windows(6).any(|window| window == b"\"card\""),
            Data::Absent | Data::Unreadable(_) => false,
        }
    }

    /// `card` of `data`.
    pub(crate) fn card(&self) -> Option<Value> {
        self.data()?.get_mut("card").map(Value::take).filter(|card| !card.is_null())
    }

    pub(crate) fn shared_frame(&self) -> &Arc<Frame> {
        &self.0.frame
    }
}

impl Payload {
    /// Parses `{"code":…,"data":"<base64>"}`. Errors are kept as text.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            code: Option<i64>,
            #[serde(borrow, default)]
            data: Text<'a>,
        }
        let wire: Wire<'_> = serde_json::from_slice(payload)
            .map_err(|error| format!("payload is not {{\"code\":…,\"data\":\"…\"}}: {error}"))?;
        Ok(Self { code: wire.code, data: wire.data.0.map_or(Data::Absent, |text| Data::decode(&text)) })
    }

    pub(crate) fn unreadable(why: String) -> Self {
        Self { code: None, data: Data::Unreadable(why) }
    }
}

/// A JSON string, borrowed where it has no escapes; null counts as absent.
#[derive(Default)]
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a base64 string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.into()))))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Data {
    fn decode(text: &str) -> Self {
        let json = match BASE64_STANDARD.decode(text) {
            Ok(json) => json,
            Err(error) => return Self::Unreadable(format!("data is not base64: {error}")),
        };
        match serde_json::from_slice::<serde::de::IgnoredAny>(&json) {
            Ok(_) => Self::Json(json),
            Err(error) => Self::Unreadable(format!("data is not JSON: {error}")),
        }
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("message_id", &self.message_id())
            .field("code", &self.0.payload.code)
            .field("data", &self.data())
            .field("elapsed", &self.0.elapsed)
            .field("findings", &self.0.findings)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.payload.code {
            Some(code) => write!(f, "answer {code}")?,
            None => f.write_str("unreadable answer")?,
        }
        if let Some(data) = self.data() {
            write!(f, " {data}")?;
        }
        write!(f, " after {:.1} ms (message {})", self.0.elapsed.as_secs_f64() * 1e3, self.message_id())
    }
}
