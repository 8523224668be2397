//! Streamed cards against the local platform: from a message, from a click, and when things go wrong.
#![cfg(feature = "long-connection")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::openapi::Receiver;
use feishu_callbacks::{CardActionTrigger, CardReply, MessageReceive, Toast};
use feishu_gateway::{BotMessage, Click, Entry, Event, Fault, Gateway, Seen, Value, json};
use feishu_kit::GatewayDial;
use feishu_runtime::testing::FakeApi;
use feishu_runtime::transport::{AppSecret, Domain, HttpClient};
use feishu_runtime::{
    CardStream, Client, ClientHandle, Context, Dispatcher, OpenApi, StreamOptions, StreamTarget,
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const ANSWER: &str = "The kettle is **on**.\n\n- tea\n- milk";

fn pieces() -> impl Iterator<Item = &'static str> {
    ANSWER.split_inclusive(' ')
}

async fn platform() -> Gateway {
    Gateway::builder().in_memory().rate_limits().start().await.unwrap()
}

fn api(gateway: &Gateway) -> OpenApi {
    let client = HttpClient::new(Domain::url(gateway.base_url()).unwrap()).dial(GatewayDial(gateway.clone()));
    OpenApi::with_client(client, gateway.app_id(), AppSecret::new(gateway.app_secret())).unwrap()
}

async fn run(gateway: &Gateway, dispatcher: Dispatcher) -> ClientHandle {
    run_with(gateway, dispatcher, |client| client).await
}

type Builder = feishu_runtime::ClientBuilder<feishu_runtime::LongConnectionSource>;

async fn run_with(
    gateway: &Gateway,
    dispatcher: Dispatcher,
    choose: impl FnOnce(Builder) -> Builder,
) -> ClientHandle {
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher);
    let client = choose(client).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    gateway.connected(1).await;
    handle
}

fn chat(id: &str) -> StreamTarget {
    StreamTarget::send(Receiver::Chat(id.into()))
}

/// The text of a card, and whether the platform still streams it.
fn shown(message: &BotMessage) -> (&str, bool) {
    let text = message.content["body"]["elements"][0]["content"].as_str().unwrap();
    (text, message.content["config"]["streaming_mode"] == true)
}

/// Waits until the bot's only card shows this, and streams no more.
async fn shows(gateway: &Gateway, wanted: &str) {
    for _ in 0..1000 {
        if gateway.messages().last().is_some_and(|message| shown(message) == (wanted, false)) {
            return;
        }
        sleep(SECOND / 10).await;
    }
    panic!("{:#?}", gateway.messages());
}

/// The calls of card entities, with their codes.
fn card_calls(gateway: &Gateway) -> Vec<(String, i64)> {
    let of = |entry: &Entry| match &entry.seen {
        Seen::OpenApi { path, code, .. } if path.contains("cardkit") => Some((path.clone(), *code)),
        _ => None,
    };
    gateway.log().iter().filter_map(of).collect()
}

fn refuse(path: &str, status: u16, code: i64) -> Fault {
    Fault::OpenApi { path: path.into(), status, code, msg: "refused".into() }
}

async fn answer(message: MessageReceive, cx: Context) -> Result<(), feishu_runtime::HandlerError> {
    let mut out = cx.stream_card(StreamOptions::default()).await?;
    for piece in pieces() {
        out.push(piece)?;
        sleep(SECOND / 5).await;
    }
    let delivered = out.finish().await?;
    assert_eq!(delivered.messages.len(), 1);
    assert!(message.event.message.message_id.is_some());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn stream_card_replies_to_a_message_and_shows_the_whole_text_at_the_end() {
    let gateway = platform().await;
    let client = run(&gateway, Dispatcher::builder().on(answer).build().unwrap()).await;
    let message = json!({"message": {"message_id": "om_question"}});
    gateway.push(Event::text_message("tea?").merge(message)).await.unwrap();
    shows(&gateway, ANSWER).await;
    let messages = gateway.messages();
    assert_eq!((messages.len(), messages[0].parent_id.as_deref()), (1, Some("om_question")));
    assert_eq!(messages[0].content["config"]["summary"]["content"], "The kettle is **on**.");
    let calls = card_calls(&gateway);
    assert!(calls.iter().all(|(_, code)| *code == 0), "{calls:?}");
    let stats = client.stats();
    assert_eq!((stats.streamed.delivered, stats.streaming, stats.rates.refused), (1, 0, 0));
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn stream_card_answers_a_click_first() {
    let gateway = platform().await;
    let reply = |_: CardActionTrigger, cx: Context| async move {
        let toast = CardReply::toast(Toast::info("Coming"));
        let mut out = cx.stream_card(StreamOptions::default().click_reply(toast)).await?;
        sleep(5 * SECOND).await;
        out.push(ANSWER)?;
        out.finish().await?;
        Ok(CardReply::empty())
    };
    run(&gateway, Dispatcher::builder().on(reply).build().unwrap()).await;
    let card = gateway.post_card(json!({"schema": "2.0", "body": {"elements": []}}));
    let answer = gateway.click(Click::button("ask").message(&card)).await.unwrap();
    assert_eq!(answer.data().unwrap()["toast"]["content"], "Coming");
    shows(&gateway, ANSWER).await;
    assert_eq!(gateway.messages().last().unwrap().parent_id.as_deref(), Some(&*card));
}

#[tokio::test(start_paused = true)]
async fn stream_card_of_a_handler_that_ends_before_finish_says_so_in_the_authors_words() {
    for how in ["returns", "fails", "panics", "is cancelled"] {
        let gateway = platform().await;
        let handler = move |_: MessageReceive, cx: Context| async move {
            let mut out = cx.stream_card(StreamOptions::default().interrupted("_Interrupted._")).await?;
            out.push("```\nlet tea = 1;")?;
            sleep(SECOND / 2).await;
            match how {
                "fails" => Err("no tea".into()),
                "panics" => panic!("no tea"),
                "is cancelled" => {
                    sleep(100 * SECOND).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        };
        let route = feishu_runtime::Route::new(handler).cancel_when_late();
        let client = run(&gateway, Dispatcher::builder().route(route).build().unwrap()).await;
        gateway.push(Event::text_message("tea?")).await.unwrap();
        shows(&gateway, "```\nlet tea = 1;\n```\n\n_Interrupted._").await;
        sleep(SECOND).await;
        assert_eq!(client.stats().streamed.abandoned, 1, "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn stream_card_is_closed_before_a_client_that_stops_ends() {
    let gateway = platform().await;
    let (sender, mut finished) = tokio::sync::mpsc::channel(1);
    let handler = move |_: MessageReceive, cx: Context| {
        let sender = sender.clone();
        async move {
            let mut out = cx.stream_card(StreamOptions::default().interrupted("_Restarting._")).await?;
            out.push("Tea")?;
            cx.cancelled().await;
            // The card is closed two seconds before the end of the grace.
            sleep(SECOND * 9 / 2).await;
            sender.send(out.finish().await.map_err(|error| error.to_string())).await?;
            Ok(())
        }
    };
    let client = run(&gateway, Dispatcher::builder().on(handler).build().unwrap()).await;
    gateway.push(Event::text_message("tea?")).await.unwrap();
    sleep(SECOND).await;
    client.stop(6 * SECOND);
    sleep(5 * SECOND).await;
    assert_eq!(shown(&gateway.messages()[0]), ("Tea\n\n_Restarting._", false));
    assert_eq!(client.stats().streamed.abandoned, 1);
    let error = finished.recv().await.unwrap().unwrap_err();
    assert!(error.contains("interrupted"), "a handler that is too late has not answered: {error}");
}

#[tokio::test(start_paused = true)]
async fn stream_card_is_not_changed_while_a_click_on_it_is_being_answered() {
    let gateway = platform().await;
    let slow = |_: CardActionTrigger, _: Context| async {
        sleep(2 * SECOND).await;
        Ok(CardReply::empty())
    };
    let stream = |_: MessageReceive, cx: Context| async move {
        let mut out = cx.stream_card(StreamOptions::default()).await?;
        for _ in 0..20 {
            out.push("Tea. ")?;
            sleep(SECOND / 2).await;
        }
        out.finish().await?;
        Ok(())
    };
    run(&gateway, Dispatcher::builder().on(slow).on(stream).build().unwrap()).await;
    gateway.push(Event::text_message("tea?")).await.unwrap();
    sleep(2 * SECOND).await;
    let card = gateway.messages()[0].message_id.clone();
    let calls = || card_calls(&gateway).len();
    let before = calls();
    let clicked = {
        let gateway = gateway.clone();
        tokio::spawn(async move { gateway.click(Click::button("stop").message(&card)).await })
    };
    sleep(SECOND * 19 / 10).await;
    assert!(calls() - before <= 1, "one call may have been under way: {}", calls() - before);
    clicked.await.unwrap().unwrap();
    sleep(SECOND).await;
    assert!(calls() - before >= 2, "it goes on");
    shows(&gateway, "Tea. ".repeat(20).trim_end()).await;
}

#[tokio::test(start_paused = true)]
async fn card_stream_names_the_missing_scope_or_updates_the_message_by_choice() {
    let gateway = platform().await;
    let api = api(&gateway);
    let lacks = refuse("cardkit", 400, 99_991_672);
    gateway.fault(lacks);
    let error = CardStream::open(&api, chat("oc_1"), StreamOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("99991672"), "{error}");
    let options = || StreamOptions::default().patch_without_scope();
    for _ in 0..2 {
        let mut out = CardStream::open(&api, chat("oc_2"), options()).await.unwrap();
        pieces().for_each(|piece| out.push(piece).unwrap());
        let delivered = out.finish().await.unwrap();
        assert!(delivered.by_patch);
        shows(&gateway, ANSWER).await;
    }
    assert_eq!(card_calls(&gateway).len(), 1, "remembered");
    sleep(61 * SECOND).await;
    gateway.heal();
    let out = CardStream::open(&api, chat("oc_1"), options()).await.unwrap();
    assert!(!out.finish().await.unwrap().by_patch, "asked again after a minute");
}

#[tokio::test(start_paused = true)]
async fn push_fails_once_the_platform_refused_the_card_for_good() {
    let gateway = platform().await;
    gateway.fault(refuse("im/v1/messages", 400, 230_002));
    let error = CardStream::open(&api(&gateway), chat("oc_1"), StreamOptions::default()).await.unwrap_err();
    assert_eq!(error.call_error().unwrap().code().unwrap().0, 230_002);
    let fake = FakeApi::new()
        .answer("/im/v1/messages", json!({"code": 0, "data": {"message_id": "om_1"}}))
        .answer("/cardkit/v1/cards", json!({"code": 0, "data": {"card_id": "73"}}))
        .answer("/elements/", json!({"code": 300_311, "msg": "another app's"}))
        .answer("/cards/73", json!({"code": 300_311, "msg": "another app's"}));
    let mut out = CardStream::open(&fake.api(), chat("oc_1"), StreamOptions::default()).await.unwrap();
    out.push("Tea").unwrap();
    let error = out.finish().await.unwrap_err();
    assert_eq!(error.call_error().unwrap().code().unwrap().0, 300_311);
    let mut out = CardStream::open(&fake.api(), chat("oc_1"), StreamOptions::default()).await.unwrap();
    assert!(out.push(&"x".repeat(2 << 20)).unwrap_err().to_string().contains("1 MiB"));
}

/// What one of many streams says at its end.
fn text_of(stream: usize) -> String {
    let lines: Vec<_> =
        (0..40).map(|line| format!("Stream {stream} says line {line}, with *words* in it.\n")).collect();
    lines.concat()
}

#[tokio::test(start_paused = true)]
async fn card_streams_of_200_chats_hold_the_rates_and_all_show_their_whole_text() {
    let gateway = platform().await;
    let api = api(&gateway);
    let delivered = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let streams: Vec<_> = (0..200)
        .map(|stream| {
            let (api, delivered) = (api.clone(), Arc::clone(&delivered));
            tokio::spawn(async move {
                let target = chat(&format!("oc_{stream}"));
                let mut out = CardStream::open(&api, target, StreamOptions::default()).await.unwrap();
                for line in text_of(stream).split_inclusive('\n') {
                    out.push(line).unwrap();
                    sleep(2 * SECOND).await;
                }
                let done = out.finish().await.unwrap();
                delivered.lock().unwrap().push((stream, done.messages[0].clone(), done.updates));
            })
        })
        .collect();
    let faults = {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            // Refused now and then: by the server, for a click, for the rate of one card, for the state of a card.
            let kinds = [
                refuse("cardkit", 502, 502),
                refuse("elements", 400, 200_810),
                refuse("elements", 400, 230_020),
                refuse("elements", 400, 300_313),
                refuse("settings", 400, 300_122),
                refuse("elements", 400, 300_317),
                refuse("elements", 400, 300_309),
            ];
            for kind in kinds.into_iter().cycle().take(100) {
                sleep(SECOND / 2).await;
                gateway.fault_times(1, kind);
            }
            gateway.heal();
        })
    };
    for stream in streams {
        stream.await.unwrap();
    }
    faults.await.unwrap();
    let took = start.elapsed();
    assert!(took < 300 * SECOND, "{took:?}");
    let messages = gateway.messages();
    for (stream, id, _) in &*delivered.lock().unwrap() {
        let message = messages.iter().find(|message| message.message_id == id.as_str()).unwrap();
        assert_eq!(shown(message), (text_of(*stream).trim_end(), false));
    }
    let over: Vec<_> = card_calls(&gateway).into_iter().filter(|(_, code)| *code == 99_991_400).collect();
    assert!(over.is_empty(), "{over:?}");
    let updates: Vec<u64> = delivered.lock().unwrap().iter().map(|(_, _, updates)| *updates).collect();
    assert!(updates.iter().all(|updates| *updates >= 1), "each is seen to grow: {updates:?}");
}

#[tokio::test(start_paused = true)]
async fn card_stream_calls_are_as_documented() {
    let fake = FakeApi::new()
        .answer("/im/v1/messages", json!({"code": 0, "data": {"message_id": "om_1"}}))
        .answer("/cardkit/v1/cards", json!({"code": 0, "data": {"card_id": "73"}}));
    let mut out =
        CardStream::open(&fake.api(), StreamTarget::reply("om_0"), StreamOptions::default()).await.unwrap();
    out.push("Tea").unwrap();
    sleep(SECOND).await;
    out.set_text("Tea.").unwrap();
    let delivered = out.abort("_Stopped._").await.unwrap();
    assert_eq!(delivered.messages[0].as_str(), "om_1");
    let calls = fake.calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.method.as_str(), call.path.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("POST", "/open-apis/cardkit/v1/cards"),
            ("POST", "/open-apis/im/v1/messages/om_0/reply"),
            ("PUT", "/open-apis/cardkit/v1/cards/73/elements/stream_text/content"),
            ("PUT", "/open-apis/cardkit/v1/cards/73/elements/stream_text/content"),
            ("PATCH", "/open-apis/cardkit/v1/cards/73/settings"),
        ]
    );
    let sequences: Vec<&Value> = calls[2..].iter().map(|call| &call.body["sequence"]).collect();
    assert_eq!(sequences, [&json!(1), &json!(2), &json!(3)]);
    assert_eq!(calls[3].body["content"], "Tea.\n\n_Stopped._");
    assert!(calls[1].body["uuid"].as_str().unwrap().len() <= 50);
}
