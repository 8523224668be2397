//! What is seen from outside: observers, unhandled types, stalls, health.

use std::sync::mpsc;
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Click, Event, Preview};
use feishu_runtime::testing::{Harness, pipe};
use feishu_runtime::{AnswerInfo, Client, Context, DeliveryInfo, Dispatcher, Observer, Outcome, Phase};
use feishu_transport::Received;
use serde_json::json;
use tokio::time::sleep;

/// Sends one line for each call, and waits at the first for the test's permission.
struct Lines {
    lines: mpsc::Sender<String>,
    gate: mpsc::Receiver<()>,
}

impl Observer for Lines {
    fn received(&mut self, delivery: &DeliveryInfo) {
        self.gate.recv().unwrap();
        self.lines.send(format!("received {}", delivery.handler.as_deref().unwrap())).unwrap();
    }

    fn unhandled(&mut self, delivery: &DeliveryInfo) {
        self.lines.send(format!("unhandled {}", delivery.header.as_ref().unwrap().event_type)).unwrap();
    }

    fn answered(&mut self, answer: &AnswerInfo) {
        let header = answer.delivery.header.as_ref();
        let kind = header.map_or("nothing", |header| header.event_type.as_str());
        self.lines.send(format!("{} {kind} {}", answer.outcome.as_str(), answer.answer.code())).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn observer_sees_deliveries_and_answers_and_cannot_block() {
    let (lines, heard) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::toast(Toast::info("hi"))) })
        .observe(Lines { lines, gate })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    // The observer hangs; the answers do not wait for it.
    assert_eq!(harness.call(Click::button("ok")).await.code(), 200);
    assert_eq!(harness.call(Event::text_message("hi")).await.code(), 200);
    assert_eq!(harness.call("{").await.code(), 500);
    assert!(heard.try_recv().is_err());
    open.send(()).unwrap();
    let lines: Vec<_> = (0..5).map(|_| heard.recv().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "received card.action.trigger",
            "answered card.action.trigger 200",
            "unhandled im.message.receive_v1",
            "unhandled im.message.receive_v1 200",
            "undecodable nothing 500",
        ]
    );
    // 1024 wait at most.
    for _ in 0..1100 {
        harness.call(Click::button("ok")).await;
    }
    assert!(harness.stats().incidents.observer_missed > 0);
    drop(open);
}

#[tokio::test(start_paused = true)]
async fn unhandled_event_is_acknowledged_and_unhandled_callback_refused() {
    let harness = Harness::new(&Dispatcher::builder().build().unwrap());
    for _ in 0..3 {
        assert_eq!(harness.call(Event::text_message("hi")).await.json(), json!({}));
    }
    assert_eq!(harness.call(Click::button("ok")).await.code(), 500);
    assert_eq!(harness.call(Preview::new("https://example.com")).await.code(), 500);
    for index in 0..300 {
        harness.call(Event::new(&format!("type_{index}"), json!({}))).await;
    }
    let stats = harness.stats();
    assert_eq!(stats.outcomes.unhandled, 305);
    assert_eq!(stats.unhandled.len(), 256, "types are bounded, counts are not");
    assert!(stats.unhandled.contains(&("im.message.receive_v1".to_owned(), 3)));
    assert!(stats.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn frame_of_type_card_is_dispatched_like_any_other() {
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, cx: Context| async move {
            assert_eq!(cx.received().kind(), feishu_transport::Kind::Card);
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let payload = Click::button("ok").payload();
    let card = Received::new(payload, [("type".to_owned(), "card".to_owned())]);
    assert_eq!(harness.call_received(card).await.code(), 200);
}

#[tokio::test(start_paused = true)]
async fn stall_after_counts_a_long_poll_as_a_stall() {
    let build = |stall_after| {
        let builder = Dispatcher::builder().stall_after(stall_after);
        let builder = builder.on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) });
        Harness::new(&builder.build().unwrap())
    };
    let harness = build(Duration::ZERO);
    harness.call(Click::button("ok")).await;
    assert_eq!(harness.stats().incidents.stalls, 1);
    let harness = build(Duration::MAX);
    harness.call(Click::button("ok")).await;
    assert_eq!(harness.stats().incidents.stalls, 0);
}

#[tokio::test(start_paused = true)]
async fn stats_keep_latency_by_handler() {
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async {
            sleep(Duration::from_secs(1)).await;
            Ok(CardReply::empty())
        })
        .on_raw("quick_v1", |_, _| async { Ok(()) })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    harness.call(Click::button("ok")).await;
    harness.call(Event::new("quick_v1", json!({}))).await;
    let stats = harness.stats();
    assert_eq!(stats.handlers[0].name, "card.action.trigger");
    assert_eq!(stats.handlers[0].latency.max(), Duration::from_secs(1));
    assert_eq!(stats.handlers[1].latency.max(), Duration::ZERO);
    assert_eq!(stats.handlers[1].outcomes.answered, 1);
    assert_eq!(stats.to_string(), "received 2, answered 2");
    assert_eq!(Outcome::Undecodable.as_str(), "undecodable");
}

#[tokio::test(start_paused = true)]
async fn health_follows_the_phases_of_a_client() {
    let (platform, transport) = pipe();
    let client =
        Client::with_transport(transport).dispatcher(Dispatcher::builder().build().unwrap()).build().unwrap();
    let handle = client.handle();
    assert!(handle.health().is_live() && !handle.health().is_ready());
    let running = tokio::spawn(client.run());
    tokio::task::yield_now().await;
    let health = handle.health();
    assert!(health.is_live() && health.is_ready());
    assert_eq!((health.phase, health.connected), (Phase::Running, None));
    assert_eq!(health.to_string(), "ready: running, 0 handlers running");
    drop(platform);
    running.await.unwrap().unwrap();
    assert!(!handle.health().is_live() && !handle.health().is_ready());
}
