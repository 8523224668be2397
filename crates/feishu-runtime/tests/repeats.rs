//! Repeats, over the platform's whole ladder, in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Click, Event};
use feishu_kit::carried_by;
use feishu_runtime::testing::Harness;
use feishu_runtime::{Context, Dedup, Dispatcher, Route};
use feishu_transport::Received;
use serde_json::json;
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
/// When the platform sends an event again, after the time before.
const LADDER: [Duration; 4] = [
    Duration::from_secs(15),
    Duration::from_secs(300),
    Duration::from_secs(3600),
    Duration::from_secs(6 * 3600),
];

/// A dispatcher whose handler fails the first `failures` times, and a count of its calls.
fn failing(failures: usize) -> (Dispatcher, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&calls);
    let dispatcher = Dispatcher::builder().on_raw("order.paid_v1", move |_, cx: Context| {
        let call = theirs.fetch_add(1, SeqCst);
        assert_eq!(cx.is_repeat(), call > 0);
        async move { if call < failures { Err("not yet".into()) } else { Ok(()) } }
    });
    (dispatcher.build().unwrap(), calls)
}

fn paid() -> Event {
    Event::new("order.paid_v1", json!({})).event_id("paid-1")
}

#[tokio::test(start_paused = true)]
async fn dedup_answers_every_repeat_of_a_handled_event_without_the_handler() {
    let (dispatcher, calls) = failing(0);
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(paid()).await.code(), 200);
    for pause in LADDER {
        advance(pause).await;
        assert_eq!(harness.call(paid()).await.code(), 200);
    }
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(harness.stats().outcomes.duplicate, 4);
}

#[tokio::test(start_paused = true)]
async fn dedup_knows_events_that_waited_in_a_queue_for_longer_than_they_are_remembered() {
    let calls = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&calls);
    let count = move |_, _| {
        theirs.fetch_add(1, SeqCst);
        async { Ok(()) }
    };
    let dispatcher = Dispatcher::builder().on_raw("order.paid_v1", count).build().unwrap();
    let harness = Harness::new(&dispatcher);
    advance(Duration::from_secs(24 * 3600)).await;
    let waited = || Received::new(paid().to_string(), []).arrived_ago(Duration::from_secs(8 * 3600));
    assert_eq!(harness.call_received(waited()).await.code(), 200);
    // What is new makes the memory forget what is old, in each of its tables.
    for other in 0..3000 {
        assert_eq!(harness.call(paid().event_id(&format!("other-{other}"))).await.code(), 200);
    }
    assert_eq!(harness.call_received(waited()).await.code(), 200);
    assert_eq!(calls.load(SeqCst), 3001);
}

#[tokio::test(start_paused = true)]
async fn dedup_runs_a_failed_event_again_until_it_succeeds() {
    let (dispatcher, calls) = failing(2);
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(paid()).await.code(), 500);
    let mut codes = Vec::new();
    for pause in LADDER {
        advance(pause).await;
        codes.push(harness.call(paid()).await.code());
    }
    assert_eq!(codes, [500, 200, 200, 200]);
    assert_eq!(calls.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn dedup_lets_a_repeat_wait_for_the_answer_of_the_first() {
    let calls = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&calls);
    let dispatcher = Dispatcher::builder()
        .on(move |_: CardActionTrigger, _| {
            let call = theirs.fetch_add(1, SeqCst);
            async move {
                sleep(2 * SECOND).await;
                Ok(CardReply::toast(Toast::info(call.to_string())))
            }
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let click = || Click::button("ok").event_id("click-1");
    let began = Instant::now();
    let (first, second) = tokio::join!(harness.call(click()), harness.call(click()));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(first.answer(), second.answer());
    assert_eq!(harness.call(click()).await.answer(), first.answer());
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(harness.stats().outcomes.duplicate, 2);
}

#[tokio::test(start_paused = true)]
async fn refuse_when_late_answers_a_later_repeat_with_the_result() {
    let slow = Route::raw("report.asked_v1", |_, _| async {
        sleep(60 * SECOND).await;
        Ok(json!({ "rows": 7 }))
    });
    let dispatcher = Dispatcher::builder().route(slow.refuse_when_late()).build().unwrap();
    let harness = Harness::new(&dispatcher);
    let asked = || Event::new("report.asked_v1", json!({})).event_id("asked-1");
    assert_eq!(harness.call(asked()).await.code(), 500, "late");
    advance(15 * SECOND).await;
    assert_eq!(harness.call(asked()).await.code(), 500, "still running");
    advance(300 * SECOND).await;
    assert_eq!(harness.call(asked()).await.json(), json!({ "rows": 7 }));
    let stats = harness.stats();
    assert_eq!((stats.outcomes.late, stats.outcomes.duplicate, stats.incidents.late_completed), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn dedup_uses_the_message_id_where_there_is_no_event_id() {
    let (dispatcher, calls) = failing(0);
    let harness = Harness::new(&dispatcher);
    let event = |message| carried_by(message, paid().without_event_id());
    harness.call_received(event("m1")).await;
    harness.call_received(event("m1")).await;
    assert_eq!(calls.load(SeqCst), 1);
    let (dispatcher, calls) = failing(0);
    let _ = calls;
    let harness = Harness::new(&dispatcher);
    harness.call_received(event("m2")).await;
    assert_eq!(harness.stats().outcomes.duplicate, 0);
}

#[tokio::test(start_paused = true)]
async fn dedup_off_runs_repeats_and_entries_bounds_the_memory() {
    let calls = Arc::new(AtomicUsize::new(0));
    let build = |dedup| {
        let calls = Arc::clone(&calls);
        let builder = Dispatcher::builder().dedup(dedup).on_raw("order.paid_v1", move |_, _| {
            calls.fetch_add(1, SeqCst);
            async { Ok(()) }
        });
        Harness::new(&builder.build().unwrap())
    };
    let off = build(Dedup::off());
    off.call(paid()).await;
    off.call(paid()).await;
    assert_eq!(calls.swap(0, SeqCst), 2);
    let small = build(Dedup::default().entries(1));
    small.call(paid()).await;
    small.call(paid().event_id("paid-2")).await;
    small.call(paid()).await;
    assert_eq!(calls.load(SeqCst), 3);
    assert_eq!(small.stats().remembered, 1);
    assert!(small.stats().remembered_bytes > 0);
}

#[tokio::test(start_paused = true)]
async fn on_stale_gets_events_older_than_max_age() {
    let ran = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&ran);
    let now = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let dispatcher = Dispatcher::builder()
        .wall_clock(move || now)
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) })
        .on_raw("command_v1", move |_, _| {
            theirs.fetch_add(1, SeqCst);
            async { Ok(()) }
        })
        .on_stale(600 * SECOND, |event, cx: Context| async move {
            assert!(cx.age().unwrap() > 600 * SECOND);
            assert_eq!(event.header.event_type, "command_v1");
            Ok(())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let made = |age: Duration| Event::new("command_v1", json!({})).created_at(now - age);
    harness.call(made(600 * SECOND)).await;
    assert_eq!(ran.load(SeqCst), 1, "just young enough");
    assert_eq!(harness.call(made(601 * SECOND)).await.code(), 200);
    assert_eq!(ran.load(SeqCst), 1, "diverted");
    harness.call(made(601 * SECOND).header("create_time", "")).await;
    assert_eq!(ran.load(SeqCst), 2, "without a time it is delivered");
    let click = Click::button("ok").created_at(now - 9000 * SECOND);
    assert_eq!(harness.call(click).await.code(), 200);
    let stats = harness.stats();
    assert_eq!((stats.incidents.stale, stats.outcomes.answered), (1, 4));
}
