//! The local platform with a bot, and a browser before its page.

use feishu_gateway::{Gateway, json};
use serde_json::Value;

use crate::bot::Bot;
use crate::browser::Browser;

/// A platform, a bot and a browser.
#[derive(Debug)]
pub struct Desk {
    /// The platform.
    pub gateway: Gateway,
    /// The browser; the page is open and follows the platform.
    pub browser: Browser,
    /// The bot; `None` when the test wants none.
    pub bot: Option<Bot>,
}

impl Desk {
    /// Opens the page in a language (`en`, `zh`) and a light (`light`, `dark`); `None`, with a note, without a browser.
    pub async fn open(language: &str, light: &str) -> Option<Self> {
        Self::sized(language, light, 1400, 900, true).await
    }

    /// The same with a window of another size, and perhaps without a bot.
    pub async fn sized(language: &str, light: &str, width: u32, height: u32, with_bot: bool) -> Option<Self> {
        let browser = Browser::start(width, height).await?;
        let gateway = Gateway::builder().interface().start().await.unwrap();
        let bot = if with_bot { Some(Bot::start(&gateway).await) } else { None };
        let desk = Self { gateway, browser, bot };
        desk.reload(language, light).await;
        Some(desk)
    }

    /// Opens the page anew.
    pub async fn reload(&self, language: &str, light: &str) {
        let url = self.gateway.base_url();
        self.browser.go(&url).await;
        self.browser
            .js(&format!(
                "localStorage.setItem('feishu-gateway.lang', '{language}'), localStorage.setItem('feishu-gateway.light', '{light}')"
            ))
            .await;
        self.browser.go(&url).await;
        self.browser.until("document.querySelector('#stream.live')").await;
        self.browser.until("document.querySelector('#pick-chat option')").await;
    }

    /// A card of the gallery in the conversation.
    pub async fn gallery_card(&self, id: &str) {
        let before = self.browser.js("document.querySelectorAll('#feed .message').length").await;
        self.browser
            .js(&format!(
                "fetch('/local/cards').then((it) => it.json()).then((cards) => fetch('/local/card', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: JSON.stringify({{card: cards.find((it) => it.id === '{id}').card, unchecked: true}})}})).then((it) => it.json())"
            ))
            .await;
        self.browser.until(&format!("document.querySelectorAll('#feed .message').length > {before}")).await;
    }

    /// A card in the conversation.
    pub async fn card(&self, card: &Value) {
        let before = self.browser.js("document.querySelectorAll('#feed .message').length").await;
        let body = json!({"card": card, "unchecked": true}).to_string();
        let sent = self
            .browser
            .js(&format!(
                "fetch('/local/card', {{method: 'POST', headers: {{'Content-Type': 'application/json'}}, body: JSON.stringify({body})}}).then((it) => it.json())"
            ))
            .await;
        assert!(sent["message_id"].is_string(), "{sent}");
        self.browser.until(&format!("document.querySelectorAll('#feed .message').length > {before}")).await;
    }

    /// Runs a step and gives `event.action` of the click that it led to, once it is answered.
    pub async fn action(&self, step: impl Future<Output = ()>) -> Value {
        let last =
            "fetch('/local/deliveries?limit=1').then((it) => it.json()).then((it) => it.at(-1)?.id ?? 0)";
        let before = self.browser.js(last).await;
        step.await;
        self.browser
            .until(&format!("(await fetch('/local/deliveries?limit=1').then((it) => it.json())).some((it) => it.id > {before} && it.state !== 'waiting')"))
            .await;
        self.browser
            .js(&format!(
                "{last}.then((id) => fetch(`/local/deliveries/${{id}}`)).then((it) => it.json()).then((it) => it.payload.event.action)"
            ))
            .await
    }

    /// What the browser's console has against the page: errors of scripts and of the content policy.
    pub async fn complaints(&self) -> Value {
        self.browser.js("window.complaints ?? []").await
    }
}
