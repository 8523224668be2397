//! The client settings that the endpoint call and the pongs carry.

use serde_json::{Map, Value, json};

/// `ClientConfig` as the platform sends it. Any value can be put in, also one that no client expects.
///
/// ```
/// use feishu_gateway::{Settings, json};
///
/// let usual = Settings::default();
/// let fast = Settings::default().ping_interval(1).reconnect_nonce(0);
/// let partial = Settings::default().without("ReconnectCount");
/// let odd = Settings::raw(json!({"PingInterval": "soon"}));
/// # let _ = (usual, fast, partial, odd);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Settings(Value);

impl Default for Settings {
    /// The values seen in production: count -1 (for ever), interval 120 s, nonce 30 s, ping 120 s.
    fn default() -> Self {
        Self(json!({
            "ReconnectCount": -1,
            "ReconnectInterval": 120,
            "ReconnectNonce": 30,
            "PingInterval": 120,
        }))
    }
}

impl Settings {
    /// Exactly this JSON in the place of `ClientConfig`.
    pub fn raw(value: Value) -> Self {
        Self(value)
    }

    /// `ReconnectCount`: attempts per outage, negative for ever.
    pub fn reconnect_count(self, attempts: i64) -> Self {
        self.with("ReconnectCount", attempts.into())
    }

    /// `ReconnectInterval`: seconds between attempts.
    pub fn reconnect_interval(self, seconds: i64) -> Self {
        self.with("ReconnectInterval", seconds.into())
    }

    /// `ReconnectNonce`: the first attempt of an outage waits a random time below this many seconds.
    pub fn reconnect_nonce(self, seconds: i64) -> Self {
        self.with("ReconnectNonce", seconds.into())
    }

    /// `PingInterval`: seconds between the client's pings.
    pub fn ping_interval(self, seconds: i64) -> Self {
        self.with("PingInterval", seconds.into())
    }

    /// One member set to any value.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members().insert(name.into(), value);
        self
    }

    /// One member left out.
    pub fn without(mut self, name: &str) -> Self {
        self.members().remove(name);
        self
    }

    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// `PingInterval` when it is a usable number of seconds.
    pub(crate) fn ping_seconds(&self) -> Option<u64> {
        self.0.get("PingInterval").and_then(Value::as_u64).filter(|seconds| *seconds > 0)
    }

    fn members(&mut self) -> &mut Map<String, Value> {
        if !self.0.is_object() {
            self.0 = Value::Object(Map::new());
        }
        match &mut self.0 {
            Value::Object(members) => members,
            _ => unreachable!("made an object just now"),
        }
    }
}
