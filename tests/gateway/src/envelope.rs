//! What all payloads share: the header of the envelope, the people, and fresh ids.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

/// The app of a payload that is made without a gateway.
const APP_ID: &str = "cli_local";
pub(crate) const CHAT: &str = "oc_1dc6a8a4f19be37fb0c6e92b5a7d40a1";
pub(crate) const OPERATOR: &str = "ou_5f0c1e8b9a7d46c3b2e1f0a9d8c7b6a5";
pub(crate) const UNION: &str = "on_8d1a5c7e3b9f42608f6e2d4c1b0a9988";
pub(crate) const TENANT: &str = "1a2b3c4d5e6f7081";
pub(crate) const VERIFICATION_TOKEN: &str = "local-verification-token";

/// Where a payload goes, which decides what is filled in where the caller chose nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    /// A push to a connection of this app, at this time: fresh ids.
    Push(&'a str, Duration),
    /// A payload for a test: the ids of its builder, and no time.
    Fixture,
}

impl Purpose<'_> {
    /// The id that was made for a push, or a fixed one.
    pub(crate) fn id(self, prefix: &str, fresh: impl FnOnce() -> String) -> String {
        match self {
            Self::Push(..) => fresh(),
            Self::Fixture => format!("{prefix}fixture"),
        }
    }
}

/// What varies in `header` of the envelope.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    /// The number of the builder in this process, from which the ids of its `payload()` are made.
    pub(crate) number: u64,
    /// The id of a push that was given none; a new one for each push when this is `None`, too.
    pub(crate) fresh_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) without_event_id: bool,
    pub(crate) app_id: Option<String>,
    pub(crate) created_at: Option<SystemTime>,
    pub(crate) more: Map<String, Value>,
}

impl Headers {
    pub(crate) fn new() -> Self {
        static BUILDERS: AtomicU64 = AtomicU64::new(1);
        Self {
            number: BUILDERS.fetch_add(1, Relaxed),
            fresh_id: None,
            event_id: None,
            without_event_id: false,
            app_id: None,
            created_at: None,
            more: Map::new(),
        }
    }

    pub(crate) fn json(&self, event_type: &str, purpose: Purpose<'_>) -> Value {
        let mut header = Map::new();
        if !self.without_event_id {
            header.insert("event_id".into(), self.id(purpose).into());
        }
        header.insert("event_type".into(), event_type.into());
        if let Some(time) = self.time(purpose) {
            header.insert("create_time".into(), time.as_micros().to_string().into());
        }
        header.insert("token".into(), VERIFICATION_TOKEN.into());
        header.insert("app_id".into(), self.app(purpose).into());
        header.insert("tenant_key".into(), TENANT.into());
        header.extend(self.more.clone());
        header.into()
    }

    pub(crate) fn id(&self, purpose: Purpose<'_>) -> String {
        if let Some(id) = &self.event_id {
            return id.clone();
        }
        match purpose {
            Purpose::Push(..) => self.fresh_id.clone().unwrap_or_else(|| id("")),
            Purpose::Fixture => format!("fixture-{}", self.number),
        }
    }

    pub(crate) fn app(&self, purpose: Purpose<'_>) -> String {
        match (&self.app_id, purpose) {
            (Some(id), _) => id.clone(),
            (None, Purpose::Push(app_id, _)) => app_id.to_owned(),
            (None, Purpose::Fixture) => APP_ID.to_owned(),
        }
    }

    pub(crate) fn time(&self, purpose: Purpose<'_>) -> Option<Duration> {
        match (self.created_at, purpose) {
            (Some(time), _) => Some(time.duration_since(UNIX_EPOCH).unwrap_or_default()),
            (None, Purpose::Push(_, now)) => Some(now),
            (None, Purpose::Fixture) => None,
        }
    }
}

/// The methods that set members of `header`, for a builder with a field `headers`.
macro_rules! header_setters {
    () => {
        /// `header.event_id`. By default a new one for each push, and in `payload()` one for each builder and its clones.
        pub fn event_id(mut self, id: &str) -> Self {
            self.headers.event_id = Some(id.into());
            self.headers.without_event_id = false;
            self
        }

        /// Removes `header.event_id`; some callbacks come without one.
        pub fn without_event_id(mut self) -> Self {
            self.headers.without_event_id = true;
            self
        }

        /// `header.app_id`. By default the app of the connection, and `cli_local` in `payload()`.
        pub fn app_id(mut self, id: &str) -> Self {
            self.headers.app_id = Some(id.into());
            self
        }

        /// `header.create_time`. By default the time of the push; `payload()` has none, so it is
        /// never too old.
        pub fn created_at(mut self, time: std::time::SystemTime) -> Self {
            self.headers.created_at = Some(time);
            self
        }

        /// Any other member of `header`.
        pub fn header(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
            self.headers.more.insert(name.into(), value.into());
            self
        }
    };
}
pub(crate) use header_setters;

/// `payload()`, and `Display` with the same text, for a builder with `fixture()`.
macro_rules! payload {
    ($builder:ident) => {
        impl $builder {
            /// The JSON that the platform would push, without a gateway: for a handler's unit test or a request of your
            /// own. `Display` gives the same text.
            ///
            /// A builder and its clones give the same text each time; another builder has another event id.
            pub fn payload(&self) -> String {
                self.fixture()
            }
        }

        impl std::fmt::Display for $builder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.fixture())
            }
        }
    };
}
pub(crate) use payload;

pub(crate) fn operator() -> Map<String, Value> {
    let mut operator = Map::new();
    for (name, value) in [("tenant_key", TENANT), ("open_id", OPERATOR), ("union_id", UNION)] {
        operator.insert(name.into(), value.into());
    }
    operator
}

/// Merges as RFC 7396 does, except that a null in the patch stays a null, to build callbacks with nulls.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
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
