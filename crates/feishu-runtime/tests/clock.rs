//! A wrong clock of the host: live messages are not old, and the difference is known.
#![cfg(feature = "long-connection")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use feishu_gateway::{Event, Gateway, Outgoing};
use feishu_runtime::{Client, ClientHandle, Context, Dispatcher, DispatcherBuilder};
use feishu_transport::{AppSecret, BoxStream, Dial, Domain, Error, Target};
use serde_json::Value;

const MINUTE: Duration = Duration::from_secs(60);

struct GatewayDial(Gateway);

#[async_trait]
impl Dial for GatewayDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        Ok(Box::new(self.0.dial()))
    }
}

/// A bot that takes messages of the last ten minutes; counts those.
fn bot(live: &Arc<AtomicUsize>) -> DispatcherBuilder {
    let live = Arc::clone(live);
    Dispatcher::builder().on_stale(10 * MINUTE, |_, _| async { Ok(()) }).on_raw(
        "im.message.receive_v1",
        move |_, cx: Context| {
            assert!(cx.age().unwrap() < MINUTE, "{:?}", cx.age());
            live.fetch_add(1, SeqCst);
            async { Ok(()) }
        },
    )
}

async fn start(gateway: &Gateway, dispatcher: DispatcherBuilder) -> ClientHandle {
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher.build().unwrap())
        .build()
        .unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    gateway.connected(1).await;
    handle
}

async fn push_live(gateway: &Gateway, count: usize) {
    for _ in 0..count {
        assert_eq!(gateway.push(Event::text_message("hello")).await.unwrap().code(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn on_stale_takes_no_live_message_of_a_host_that_is_20_minutes_ahead() {
    let gateway = Gateway::builder().in_memory().clock_offset(-20 * 60).start().await.unwrap();
    let live = Arc::new(AtomicUsize::new(0));
    let handle = start(&gateway, bot(&live)).await;
    push_live(&gateway, 20).await;
    assert_eq!((live.load(SeqCst), handle.stats().incidents.stale), (20, 0));
    let ahead = handle.health().clock_ahead.unwrap();
    assert!((1_198..=1_202).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn on_stale_knows_the_difference_of_a_wall_clock_of_ones_own() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let live = Arc::new(AtomicUsize::new(0));
    let handle = start(&gateway, bot(&live).wall_clock(|| SystemTime::now() + 20 * MINUTE)).await;
    push_live(&gateway, 20).await;
    assert_eq!((live.load(SeqCst), handle.stats().incidents.stale), (20, 0));
}

#[tokio::test(start_paused = true)]
async fn on_stale_still_takes_what_is_old_and_counts_it() {
    for offset in [0, -20 * 60, 20 * 60] {
        let gateway = Gateway::builder().in_memory().clock_offset(offset).start().await.unwrap();
        let live = Arc::new(AtomicUsize::new(0));
        let handle = start(&gateway, bot(&live)).await;
        let platform = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed() + offset;
        let created = ((platform - 11 * 60) * 1000).to_string();
        let mut old: Value = serde_json::from_str(&Event::text_message("yesterday").payload()).unwrap();
        old["header"]["create_time"] = created.into();
        assert_eq!(gateway.push(Outgoing::event(old.to_string())).await.unwrap().code(), 200);
        assert_eq!((live.load(SeqCst), handle.stats().incidents.stale), (0, 1), "{offset}");
    }
}
