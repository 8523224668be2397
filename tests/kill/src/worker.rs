//! A worker: a bot with an inbox, which stops when its standard input is closed.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use feishu_runtime::transport::AppSecret;
use feishu_runtime::{
    Client, Context, Dispatcher, EventInbox, FileInbox, HandlerError, RawEvent, RedisInbox, Route,
};
use tokio::io::AsyncReadExt as _;
use tokio::time::sleep;

use crate::journal::{Journal, Line};
use crate::order::{Deed, Order, TYPE};

/// The first argument of a worker.
pub(crate) const ROLE: &str = "worker";
/// Short, so that the claims of a killed process are free soon.
const LEASE: Duration = Duration::from_secs(3);

/// Opens the engine in a file, or at a URL.
pub(crate) fn inbox(place: &str) -> Result<EventInbox> {
    let inbox = if place.contains("://") {
        EventInbox::new(RedisInbox::open(place)?)
    } else {
        EventInbox::new(FileInbox::open(place)?)
    };
    let backoff = (Duration::from_millis(100), Duration::from_secs(1));
    Ok(inbox.lease(LEASE).backoff(backoff.0, backoff.1).poll(Duration::from_millis(100)).running(32))
}

pub(crate) async fn run(arguments: &[String]) -> Result<()> {
    let [place, platform, app_id, secret, journal] = arguments else {
        bail!("a worker needs five arguments")
    };
    let journal = Journal::open(Path::new(journal))?;
    let handler = move |event: RawEvent, cx: Context| handle(journal.clone(), event, cx);
    let route = Route::raw(TYPE, handler).in_order_by(key);
    let client = Client::builder(app_id, AppSecret::new(secret.clone()))
        .domain(platform.as_str())
        .quiet()
        .inbox(inbox(place)?)
        .dispatcher(Dispatcher::builder().route(route).build()?)
        .build()?;
    client.run_until(async { tokio::io::stdin().read_u8().await }).await?;
    Ok(())
}

/// Events without a key are spread over lanes of their own.
fn key(event: &RawEvent) -> String {
    let id = event.header.event_id.as_ref().map(ToString::to_string).unwrap_or_default();
    match Order::parse(&id) {
        Some(Order { key: Some(key), .. }) => key.to_string(),
        _ => id,
    }
}

async fn handle(journal: Journal, _: RawEvent, cx: Context) -> Result<(), HandlerError> {
    let order =
        cx.event_id().and_then(|id| Order::parse(id.as_str())).ok_or("an event that was not offered")?;
    let (process, attempt) = (std::process::id(), cx.attempt());
    journal.write(&Line::Started { process, order: order.clone(), attempt })?;
    sleep(order.takes()).await;
    match order.deed() {
        Deed::Succeeds => {}
        Deed::Fails if attempt > 1 => {}
        Deed::Fails | Deed::Poison => return Err("this order fails".into()),
        Deed::Kills => std::process::abort(),
    }
    journal.write(&Line::Ended { process, order, attempt })?;
    Ok(())
}
