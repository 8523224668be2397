//! One connection attempt: request a URL, then open its WebSocket.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::shared::Shared;
use crate::{Error, Link, ServerSettings, Stage};

/// A newly opened link and the parameters of its URL.
pub(super) struct Opened {
    pub(super) link: Box<dyn Link>,
    pub(super) id: String,
    pub(super) address: String,
    pub(super) service_id: i32,
    pub(super) settings: ServerSettings,
}

/// Makes one connection attempt: the endpoint call, then the WebSocket, each with its own deadline.
pub(super) async fn open(shared: &Shared) -> Result<Opened, Error> {
    shared.counters.attempts.one();
    let config = &shared.config;
    let timeouts = &config.timeouts;
    let dial = timeouts.connect + timeouts.proxy + timeouts.tls;
    let endpoint = within(dial + timeouts.call, Stage::Endpoint, config.source.endpoint()).await?;
    let settings = shared.merge_settings(&endpoint.settings);
    shared.learn_clock(endpoint.clock_ahead);
    let url = match &config.rewrite {
        Some(base) => endpoint.url.rewritten(base)?,
        None => endpoint.url,
    };
    let link = within(dial + timeouts.handshake, Stage::Handshake, config.connect.connect(&url)).await?;
    let address = format!("{}://{}", url.scheme(), url.authority());
    Ok(Opened { link, id: url.connection_id(), address, service_id: url.service_id(), settings })
}

async fn within<T>(
    limit: Duration,
    stage: Stage,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(limit, step).await.unwrap_or_else(|_| Err(Error::timed_out(stage, limit)))
}
