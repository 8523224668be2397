//! The stream form keeps the same promises as handlers.

use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Click, Event};
use feishu_runtime::testing::Harness;
use feishu_runtime::{Dispatcher, Outcome};
use serde_json::json;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn build_stream_items_are_read_answered_refused_or_answered_at_the_deadline() {
    let (dispatcher, mut callbacks) = Dispatcher::builder().build_stream(4).unwrap();
    let harness = Harness::new(&dispatcher);
    let pull = async {
        let click = callbacks.next().await.unwrap();
        assert_eq!(click.event_type(), "card.action.trigger");
        let typed: CardActionTrigger = click.read().unwrap();
        assert_eq!(typed.event.action.name.as_deref(), Some("save"));
        click.reply(CardReply::toast(Toast::info("seen"))).unwrap();
        callbacks.next().await.unwrap().acknowledge();
        callbacks.next().await.unwrap().refuse("not today");
        drop(callbacks.next().await.unwrap());
        // Kept too long: a message is acknowledged at its deadline.
        let kept = callbacks.next().await.unwrap();
        sleep(Duration::from_secs(3)).await;
        assert!(kept.context().is_answered());
        kept.acknowledge();
        callbacks
    };
    let push = async {
        let click = harness.call(Click::button("save")).await;
        assert_eq!(click.reply::<CardReply>(), CardReply::toast(Toast::info("seen")));
        assert_eq!(harness.call(Event::text_message("hi")).await.json(), json!({}));
        assert_eq!(harness.call(Event::text_message("hi")).await.code(), 500);
        assert_eq!(harness.call(Event::text_message("hi")).await.code(), 500);
        let began = Instant::now();
        assert_eq!(harness.call(Event::text_message("hi")).await.code(), 200);
        assert_eq!(began.elapsed().as_millis(), 2500);
    };
    let (callbacks, ()) = tokio::join!(pull, push);
    harness.idle().await;
    let outcomes = harness.stats().outcomes;
    assert_eq!((outcomes.answered, outcomes.failed, outcomes.late), (2, 2, 1), "{}", Outcome::Late.as_str());
    drop(callbacks);
    assert_eq!(harness.call(Event::text_message("nobody pulls")).await.code(), 500);
}

#[tokio::test(start_paused = true)]
async fn build_stream_refuses_when_full_and_ends_with_the_dispatcher() {
    let (dispatcher, mut callbacks) = Dispatcher::builder().build_stream(1).unwrap();
    let harness = Harness::new(&dispatcher);
    let event = || Event::new("some_v1", json!({}));
    let (first, second) = tokio::join!(harness.call(event()), harness.call(event()));
    assert_eq!((first.code(), second.code()), (200, 500), "the first one is late, the second found no room");
    callbacks.next().await.unwrap().acknowledge();
    harness.idle().await;
    drop((harness, dispatcher));
    assert!(callbacks.next().await.is_none());
    assert!(Dispatcher::builder().build_stream(0).is_err());
}
