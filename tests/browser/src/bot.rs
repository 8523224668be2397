//! The bot behind the page: it answers by the name of what was clicked, and streams an answer to a message.

use std::time::Duration;

use feishu_gateway::{Gateway, json};
use feishu_runtime::callbacks::build::Button;
use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, RawCard, Toast, ToastLanguage, UrlPreviewGet,
};
use feishu_runtime::transport::{AppSecret, Domain};
use feishu_runtime::{Client, Context, Dispatcher, HandlerError, StreamOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A bot that runs until it is dropped.
#[derive(Debug)]
pub struct Bot(JoinHandle<()>);

impl Bot {
    /// Starts it, and waits until it is connected.
    pub async fn start(gateway: &Gateway) -> Self {
        let dispatcher = Dispatcher::builder()
            .state(Buttons::default())
            .on(clicked)
            .on(previewed)
            .on(received)
            .build()
            .unwrap();
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

/// The buttons of a streamed card.
#[derive(Default)]
struct Buttons {
    stop: Notify,
    end: Notify,
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn clicked(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
    let words = |kind: Toast, chinese: &str| CardReply::toast(kind.lang(ToastLanguage::ZhCn, chinese));
    Ok(match click.event.action.name.as_deref().unwrap_or_default() {
        "approve" => words(Toast::success("Approved"), "已同意").with_card(approved()?),
        "reject" => words(Toast::warning("Rejected"), "已拒绝"),
        "submit" | "send" => words(Toast::info("Received"), "已收到"),
        "stop" => {
            cx.state::<Buttons>()?.stop.notify_one();
            words(Toast::info("Stopping"), "正在停止")
        }
        "end" => {
            cx.state::<Buttons>()?.end.notify_one();
            CardReply::empty()
        }
        "mute" => words(Toast::error("Muting failed"), "静音失败"),
        "take" => return Err("the order service is down".into()),
        "slow" => {
            sleep(Duration::from_secs(4)).await;
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

/// Streams numbers until a button ends them, if the message asks for that.
async fn received(message: MessageReceive, cx: Context) -> Result<(), HandlerError> {
    if message.event.message.text_without_mentions().as_deref() != Some("count") {
        return Ok(());
    }
    let button = |name: &str| Button::plain(name).name(name).value(json!({"press": name}));
    let options = StreamOptions::default().title("Numbers");
    let mut out =
        cx.stream_card(options.while_streaming(button("stop")).while_streaming(button("end"))).await?;
    let buttons = cx.state::<Buttons>()?;
    for number in 1..10_000 {
        out.push(&format!("number {number}\n\n"))?;
        tokio::select! {
            () = buttons.stop.notified() => {
                out.abort("_Stopped._").await?;
                return Ok(());
            }
            () = buttons.end.notified() => break,
            () = sleep(Duration::from_millis(100)) => {}
        }
    }
    out.push("That is all.")?;
    out.finish().await?;
    Ok(())
}
