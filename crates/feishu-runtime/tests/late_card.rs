//! Delayed card updates of late results, and newer cards on the same message.
#![cfg(feature = "long-connection")]

use std::time::Duration;

use async_trait::async_trait;
use feishu_callbacks::{CardActionTrigger, CardReply, RawCard, Toast};
use feishu_gateway::{Click, Gateway};
use feishu_runtime::{Client, ClientHandle, Context, Dispatcher, OpenApi, Route};
use feishu_transport::{AppSecret, BoxStream, Dial, Domain, Error, Target};
use serde_json::{Value, json};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

struct GatewayDial(Gateway);

#[async_trait]
impl Dial for GatewayDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        Ok(Box::new(self.0.dial()))
    }
}

fn card(text: &str) -> Value {
    json!({ "schema": "2.0", "body": { "elements": [{ "tag": "markdown", "content": text }] } })
}

/// Clicks on `slow` take 3.5 s, those on `slower` 6 s, others no time; each gets a card with the button's name.
fn bot() -> Route<CardActionTrigger, CardReply> {
    Route::new(|click: CardActionTrigger, cx: Context| async move {
        let name = click.event.action.name.clone().unwrap_or_default();
        match name.as_str() {
            "slow" => sleep(SECOND * 7 / 2).await,
            "slower" => sleep(6 * SECOND).await,
            "toast" => return Ok(CardReply::toast(Toast::info("Hello"))),
            "now" => {
                cx.reply_now(CardReply::card(RawCard::new(card("now")).unwrap()))?;
                sleep(10 * SECOND).await;
                return Ok(CardReply::empty());
            }
            _ => {}
        }
        Ok(CardReply::card(RawCard::new(card(&name)).unwrap()))
    })
    .on_late(CardReply::toast(Toast::info("Working on it")))
}

/// Clicks each button at its time, in seconds, and gives the card at the end.
async fn play(
    choose: impl FnOnce(Route<CardActionTrigger, CardReply>, OpenApi) -> Route<CardActionTrigger, CardReply>,
    clicks: &[(u32, &str)],
) -> (Value, ClientHandle) {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = GatewayDial(gateway.clone());
    let builder = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial));
    let route = choose(bot(), builder.open_api().unwrap());
    let client = builder.dispatcher(Dispatcher::builder().route(route).build().unwrap()).build().unwrap();
    let handle = client.handle();
    tokio::spawn(client.run());
    gateway.connected(1).await;
    let message = gateway.post_card(card("asked"));
    let mut now = 0;
    for (at, button) in clicks {
        sleep(SECOND * (at - now)).await;
        now = *at;
        let click = Click::button(button).message(&message);
        let gateway = gateway.clone();
        tokio::spawn(async move { assert!(gateway.click(click).await.unwrap().verdict().is_ok()) });
    }
    sleep(20 * SECOND).await;
    let shown = gateway.card(&message).unwrap();
    (shown["body"]["elements"][0]["content"].clone(), handle)
}

#[tokio::test(start_paused = true)]
async fn update_card_when_late_gives_way_to_the_card_of_a_later_click() {
    let (shown, handle) = play(Route::update_card_when_late, &[(0, "slow"), (1, "fast")]).await;
    assert_eq!(shown, "fast");
    assert_eq!(handle.stats().incidents.gave_way, 1);
    let (shown, _) = play(Route::update_card_when_late, &[(0, "slow"), (1, "now")]).await;
    assert_eq!(shown, "now", "a card of `reply_now` is one as well");
    let (shown, _) = play(Route::update_card_when_late, &[(0, "slower"), (1, "slow")]).await;
    assert_eq!(shown, "slow", "and so is a late one");
}

#[tokio::test(start_paused = true)]
async fn update_card_when_late_is_sent_where_nothing_newer_was_shown() {
    let (shown, handle) = play(Route::update_card_when_late, &[(0, "slow"), (1, "toast")]).await;
    assert_eq!(shown, "slow", "a toast changes no card");
    assert_eq!(handle.stats().incidents.gave_way, 0);
    let (shown, _) = play(Route::update_card_when_late, &[(0, "fast"), (1, "slow")]).await;
    assert_eq!(shown, "slow");
}

#[tokio::test(start_paused = true)]
async fn update_card_when_late_with_hands_both_to_the_author() {
    let clicks = [(0, "slow"), (1, "fast")];
    let anyway = |route: Route<_, _>, api| route.update_card_when_late_with(api, |late, _| Some(late));
    assert_eq!(play(anyway, &clicks).await.0, "slow");
    let both = |route: Route<_, _>, api| {
        route.update_card_when_late_with(api, |_, newer| {
            let newer = newer["data"]["body"]["elements"][0]["content"].as_str()?;
            Some(CardReply::card(RawCard::new(card(&format!("{newer}, and slow"))).ok()?))
        })
    };
    assert_eq!(play(both, &clicks).await.0, "fast, and slow");
}
