//! Are all deliveries answered and counted with many handlers at once, fragments, repeats, retries and stops? On the
//! paused clock, over streams in memory, so that hours take no time.

use std::time::Duration;

use feishu_e2e::bot::{Bot, HANG, Runs, click, dispatcher, in_memory, wait};
use feishu_gateway::{Answered, Event, Gateway, Settings, json};
use feishu_runtime::callbacks::{CardActionTrigger, CardReply, MessageReceive, Toast};
use feishu_runtime::{Context, Dispatcher, HandlerError, Limits, Route};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

async fn gateway() -> Gateway {
    let settings = Settings::default().reconnect_nonce(0);
    Gateway::builder().in_memory().settings(settings).start().await.unwrap()
}

fn no_findings(gateway: &Gateway) {
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn clicks_of_quick_slow_failing_and_panicking_handlers_are_each_answered_in_time() {
    let gateway = gateway().await;
    let bot = Bot::in_memory(&gateway).await;
    let start = Instant::now();
    let mut sent = Vec::new();
    for round in 0..200 {
        let (name, push) = match round % 5 {
            0 => ("save", click("save")),
            1 => ("wait", wait(2)),
            2 => ("late", wait(10)),
            3 => ("fail", click("fail")),
            _ => ("panic", click("panic")),
        };
        sent.push((name, gateway.send(push).await.unwrap()));
    }
    for (name, sent) in sent {
        let answer = timeout(HANG, sent.answer()).await.unwrap().unwrap();
        let expected = if matches!(name, "save" | "wait") { 200 } else { 500 };
        assert_eq!(answer.code(), expected, "{name}");
        assert!(answer.elapsed() < 3 * SECOND, "{name} took {:?}", answer.elapsed());
    }
    assert!(start.elapsed() < 3 * SECOND);
    sleep(10 * SECOND).await;

    let stats = bot.handle.stats();
    assert_eq!(stats.incidents.late_completed, 40, "late handlers go on to their end");
    assert_eq!((stats.running, stats.queued, stats.held_bytes), (0, 0, 0));
    let report = bot.stop().await;
    let outcomes = report.stats.outcomes;
    assert_eq!(
        (outcomes.answered, outcomes.late, outcomes.failed, outcomes.panicked),
        (80, 40, 40, 40),
        "{report}"
    );
    no_findings(&gateway);
}

#[tokio::test(start_paused = true)]
async fn deliveries_beyond_the_limits_are_refused_at_once_and_counted() {
    let gateway = gateway().await;
    let limits = Limits::default().running(4).queued(8);
    let dispatcher = dispatcher().limits(limits).build().unwrap();
    let bot = Bot::start(in_memory(&gateway).dispatcher(dispatcher).build().unwrap());
    gateway.connected(1).await;
    let mut sent = Vec::new();
    for _ in 0..30 {
        sent.push(gateway.send(wait(1)).await.unwrap());
    }
    let mut codes = (0, 0);
    for sent in sent {
        match sent.answer().await.unwrap().code() {
            200 => codes.0 += 1,
            _ => codes.1 += 1,
        }
    }
    let report = bot.stop().await;
    let outcomes = report.stats.outcomes;
    assert_eq!(codes, (8, 22), "two rounds of four end within 2.5 s: {report}");
    assert_eq!((outcomes.answered, outcomes.shed + outcomes.late), (8, 22), "{report}");
    no_findings(&gateway);
}

#[tokio::test(start_paused = true)]
async fn fragments_make_one_message_in_any_order_and_with_copies() {
    let gateway = gateway().await;
    let bot = Bot::in_memory(&gateway).await;
    let orders: [&[usize]; 6] =
        [&[0, 1, 2], &[2, 1, 0], &[1, 2, 0], &[0, 0, 1, 1, 2], &[2, 0, 2, 0, 1], &[1, 0, 2, 0]];
    for order in orders {
        let push = click("length").merge(json!({"注": "漢字".repeat(50)})).fragments(3);
        let answer = gateway.push(push.order(order.iter().copied())).await.unwrap();
        assert_eq!(answer.code(), 200, "{order:?}");
        assert!(answer.findings().is_empty(), "{order:?}: {:?}", answer.findings());
    }
    let incomplete = gateway.send(click("length").fragments(3).order([0, 2]).wait(SECOND)).await.unwrap();
    assert!(incomplete.answer().await.is_err(), "nothing to answer");
    assert_eq!(bot.counters().fragments_waiting, 3, "two, and the stray one");
    sleep(11 * SECOND).await;
    assert_eq!(bot.counters().fragments_waiting, 0);

    let report = bot.stop().await;
    assert_eq!((report.stats.received, report.stats.outcomes.answered), (6, 6));
}

/// A bot that fails an event so often, and counts.
fn failing(times: usize, runs: &Runs) -> Dispatcher {
    let runs = runs.clone();
    let handle = move |_: MessageReceive, _: Context| {
        let run = runs.one();
        async move { if run <= times { Err(HandlerError::from("not yet")) } else { Ok(()) } }
    };
    Dispatcher::builder().on(handle).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn event_that_fails_is_delivered_again_until_it_succeeds() {
    let gateway = gateway().await;
    let runs = Runs::default();
    let bot = Bot::start(in_memory(&gateway).dispatcher(failing(2, &runs)).build().unwrap());
    gateway.connected(1).await;
    let event =
        Event::new("im.message.receive_v1", json!({"message": {"chat_id": "oc_1"}})).event_id("ev-ladder");
    let answers = gateway.deliver(event.clone()).await;
    let codes: Vec<i64> = answers.iter().map(|answer| answer.as_ref().unwrap().code()).collect();
    assert_eq!((codes.as_slice(), runs.count()), ([500, 500, 200].as_slice(), 3));

    sleep(Duration::from_secs(6 * 3600)).await;
    let again = gateway.push(event).await.unwrap();
    assert_eq!((again.code(), runs.count()), (200, 3), "answered from memory six hours later");
    assert_eq!(bot.stop().await.stats.outcomes.duplicate, 1);
}

#[tokio::test(start_paused = true)]
async fn repeated_event_id_in_flight_and_on_the_next_connection_gets_the_first_answer() {
    let gateway = gateway().await;
    let runs = Runs::default();
    let counted = runs.clone();
    let dispatcher = Dispatcher::builder()
        .on(move |_: CardActionTrigger, _: Context| {
            let run = counted.one();
            async move {
                sleep(2 * SECOND).await;
                Ok(CardReply::toast(Toast::success(format!("run {run}"))))
            }
        })
        .build()
        .unwrap();
    let bot = Bot::start(in_memory(&gateway).dispatcher(dispatcher).build().unwrap());
    gateway.connected(1).await;
    let push = || click("save").event_id("ev-repeat");
    let first = gateway.send(push()).await.unwrap();
    let second = gateway.send(push()).await.unwrap();
    sleep(SECOND).await;
    gateway.connections().iter().for_each(feishu_gateway::Connection::cut);
    bot.connected(2).await;
    let third = gateway.send(push()).await.unwrap();
    for sent in [first, second, third] {
        assert_eq!(seen(&sent.answer().await.unwrap()), "a toast (success) \"run 1\"");
    }
    assert_eq!(seen(&gateway.click(push()).await.unwrap()), "a toast (success) \"run 1\"");
    assert_eq!(runs.count(), 1);
    let report = bot.stop().await;
    assert_eq!(
        (report.stats.received, report.stats.outcomes.answered, report.stats.outcomes.duplicate),
        (4, 1, 3),
        "{report}"
    );
}

fn seen(answer: &Answered) -> String {
    answer.verdict().to_string()
}

#[tokio::test(start_paused = true)]
async fn on_late_reply_answers_for_a_late_handler() {
    let gateway = gateway().await;
    let slow = |_: CardActionTrigger, _: Context| async {
        sleep(10 * SECOND).await;
        Ok(CardReply::toast(Toast::success("too late")))
    };
    let chosen = CardReply::toast(Toast::info("Working on it"));
    let dispatcher = Dispatcher::builder().route(Route::new(slow).on_late(chosen)).build().unwrap();
    let bot = Bot::start(in_memory(&gateway).dispatcher(dispatcher).build().unwrap());
    gateway.connected(1).await;
    let answer = gateway.click(click("save")).await.unwrap();
    assert_eq!(seen(&answer), "a toast (info) \"Working on it\"");
    assert_eq!(answer.elapsed(), Duration::from_millis(2500));
    assert_eq!(bot.stop().await.stats.outcomes.late, 1);
    no_findings(&gateway);
}

/// A reply that no buffer holds, half a second later.
async fn large(_: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    sleep(SECOND / 2).await;
    Ok(CardReply::toast(Toast::success("more than every buffer holds ".repeat(100_000))))
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_a_stalled_network_within_its_grace() {
    let gateway = gateway().await;
    let dispatcher = Dispatcher::builder().on(large).build().unwrap();
    let bot = Bot::start(in_memory(&gateway).dispatcher(dispatcher).build().unwrap());
    gateway.connected(1).await;
    let sent = gateway.send(click("save").fragments(1).wait(HANG)).await.unwrap();
    bot.received(1).await;
    gateway.connections().iter().for_each(feishu_gateway::Connection::stall);
    sleep(SECOND).await;
    bot.ask_to_stop(5 * SECOND);
    sleep(2 * SECOND).await;
    gateway.connections().iter().for_each(feishu_gateway::Connection::resume);
    assert_eq!(sent.answer().await.unwrap().code(), 200);
    assert_eq!(bot.ended().await.stats.outcomes.answered, 1);
}

#[tokio::test(start_paused = true)]
async fn stop_over_a_network_stalled_for_good_ends_with_its_grace() {
    let gateway = gateway().await;
    for second_request in [None, Some(SECOND)] {
        let dispatcher = Dispatcher::builder().on(large).build().unwrap();
        let bot = Bot::start(in_memory(&gateway).dispatcher(dispatcher).build().unwrap());
        gateway.connected(1).await;
        let _sent = gateway.send(click("save")).await.unwrap();
        bot.received(1).await;
        gateway.connections().iter().for_each(feishu_gateway::Connection::stall);
        sleep(SECOND).await;
        let start = Instant::now();
        bot.ask_to_stop(5 * SECOND);
        if let Some(after) = second_request {
            sleep(after).await;
            bot.ask_to_stop(Duration::ZERO);
        }
        bot.ended().await;
        let most = second_request.unwrap_or(5 * SECOND) + SECOND;
        assert!(start.elapsed() <= most, "{:?} of at most {most:?}", start.elapsed());
        gateway.connections().iter().for_each(feishu_gateway::Connection::cut);
        gateway.connected(0).await;
    }
}
