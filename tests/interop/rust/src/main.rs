//! The smallest bot of this SDK. What the driver asks of it is in `../../README.md`.

use std::error::Error;
use std::time::Duration;

use feishu_runtime::prelude::*;

async fn on_click(click: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    let name = click.event.action.name.unwrap_or_default();
    println!("handled click {name}");
    match &*name {
        "fail" => return Err("the order service is down".into()),
        "panic" => panic!("the order service is down"),
        work => wait(work).await,
    }
    Ok(CardReply::toast(Toast::success("approved")))
}

async fn on_preview(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    println!("handled preview {}", link.event.context.url.unwrap_or_default());
    Ok(PreviewReply::title("Order 42"))
}

async fn on_message(message: MessageReceive, cx: Context) -> Result<(), HandlerError> {
    println!("handled message {}", cx.event_id().map(ToString::to_string).unwrap_or_default());
    wait(&message.event.message.content.unwrap_or_default()).await;
    Ok(())
}

/// Does some work, as long as the text says.
async fn wait(text: &str) {
    let digits =
        text.split_once("wait-").map(|(_, rest)| rest.trim_end_matches(|c: char| !c.is_ascii_digit()));
    if let Some(milliseconds) = digits.and_then(|digits| digits.parse().ok()) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let debug = std::env::var_os("BOT_DEBUG").is_some();
    let level = if debug { tracing::Level::TRACE } else { tracing::Level::INFO };
    tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(std::io::stderr).init();

    let in_progress = CardReply::toast(Toast::info("in progress"));
    let dispatcher = Dispatcher::builder()
        .route(Route::new(on_click).on_late(in_progress))
        .on(on_preview)
        .on(on_message)
        .build()?;
    Client::from_env()?.dispatcher(dispatcher).build()?.run_until_signal().await?;
    Ok(())
}
