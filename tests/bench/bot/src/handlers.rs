//! The handlers: each answers with the number that the load put into its callback.

use std::time::Duration;

use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, Toast, UrlPreviewGet,
};
use feishu_runtime::{Context, HandlerError};
use serde_json::Value;

/// A toast with `value.n`, after `value.sleep_ms`.
pub(crate) async fn card(click: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    let value = click.event.action.value.as_value();
    let number = value.get("n").map(Value::to_string).ok_or("the click has no number")?;
    if let Some(milliseconds) = value.get("sleep_ms").and_then(Value::as_u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    Ok(CardReply::toast(Toast::success(number)))
}

/// The number in the link as the title.
pub(crate) async fn preview(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    let number = link.event.url().rsplit_once("n=").ok_or("the link has no number")?.1;
    Ok(PreviewReply::title(number))
}

/// Reads the text, as a bot would, and fails without a number in it.
pub(crate) async fn message(message: MessageReceive, _: Context) -> Result<(), HandlerError> {
    let content = message.event.message.content.as_deref().unwrap_or_default();
    let content: Value = serde_json::from_str(content).map_err(|_| "the content is no JSON")?;
    let text = content.get("text").and_then(Value::as_str).unwrap_or_default();
    text.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).ok_or("no number in the text")?;
    Ok(())
}
