//! A bot that answers a click and previews a link.
//!
//! ```text
//! cargo run --example card_bot
//! ```
//!
//! Without an account it talks to the local platform, which clicks, previews and shows what a user would see. With
//! `FEISHU_APP_ID` and `FEISHU_APP_SECRET` in the environment (and `FEISHU_DOMAIN=https://open.larksuite.com` for an app
//! made on Lark) the same bot serves the real platform until Ctrl-C.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::time::Duration;

use feishu_gateway::{Click, Gateway, json};
use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, Toast, ToastLanguage, UrlPreviewGet,
};
use feishu_runtime::transport::{AppId, AppSecret, Domain};
use feishu_runtime::{Client, Context, Dispatcher, HandlerError};

/// A user clicked a component of a card. The reply is what the user sees: a toast, a new card, or nothing.
async fn clicked(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
    let note = click.event.action.form_value.text("note").unwrap_or_default();
    println!("  bot: a click, {:?} left to answer it; the note says {note:?}", cx.remaining());
    Ok(CardReply::toast(
        Toast::success(format!("Saved: {note}")).lang(ToastLanguage::ZhCn, format!("已保存：{note}")),
    ))
}

/// A client shows a link of ours and asks for its title.
async fn previewed(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    let url = link.event.context.url.unwrap_or_default();
    println!("  bot: a preview of {url}");
    Ok(PreviewReply::title("Order 42"))
}

/// Somebody wrote to the bot. Events are acknowledged, not answered.
async fn received(message: MessageReceive, _: Context) -> Result<(), HandlerError> {
    println!("  bot: a message of type {:?}", message.event.message.message_type);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let dispatcher = Dispatcher::builder().on(clicked).on(previewed).on(received).build()?;

    if let Ok(app_id) = std::env::var("FEISHU_APP_ID") {
        let domain = match std::env::var("FEISHU_DOMAIN") {
            Ok(url) => Domain::custom(url)?,
            Err(_) => Domain::Feishu,
        };
        let report = Client::builder(AppId::new(app_id), AppSecret::from_env("FEISHU_APP_SECRET")?)
            .domain(domain)
            .dispatcher(dispatcher)
            .build()?
            .run_until(tokio::signal::ctrl_c())
            .await?;
        println!("{report}");
        return Ok(());
    }

    println!("FEISHU_APP_ID is not set: using the local platform\n");
    let gateway = Gateway::start().await?;
    let client = Client::builder(AppId::new(gateway.app_id()), AppSecret::new(gateway.app_secret()))
        .domain(Domain::custom(gateway.base_url())?)
        .dispatcher(dispatcher)
        .build()?;
    let handle = client.handle();
    let bot = tokio::spawn(client.run());
    gateway.connected(1).await;

    println!("A user fills in a form and clicks \"Save\":");
    let answer = gateway.click(Click::form("save", json!({"note": "two coffees"}))).await?;
    println!("  user: {}\n  wire: {} in {:?}\n", answer.verdict(), answer.payload(), answer.elapsed());

    println!("A user pastes a link:");
    let answer = gateway.preview("https://example.com/orders/42").await?;
    println!("  user: {}\n  wire: {} in {:?}\n", answer.verdict(), answer.payload(), answer.elapsed());

    println!("A user writes to the bot:");
    let message = json!({"sender": {"sender_type": "user"}, "message": {
        "message_id": "om_1", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "text",
        "content": "{\"text\":\"hello\"}"
    }});
    let answer = gateway.event("im.message.receive_v1", message).await?;
    println!("  platform: code {} in {:?}\n", answer.code(), answer.elapsed());

    handle.stop(Duration::from_secs(3));
    println!("{}", bot.await??);
    let findings = gateway.findings();
    println!("The platform has {} findings about this client.", findings.len());
    Ok(())
}
