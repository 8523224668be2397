//! The header of a callback or event.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::error::OddField;
use crate::ids::{AppId, EventId, EventType, TenantKey};
use crate::secret::secrets;
use crate::time::Timestamp;

/// How a payload is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schema {
    /// `schema`, `header`, `event`: every callback and most events.
    V2,
    /// `uuid`, `ts`, `type` beside an `event` that names its own type: the oldest events.
    V1,
    /// No wrapping: the body is the payload (`url_verification`, `card.action.trigger_v1`).
    Flat,
}

/// Header of a callback or event, the same for every schema.
///
/// Only the type is always present. Real callbacks of the long connection have come without a `token`, and the
/// documentation's own sample of `url.preview.get` has no `event_id`.
/// Source: "Callback overview" and "Event structure" of the Feishu documentation.
/// It is serialised in the shape of schema 2.0, without the token, by which an app knows the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Header {
    /// How the payload is wrapped.
    #[serde(skip)]
    pub schema: Schema,
    /// Name of the callback or event.
    pub event_type: EventType,
    /// Id of this callback or event (`uuid` in schema 1.0); repeated pushes have the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// When the platform created it (`ts` in schema 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<Timestamp>,
    /// Verification Token of the app.
    #[serde(skip)]
    pub token: Option<VerificationToken>,
    /// App it was sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<AppId>,
    /// Tenant of the app; the tenant of the user is in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_key: Option<TenantKey>,
    #[serde(skip)]
    pub(crate) odd: Vec<OddField>,
    #[serde(skip)]
    pub(crate) event_at: EventAt,
}

/// Where the value of `event` begins in the payload, if all before it was checked. A hint for reading the body, and no
/// part of what the header says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EventAt(pub(crate) Option<usize>);

impl PartialEq for EventAt {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for EventAt {}

impl Header {
    /// Creates a header of schema 2.0 with only a type, for tests and for your own payloads.
    pub fn new(event_type: impl Into<EventType>) -> Self {
        Self {
            schema: Schema::V2,
            event_type: event_type.into(),
            event_id: None,
            create_time: None,
            token: None,
            app_id: None,
            tenant_key: None,
            odd: Vec::new(),
            event_at: EventAt(None),
        }
    }

    /// Time since the platform created it; `None` without a creation time.
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        self.create_time.map(|created| created.age(now))
    }

    /// Members of the header that could not be read and were left out.
    pub fn odd_fields(&self) -> &[OddField] {
        &self.odd
    }
}

secrets! {
    /// Verification Token of an app. A secret: it permits forging webhook requests.
    VerificationToken;
}
