//! Routes as values, error types of handlers, `on_error`, `on_late` and layers.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_callbacks::{
    CardActionTrigger, CardReply, Envelope, EventBody, PreviewReply, Toast, UrlPreviewGet,
};
use feishu_gateway::{Click, Event, Preview};
use feishu_runtime::testing::Harness;
use feishu_runtime::{
    AnyRoute, Context, Dispatcher, DispatcherBuilder, ErrorKind, Failure, HandlerError, Next, Route,
};
use tokio::time::sleep;

fn info(text: &str) -> CardReply {
    CardReply::toast(Toast::info(text))
}

async fn answer(builder: DispatcherBuilder) -> serde_json::Value {
    Harness::new(&builder.build().unwrap()).call(Click::button("ok")).await.json()
}

/// The rules of one bot, for a handler of any callback that is answered like a card.
fn patient<E: Send + 'static>(route: Route<E, CardReply>) -> Route<E, CardReply> {
    route.on_late(info("working on it")).concurrency(8)
}

fn handlers() -> Vec<AnyRoute> {
    vec![
        patient(Route::new(|_: CardActionTrigger, _| async { Ok(info("clicked")) })).into(),
        Route::new(|_: UrlPreviewGet, _| async { Ok(PreviewReply::title("Order 42")) }).into(),
        Route::raw("order.paid_v1", |_, _| async { Ok(()) }).named("paid").into(),
    ]
}

#[tokio::test(start_paused = true)]
async fn routes_can_be_returned_from_functions_and_kept_in_a_vec() {
    let dispatcher = Dispatcher::builder().routes(handlers()).build().unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok")).await.reply::<CardReply>(), info("clicked"));
    assert_eq!(harness.call(Preview::new("https://x")).await.code(), 200);
    assert_eq!(harness.call(Event::new("order.paid_v1", serde_json::json!({}))).await.code(), 200);
    let mut types: Vec<_> = dispatcher.event_types().collect();
    types.sort_unstable();
    assert_eq!(types, ["card.action.trigger", "order.paid_v1", "url.preview.get"]);
}

#[derive(Debug)]
struct OutOfStock;

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of stock")
    }
}

impl Error for OutOfStock {}

async fn with_anyhow(click: CardActionTrigger, _: Context) -> anyhow::Result<CardReply> {
    let order: u32 = click.event.action.value_as()?;
    anyhow::bail!("no order {order}")
}

async fn with_own_error(_: CardActionTrigger, _: Context) -> Result<CardReply, OutOfStock> {
    Err(OutOfStock)
}

async fn with_handler_error(click: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    let order: u32 = click.event.action.value_as()?;
    let when = click.event.action.form_value.date("when")?;
    Ok(info(&format!("{order} {when}")))
}

#[tokio::test(start_paused = true)]
async fn on_fn_takes_every_error_type_and_question_mark_works_on_every_error() {
    let shown = |failure: &Failure, _: &Context| Toast::error(failure.to_string());
    for (builder, text) in [
        (Dispatcher::builder().on_fn(with_own_error), "out of stock"),
        (Dispatcher::builder().on_fn(with_anyhow), "action.value: expected u32, found"),
        (Dispatcher::builder().on(with_handler_error), "action.value: expected u32, found"),
    ] {
        let json = answer(builder.on_error(shown)).await;
        let content = json["toast"]["content"].as_str().unwrap();
        assert!(content.starts_with(text), "{content}");
    }
}

#[tokio::test(start_paused = true)]
async fn on_error_gives_the_user_a_toast_whatever_went_wrong() {
    let builders = [
        Dispatcher::builder().on(|_: CardActionTrigger, _| async { Err("the order service is down".into()) }),
        Dispatcher::builder().on(|_: CardActionTrigger, _| async { panic!("no such order") }),
        Dispatcher::builder()
            .layer(|_, _| async { Err("the guard is asleep".into()) })
            .on(|_: CardActionTrigger, _| async { Ok(info("clicked")) }),
    ];
    for builder in builders {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let dispatcher = builder.on_error(move |failure, cx| {
            told.lock().unwrap().push(format!("{} {failure}", cx.event_type()));
            Toast::error("Please try again")
        });
        let harness = Harness::new(&dispatcher.build().unwrap());
        let answered = harness.call(Click::button("ok")).await;
        assert_eq!(
            answered.json(),
            serde_json::json!({"toast": {"type": "error", "content": "Please try again"}})
        );
        let outcomes = harness.stats().outcomes;
        assert_eq!((outcomes.failed + outcomes.panicked, outcomes.answered), (1, 0), "it counts as failed");
        assert!(seen.lock().unwrap()[0].ends_with(answered.failure().unwrap()));
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

/// A click of which the bot reads one member only.
#[derive(Debug, serde::Deserialize)]
struct StrictClick {
    order: u32,
}

impl EventBody for StrictClick {
    const TYPE: &'static str = "card.action.trigger";
    type Reply = CardReply;
}

#[tokio::test(start_paused = true)]
async fn on_error_is_asked_when_a_click_cannot_be_read() {
    let dispatcher = Dispatcher::builder()
        .on_error(|failure, _| matches!(failure, Failure::Undecodable(_)).then(|| Toast::error("Unreadable")))
        .on(|click: Envelope<StrictClick>, _| async move { Ok(info(&click.event.order.to_string())) })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok")).await.json()["toast"]["content"], "Unreadable");
    let outcomes = harness.stats().outcomes;
    assert_eq!((outcomes.undecodable, outcomes.answered), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn on_error_of_an_event_acknowledges_it() {
    let failing = || Route::raw("order.paid_v1", |_, _| async { Err::<(), _>("broken".into()) });
    for (route, code) in [(failing(), 500), (failing().on_error(|_, _| ()), 200)] {
        let harness = Harness::new(&Dispatcher::builder().route(route).build().unwrap());
        assert_eq!(harness.call(Event::new("order.paid_v1", serde_json::json!({}))).await.code(), code);
        assert_eq!(harness.stats().outcomes.failed, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn on_error_of_a_route_wins_and_none_leaves_code_500() {
    let failing = || Route::new(|_: CardActionTrigger, _| async { Err("broken".into()) });
    let all = |_: &Failure, _: &Context| Toast::error("of all");
    let builder = Dispatcher::builder().on_error(all).route(failing().on_error(|_, _| info("of the route")));
    assert_eq!(answer(builder).await["toast"]["content"], "of the route");

    let builder = Dispatcher::builder().on_error(all).route(failing().on_error(|_, _| None::<CardReply>));
    let answered = Harness::new(&builder.build().unwrap()).call(Click::button("ok")).await;
    assert_eq!(answered.code(), 500);

    // Previews and events have no toast.
    let builder =
        Dispatcher::builder().on_error(all).on(|_: UrlPreviewGet, _| async { Err("broken".into()) });
    let answered = Harness::new(&builder.build().unwrap()).call(Preview::new("https://x")).await;
    assert_eq!(answered.code(), 500);

    // A panic in `on_error` itself harms nothing else.
    let builder = Dispatcher::builder().route(failing().on_error(|_, _| -> CardReply { panic!("again") }));
    let answered = Harness::new(&builder.build().unwrap()).call(Click::button("ok")).await;
    assert_eq!(answered.code(), 500);
}

#[tokio::test(start_paused = true)]
async fn on_error_is_asked_when_there_is_no_room() {
    let limits = feishu_runtime::Limits::default().running(1).queued(0);
    let dispatcher = Dispatcher::builder()
        .limits(limits)
        .on_error(|failure, _| matches!(failure, Failure::Busy(_)).then(|| Toast::warning("Too busy")))
        .on(|_: CardActionTrigger, _| async {
            sleep(Duration::from_secs(1)).await;
            Ok(info("done"))
        })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    let (first, second) = tokio::join!(harness.call(Click::button("ok")), harness.call(Click::button("ok")));
    assert_eq!(first.json()["toast"]["content"], "done");
    assert_eq!(second.json()["toast"]["content"], "Too busy");
    assert_eq!(harness.stats().outcomes.shed, 1);
}

#[tokio::test(start_paused = true)]
async fn on_late_of_the_dispatcher_serves_clicks_without_one_of_their_own() {
    let slow = || {
        Route::new(|_: CardActionTrigger, _| async {
            sleep(Duration::from_secs(10)).await;
            Ok(info("done"))
        })
    };
    let builder = || Dispatcher::builder().on_late(Toast::info("of all"));
    assert_eq!(answer(builder().route(slow())).await["toast"]["content"], "of all");
    assert_eq!(answer(builder().route(slow().on_late(info("own")))).await["toast"]["content"], "own");
}

#[tokio::test(start_paused = true)]
async fn layer_guards_all_handlers_and_can_answer_in_their_place() {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&ran);
    let guard = |cx: Context, next: Next| async move {
        let Ok(click) = cx.decode::<CardActionTrigger>() else { return next.run().await };
        if click.event.operator.open_id.as_ref().is_some_and(|id| id == "ou_alice") {
            return next.run().await;
        }
        cx.answer(&CardReply::toast(Toast::warning("Only Alice may do this")))
    };
    let dispatcher = Dispatcher::builder()
        .layer(guard)
        .on(move |click: CardActionTrigger, _| {
            record.lock().unwrap().push(click.event.operator.open_id);
            async { Ok(info("done")) }
        })
        .on(|_: UrlPreviewGet, _| async { Ok(PreviewReply::title("Order 42")) })
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    assert_eq!(harness.call(Click::button("ok").operator("ou_bob")).await.json()["toast"]["type"], "warning");
    assert_eq!(ran.lock().unwrap().len(), 0, "the handler did not run");
    assert_eq!(
        harness.call(Click::button("ok").operator("ou_alice")).await.json()["toast"]["content"],
        "done"
    );
    assert_eq!(harness.call(Preview::new("https://x")).await.json()["inline"]["title"], "Order 42");
    assert_eq!(harness.stats().outcomes.answered, 3);
}

#[tokio::test(start_paused = true)]
async fn operator_gives_a_layer_the_user_of_every_type() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let dispatcher = Dispatcher::builder()
        .layer(move |cx: Context, next: Next| {
            let user = cx.operator().and_then(|user| user.open_id).map(String::from);
            record.lock().unwrap().push(user);
            next.run()
        })
        .routes(handlers())
        .build()
        .unwrap();
    let harness = Harness::new(&dispatcher);
    harness.call(Click::button("ok").operator("ou_alice")).await;
    harness.call(Preview::new("https://x").operator("ou_bob")).await;
    harness.call(Event::new("order.paid_v1", serde_json::json!({}))).await;
    let expected = [Some("ou_alice".to_owned()), Some("ou_bob".to_owned()), None];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn layers_nest_in_the_order_of_registration_with_route_layers_inside() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let log = Arc::clone(&log);
        move |_: Context, next: Next| {
            let log = Arc::clone(&log);
            async move {
                log.lock().unwrap().push(format!("{name} in"));
                let answer = next.run().await;
                log.lock().unwrap().push(format!("{name} out {}", answer.is_ok()));
                answer
            }
        }
    };
    let failing = Route::new(|_: CardActionTrigger, _| async { Err("broken".into()) }).layer(note("route"));
    let builder = Dispatcher::builder().layer(note("first")).route(failing).layer(note("second"));
    let answered = Harness::new(&builder.build().unwrap()).call(Click::button("ok")).await;
    assert_eq!(answered.code(), 500);
    assert_eq!(
        *log.lock().unwrap(),
        ["first in", "second in", "route in", "route out false", "second out false", "first out false"]
    );
}

struct Shop;

impl Shop {
    async fn save(self: Arc<Self>, click: CardActionTrigger, _: Context) -> anyhow::Result<CardReply> {
        let order: u32 = click.event.action.value_as()?;
        tokio::task::yield_now().await;
        Ok(info(&format!("saved {order}")))
    }
}

#[tokio::test(start_paused = true)]
async fn on_method_takes_every_error_type() {
    let builder = Dispatcher::builder().on_method(&Arc::new(Shop), Shop::save);
    let harness = Harness::new(&builder.build().unwrap());
    assert_eq!(harness.call(Click::button("ok").value(7)).await.json()["toast"]["content"], "saved 7");
}

#[test]
fn build_suggests_the_known_type_for_a_misspelt_one() {
    let nothing = |_, _: Context| async { Ok(()) };
    let error = Dispatcher::builder().on_raw("card.action.triger", nothing).build().unwrap_err().to_string();
    assert!(error.contains("write `card.action.trigger`") && error.contains("routes.rs:"), "{error}");

    // Types that are far from all others, and newer versions, are fine.
    for unknown in ["order.paid_v1", "im.message.receive_v2"] {
        assert!(Dispatcher::builder().on_raw(unknown, nothing).build().is_ok(), "{unknown}");
    }
    let meant = Route::raw("card.action.triger", nothing).allow_unknown_type();
    assert!(Dispatcher::builder().route(meant).build().is_ok());
}

#[test]
fn build_reports_two_handlers_of_a_type_beside_other_mistakes() {
    let nothing = |_, _: Context| async { Ok(()) };
    let twice = || Dispatcher::builder().on_raw("a_v1", nothing).on_raw("a_v1", nothing);
    let error = twice().build().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RegisteredTwice { .. }), "{error}");

    let error =
        twice().on_raw("b_v1", nothing).on_raw("b_v1", nothing).on_raw("", nothing).build().unwrap_err();
    for part in ["`a_v1` has two handlers", "`b_v1` has two handlers", "its type is empty"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn build_reports_every_mistake_with_its_place() {
    let nothing = |_, _: Context| async { Ok(()) };
    let error = Dispatcher::builder()
        .state(1_u8)
        .state(2_u8)
        .route(Route::raw("a_v1", nothing).concurrency(0))
        .on_raw("", nothing)
        .fallback(nothing)
        .fallback(nothing)
        .build()
        .unwrap_err();
    let text = error.to_string();
    for part in
        ["two states of type u8", "concurrency of 0", "its type is empty", "only one fallback", "routes.rs:"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)));
}

#[tokio::test(start_paused = true)]
async fn payload_json_prints_the_callback_as_it_came() {
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, cx: Context| async move { Ok(info(&cx.payload_json())) })
        .build()
        .unwrap();
    let json = Harness::new(&dispatcher).call(Click::button("ok").operator("ou_alice")).await.json();
    let printed: serde_json::Value =
        serde_json::from_str(json["toast"]["content"].as_str().unwrap()).unwrap();
    assert_eq!(printed["event"]["operator"]["open_id"], "ou_alice");
    assert_eq!(printed["header"]["event_type"], "card.action.trigger");
}
