//! The bot behind the page: it answers by the name of what was clicked.

use std::time::Duration;

use feishu_gateway::{Gateway, json};
use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, RawCard, Toast, ToastLanguage, UrlPreviewGet,
};
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{Client, Context, Dispatcher, HandlerError};
use tokio::task::JoinHandle;

/// A bot that runs until it is dropped.
#[derive(Debug)]
pub struct Bot(JoinHandle<()>);

impl Bot {
    /// Starts it, and waits until it is connected.
    pub async fn start(gateway: &Gateway) -> Self {
        let dispatcher = Dispatcher::builder().on(clicked).on(previewed).on(received).build().unwrap();
        let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
            .domain(Domain::url(gateway.base_url()).unwrap())
            .dispatcher(dispatcher)
            .build()
            .unwrap();
        let running = tokio::spawn(async move {
            let _ = client.run().await;
        });
        gateway.connected(1).await;
        Self(running)
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn clicked(click: CardActionTrigger, _: Context) -> Result<CardReply, HandlerError> {
    let words = |kind: Toast, chinese: &str| CardReply::toast(kind.lang(ToastLanguage::ZhCn, chinese));
    Ok(match click.event.action.name.as_deref().unwrap_or_default() {
        "approve" => words(Toast::success("Approved"), "已同意").with_card(approved()?),
        "reject" => words(Toast::warning("Rejected"), "已拒绝"),
        "submit" | "send" => words(Toast::info("Received"), "已收到"),
        "mute" => words(Toast::error("Muting failed"), "静音失败"),
        "take" => return Err("the order service is down".into()),
        "slow" => {
            tokio::time::sleep(Duration::from_secs(4)).await;
            CardReply::empty()
        }
        _ => CardReply::empty(),
    })
}

/// The card after an approval.
fn approved() -> Result<RawCard, HandlerError> {
    let card = json!({
        "schema": "2.0",
        "config": {"update_multi": true},
        "header": {"template": "green", "title": {
            "tag": "plain_text", "content": "Leave request: approved", "i18n_content": {"zh_cn": "请假申请：已同意"},
        }},
        "body": {"elements": [{"tag": "markdown", "content": "**2026-12-01** – **2026-12-03**"}]},
    });
    Ok(RawCard::new(card)?)
}

async fn previewed(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    let url = link.event.context.url.unwrap_or_default();
    if url.ends_with("/card") {
        let press = json!({"tag": "button", "name": "press", "text": {"tag": "plain_text", "content": "Press"},
            "behaviors": [{"type": "callback", "value": {"from": "preview"}}]});
        let card = json!({"schema": "2.0", "config": {"update_multi": true}, "body": {"elements": [press]}});
        return Ok(PreviewReply::title("A card").with_card(RawCard::new(card)?));
    }
    Ok(PreviewReply::title(format!("Order {}", url.rsplit('/').next().unwrap_or_default())))
}

async fn received(_: MessageReceive, _: Context) -> Result<(), HandlerError> {
    Ok(())
}
