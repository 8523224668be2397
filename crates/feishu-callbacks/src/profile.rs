//! The callback `profile.view.get`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::envelope::{Envelope, EventBody};

/// A user opened a profile. Not documented.
pub type ProfileViewGet = Envelope<ProfileViewEvent>;

/// Body of `profile.view.get`, which comes, by its name, when a user opens a profile.
///
/// The callback can be subscribed to over the long connection, and nothing else of it is documented: neither the members
/// of the body nor those of the answer. So the body is its JSON, and the reply of a handler any JSON;
/// [`operator`](crate::operator()) finds the user where other callbacks have them.
///
/// ```
/// use feishu_callbacks::{ProfileViewGet, decode};
///
/// let payload = br#"{"header":{"event_type":"profile.view.get"},"event":{"operator":{"open_id":"ou_7"}}}"#;
/// let view: ProfileViewGet = decode(payload)?;
/// assert_eq!(view.event.json()["operator"]["open_id"], "ou_7");
/// # Ok::<(), feishu_callbacks::DecodeError>(())
/// ```
#[derive(Clone, Default)]
pub struct ProfileViewEvent {
    json: Value,
}

impl ProfileViewEvent {
    /// The body as it came; `null` if there was none.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

impl fmt::Debug for ProfileViewEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProfileViewEvent({})", self.json)
    }
}

impl Serialize for ProfileViewEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ProfileViewEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { json: Value::deserialize(deserializer)? })
    }
}

impl EventBody for ProfileViewEvent {
    const TYPE: &'static str = "profile.view.get";
    type Reply = Value;
}
