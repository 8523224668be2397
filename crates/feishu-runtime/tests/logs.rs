//! What the log holds: panics with their place, spans with the platform's ids, and no payload.

use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, PreviewReply, Toast, UrlPreviewGet};
use feishu_gateway::{Click, Event, Preview};
use feishu_kit::{CapturedLog, carried_by};
use feishu_runtime::testing::Harness;
use feishu_runtime::{Dispatcher, capture_panic_locations};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn log_of_a_panic_has_its_place_and_log_of_a_handler_its_ids() {
    capture_panic_locations();
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::TRACE);
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            tracing::info!("a line of the handler");
            assert!(click.event.action.name.as_deref() != Some("panic"), "number {}", 7);
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let click = |name: &str| {
        let click = Click::button(name).field("note", "private words").token("c-secret");
        carried_by("m7", click)
    };
    harness.call_received(click("fine")).await;
    harness.call_received(click("panic")).await;
    harness.idle().await;
    let log = log.text();
    let line =
        |what: &str| log.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {log}"));
    let handlers = line("a line of the handler");
    for part in ["callback{handler=card.action.trigger", "message_id=\"m7\"", "trace_id=\"trace-of-m7\""] {
        assert!(handlers.contains(part), "{handlers}");
    }
    let panicked = line("number 7");
    assert!(panicked.contains(&format!("(at {}", file!())), "{panicked}");
    assert!(panicked.contains(&format!("registered_at={}", file!())), "{panicked}");
    assert!(!log.contains("private words") && !log.contains("c-secret"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn log_of_a_late_handler_says_what_the_user_sees_and_what_to_do() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::TRACE);
    let forever = Duration::from_secs(3600);
    let dispatcher = Dispatcher::builder()
        .on(move |_: CardActionTrigger, _| async move {
            sleep(forever).await;
            Ok(CardReply::empty())
        })
        .on(move |_: UrlPreviewGet, _| async move {
            sleep(forever).await;
            Ok(PreviewReply::empty())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    harness.call(Click::button("ok")).await;
    harness.call(Preview::new("https://x")).await;
    for (event, effect) in [
        ("card.action.trigger", "the user who clicked sees an error"),
        ("url.preview.get", "sees the plain link"),
    ] {
        let line = log.line(effect);
        for part in [event, "event_id=", "code=500", "registered_at=crates", "`on_late`"] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn log_of_a_failure_says_what_the_user_sees() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::TRACE);
    let dispatcher = Dispatcher::builder()
        .on_error(|_, _| Toast::error("Please try again"))
        .on(|_: CardActionTrigger, _| async { Err("no click".into()) })
        .on(|_: UrlPreviewGet, _| async { Err("no link".into()) })
        .on_raw("order.paid_v1", |_, _| async { Err::<(), _>("no event".into()) })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    harness.call(Click::button("ok")).await;
    harness.call(Preview::new("https://x")).await;
    harness.call(Event::new("order.paid_v1", serde_json::json!({}))).await;
    for (error, effect) in [
        ("no click", "the handler failed; the reply of `on_error` was sent"),
        ("no link", "the handler failed; the user sees the plain link"),
        ("no event", "the handler failed; the platform sends the event again"),
    ] {
        let line = log.line(error);
        assert!(line.contains(effect), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn log_of_an_unhandled_callback_comes_once_per_hour_and_counts_all() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::TRACE);
    let harness = Harness::new(&Dispatcher::builder().build().unwrap());
    for _ in 0..3 {
        harness.call(Preview::new("https://x")).await;
    }
    let line = log.line("no handler for this callback");
    assert!(line.contains("the user sees the plain link"), "{line}");
    assert_eq!(harness.stats().unhandled, [("url.preview.get".to_owned(), 3)]);
}
