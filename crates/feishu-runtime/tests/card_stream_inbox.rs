//! Streamed cards of a client with an inbox: the end comes after a restart, and the card of a dead process is closed.
#![cfg(feature = "long-connection")]

#[path = "inbox_kit/process.rs"]
mod process;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, MessageReceive, peek};
use feishu_gateway::{BotMessage, Click, Event, Fault, Gateway, json};
use feishu_kit::GatewayDial;
use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{
    Client, ClientHandle, Context, Dispatcher, EventInbox, HandlerError, InboxEngine, InboxEvent,
    StreamOptions,
};
use process::Process;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const ANSWER: &str = "The kettle is **on**.\n\n- tea\n- milk";

/// What `finish` returned: whether the text is kept.
type Finishes = Arc<Mutex<Vec<Result<bool, String>>>>;

async fn platform() -> Gateway {
    Gateway::builder().in_memory().start().await.unwrap()
}

/// One process of the bot.
struct Bot {
    handle: ClientHandle,
    task: JoinHandle<()>,
}

impl Bot {
    async fn start(gateway: &Gateway, dispatcher: Dispatcher, inbox: impl Into<EventInbox>) -> Self {
        let dial = GatewayDial(gateway.clone());
        let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
            .domain(Domain::url(gateway.base_url()).unwrap())
            .connection(|connection| connection.dial(dial))
            .dispatcher(dispatcher)
            .inbox(inbox)
            .build()
            .unwrap();
        let handle = client.handle();
        let task = tokio::spawn(async move { drop(client.run().await) });
        gateway.connected(1).await;
        Self { handle, task }
    }

    /// One that only finishes what it finds.
    async fn next(gateway: &Gateway, engine: &Arc<MemoryInbox>) -> Self {
        let none = Dispatcher::builder().build().unwrap();
        Self::start(gateway, none, Arc::clone(engine)).await
    }

    async fn stop(self, grace: Duration) {
        self.handle.stop(grace);
        self.task.await.unwrap();
    }
}

fn options() -> StreamOptions {
    StreamOptions::default().title("Answer").interrupted("_Interrupted._")
}

/// Streams the answer and finishes after a second.
async fn stream(cx: &Context, options: StreamOptions, finishes: &Finishes) -> Result<(), HandlerError> {
    let mut out = cx.stream_card(options).await?;
    out.push("The kettle")?;
    sleep(SECOND).await;
    out.set_text(ANSWER)?;
    let delivered = out.finish().await;
    finishes.lock().unwrap().push(delivered.map(|done| done.kept).map_err(|error| error.to_string()));
    Ok(())
}

fn by_click(options: StreamOptions, finishes: &Finishes) -> Dispatcher {
    let finishes = Arc::clone(finishes);
    let answer = move |_: CardActionTrigger, cx: Context| {
        let (finishes, options) = (Arc::clone(&finishes), options.clone());
        async move { stream(&cx, options, &finishes).await.map(|()| CardReply::empty()) }
    };
    Dispatcher::builder().on(answer).build().unwrap()
}

fn by_message(options: StreamOptions, finishes: &Finishes) -> Dispatcher {
    let finishes = Arc::clone(finishes);
    let answer = move |_: MessageReceive, cx: Context| {
        let (finishes, options) = (Arc::clone(&finishes), options.clone());
        async move { stream(&cx, options, &finishes).await }
    };
    Dispatcher::builder().on(answer).build().unwrap()
}

async fn click(gateway: &Gateway) {
    let card = gateway.post_card(json!({"schema": "2.0", "body": {"elements": []}}));
    gateway.click(Click::button("ask").message(&card)).await.unwrap();
}

/// The streamed cards: their texts, and whether the platform still streams them.
fn cards(gateway: &Gateway) -> Vec<(Vec<String>, bool)> {
    let of = |message: BotMessage| {
        let elements = message.content["body"]["elements"].as_array()?.clone();
        let texts = elements.iter().filter_map(|element| Some(element["content"].as_str()?.to_owned()));
        let is_streaming = message.content["config"]["streaming_mode"] == true;
        Some((texts.collect(), is_streaming)).filter(|(texts, _): &(Vec<_>, _)| !texts.is_empty())
    };
    gateway.messages().into_iter().filter_map(of).collect()
}

fn ended(texts: &[&str]) -> Vec<(Vec<String>, bool)> {
    vec![(texts.iter().map(|text| (*text).to_owned()).collect(), false)]
}

/// From now on no change of a card succeeds.
fn break_cards(gateway: &Gateway) {
    refuse_cards(gateway, 502, 502);
}

fn refuse_cards(gateway: &Gateway, status: u16, code: i64) {
    gateway.fault(Fault::OpenApi { path: "cards/73".into(), status, code, msg: "refused".into() });
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_was_finished_when_the_client_stopped_shows_its_text_after_the_restart() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let first = Bot::start(&gateway, by_click(options(), &finishes), Arc::clone(&engine)).await;
    click(&gateway).await;
    break_cards(&gateway);
    sleep(3 * SECOND).await;
    let handle = first.handle.clone();
    first.stop(10 * SECOND).await;
    assert_eq!(*finishes.lock().unwrap(), [Ok(true)]);
    let stats = handle.stats();
    assert_eq!((stats.streamed.kept, stats.streamed.failed, stats.streaming), (1, 0, 0));
    assert!(cards(&gateway)[0].1, "it is not at its end");
    gateway.heal();
    gateway.clear_log();
    let second = Bot::next(&gateway, &engine).await;
    sleep(5 * SECOND).await;
    assert_eq!(cards(&gateway), ended(&[ANSWER]));
    assert_eq!((second.handle.stats().streamed.delivered, second.handle.stats().streaming), (1, 0));
    assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 0);
    let last = gateway.messages().pop().unwrap();
    assert_eq!(last.content["header"]["title"]["content"], "Answer", "drawn as its author chose");
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_was_finished_when_its_process_died_shows_its_text_after_the_lease() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let process = Process::new(&engine);
    let first = Bot::start(&gateway, by_click(options(), &finishes), Arc::clone(&process)).await;
    click(&gateway).await;
    break_cards(&gateway);
    process.death(3 * SECOND).await;
    first.task.abort();
    gateway.heal();
    let second = Bot::next(&gateway, &engine).await;
    sleep(10 * SECOND).await;
    assert!(cards(&gateway)[0].1, "the lease of the dead process is not over");
    sleep(30 * SECOND).await;
    assert_eq!(cards(&gateway), ended(&[ANSWER]));
    assert_eq!(second.handle.stats().streamed.delivered, 1);
}

#[tokio::test(start_paused = true)]
async fn stream_card_of_an_event_whose_process_died_before_its_end_is_answered_once_by_the_next_attempt() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let process = Process::new(&engine);
    let first = Bot::start(&gateway, by_message(options(), &finishes), Arc::clone(&process)).await;
    gateway.push(Event::text_message("tea?")).await.unwrap();
    sleep(SECOND / 2).await;
    break_cards(&gateway);
    process.death(3 * SECOND).await;
    first.task.abort();
    gateway.heal();
    let second = Bot::start(&gateway, by_message(options(), &finishes), Arc::clone(&engine)).await;
    sleep(50 * SECOND).await;
    let interrupted = ended(&["The kettle", "_Interrupted._"]);
    assert_eq!(cards(&gateway), [interrupted, ended(&[ANSWER])].concat());
    let taken = finishes.lock().unwrap().iter().filter(|finish| **finish == Ok(false)).count();
    assert_eq!(taken, 1, "the dead process has no success");
    let stats = second.handle.stats();
    assert_eq!((stats.streamed.delivered, stats.streamed.abandoned), (1, 1));
    assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn stream_card_of_a_process_that_died_while_it_grew_says_so_below_its_text() {
    for dies in [true, false] {
        let (gateway, engine) = (platform().await, Arc::new(MemoryInbox::new()));
        let grow = |_: CardActionTrigger, cx: Context| async move {
            let mut out = cx.stream_card(options()).await?;
            out.push("Tea")?;
            sleep(3600 * SECOND).await;
            out.finish().await?;
            Ok(CardReply::empty())
        };
        let process = Process::new(&engine);
        let dispatcher = Dispatcher::builder().on(grow).build().unwrap();
        let first = Bot::start(&gateway, dispatcher, Arc::clone(&process)).await;
        click(&gateway).await;
        sleep(40 * SECOND).await;
        assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 1, "renewed");
        if dies {
            process.die();
            first.task.abort();
        } else {
            first.stop(Duration::ZERO).await;
        }
        // Its answers were lost, so the first attempt may have arrived.
        gateway.fault_times(
            1,
            Fault::OpenApi { path: "batch".into(), status: 502, code: 502, msg: String::new() },
        );
        let second = Bot::next(&gateway, &engine).await;
        sleep(if dies { 40 * SECOND } else { 5 * SECOND }).await;
        assert_eq!(cards(&gateway), ended(&["Tea", "_Interrupted._"]));
        assert_eq!(second.handle.stats().streamed.abandoned, 1);
        assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_is_kept_is_no_error_and_its_handler_does_not_run_again() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let dispatcher = by_message(options().patience(5 * SECOND), &finishes);
    let bot = Bot::start(&gateway, dispatcher, Arc::clone(&engine)).await;
    break_cards(&gateway);
    gateway.push(Event::text_message("tea?")).await.unwrap();
    sleep(15 * SECOND).await;
    assert_eq!(*finishes.lock().unwrap(), [Ok(true)]);
    gateway.heal();
    sleep(20 * SECOND).await;
    assert_eq!(cards(&gateway), ended(&[ANSWER]));
    assert_eq!(finishes.lock().unwrap().len(), 1);
    let stats = bot.handle.stats();
    assert_eq!((stats.streamed.kept, stats.streamed.delivered, stats.streamed.failed), (1, 1, 0));
    assert_eq!((stats.attempts.succeeded, stats.attempts.dead), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_is_refused_for_good_is_an_error_and_not_kept() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let bot = Bot::start(&gateway, by_click(options(), &finishes), Arc::clone(&engine)).await;
    click(&gateway).await;
    refuse_cards(&gateway, 400, 10_002);
    sleep(10 * SECOND).await;
    let error = finishes.lock().unwrap()[0].clone().unwrap_err();
    assert!(error.contains("10002"), "{error}");
    assert_eq!((bot.handle.stats().streamed.failed, bot.handle.stats().streamed.kept), (1, 0));
    assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 0);
    assert_eq!(engine.dead(gateway.app_id(), 0, 9).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_is_never_taken_becomes_a_dead_letter_which_can_be_tried_again() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let inbox = EventInbox::new(Arc::clone(&engine)).attempts(3).backoff(SECOND, SECOND);
    let bot = Bot::start(&gateway, by_click(options().patience(SECOND), &finishes), inbox).await;
    click(&gateway).await;
    break_cards(&gateway);
    sleep(60 * SECOND).await;
    let letters = engine.dead(gateway.app_id(), 0, 9).await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 3));
    assert!(letters[0].why.contains("502"), "{}", letters[0].why);
    let header = peek(&letters[0].event.payload).unwrap();
    assert_eq!(header.event_type.as_str(), "feishu_runtime.stream", "tools print it");
    let stats = bot.handle.stats();
    assert_eq!((stats.streamed.kept, stats.streamed.failed, stats.attempts.dead), (1, 1, 1));
    gateway.heal();
    assert!(bot.handle.inbox().unwrap().retry(&letters[0].event.id).await.unwrap());
    sleep(10 * SECOND).await;
    assert_eq!(cards(&gateway), ended(&[ANSWER]));
}

#[tokio::test(start_paused = true)]
async fn stream_card_goes_on_without_its_record_while_the_engine_is_away() {
    for (away_at, back_at) in [(0, 100), (0, 20), (15, 100), (15, 40)] {
        let (gateway, engine, finishes) =
            (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
        let bot = Bot::start(&gateway, by_click(options(), &finishes), Arc::clone(&engine)).await;
        let script = {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                sleep(away_at * SECOND / 20).await;
                engine.fail();
                sleep((back_at - away_at) * SECOND / 20).await;
                engine.recover();
            })
        };
        click(&gateway).await;
        script.await.unwrap();
        sleep(20 * SECOND).await;
        assert_eq!(*finishes.lock().unwrap(), [Ok(false)], "{away_at} {back_at}");
        assert_eq!(cards(&gateway), ended(&[ANSWER]));
        assert!(bot.handle.stats().incidents.inbox_errors > 0);
        assert_eq!(engine.backlog(gateway.app_id()).await.unwrap(), 0, "no record is left");
    }
}

#[tokio::test(start_paused = true)]
async fn stream_card_that_could_not_be_kept_is_an_error_as_without_an_inbox() {
    let (gateway, engine, finishes) = (platform().await, Arc::new(MemoryInbox::new()), Finishes::default());
    let dispatcher = by_click(options().patience(5 * SECOND), &finishes);
    let _bot = Bot::start(&gateway, dispatcher, Arc::clone(&engine)).await;
    click(&gateway).await;
    break_cards(&gateway);
    engine.hang();
    sleep(60 * SECOND).await;
    assert!(finishes.lock().unwrap()[0].is_err());
    gateway.heal();
    engine.recover();
    sleep(60 * SECOND).await;
    let (texts, is_streaming) = cards(&gateway).remove(0);
    assert_eq!((texts.last().map(String::as_str), is_streaming), (Some("_Interrupted._"), false));
}

#[tokio::test(start_paused = true)]
async fn stream_card_whose_record_is_of_a_newer_version_becomes_a_dead_letter_that_says_so() {
    let (gateway, engine) = (platform().await, Arc::new(MemoryInbox::new()));
    let record = |event: &str| {
        format!(r#"{{"schema":"2.0","header":{{"event_type":"feishu_runtime.stream"}},"event":{event}}}"#)
    };
    let events = [
        InboxEvent::new("stream:1", record(r#"{"version":2,"text":["of another kind"]}"#)),
        InboxEvent::new("stream:2", record("7")),
    ];
    engine.put(gateway.app_id(), &events, 9).await.unwrap();
    let _bot = Bot::next(&gateway, &engine).await;
    sleep(SECOND).await;
    let letters = engine.dead(gateway.app_id(), 0, 9).await.unwrap();
    let whys: Vec<_> = letters.iter().map(|letter| &*letter.why).collect();
    assert!(whys.len() == 2 && whys[0].contains("version 2") && whys[1].contains("broken"), "{whys:?}");
}

#[cfg(feature = "inbox-file")]
#[tokio::test]
async fn stream_card_that_is_kept_in_a_file_shows_its_text_after_the_restart() {
    use feishu_gateway::Seen;
    use feishu_runtime::FileInbox;

    let path = std::env::temp_dir().join(format!("feishu-inbox-stream-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let inbox = || EventInbox::new(FileInbox::open(&path).unwrap()).backoff(SECOND / 100, SECOND / 100);
    let gateway = platform().await;
    break_cards(&gateway);
    let (kept, mut is_kept) = tokio::sync::mpsc::channel(1);
    let answer = move |_: CardActionTrigger, cx: Context| {
        let kept = kept.clone();
        async move {
            let mut out = cx.stream_card(options().patience(SECOND / 100)).await?;
            out.push(ANSWER)?;
            kept.send(out.finish().await?.kept).await?;
            Ok(CardReply::empty())
        }
    };
    let dispatcher = Dispatcher::builder().on(answer).build().unwrap();
    let first = Bot::start(&gateway, dispatcher, inbox()).await;
    click(&gateway).await;
    assert_eq!(is_kept.recv().await, Some(true));
    first.stop(SECOND).await;
    gateway.heal();
    gateway.clear_log();
    let none = Dispatcher::builder().build().unwrap();
    let second = Bot::start(&gateway, none, inbox()).await;
    let is_change =
        |seen: &Seen| matches!(seen, Seen::OpenApi { path, code: 0, .. } if path.contains("cards/73"));
    gateway.seen(|entry| is_change(&entry.seen)).await;
    assert_eq!(cards(&gateway), ended(&[ANSWER]));
    second.stop(SECOND).await;
    std::fs::remove_file(path).unwrap();
}
