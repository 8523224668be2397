//! The server's ping and reconnect settings, and their limits.

use std::time::Duration;

use serde_json::Value;

/// The settings in force: the defaults, updated by each endpoint answer and each pong.
///
/// Every field is limited to a range. A field that is absent, not a whole number or meaningless changes nothing, so that
/// no server can cause a ping storm, a busy loop or an endless wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerSettings {
    /// `PingInterval`: time between application pings. 1 s to 10 min, 120 s by default.
    pub ping_interval: Duration,
    /// `ReconnectInterval`: pause after an attempt that the platform refused. 1 s to 1 h, 120 s by default.
    pub reconnect_interval: Duration,
    /// `ReconnectNonce`: maximum random delay of the first attempt of an outage. 0 to 5 min, 30 s by default.
    pub reconnect_nonce: Duration,
    /// `ReconnectCount`: maximum attempts per outage; `None`, the default, for no limit. A 0 from the server is ignored,
    /// because it would end every client at its first loss.
    pub reconnect_count: Option<u32>,
}

const PING: (u64, u64) = (1, 600);
const INTERVAL: (u64, u64) = (1, 3_600);
const NONCE: (u64, u64) = (0, 300);

crate::__setters!(ServerSettings {
    ping_interval: Duration,
    reconnect_interval: Duration,
    reconnect_nonce: Duration,
    reconnect_count: Option<u32>,
});

impl Default for ServerSettings {
    /// The defaults of the official SDKs.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(120),
            reconnect_interval: Duration::from_secs(120),
            reconnect_nonce: Duration::from_secs(30),
            reconnect_count: None,
        }
    }
}

impl ServerSettings {
    /// Applies `update` field by field, within the limits.
    pub fn merge(&mut self, update: &SettingsUpdate) {
        let seconds = |value: Option<i64>, (floor, ceiling): (u64, u64)| {
            let value = u64::try_from(value?).ok()?;
            Some(Duration::from_secs(value.clamp(floor, ceiling)))
        };
        // A zero interval means an absent field; raised to the minimum it would be the busiest setting of all.
        let positive = |value: Option<i64>| value.filter(|value| *value > 0);
        if let Some(ping) = seconds(positive(update.ping_interval), PING) {
            self.ping_interval = ping;
        }
        if let Some(interval) = seconds(positive(update.reconnect_interval), INTERVAL) {
            self.reconnect_interval = interval;
        }
        if let Some(nonce) = seconds(update.reconnect_nonce, NONCE) {
            self.reconnect_nonce = nonce;
        }
        match update.reconnect_count {
            Some(count) if count < 0 => self.reconnect_count = None,
            Some(count) if count > 0 => self.reconnect_count = Some(u32::try_from(count).unwrap_or(u32::MAX)),
            _ => {}
        }
    }

    /// How long a connection may be silent: twice the ping interval and 5 s.
    pub fn silence_limit(&self) -> Duration {
        self.ping_interval * 2 + Duration::from_secs(5)
    }
}

/// A `ClientConfig` as the server sent it, in seconds and attempts. A field is `None` if it was absent or not a whole
/// number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingsUpdate {
    /// `PingInterval` in seconds.
    pub ping_interval: Option<i64>,
    /// `ReconnectInterval` in seconds.
    pub reconnect_interval: Option<i64>,
    /// `ReconnectNonce` in seconds.
    pub reconnect_nonce: Option<i64>,
    /// `ReconnectCount`: attempts per outage; negative for no limit.
    pub reconnect_count: Option<i64>,
}

impl SettingsUpdate {
    /// Reads a `ClientConfig` object. Anything else reads as an update that changes nothing.
    pub fn from_json(config: &Value) -> Self {
        let field = |name| config.get(name).and_then(whole_number);
        Self {
            ping_interval: field("PingInterval"),
            reconnect_interval: field("ReconnectInterval"),
            reconnect_nonce: field("ReconnectNonce"),
            reconnect_count: field("ReconnectCount"),
        }
    }
}

/// Reads a number, or a text that holds one. Numbers too large for an `i64` become `i64::MAX`.
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_u64().map(|_| i64::MAX)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(config: &Value) -> ServerSettings {
        let mut settings = ServerSettings::default();
        settings.merge(&SettingsUpdate::from_json(config));
        settings
    }

    #[test]
    fn sane_settings_are_taken_over() {
        let settings = merged(&json!({
            "PingInterval": 90, "ReconnectInterval": 60, "ReconnectNonce": 10, "ReconnectCount": 7
        }));
        assert_eq!(settings.ping_interval, Duration::from_secs(90));
        assert_eq!(settings.reconnect_interval, Duration::from_secs(60));
        assert_eq!(settings.reconnect_nonce, Duration::from_secs(10));
        assert_eq!(settings.reconnect_count, Some(7));
        assert_eq!(merged(&json!({"PingInterval": "30"})).ping_interval, Duration::from_secs(30));
    }

    #[test]
    fn hostile_settings_change_nothing_for_the_worse() {
        let default = ServerSettings::default();
        for config in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"PingInterval": 0, "ReconnectInterval": 0, "ReconnectCount": 0}),
            json!({"PingInterval": -5, "ReconnectInterval": -5, "ReconnectNonce": -5, "ReconnectCount": -1}),
            json!({"PingInterval": 1.5, "ReconnectInterval": null, "ReconnectNonce": {}, "ReconnectCount": "many"}),
        ] {
            assert_eq!(merged(&config), default, "{config}");
        }
        let huge = merged(&json!({
            "PingInterval": u64::MAX, "ReconnectInterval": i64::MAX, "ReconnectNonce": 1_000_000_000,
            "ReconnectCount": i64::MAX
        }));
        assert_eq!(huge.ping_interval, Duration::from_secs(600));
        assert_eq!(huge.reconnect_interval, Duration::from_secs(3_600));
        assert_eq!(huge.reconnect_nonce, Duration::from_secs(300));
        assert_eq!(huge.reconnect_count, Some(u32::MAX));
    }

    #[test]
    fn a_partial_update_leaves_the_rest() {
        let mut settings = ServerSettings { reconnect_count: Some(3), ..ServerSettings::default() };
        settings.merge(&SettingsUpdate::from_json(&json!({"PingInterval": 10})));
        assert_eq!(settings.reconnect_count, Some(3));
        assert_eq!(settings.reconnect_interval, Duration::from_secs(120));
        settings.merge(&SettingsUpdate::from_json(&json!({"ReconnectCount": -1})));
        assert_eq!(settings.reconnect_count, None);
    }
}
