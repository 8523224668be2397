//! Cards from the builder through the platform: into a reply, onto the message, and again by a delayed update.
#![cfg(feature = "long-connection")]

use feishu_callbacks::build::{
    Button, Card, Checker, Column, Columns, DatePicker, DateTimePicker, Form, HeaderColor, Image, Input,
    MultiSelect, PeoplePicker, Select, TimePicker,
};
use feishu_callbacks::openapi::{ApiCodeKind, CardUpdate};
use feishu_callbacks::{CardActionTrigger, CardReply, RawCard, Template, Toast};
use feishu_gateway::{Click, Gateway, Value};
use feishu_kit::GatewayDial;
use feishu_runtime::{Client, Context, Dispatcher, OpenApi};
use feishu_transport::{AppSecret, Domain};
use serde_json::json;
use tokio::sync::mpsc;

/// Runs a bot against the platform; with it goes a way to call the OpenAPI.
async fn run(dispatcher: impl FnOnce(OpenApi) -> Dispatcher) -> Gateway {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let dial = GatewayDial(gateway.clone());
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .connection(|connection| connection.dial(dial));
    let api = client.open_api().unwrap();
    let client = client.dispatcher(dispatcher(api)).build().unwrap();
    tokio::spawn(client.run());
    gateway.connected(1).await;
    gateway
}

/// One of everything that the builder makes.
fn card(title: &str) -> Card {
    let form = Form::new("order", Button::submit("save", "Save"))
        .markdown("Please choose")
        .push(Input::new("note").label("Note").placeholder("No peanuts").multiline(3).max_length(200))
        .push(Select::new("dish").option("noodles", "Noodles").option("soup", "Soup").required())
        .push(MultiSelect::new("extras").option("egg", "Egg").option("tofu", "Tofu"))
        .push(PeoplePicker::new("guests").candidate(&"ou_guest".into()))
        .push(DatePicker::new("day").initial("2026-01-02"))
        .push(TimePicker::new("hour").initial("19:30"))
        .push(DateTimePicker::new("from").initial("2026-01-02 19:30"))
        .push(Checker::new("agree").label("I agree"));
    Card::new(title)
        .subtitle("Table 7")
        .color(HeaderColor::Green)
        .markdown("Two **guests**")
        .fields([("Waiter", "Ming"), ("Since", "19:20")])
        .divider()
        .push(Image::new("img_v3_dish", "A dish").title("Today"))
        .push(Columns::new([Column::new().weight(1).markdown("left"), Column::new().markdown("right")]))
        .push(
            Button::danger("Cancel")
                .value(json!({"do": "cancel"}))
                .confirm("Cancel it?", "The kitchen will stop."),
        )
        .form(form)
}

fn json_of(card: Card) -> Value {
    serde_json::from_str(RawCard::from(card).as_json()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn with_card_of_a_built_card_replaces_the_card_of_the_message() {
    let gateway = run(|_| {
        let reply = |_: CardActionTrigger, _: Context| async {
            Ok(CardReply::toast(Toast::info("Changed")).with_card(RawCard::from(card("Order 43"))))
        };
        Dispatcher::builder().strict_replies().on(reply).build().unwrap()
    })
    .await;
    let message = gateway.post_card(json_of(card("Order 42")));
    let answer = gateway.click(Click::button("cancel").message(&message)).await.unwrap();
    assert!(answer.verdict().is_ok(), "{}", answer.verdict());
    assert_eq!(gateway.card(&message).unwrap(), json_of(card("Order 43")));
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test(start_paused = true)]
async fn template_with_variables_is_accepted_by_the_client() {
    let gateway = run(|_| {
        let reply = |_: CardActionTrigger, _: Context| async {
            Ok(CardReply::template(Template::new("AAq7").version("1.0.0").variable("who", "Ming")))
        };
        Dispatcher::builder().on(reply).build().unwrap()
    })
    .await;
    let answer = gateway.click(Click::button("b")).await.unwrap();
    assert!(answer.verdict().is_ok(), "{}", answer.verdict());
    let data = json!({"template_id": "AAq7", "template_version_name": "1.0.0", "template_variable": {"who": "Ming"}});
    assert_eq!(answer.data().unwrap(), json!({"card": {"type": "template", "data": data}}));
}

#[tokio::test(start_paused = true)]
async fn card_update_in_after_reply_is_accepted_twice_for_one_token() {
    let (told, mut outcomes) = mpsc::channel(3);
    let gateway = run(|api| {
        let reply = move |click: CardActionTrigger, cx: Context| {
            let (api, told) = (api.clone(), told.clone());
            async move {
                let token = click.event.token.ok_or("no token")?;
                cx.after_reply(async move {
                    for title in ["First", "Second", "Third"] {
                        let update = CardUpdate::new(token.clone(), RawCard::from(card(title)));
                        let sent = api.send(&update).await;
                        told.send(sent.map_err(|error| error.kind())).await.unwrap();
                    }
                })?;
                Ok(CardReply::toast(Toast::info("Working on it")))
            }
        };
        Dispatcher::builder().on(reply).build().unwrap()
    })
    .await;
    let message = gateway.post_card(json_of(card("Order 42")));
    gateway.click(Click::button("b").message(&message)).await.unwrap();
    assert!(outcomes.recv().await.unwrap().is_ok());
    assert!(outcomes.recv().await.unwrap().is_ok());
    assert_eq!(outcomes.recv().await.unwrap().unwrap_err(), Some(ApiCodeKind::CallbackTokenUsedUp));
    assert_eq!(gateway.card(&message).unwrap(), json_of(card("Second")));
}
