//! Sends a card, replies to it, and updates it after the click was answered, on the local platform.
//!
//! ```text
//! cargo run -p feishu-runtime --example send_message
//! ```

use std::error::Error;
use std::time::Duration;

use feishu_gateway::{Click, Gateway};
use feishu_runtime::OpenApi;
use feishu_runtime::callbacks::build::{Button, Card};
use feishu_runtime::callbacks::openapi::{
    MessagePatch, MessageReply, MessageSend, OutgoingMessage, Receiver,
};
use feishu_runtime::callbacks::{MessageId, RawCard};
use feishu_runtime::prelude::*;
use serde_json::json;

fn order(status: &str) -> RawCard {
    Card::new("Order 42").markdown(status).push(Button::primary("Ship it").name("ship")).into()
}

/// Answers the click at once, and calls the platform after the answer.
async fn shipped(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
    let api = cx.state::<OpenApi>()?.clone();
    let message = click.event.context.open_message_id.ok_or("the click names no message")?;
    cx.after_reply(async move {
        let patched = api.send(&MessagePatch { message, card: order("Shipped").into() }).await;
        if let Err(error) = patched {
            tracing::error!(%error, "the card was not changed");
        }
    })?;
    Ok(CardReply::toast(Toast::info("Shipping")))
}

/// Sends the card, with a note under it; returns its message id.
async fn announce(api: &OpenApi, chat: &str) -> Result<MessageId, Box<dyn Error>> {
    // With a uuid, repeated calls within an hour send the message once.
    let message = OutgoingMessage::card(order("Packed")).once("order-42");
    let sent = api.send(&MessageSend { to: Receiver::Chat(chat.into()), message }).await?;
    let card = sent.message_id.ok_or("the platform named no message id")?;
    let message = OutgoingMessage::text("Two boxes");
    api.send(&MessageReply { to: card.clone(), message, in_thread: false }).await?;
    Ok(card)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let platform = Gateway::start().await?;
    let bot =
        Client::builder(platform.app_id(), AppSecret::new(platform.app_secret())).domain(platform.base_url());
    let api = bot.open_api()?;
    let dispatcher = Dispatcher::builder().state(api.clone()).on(shipped).build()?;
    let bot = bot.dispatcher(dispatcher).build()?;
    let handle = bot.handle();
    let running = tokio::spawn(bot.run());
    platform.connected(1).await;

    let card = announce(&api, "oc_1").await?;
    let answer =
        platform.click(Click::button("ship").message(card.as_str()).value(json!({"order": 42}))).await?;
    println!("{}", answer.data().unwrap_or_default());

    // The graceful stop waits for futures of `after_reply`.
    handle.stop(Duration::from_secs(5));
    println!("{}", running.await??);
    for message in platform.messages() {
        println!("{} {}", message.msg_type, message.content);
    }
    println!("The platform has {} complaints.", platform.findings().len());
    Ok(())
}
