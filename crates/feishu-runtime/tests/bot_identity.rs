//! The app's own bot: asked with retries, remembered per app, and never "not me" while it is not known.
#![cfg(feature = "long-connection")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use feishu_callbacks::MessageReceive;
use feishu_gateway::{Event, Gateway};
use feishu_runtime::testing::{FakeApi, pipe};
use feishu_runtime::{Client, Context, Dispatcher, DispatcherBuilder};
use feishu_transport::{AppSecret, BoxStream, Dial, Domain, Error, Target};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::sleep;

struct GatewayDial(Gateway);

#[async_trait]
impl Dial for GatewayDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        Ok(Box::new(self.0.dial()))
    }
}

/// Tells who the bot is at each message.
fn bot() -> (DispatcherBuilder, mpsc::Receiver<String>) {
    let (told, ids) = mpsc::channel(8);
    let told = Arc::new(told);
    let dispatcher = Dispatcher::builder().on(move |_: MessageReceive, cx: Context| {
        let told = Arc::clone(&told);
        async move {
            let me = cx.bot().await?;
            told.try_send(me.open_id.as_str().to_owned()).unwrap();
            Ok(())
        }
    });
    (dispatcher, ids)
}

#[tokio::test(start_paused = true)]
async fn bot_is_asked_by_the_clients_own_credentials_and_remembered() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = GatewayDial(gateway.clone());
    let (dispatcher, mut ids) = bot();
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher.build().unwrap())
        .build()
        .unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    gateway.connected(1).await;
    assert_eq!(handle.bot(), None, "not known yet");
    for _ in 0..2 {
        assert_eq!(gateway.push(Event::text_message("hi")).await.unwrap().code(), 200);
        assert_eq!(ids.recv().await.unwrap(), gateway.bot_open_id());
    }
    assert_eq!(handle.bot().unwrap().open_id.as_str(), gateway.bot_open_id());
}

#[tokio::test(start_paused = true)]
async fn bot_that_is_not_known_refuses_the_event_which_comes_again() {
    let fake = FakeApi::new().answer("/bot/v3/info", json!({"code": 10_003, "msg": "invalid param"}));
    let (dispatcher, mut ids) = bot();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport)
        .dispatcher(dispatcher.build().unwrap())
        .api(fake.api())
        .build()
        .unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    let message = Event::text_message("hi").payload();
    assert_eq!(platform.push(&message).await.code(), 500);
    assert!(ids.try_recv().is_err() && handle.bot().is_none());

    let _fake = fake.answer("/bot/v3/info", json!({"code": 0, "bot": {"open_id": "ou_bot"}}));
    sleep(Duration::from_secs(15)).await;
    assert_eq!(platform.push(&message).await.code(), 200);
    assert_eq!(ids.try_recv().unwrap(), "ou_bot");
    assert_eq!(handle.bot().unwrap().open_id.as_str(), "ou_bot");
}

#[tokio::test(start_paused = true)]
async fn bot_of_a_client_without_credentials_is_an_error_that_says_what_to_do() {
    let (dispatcher, mut ids) = bot();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher.build().unwrap()).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    assert_eq!(platform.push(Event::text_message("hi").payload()).await.code(), 500, "it comes again");
    assert!(ids.try_recv().is_err() && handle.bot().is_none());
}
