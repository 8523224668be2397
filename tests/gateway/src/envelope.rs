//! What all payloads share: the header of the envelope, the people, and fresh ids.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

pub(crate) const CHAT: &str = "oc_1dc6a8a4f19be37fb0c6e92b5a7d40a1";
const OPERATOR: &str = "ou_5f0c1e8b9a7d46c3b2e1f0a9d8c7b6a5";
const UNION: &str = "on_8d1a5c7e3b9f42608f6e2d4c1b0a9988";
pub(crate) const TENANT: &str = "1a2b3c4d5e6f7081";
pub(crate) const VERIFICATION_TOKEN: &str = "local-verification-token";

/// What varies in `header` of the envelope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    pub(crate) event_id: Option<String>,
}

impl Headers {
    pub(crate) fn json(&self, event_type: &str, app_id: &str) -> Value {
        json!({
            "event_id": self.event_id.clone().unwrap_or_else(|| id("")),
            "event_type": event_type,
            "create_time": since_epoch().as_micros().to_string(),
            "token": VERIFICATION_TOKEN,
            "app_id": app_id,
            "tenant_key": TENANT,
        })
    }
}

pub(crate) fn operator() -> Map<String, Value> {
    let mut operator = Map::new();
    for (name, value) in [("tenant_key", TENANT), ("open_id", OPERATOR), ("union_id", UNION)] {
        operator.insert(name.into(), value.into());
    }
    operator
}

/// Merges as RFC 7396 does, but a null in the patch stays a null: callbacks with nulls are what one wants to make.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// A random id of 32 hex digits after a prefix.
pub(crate) fn id(prefix: &str) -> String {
    format!("{prefix}{:032x}", fastrand::u128(..))
}

pub(crate) fn uuid() -> String {
    let bits = fastrand::u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xfff,
        (bits >> 48) & 0xfff,
        bits & 0xffff_ffff_ffff
    )
}

pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
