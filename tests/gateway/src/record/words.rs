//! What a verdict means and what to do about it, in English and Chinese.

use serde::Serialize;
use serde_json::{Map, Value};

use super::State;
use crate::Verdict;
use crate::verdict::Kind;

/// A sentence in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Words {
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
}

/// A verdict as the interface gives it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct VerdictView {
    pub(crate) ok: bool,
    pub(crate) kind: Kind,
    pub(crate) code: Option<u32>,
    pub(crate) text: String,
    pub(crate) toast: Option<ToastView>,
    pub(crate) cause: Option<Words>,
    pub(crate) remedy: Option<Words>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct ToastView {
    #[serde(rename = "type")]
    style: String,
    content: String,
    i18n: Map<String, Value>,
}

impl VerdictView {
    pub(crate) fn new(verdict: &Verdict, state: State) -> Self {
        let (cause, remedy) = explain(verdict, state).unzip();
        let toast = verdict.toast.as_ref().map(|toast| ToastView {
            style: toast.style.clone(),
            content: toast.content.clone(),
            i18n: toast.i18n.clone(),
        });
        Self {
            ok: verdict.is_ok(),
            kind: verdict.kind,
            code: verdict.code(),
            text: verdict.text().into(),
            toast,
            cause,
            remedy,
        }
    }
}

/// Cause and remedy of what went wrong.
fn explain(verdict: &Verdict, state: State) -> Option<(Words, Words)> {
    let both = |cause: (&'static str, &'static str), remedy: (&'static str, &'static str)| {
        Some((Words { en: cause.0, zh: cause.1 }, Words { en: remedy.0, zh: remedy.1 }))
    };
    if verdict.is_ok() {
        return None;
    }
    if state == State::NotConnected {
        return both(
            ("No client of this app is connected.", "这个应用没有任何客户端连接。"),
            (
                "Start the bot with this platform's address as its domain, and with this app id and secret.",
                "启动机器人，域名填本平台的地址，并使用这个应用的 App ID 和 App Secret。",
            ),
        );
    }
    match (verdict.code(), verdict.kind) {
        (Some(200_341), _) => both(
            ("The bot did not answer within 3 seconds.", "机器人没有在 3 秒内应答。"),
            (
                "Answer first, with {} or a toast, and do the slow work afterwards; then update the card by its token.",
                "先应答（{} 或 toast），耗时的工作放到应答之后，再用 token 更新卡片。",
            ),
        ),
        (Some(200_671), _) => both(
            ("The bot answered with a code that is not 200.", "机器人应答的 code 不是 200。"),
            (
                "The handler failed, or none is registered for this callback: look at the bot's log.",
                "处理函数出错，或没有为这个回调注册处理函数：请查看机器人的日志。",
            ),
        ),
        (Some(200_672), _) => both(
            ("The answer is malformed.", "应答的格式不正确。"),
            (
                "Answer with a JSON object that has toast, card, both or nothing; toast.type is info, success, warning or error.",
                "应答应为 JSON 对象，包含 toast、card、两者或都没有；toast.type 为 info、success、warning 或 error。",
            ),
        ),
        (Some(200_673), _) => both(
            ("The card in the answer is malformed.", "应答中的卡片格式不正确。"),
            (
                "Give card as {\"type\":\"raw\",\"data\":{…}} or {\"type\":\"template\",\"data\":{\"template_id\":…}}, 30 KB at most.",
                "card 应为 {\"type\":\"raw\",\"data\":{…}} 或 {\"type\":\"template\",\"data\":{\"template_id\":…}}，不超过 30 KB。",
            ),
        ),
        (Some(200_830), _) => both(
            (
                "The card is of JSON 2.0, and the answer has one of JSON 1.0.",
                "原卡片是 JSON 2.0，而应答中的卡片是 JSON 1.0。",
            ),
            ("Answer with a card that has \"schema\":\"2.0\".", "应答的卡片应带有 \"schema\":\"2.0\"。"),
        ),
        (Some(108_002), _) => both(
            ("The answer has no data.", "应答中没有 data。"),
            ("Answer with {} at least.", "至少应答 {}。"),
        ),
        (_, Kind::PlainLink) => both(
            ("The preview failed; the user sees the plain link.", "链接预览失败，用户只看到普通链接。"),
            (
                "Answer within 3 seconds with {\"inline\":{\"title\":…}} or a card.",
                "请在 3 秒内应答 {\"inline\":{\"title\":…}} 或卡片。",
            ),
        ),
        (_, Kind::Again) => both(
            (
                "The event was not acknowledged with code 200 within 3 seconds; it comes again.",
                "事件没有在 3 秒内以 code 200 确认，将会重新推送。",
            ),
            (
                "Acknowledge first and work afterwards; recognise repeats by event_id, and messages by message_id.",
                "先确认再处理；用 event_id 识别重复事件，用 message_id 识别重复消息。",
            ),
        ),
        _ => None,
    }
}
