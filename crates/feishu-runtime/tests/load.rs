//! Limits, fairness and order, and a sum that is always right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_gateway::{Click, Event};
use feishu_runtime::testing::{Harness, pipe};
use feishu_runtime::{Client, Context, Dispatcher, Limits, Route};
use serde_json::json;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn limits(running: usize, queued: usize) -> Limits {
    Limits::default().running(running).queued(queued)
}

#[tokio::test(start_paused = true)]
async fn limits_refuse_deliveries_past_running_and_queued_at_once() {
    let dispatcher = Dispatcher::builder()
        .limits(limits(2, 3))
        .on(|_: CardActionTrigger, _| async {
            sleep(SECOND).await;
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).build().unwrap();
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    let began = Instant::now();
    let pushes: Vec<_> = (0..8).map(|_| platform.push(Click::button("ok"))).collect();
    let mut seen = Vec::new();
    for push in pushes {
        seen.push((push.await.code(), began.elapsed().as_secs()));
    }
    assert_eq!(seen[..2], [(200, 1), (200, 1)]);
    assert_eq!(seen[2..4], [(200, 2), (200, 2)]);
    // Its turn would come at second 2, its deadline is at 2.5.
    assert_eq!(seen[4], (500, 2));
    assert!(seen[5..].iter().all(|(code, _)| *code == 500));
    let stats = handle.stats();
    assert_eq!((stats.outcomes.answered, stats.outcomes.shed, stats.outcomes.late), (4, 3, 1));
    assert!(stats.is_consistent());
    drop(platform);
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn concurrency_and_fair_queue_leave_places_to_other_types_in_a_flood() {
    let dispatcher = Dispatcher::builder()
        .limits(limits(4, 8))
        .route(
            Route::new(|_: CardActionTrigger, _| async {
                sleep(SECOND).await;
                Ok(CardReply::empty())
            })
            .concurrency(3),
        )
        .on_raw("rare_v1", |_, _| async {
            sleep(SECOND).await;
            Ok(())
        })
        .build()
        .unwrap();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).build().unwrap();
    let running = tokio::spawn(client.run());
    let flood: Vec<_> = (0..50).map(|_| platform.push(Click::button("ok"))).collect();
    let began = Instant::now();
    let rare: Vec<_> = (0..2).map(|_| platform.push(Event::new("rare_v1", json!({})))).collect();
    for rare in rare {
        assert_eq!(rare.await.code(), 200);
    }
    assert_eq!(began.elapsed().as_secs(), 2, "one after the other in the place that the flood may not take");
    for click in flood {
        click.await;
    }
    drop(platform);
    let report = running.await.unwrap().unwrap();
    assert!(report.stats.is_consistent());
    assert_eq!(report.stats.handlers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn in_order_by_handles_each_key_in_order_and_keys_independently() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let theirs = Arc::clone(&log);
    let ordered = Route::raw("said_v1", move |event, _| {
        let log = Arc::clone(&theirs);
        async move {
            let said: serde_json::Value = event.json()?;
            let (chat, number) = (said["event"]["chat"].as_u64(), said["event"]["number"].as_u64());
            // The earlier ones take longer.
            sleep(SECOND / (2 * u32::try_from(number.unwrap_or(0))? + 1)).await;
            log.lock().unwrap().push((chat, number));
            Ok(())
        }
    });
    let ordered = ordered.in_order_by(|event| {
        let said: Option<serde_json::Value> = event.json().ok();
        said.and_then(|said| said["event"]["chat"].as_u64())
    });
    let dispatcher = Dispatcher::builder().route(ordered).build().unwrap();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).build().unwrap();
    let running = tokio::spawn(client.run());
    let began = Instant::now();
    let mut pushes = Vec::new();
    for number in 0..4_u64 {
        for chat in 0..10_u64 {
            let event = Event::new("said_v1", json!({ "chat": chat, "number": number }));
            pushes.push(platform.push(event));
        }
    }
    for push in pushes {
        assert_eq!(push.await.code(), 200);
    }
    assert!(began.elapsed() < 2 * SECOND, "the chats ran side by side");
    drop(platform);
    running.await.unwrap().unwrap();
    let log = log.lock().unwrap();
    for chat in 0..10 {
        let numbers: Vec<_> =
            log.iter().filter(|(of, _)| *of == Some(chat)).map(|(_, number)| *number).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3)], "chat {chat}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_order_starts_the_next_event_after_a_late_one_has_ended() {
    let running = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&running);
    let ordered = Route::raw("said_v1", move |_, _| {
        let running = Arc::clone(&theirs);
        async move {
            assert_eq!(running.fetch_add(1, SeqCst), 0, "one at a time");
            sleep(4 * SECOND).await;
            running.fetch_sub(1, SeqCst);
            Ok(())
        }
    });
    let harness = Harness::new(&Dispatcher::builder().route(ordered.in_order()).build().unwrap());
    let began = Instant::now();
    let event = || Event::new("said_v1", json!({}));
    let (a, b, c) = tokio::join!(harness.call(event()), harness.call(event()), harness.call(event()));
    assert!([a, b, c].iter().all(|answered| answered.code() == 200), "late, and acknowledged");
    assert_eq!(began.elapsed().as_millis(), 2500);
    harness.idle().await;
    assert_eq!(began.elapsed().as_secs(), 12);
    assert_eq!((harness.stats().outcomes.late, harness.stats().incidents.late_completed), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn waiting_per_key_sheds_deliveries_past_the_limit() {
    let limits = Limits::default().waiting_per_key(2);
    let slow = Route::raw("said_v1", |_, _| async {
        sleep(SECOND / 2).await;
        Ok(())
    });
    let dispatcher = Dispatcher::builder().limits(limits).route(slow.in_order()).build().unwrap();
    let harness = Harness::new(&dispatcher);
    let event = || Event::new("said_v1", json!({}));
    let (a, b, c, d) = tokio::join!(
        harness.call(event()),
        harness.call(event()),
        harness.call(event()),
        harness.call(event()),
    );
    assert_eq!([a.code(), b.code(), c.code(), d.code()], [200, 200, 200, 500]);
    assert_eq!(harness.stats().outcomes.shed, 1);
}

#[tokio::test(start_paused = true)]
async fn stats_are_consistent_under_mixed_load() {
    let dispatcher = Dispatcher::builder()
        .limits(limits(64, 64))
        .on(|click: CardActionTrigger, _: Context| async move {
            match click.event.action.option.as_deref() {
                Some("two") => sleep(2 * SECOND).await,
                Some("ten") => sleep(10 * SECOND).await,
                Some("fail") => return Err("on purpose".into()),
                Some("panic") => panic!("on purpose"),
                Some("yield") => tokio::task::yield_now().await,
                _ => {}
            }
            Ok(CardReply::empty())
        })
        .route(Route::raw("plain_v1", |_, _| async { Ok(()) }).in_order())
        .build()
        .unwrap();
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).build().unwrap();
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    let mut pushes = Vec::new();
    for round in 0..200 {
        for option in ["none", "two", "ten", "fail", "panic", "yield"] {
            pushes.push(platform.push(Click::select("menu", option)));
        }
        pushes.push(platform.push(Event::new("plain_v1", json!({}))));
        pushes.push(platform.push(Event::new("plain_v1", json!({})).event_id("the same")));
        pushes.push(platform.push(Event::text_message("nobody listens")));
        pushes.push(platform.push("{"));
        if round % 10 == 0 {
            sleep(SECOND / 5).await;
        }
        assert!(handle.stats().is_consistent());
    }
    let total = u64::try_from(pushes.len()).unwrap();
    for push in pushes {
        push.await;
    }
    drop(platform);
    let report = running.await.unwrap().unwrap();
    let outcomes = report.stats.outcomes;
    assert!(report.stats.is_consistent());
    assert_eq!((report.stats.received, report.stats.pending), (total, 0));
    assert_eq!((outcomes.undecodable, outcomes.unhandled, outcomes.abandoned), (200, 200, 0));
    assert!(outcomes.answered > 0 && outcomes.late > 0 && outcomes.failed > 0 && outcomes.panicked > 0);
    assert!(outcomes.shed > 0 && outcomes.duplicate > 0, "{outcomes:?}");
    assert_eq!((report.stats.running, report.stats.queued, report.stats.held_bytes), (0, 0, 0));
}
