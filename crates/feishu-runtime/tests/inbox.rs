//! The inbox of a client: stored first, run until it succeeds, given up at the end.

mod inbox_kit;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Envelope, EventBody};
use feishu_gateway::{Click, Event};
use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::{Context, Dispatcher, EventInbox, InboxEngine as _, RawEvent, Route};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use inbox_kit::{Run, order, orders, run, settle};

const SECOND: Duration = Duration::from_secs(1);

/// A body that must have a member.
#[derive(serde::Deserialize)]
struct Strict {
    #[expect(dead_code, reason = "it is only read")]
    amount: u64,
}

impl EventBody for Strict {
    const TYPE: &'static str = "strict_v1";
    type Reply = ();
}

fn forever() -> Dispatcher {
    orders(|_, _| async {
        sleep(3600 * SECOND).await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn inbox_acknowledges_an_event_once_it_is_stored_and_runs_its_handler_after_that() {
    let engine = Arc::new(MemoryInbox::new());
    let done = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&done);
    let dispatcher = orders(move |_, cx| {
        let count = Arc::clone(&count);
        async move {
            assert_eq!((cx.attempt(), cx.is_repeat(), cx.is_answered()), (1, false, false));
            assert!(cx.remaining() > 590 * SECOND, "the time limit is the deadline");
            sleep(60 * SECOND).await;
            cx.reply_now(())?;
            assert!(cx.replied().await);
            count.fetch_add(1, SeqCst);
            Ok(())
        }
    });
    let Run { platform, handle, .. } = run(dispatcher, Arc::clone(&engine));
    let began = Instant::now();
    assert_eq!(platform.push(order("a", 1)).await.code(), 200);
    assert!(began.elapsed() < SECOND, "long before its handler has ended");
    assert_eq!(done.load(SeqCst), 0);
    assert_eq!(handle.inbox().unwrap().backlog().await.unwrap(), 1);
    sleep(61 * SECOND).await;
    assert_eq!((done.load(SeqCst), engine.backlog("").await.unwrap()), (1, 0));
    let stats = handle.stats();
    assert_eq!((stats.outcomes.stored, stats.attempts.succeeded, stats.incidents.inbox_errors), (1, 1, 0));
    assert!(stats.is_consistent(), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn inbox_acknowledges_a_repeat_and_does_not_run_it_again() {
    let engine = Arc::new(MemoryInbox::new());
    let ran = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&ran);
    let dispatcher = orders(move |_, _| {
        count.fetch_add(1, SeqCst);
        async { Ok(()) }
    });
    let Run { platform, handle, .. } = run(dispatcher, engine);
    for _ in 0..3 {
        assert_eq!(platform.push(order("a", 1)).await.code(), 200);
        settle().await;
    }
    assert_eq!((ran.load(SeqCst), handle.stats().outcomes.duplicate), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn inbox_gives_an_event_up_after_its_attempts_and_the_rest_goes_on() {
    let engine = Arc::new(MemoryInbox::new());
    let starts = Arc::new(Mutex::new(Vec::new()));
    let (seen, poison) = (Arc::clone(&starts), Arc::new(AtomicU32::new(1)));
    let poisoned = Arc::clone(&poison);
    let dispatcher = orders(move |event, cx| {
        let bad = event.event_id.as_deref() == Some("poison") && poisoned.load(SeqCst) == 1;
        if bad {
            seen.lock().unwrap().push((cx.attempt(), Instant::now()));
        }
        async move { if bad { Err("no such order".into()) } else { Ok(()) } }
    });
    let inbox = EventInbox::new(Arc::clone(&engine)).attempts(3);
    let Run { platform, handle, .. } = run(dispatcher, inbox);
    platform.push(order("poison", 1)).await;
    for number in 0..10 {
        platform.push(order(&format!("good {number}"), 2)).await;
    }
    settle().await;
    assert_eq!(handle.stats().attempts.succeeded, 10, "poison does not block the rest");
    sleep(10 * SECOND).await;
    let starts = starts.lock().unwrap().clone();
    assert_eq!(starts.iter().map(|(attempt, _)| *attempt).collect::<Vec<_>>(), [1, 2, 3]);
    let pauses: Vec<_> = starts.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_millis()).collect();
    assert!((900..1700).contains(&pauses[0]) && (1800..2800).contains(&pauses[1]), "{pauses:?}");
    let counts = handle.stats().attempts;
    assert_eq!((counts.failed, counts.dead), (2, 1));

    let queue = handle.inbox().unwrap();
    let letters = queue.dead_letters(0, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts, &*letters[0].why), (1, 3, "no such order"));
    assert_eq!(platform.push(order("poison", 1)).await.code(), 200, "a repeat of it is known");
    poison.store(0, SeqCst);
    assert_eq!(queue.retry_all().await.unwrap(), 1);
    sleep(SECOND).await;
    assert_eq!(handle.stats().attempts.succeeded, 11);
    assert_eq!(queue.purge_all().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn inbox_counts_a_panic_and_a_handler_that_hangs_as_failures_and_an_unreadable_event_as_dead() {
    let engine = Arc::new(MemoryInbox::new());
    let dispatcher = Dispatcher::builder()
        .on_raw("panic_v1", |_, cx: Context| async move {
            assert!(cx.attempt() > 1, "the first time");
            Ok(())
        })
        .on_raw("hang_v1", |_, cx: Context| async move {
            if cx.attempt() == 1 {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
        .on(|_: Envelope<Strict>, _| async { Ok(()) })
        .build()
        .unwrap();
    let inbox = EventInbox::new(engine).time_limit(20 * SECOND);
    let Run { platform, handle, .. } = run(dispatcher, inbox);
    platform.push(Event::new("panic_v1", json!({}))).await;
    platform.push(Event::new("hang_v1", json!({}))).await;
    assert_eq!(platform.push(Event::new("strict_v1", json!({}))).await.code(), 200);
    sleep(25 * SECOND).await;
    let attempts = handle.stats().attempts;
    assert_eq!((attempts.failed, attempts.succeeded, attempts.dead), (2, 2, 1), "{attempts:?}");
}

#[tokio::test(start_paused = true)]
async fn inbox_handles_one_key_in_order_also_while_the_first_waits_for_its_next_attempt() {
    let engine = Arc::new(MemoryInbox::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let handler = move |event: RawEvent, cx: Context| {
        let log = Arc::clone(&log);
        async move {
            let id = event.header.event_id.as_ref().map(ToString::to_string).unwrap_or_default();
            sleep(SECOND / 10).await;
            if id == "a1" && cx.attempt() == 1 {
                return Err("not yet".into());
            }
            log.lock().unwrap().push(id);
            Ok(())
        }
    };
    let key = |event: &RawEvent| {
        event.json::<serde_json::Value>().ok().map(|body| body["event"]["key"].to_string())
    };
    let dispatcher =
        Dispatcher::builder().route(Route::raw("order_v1", handler).in_order_by(key)).build().unwrap();
    let first = run(dispatcher.clone(), Arc::clone(&engine));
    let _second = run(dispatcher, Arc::clone(&engine));
    for (id, key) in [("a1", 1), ("a2", 1), ("b1", 2), ("a3", 1), ("b2", 2)] {
        first.platform.push(order(id, key)).await;
    }
    sleep(5 * SECOND).await;
    assert_eq!(*seen.lock().unwrap(), ["b1", "b2", "a1", "a2", "a3"]);
}

#[tokio::test(start_paused = true)]
async fn inbox_refuses_events_or_handles_them_without_it_while_its_engine_is_away() {
    for hangs in [false, true] {
        let engine = Arc::new(MemoryInbox::new());
        let away = || if hangs { engine.hang() } else { engine.fail() };
        let refusing = run(orders(|_, _| async { Ok(()) }), Arc::clone(&engine));
        let handling =
            run(orders(|_, _| async { Ok(()) }), EventInbox::new(Arc::clone(&engine)).handle_when_away());
        away();
        for (platform, code) in [(&refusing.platform, 500), (&handling.platform, 200)] {
            let answer = timeout(2 * SECOND, platform.push(order("a", 1))).await.expect("in time");
            assert_eq!(answer.code(), code, "hangs: {hangs}");
        }
        let stats = refusing.handle.stats();
        assert_eq!(stats.outcomes.unstored, 1);
        assert!(stats.incidents.inbox_errors > 0);
        assert_eq!(handling.handle.stats().outcomes.answered, 1);
        engine.recover();
        sleep(6 * SECOND).await;
        assert_eq!(refusing.platform.push(order("a", 1)).await.code(), 200, "the platform sends it again");
        sleep(SECOND).await;
        let both = [&refusing, &handling].map(|run| run.handle.stats().attempts.succeeded);
        assert_eq!(both.iter().sum::<u64>(), 1, "hangs: {hangs}");
    }
}

#[tokio::test(start_paused = true)]
async fn inbox_records_a_success_when_its_engine_comes_back() {
    let engine = Arc::new(MemoryInbox::new());
    let ran = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&ran);
    let dispatcher = orders(move |_, _| {
        count.fetch_add(1, SeqCst);
        sleep_ok(SECOND)
    });
    let Run { platform, .. } = run(dispatcher, Arc::clone(&engine));
    platform.push(order("a", 1)).await;
    sleep(SECOND / 2).await;
    engine.fail();
    sleep(20 * SECOND).await;
    engine.recover();
    sleep(40 * SECOND).await;
    assert_eq!((ran.load(SeqCst), engine.backlog("").await.unwrap()), (1, 0));
}

async fn sleep_ok(time: Duration) -> Result<(), feishu_runtime::HandlerError> {
    sleep(time).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn inbox_refuses_past_its_backlog() {
    let engine = MemoryInbox::new();
    let Run { platform, handle, .. } = run(forever(), EventInbox::new(engine).backlog(2));
    let codes = [platform.push(order("a", 1)), platform.push(order("b", 1)), platform.push(order("c", 1))];
    let [a, b, c] = codes;
    assert_eq!((a.await.code(), b.await.code(), c.await.code()), (200, 200, 500));
    assert_eq!(handle.stats().outcomes.shed, 1);
}

#[tokio::test(start_paused = true)]
async fn inbox_keeps_what_is_not_finished_at_a_stop_for_the_next_client() {
    let engine = Arc::new(MemoryInbox::new());
    let stopped = run(forever(), EventInbox::new(Arc::clone(&engine)).running(2));
    for id in ["a", "b", "c"] {
        stopped.platform.push(order(id, 1)).await;
    }
    settle().await;
    stopped.handle.stop(SECOND);
    let report = stopped.task.await.unwrap().unwrap();
    assert_eq!((report.stats.attempts.released, report.stats.outcomes.stored), (2, 3));
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let dispatcher = orders(move |event, cx| {
        seen.lock().unwrap().push((event.event_id.clone().unwrap_or_default(), cx.attempt()));
        async { Ok(()) }
    });
    let _next = run(dispatcher, Arc::clone(&engine));
    settle().await;
    let mut attempts = attempts.lock().unwrap().clone();
    attempts.sort();
    assert_eq!(
        attempts,
        [("a".to_owned(), 1), ("b".to_owned(), 1), ("c".to_owned(), 1)],
        "at once, and not counted"
    );
}

#[tokio::test(start_paused = true)]
async fn inbox_does_not_delay_a_callback() {
    let engine = Arc::new(MemoryInbox::new());
    let dispatcher =
        Dispatcher::builder().on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) }).build().unwrap();
    let Run { platform, handle, .. } = run(dispatcher, Arc::clone(&engine));
    engine.hang();
    let began = Instant::now();
    assert_eq!(platform.push(Click::button("save")).await.code(), 200);
    assert!(began.elapsed() < SECOND / 10);
    assert_eq!(handle.stats().outcomes.answered, 1);
}

#[tokio::test(start_paused = true)]
async fn inbox_applies_the_age_limit_at_each_run() {
    let engine = Arc::new(MemoryInbox::new());
    let (fresh, stale) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (on_fresh, on_stale) = (Arc::clone(&fresh), Arc::clone(&stale));
    let start = (Instant::now(), std::time::SystemTime::now());
    let dispatcher = Dispatcher::builder()
        .on_raw("order_v1", move |_, _| {
            on_fresh.fetch_add(1, SeqCst);
            async { Err::<(), _>("not now".into()) }
        })
        .on_stale(60 * SECOND, move |_, _| {
            on_stale.fetch_add(1, SeqCst);
            async { Ok(()) }
        })
        .wall_clock(move || start.1 + start.0.elapsed())
        .build()
        .unwrap();
    let Run { platform, handle, .. } = run(dispatcher, engine);
    platform.push(order("a", 1).created_at(start.1)).await;
    sleep(130 * SECOND).await;
    assert_eq!((fresh.load(SeqCst), stale.load(SeqCst)), (6, 1), "after 0, 1, 3, 7, 15, 31 and 63 s");
    assert_eq!(handle.stats().incidents.stale, 1);
}

#[tokio::test(start_paused = true)]
async fn inbox_takes_an_event_as_handled_that_on_error_acknowledges() {
    let route = Route::raw("order_v1", |_, _| async { Err::<(), _>("no such order".into()) })
        .on_error(|_, _| Some(()));
    let dispatcher = Dispatcher::builder().route(route).build().unwrap();
    let Run { platform, handle, .. } = run(dispatcher, MemoryInbox::new());
    platform.push(order("a", 1)).await;
    settle().await;
    assert_eq!(handle.stats().attempts.succeeded, 1);
}
