//! The forms of a handler, and what each gets and gives.

use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, MessageReceive, PreviewReply, Toast, UrlPreviewGet};
use feishu_gateway::{Click, Event, Preview};
use feishu_kit::carried_by;
use feishu_runtime::testing::Harness;
use feishu_runtime::{Context, Dispatcher, ErrorKind, Handler, HandlerError, Limits, Route};
use serde_json::json;

fn toast(text: &str) -> CardReply {
    CardReply::toast(Toast::success(text))
}

#[tokio::test(start_paused = true)]
async fn on_takes_the_type_from_the_first_argument_of_a_closure() {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, cx: Context| async move {
            let note = click.event.action.form_value.text("note").unwrap_or_default();
            assert!(cx.remaining() > Duration::from_secs(2));
            Ok(CardReply::toast(Toast::success(format!("Saved: {note}"))))
        })
        .on(|_: UrlPreviewGet, _| async move { Ok(PreviewReply::title("Order 42")) })
        .on_raw("im.message.receive_v1", |event, _| async move {
            let json: serde_json::Value = event.json()?;
            assert_eq!(json["event"]["message"]["chat_type"], "group");
            Ok(())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let reply: CardReply = harness.call(Click::button("ok").field("note", "milk")).await.reply();
    assert_eq!(reply, toast("Saved: milk"));
    let reply: PreviewReply = harness.call(Preview::new("https://example.com/42")).await.reply();
    assert_eq!(reply, PreviewReply::title("Order 42"));
    assert_eq!(harness.call(Event::text_message("hi")).await.json(), json!({}));
    assert_eq!(harness.stats().outcomes.answered, 3);
}

struct Bot {
    greeting: String,
}

impl Bot {
    async fn greet(self: Arc<Self>, _: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
        tokio::task::yield_now().await;
        Ok(toast(&self.greeting))
    }
}

impl Handler<UrlPreviewGet> for Bot {
    async fn call(&self, _: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
        Ok(PreviewReply::title(&self.greeting))
    }
}

async fn read(_: MessageReceive, cx: Context) -> Result<(), HandlerError> {
    assert_eq!(*cx.state::<u32>()?, 7);
    let missing = cx.state::<String>().unwrap_err().to_string();
    assert!(missing.contains("String"), "{missing}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn on_method_on_handler_and_state_share_values_with_handlers() {
    let bot = Arc::new(Bot { greeting: "Hello".to_owned() });
    let dispatcher = Dispatcher::builder()
        .state(7_u32)
        .on(read)
        .on_method(&bot, Bot::greet)
        .on_handler(Bot { greeting: "Trait".to_owned() })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok")).await.reply::<CardReply>(), toast("Hello"));
    let reply = harness.call(Preview::new("https://example.com")).await.reply::<PreviewReply>();
    assert_eq!(reply, PreviewReply::title("Trait"));
    assert_eq!(harness.call(Event::text_message("x")).await.code(), 200);
}

#[tokio::test]
async fn on_blocking_uses_other_threads_up_to_the_limit() {
    let limits = Limits::default().blocking(2);
    let (entered, entries) = std::sync::mpsc::channel();
    let gate = Arc::new(std::sync::Barrier::new(3));
    let theirs = Arc::clone(&gate);
    let main = std::thread::current().id();
    let dispatcher = Dispatcher::builder()
        .limits(limits)
        .route(
            Route::blocking(move |_: CardActionTrigger, _| {
                assert_ne!(std::thread::current().id(), main);
                let _ = entered.send(());
                theirs.wait();
                Ok(CardReply::empty())
            })
            .deadline(Duration::from_secs(60)),
        )
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let calls = async {
        tokio::join!(
            harness.call(Click::button("ok")),
            harness.call(Click::button("ok")),
            harness.call(Click::button("ok")),
            harness.call(Click::button("ok")),
        )
    };
    let pairs = tokio::task::spawn_blocking(move || {
        for _ in 0..2 {
            entries.recv().unwrap();
            entries.recv().unwrap();
            assert!(entries.try_recv().is_err(), "a third one entered");
            gate.wait();
        }
    });
    let (a, b, c, d) = calls.await;
    pairs.await.unwrap();
    assert!([a, b, c, d].iter().all(|answered| answered.code() == 200));
}

#[tokio::test(start_paused = true)]
async fn handler_errors_and_panics_get_code_500_and_later_calls_succeed() {
    let dispatcher = Dispatcher::builder()
        .on(|click: CardActionTrigger, _| async move {
            match click.event.action.name.as_deref() {
                Some("panic") => panic!("on purpose"),
                Some("parse") => drop("x".parse::<u32>()?),
                Some("text") => return Err("no such order".into()),
                _ => {}
            }
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    for (name, code) in [("panic", 500), ("parse", 500), ("text", 500), ("fine", 200)] {
        assert_eq!(harness.call(Click::button(name)).await.code(), code, "{name}");
    }
    let stats = harness.stats();
    assert_eq!((stats.outcomes.panicked, stats.outcomes.failed, stats.outcomes.answered), (1, 2, 1));
    assert!(stats.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn build_reports_a_type_registered_twice_with_both_places() {
    let error = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) })
        .on_raw("card.action.trigger", |_, _| async { Ok(()) })
        .build()
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RegisteredTwice { first, second, .. }
        if first.line() + 1 == second.line() && first.file() == file!()));
    assert!(error.to_string().contains("card.action.trigger"));
    let twice = Dispatcher::builder().state(1_u8).state(2_u8).build().unwrap_err();
    assert!(twice.to_string().contains("u8"));
}

#[tokio::test(start_paused = true)]
async fn build_rejects_a_concurrency_of_zero_and_an_empty_type() {
    let nothing = |_: CardActionTrigger, _: Context| async { Ok(CardReply::empty()) };
    let error = Dispatcher::builder().route(Route::new(nothing).concurrency(0)).build().unwrap_err();
    assert!(error.to_string().contains("concurrency"), "{error}");
    assert!(Dispatcher::builder().on_raw("", |_, _| async { Ok(()) }).build().is_err());
}

#[tokio::test(start_paused = true)]
async fn strict_replies_turn_a_finding_into_code_500() {
    let builder = || {
        Dispatcher::builder().on(|_: CardActionTrigger, _| async {
            Ok(CardReply::template(feishu_callbacks::Template::new("")))
        })
    };
    let lenient = Harness::new(&builder().build().unwrap());
    assert_eq!(lenient.call(Click::button("ok")).await.code(), 200);
    let strict = Harness::new(&builder().strict_replies().build().unwrap());
    assert_eq!(strict.call(Click::button("ok")).await.code(), 500);
}

#[tokio::test(start_paused = true)]
async fn context_has_ids_deadline_and_age_of_the_callback() {
    let dispatcher = Dispatcher::builder()
        .fallback(|event, cx: Context| async move {
            assert_eq!(cx.event_type(), &event.header.event_type);
            assert_eq!(cx.event_id().unwrap(), "e1");
            assert_eq!(cx.message_id(), Some("m1"));
            assert_eq!(cx.trace_id(), Some("trace-of-m1"));
            assert_eq!(cx.app_id().unwrap(), "cli_local");
            assert_eq!(cx.tenant_key().unwrap(), "1a2b3c4d5e6f7081");
            assert!(cx.connection().is_none());
            assert_eq!(cx.payload(), event.payload());
            assert_eq!(cx.deadline(), cx.received_at() + Duration::from_millis(2500));
            assert_eq!(cx.age(), Some(Duration::from_secs(90)));
            assert!(!cx.is_repeat() && !cx.is_cancelled() && !cx.is_answered());
            Ok(())
        })
        .wall_clock(|| std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_090))
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let created = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let event = Event::new("some.type_v1", json!({})).event_id("e1").created_at(created);
    assert_eq!(harness.call_received(carried_by("m1", event)).await.code(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stall_guard_lets_other_handlers_run_while_one_blocks_its_thread() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let (entered, mut entries) = tokio::sync::mpsc::channel(1);
    let dispatcher = Dispatcher::builder()
        .stall_after(Duration::MAX)
        .on(move |_: CardActionTrigger, _| {
            entered.try_send(()).unwrap();
            gate.lock().unwrap().recv().unwrap();
            async { Ok(CardReply::empty()) }
        })
        .on(|_: UrlPreviewGet, _| async {
            tokio::task::yield_now().await;
            Ok(PreviewReply::title("free"))
        })
        .build()
        .unwrap();
    let harness = Arc::new(Harness::new(&dispatcher));
    let blocked = Arc::clone(&harness);
    let blocked = tokio::spawn(async move { blocked.call(Click::button("ok")).await.code() });
    entries.recv().await.unwrap();
    let preview = harness.call(Preview::new("https://example.com")).await;
    assert_eq!(preview.reply::<PreviewReply>(), PreviewReply::title("free"));
    open.send(()).unwrap();
    // Answered by the handler, or at its deadline on a machine that stood still meanwhile.
    assert!([200, 500].contains(&blocked.await.unwrap()));
}
