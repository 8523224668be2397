//! The three-second promise: what is sent when a handler is late, and what becomes of the handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, MessageReceive, Toast};
use feishu_gateway::{Click, Event};
use feishu_kit::carried_by;
use feishu_runtime::testing::Harness;
use feishu_runtime::{Context, Dispatcher, HandlerError, Route};
use serde_json::json;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn info(text: &str) -> CardReply {
    CardReply::toast(Toast::info(text))
}

async fn ten_seconds(_: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    sleep(10 * SECOND).await;
    Ok(info("done"))
}

#[tokio::test(start_paused = true)]
async fn deadline_leaves_time_for_a_handler_of_two_seconds() {
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async {
            sleep(2 * SECOND).await;
            Ok(info("done"))
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let began = Instant::now();
    assert_eq!(harness.call(Click::button("ok")).await.reply::<CardReply>(), info("done"));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(harness.stats().outcomes.answered, 1);
}

#[tokio::test(start_paused = true)]
async fn on_late_reply_is_sent_at_the_deadline_and_on_late_result_gets_the_rest() {
    let ended = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&ended);
    let slow = Route::new(ten_seconds).on_late(info("working on it")).on_late_result(move |reply, cx| {
        let theirs = Arc::clone(&theirs);
        async move {
            assert_eq!(reply, info("done"));
            assert!(cx.is_answered());
            assert_eq!(cx.remaining(), Duration::ZERO);
            theirs.fetch_add(1, SeqCst);
            Ok(())
        }
    });
    let harness = Harness::new(&Dispatcher::builder().route(slow).build().unwrap());
    let began = Instant::now();
    let answered = harness.call(Click::button("ok")).await;
    assert_eq!(began.elapsed().as_millis(), 2500);
    assert_eq!(answered.json(), json!({"toast": {"type": "info", "content": "working on it"}}));
    assert_eq!(ended.load(SeqCst), 0);
    harness.idle().await;
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(ended.load(SeqCst), 1);
    let stats = harness.stats();
    assert_eq!((stats.outcomes.late, stats.incidents.late_completed), (1, 1));
    assert!(stats.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn deadline_without_on_late_refuses_callbacks_and_acknowledges_events_unless_refuse_when_late() {
    let dispatcher = Dispatcher::builder()
        .on(ten_seconds)
        .on(|_: MessageReceive, _| async {
            sleep(10 * SECOND).await;
            Ok(())
        })
        .route(
            Route::raw("order.paid_v1", |_, _| async {
                sleep(10 * SECOND).await;
                Ok(())
            })
            .refuse_when_late(),
        )
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok")).await.code(), 500);
    assert_eq!(harness.call(Event::text_message("hi")).await.code(), 200);
    assert_eq!(harness.call(Event::new("order.paid_v1", json!({}))).await.code(), 500);
    assert_eq!(harness.stats().outcomes.late, 3);
}

#[tokio::test(start_paused = true)]
async fn deadline_of_dispatcher_or_route_counts_from_the_arrival() {
    let dispatcher = Dispatcher::builder()
        .deadline(SECOND)
        .on(ten_seconds)
        .route(
            Route::raw("quick_v1", |_, cx: Context| async move {
                assert_eq!(cx.remaining(), Duration::from_millis(200));
                sleep(10 * SECOND).await;
                Ok(())
            })
            .deadline(SECOND / 2),
        )
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let began = Instant::now();
    harness.call(Click::button("ok")).await;
    assert_eq!(began.elapsed().as_millis(), 1000);
    // It arrived 300 ms ago.
    let received = carried_by("m1", Event::new("quick_v1", json!({})));
    sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    harness.call_received(received).await;
    assert_eq!(began.elapsed().as_millis(), 200);
}

#[tokio::test(start_paused = true)]
async fn cancel_when_late_drops_the_handler_at_the_deadline() {
    let held = Arc::new(());
    let theirs = Arc::clone(&held);
    let slow = Route::new(move |_: CardActionTrigger, _| {
        let theirs = Arc::clone(&theirs);
        async move {
            sleep(10 * SECOND).await;
            drop(theirs);
            Ok(info("done"))
        }
    });
    let slow = slow.cancel_when_late().on_late_with(|cx| info(cx.message_id().unwrap_or_default()));
    let harness = Harness::new(&Dispatcher::builder().route(slow).build().unwrap());
    let answered = harness.call_received(carried_by("m7", Click::button("ok"))).await;
    assert_eq!(answered.json()["toast"]["content"], "m7");
    let began = Instant::now();
    harness.idle().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(Arc::strong_count(&held), 2, "only the closure holds it");
    assert_eq!(harness.stats().incidents.cut_off, 1);
}

#[tokio::test(start_paused = true)]
async fn reply_now_answers_while_the_handler_goes_on() {
    let late = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&late);
    let early = Route::new(|_: CardActionTrigger, cx: Context| async move {
        cx.reply_now(info("started"))?;
        assert!(cx.is_answered());
        assert!(cx.reply_now(info("again")).is_err());
        sleep(60 * SECOND).await;
        Ok(info("finished"))
    });
    let early = early.on_late_result(move |reply, _| {
        assert_eq!(reply, info("finished"));
        theirs.fetch_add(1, SeqCst);
        async { Ok(()) }
    });
    let harness = Harness::new(&Dispatcher::builder().route(early).build().unwrap());
    assert_eq!(harness.call(Click::button("ok")).await.reply::<CardReply>(), info("started"));
    harness.idle().await;
    assert_eq!(late.load(SeqCst), 1);
    let stats = harness.stats();
    assert_eq!((stats.outcomes.answered, stats.outcomes.late), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn acknowledge_first_answers_before_the_handler_runs() {
    let harness = Harness::new(
        &Dispatcher::builder()
            .route(
                Route::raw("job.asked_v1", |_, cx: Context| async move {
                    assert!(cx.is_answered());
                    sleep(60 * SECOND).await;
                    Err::<(), _>("failed in the end".into())
                })
                .acknowledge_first(),
            )
            .build()
            .unwrap(),
    );
    let began = Instant::now();
    assert_eq!(harness.call(Event::new("job.asked_v1", json!({}))).await.code(), 200);
    assert_eq!(began.elapsed(), Duration::ZERO);
    harness.idle().await;
    let stats = harness.stats();
    assert_eq!((stats.outcomes.answered, stats.incidents.late_failed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn after_reply_runs_once_the_answer_is_written() {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let theirs = Arc::clone(&log);
    let dispatcher = Dispatcher::builder()
        .on(move |_: CardActionTrigger, cx: Context| {
            let log = Arc::clone(&theirs);
            async move {
                let (followed, context) = (Arc::clone(&log), cx.clone());
                cx.after_reply(async move {
                    assert!(context.is_answered());
                    followed.lock().unwrap().push("followed");
                    sleep(SECOND).await;
                    followed.lock().unwrap().push("ended");
                })?;
                cx.after_reply(async { panic!("on purpose") })?;
                log.lock().unwrap().push("handled");
                Ok(CardReply::empty())
            }
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok")).await.code(), 200);
    harness.idle().await;
    assert_eq!(*log.lock().unwrap(), ["handled", "followed", "ended"]);
    assert_eq!(harness.stats().incidents.after_reply_panicked, 1);
}
