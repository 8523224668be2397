//! What a client logs at its start. A file of its own: a log of one thread misses lines while other tests run without one.
#![cfg(feature = "long-connection")]

use feishu_gateway::Gateway;
use feishu_kit::{CapturedLog, GatewayDial};
use feishu_runtime::{Client, Dispatcher};
use feishu_transport::{AppSecret, Domain};

#[tokio::test(start_paused = true)]
async fn client_logs_the_subscriptions_of_its_handlers_at_its_start_at_debug() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::DEBUG);
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dispatcher =
        Dispatcher::builder().on_raw("im.chat.updated_v1", |_, _| async { Ok(()) }).build().unwrap();
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher)
        .build()
        .unwrap();
    client.run_until(gateway.connected(1)).await.unwrap();
    let log = log.text();
    assert!(log.contains("event    im.chat.updated_v1  im:chat:read"), "{log}");
}
