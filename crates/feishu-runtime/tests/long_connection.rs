//! A whole bot on the local platform, over streams in memory, on the paused clock.
#![cfg(feature = "long-connection")]

use std::sync::mpsc;
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, PreviewReply, RawCard, Toast, UrlPreviewGet};
use feishu_gateway::{Click, Gateway};
use feishu_kit::GatewayDial;
use feishu_runtime::{Client, ClientBuilder, Context, Dispatcher, LongConnectionSource, Report, Route};
use feishu_transport::{AppSecret, Domain, State};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn builder(gateway: &Gateway) -> ClientBuilder<LongConnectionSource> {
    let dial = GatewayDial(gateway.clone());
    Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
}

/// Runs a client; the sender stops it.
async fn start(
    gateway: &Gateway,
    client: Client,
) -> (oneshot::Sender<()>, JoinHandle<Result<Report, feishu_runtime::Error>>) {
    let (stop, signal) = oneshot::channel();
    let running = tokio::spawn(client.run_until(signal));
    gateway.connected(1).await;
    (stop, running)
}

#[tokio::test(start_paused = true)]
async fn client_answers_clicks_previews_and_events_and_stops_on_request() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, cx: Context| async move {
            assert_eq!(cx.connection().unwrap().generation, 1);
            sleep(SECOND).await;
            let note = click.event.action.form_value.text("note").unwrap_or_default();
            Ok(CardReply::toast(Toast::success(format!("Saved: {note}"))))
        })
        .on(|_: UrlPreviewGet, _| async { Ok(PreviewReply::title("Order 42")) })
        .on_raw("im.message.receive_v1", |_, _| async { Ok(()) })
        .build()
        .unwrap();
    let (told, states) = mpsc::channel();
    let client = builder(&gateway)
        .dispatcher(dispatcher)
        .observe_state(move |state: &State| {
            let _ = told.send(state.is_connected());
        })
        .build()
        .unwrap();
    let handle = client.handle();
    assert!(!handle.health().is_ready());
    let (stop, running) = start(&gateway, client).await;
    handle.connection().unwrap().ready().await.unwrap();
    assert!(handle.health().is_ready(), "{}", handle.health());
    assert!(states.iter().any(|connected| connected));

    let click = gateway.click(Click::form("save", json!({ "note": "milk" }))).await.unwrap();
    assert_eq!(click.verdict().to_string(), "a toast (success) \"Saved: milk\"");
    let preview = gateway.preview("https://example.com/42").await.unwrap();
    assert_eq!(preview.data().unwrap()["inline"]["title"], "Order 42");
    let event = gateway.event("im.message.receive_v1", json!({})).await.unwrap();
    assert_eq!((event.code(), event.data()), (200, Some(json!({}))));

    let last = gateway.send(Click::button("last")).await.unwrap();
    sleep(SECOND / 2).await;
    stop.send(()).unwrap();
    assert_eq!(last.answer().await.unwrap().code(), 200);
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.stats.outcomes.answered, report.stats.outcomes.abandoned), (4, 0));
    let counters = handle.connection().unwrap().counters();
    assert_eq!((counters.delivered, counters.answers_written), (4, 4));
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn update_card_when_late_sends_a_late_card_as_a_delayed_update() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let builder = builder(&gateway);
    let api = builder.open_api().unwrap();
    let done = json!({ "schema": "2.0", "body": { "elements": [{ "tag": "markdown", "content": "Done" }] } });
    let card = RawCard::new(&done).unwrap();
    let slow = Route::new(move |_: CardActionTrigger, _| {
        let card = card.clone();
        async move {
            sleep(20 * SECOND).await;
            Ok(CardReply::card(card))
        }
    });
    let slow = slow.on_late(CardReply::toast(Toast::info("Working on it"))).update_card_when_late(api);
    let client = builder.dispatcher(Dispatcher::builder().route(slow).build().unwrap()).build().unwrap();
    let handle = client.handle();
    let (stop, running) = start(&gateway, client).await;
    let asked = json!({ "schema": "2.0", "body": { "elements": [{ "tag": "markdown", "content": "Ask" }] } });
    let message = gateway.post_card(asked.clone());
    let click = gateway.click(Click::button("ask").message(&message)).await.unwrap();
    assert_eq!(click.verdict().to_string(), "a toast (info) \"Working on it\"");
    assert_eq!(gateway.card(&message), Some(asked));
    sleep(30 * SECOND).await;
    assert_eq!(gateway.card(&message), Some(done));
    let stats = handle.stats();
    assert_eq!((stats.outcomes.late, stats.incidents.late_completed, stats.incidents.late_failed), (1, 1, 0));
    assert_eq!(stats.sent.delivered, 1);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn client_of_a_refused_app_ends_with_the_platforms_message() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new("wrong"))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(Dispatcher::builder().build().unwrap())
        .build()
        .unwrap();
    let error = client.run().await.unwrap_err();
    assert!(error.is_fatal() && error.transport().unwrap().refusal().is_some(), "{error}");
    assert!(!error.to_string().contains("wrong"));
}

#[tokio::test(start_paused = true)]
async fn handler_goes_on_when_its_connection_is_lost() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let (entered, mut entries) = tokio::sync::mpsc::channel(8);
    let dispatcher = Dispatcher::builder().on_raw("job_v1", move |_, _| {
        let entered = entered.clone();
        async move {
            entered.send("began").await?;
            sleep(SECOND).await;
            entered.send("ended").await?;
            Ok(())
        }
    });
    let client = builder(&gateway).dispatcher(dispatcher.build().unwrap()).build().unwrap();
    let handle = client.handle();
    let (stop, running) = start(&gateway, client).await;
    let _job = gateway.send(feishu_gateway::Event::new("job_v1", json!({}))).await.unwrap();
    assert_eq!(entries.recv().await, Some("began"));
    handle.connection().unwrap().rotate();
    assert_eq!(entries.recv().await, Some("ended"));
    sleep(SECOND).await;
    assert_eq!(handle.stats().outcomes.answered, 1);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}
