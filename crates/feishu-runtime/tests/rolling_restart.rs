//! A rolling restart: two clients of one app, clicks under load, one of them is asked to stop. No user sees an error.
#![cfg(feature = "long-connection")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Answered, Click, Event, Gateway};
use feishu_runtime::{Client, ClientHandle, Dispatcher, DispatcherBuilder, Error, Report, Route};
use feishu_transport::{AppSecret, BoxStream, Dial, Domain, Target};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MESSAGE: &str = "im.message.receive_v1";

struct GatewayDial(Gateway);

#[async_trait]
impl Dial for GatewayDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, feishu_transport::Error> {
        Ok(Box::new(self.0.dial()))
    }
}

type Running = JoinHandle<Result<Report, Error>>;

fn start(gateway: &Gateway, dispatcher: DispatcherBuilder, grace: Duration) -> (ClientHandle, Running) {
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial))
        .dispatcher(dispatcher.build().unwrap())
        .grace(grace)
        .build()
        .unwrap();
    (client.handle(), tokio::spawn(client.run()))
}

/// Clicks take `click`; messages take 4 s, counted in `done`.
fn bot(click: Duration, acknowledge_first: bool, done: &Arc<AtomicUsize>) -> DispatcherBuilder {
    let done = Arc::clone(done);
    let messages = Route::raw(MESSAGE, move |_, _| {
        let done = Arc::clone(&done);
        async move {
            sleep(4 * SECOND).await;
            done.fetch_add(1, SeqCst);
            Ok(())
        }
    });
    let messages = if acknowledge_first { messages.acknowledge_first() } else { messages };
    Dispatcher::builder().route(messages).on(move |_: CardActionTrigger, _| async move {
        sleep(click).await;
        Ok(CardReply::toast(Toast::success("Saved")))
    })
}

/// Clicks once per `every` for `time`, each awaited in its own task.
async fn load(gateway: &Gateway, every: Duration, time: Duration) -> Vec<JoinHandle<Answered>> {
    let (began, mut clicks) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let gateway = gateway.clone();
        clicks.push(tokio::spawn(async move { gateway.click(Click::button("save")).await.unwrap() }));
        sleep(every).await;
    }
    clicks
}

/// Restarts under load; gives the report of the one that stopped, how many messages were handled, and the answers.
async fn restart(
    click: Duration,
    every: Duration,
    grace: Duration,
    acknowledge_first: bool,
    seed: u64,
) -> (Report, usize, Vec<Answered>) {
    let gateway = Gateway::builder().in_memory().seed(seed).start().await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let (old, running) = start(&gateway, bot(click, acknowledge_first, &done), grace);
    gateway.connected(1).await;
    let message = gateway.send(Event::new(MESSAGE, json!({}))).await.unwrap();
    let (new, _new_running) = start(&gateway, bot(click, acknowledge_first, &done), grace);
    gateway.connected(2).await;
    let clicking = tokio::spawn({
        let gateway = gateway.clone();
        async move { load(&gateway, every, 12 * SECOND).await }
    });
    sleep(SECOND / 2).await;
    old.stop(grace);
    assert_eq!(message.answer().await.unwrap().code(), 200);
    let report = running.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for click in clicking.await.unwrap() {
        answers.push(click.await.unwrap());
    }
    assert!(report.stats.received > 1, "{report}: the old one had a part of the clicks");
    assert!(new.health().is_ready());
    (report, done.load(SeqCst), answers)
}

fn bad(answers: &[Answered]) -> Vec<String> {
    let bad = answers.iter().filter(|answer| !answer.verdict().is_ok());
    bad.map(|answer| format!("{}: {}", answer.code(), answer.verdict())).collect()
}

#[tokio::test(start_paused = true)]
async fn stop_while_an_event_handler_runs_is_not_seen_by_those_who_click() {
    for seed in 0..8 {
        let (report, done, answers) = restart(SECOND / 50, SECOND / 20, 6 * SECOND, false, seed).await;
        assert!(answers.len() > 200);
        assert_eq!(bad(&answers), [""; 0], "{seed}");
        let saved = answers.iter().filter(|answer| answer.verdict().to_string().contains("Saved")).count();
        assert_eq!(saved, answers.len(), "all of them were handled");
        assert_eq!(
            (done, report.stats.outcomes.refused, report.stats.incidents.cut_off),
            (1, 0, 0),
            "{report}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn stop_with_acknowledge_first_closes_at_once_and_the_handler_goes_on() {
    for seed in 0..8 {
        let (report, done, answers) = restart(SECOND / 50, SECOND / 20, 6 * SECOND, true, seed).await;
        assert_eq!(bad(&answers), [""; 0], "{seed}");
        assert_eq!((done, report.stats.incidents.late_completed), (1, 1), "{report}");
        assert!(report.drained_in < 4 * SECOND, "{report}");
        assert!(
            report.stats.received < 30,
            "{report}: no clicks are taken any more while the handler goes on"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn stop_under_a_load_that_never_pauses_asks_the_last_users_to_click_again() {
    // Some ten clicks of each process are always under way.
    let (report, _, answers) = restart(SECOND, SECOND / 20, 6 * SECOND, false, 1).await;
    assert_eq!(bad(&answers), [""; 0]);
    let again = answers.iter().filter(|answer| answer.verdict().to_string().contains("try again")).count();
    assert!(again > 0 && again < answers.len() / 4, "{again} of {}: {report}", answers.len());
    assert_eq!((report.stats.outcomes.abandoned, report.stats.outcomes.refused), (0, again as u64));
}

#[tokio::test(start_paused = true)]
async fn stop_with_a_short_grace_answers_those_that_it_cuts_off() {
    let (report, _, answers) = restart(SECOND, SECOND / 20, SECOND / 2, true, 1).await;
    assert_eq!(bad(&answers), [""; 0]);
    assert!(report.stats.outcomes.abandoned > 0, "{report}");
}

#[tokio::test(start_paused = true)]
async fn on_stopping_chooses_what_they_read_and_events_are_refused() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let slow = |_: CardActionTrigger, _| async {
        sleep(60 * SECOND).await;
        Ok(CardReply::empty())
    };
    let dispatcher = Dispatcher::builder()
        .route(Route::raw(MESSAGE, {
            let done = Arc::clone(&done);
            move |_, _| {
                done.fetch_add(1, SeqCst);
                async { Ok(()) }
            }
        }))
        .on_stopping(Toast::info("Back in a moment"))
        .on(slow);
    let (handle, running) = start(&gateway, dispatcher, SECOND);
    gateway.connected(1).await;
    let click = gateway.send(Click::button("save")).await.unwrap();
    sleep(SECOND / 10).await;
    handle.stop(SECOND);
    sleep(SECOND / 10).await;
    let event = gateway.push(Event::new(MESSAGE, json!({}))).await.unwrap();
    assert_eq!((event.code(), done.load(SeqCst)), (500, 0), "it comes again, to another process");
    assert_eq!(click.answer().await.unwrap().verdict().to_string(), "a toast (info) \"Back in a moment\"");
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.stats.outcomes.refused, report.stats.outcomes.abandoned), (1, 1));
    assert!(report.stats.is_consistent());
}
