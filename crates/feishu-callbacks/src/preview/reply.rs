//! The answer to `url.preview.get`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::card::{CardContent, validate};
use crate::finding::{Finding, Rule};
use crate::language::{Translations, languages};
use crate::reply::{Reply, ReplyError, write_json};

/// The preview of a link: a line of text with an icon, a card under the message, or both.
///
/// Source: "Pull link preview data" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::{PreviewLanguage, PreviewReply, PreviewUrls, Reply};
/// let reply = PreviewReply::title("Order 42")
///     .lang(PreviewLanguage::ZhCn, "订单 42")
///     .image_key("img_v3_7")
///     .url(PreviewUrls::new().pc("https://shop.example/42"));
/// assert_eq!(
///     String::from_utf8(reply.to_json()?)?,
///     r#"{"inline":{"title":"Order 42","i18n_title":{"zh_cn":"订单 42"},"image_key":"img_v3_7","url":{"pc":"https://shop.example/42"}}}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreviewReply {
    #[serde(default, skip_serializing_if = "Inline::is_empty")]
    inline: Inline,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card: Option<CardContent>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Inline {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    i18n_title: Translations<PreviewLanguage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<PreviewUrls>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Inline {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The URLs opened by a click on the preview's line, by kind of client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreviewUrls {
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ios: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    android: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web: Option<String>,
}

impl PreviewUrls {
    /// Creates an empty set of URLs.
    pub fn new() -> Self {
        Self::default()
    }

    /// URL that is copied.
    pub fn copy_url(mut self, url: impl Into<String>) -> Self {
        self.copy_url = Some(url.into());
        self
    }

    /// URL for the client on iOS.
    pub fn ios(mut self, url: impl Into<String>) -> Self {
        self.ios = Some(url.into());
        self
    }

    /// URL for the client on Android.
    pub fn android(mut self, url: impl Into<String>) -> Self {
        self.android = Some(url.into());
        self
    }

    /// URL for the client on a desktop.
    pub fn pc(mut self, url: impl Into<String>) -> Self {
        self.pc = Some(url.into());
        self
    }

    /// URL for the client in a browser.
    pub fn web(mut self, url: impl Into<String>) -> Self {
        self.web = Some(url.into());
        self
    }
}

impl PreviewReply {
    /// No preview: `{}`. The link stays as it is.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Creates a preview with a title.
    pub fn title(title: impl Into<String>) -> Self {
        Self { inline: Inline { title: Some(title.into()), ..Inline::default() }, ..Self::default() }
    }

    /// Creates a preview with a card under the message.
    pub fn card(card: impl Into<CardContent>) -> Self {
        Self::empty().with_card(card)
    }

    /// Sets the title for users of one language, which overrides the general title.
    pub fn lang(mut self, language: PreviewLanguage, title: impl Into<String>) -> Self {
        self.inline.i18n_title.set(language, title.into());
        self
    }

    /// Sets the icon before the title: the key of an uploaded image, `img_v3_…`.
    pub fn image_key(mut self, key: impl Into<String>) -> Self {
        self.inline.image_key = Some(key.into());
        self
    }

    /// Sets the URLs that a click on the title opens; by default the link itself.
    pub fn url(mut self, urls: PreviewUrls) -> Self {
        self.inline.url = Some(urls);
        self
    }

    /// Adds a card under the message.
    pub fn with_card(mut self, card: impl Into<CardContent>) -> Self {
        self.card = Some(card.into());
        self
    }

    /// Adds an undocumented member beside `inline` and `card`, such as `expire_strategy`. One with the name of these two
    /// is left out.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !["inline", "card"].contains(&name.as_str()) {
            self.extra.insert(name, value.into());
        }
        self
    }

    /// Adds an undocumented member beside the title, icon and URLs, such as `i18n_summary`. One with the name of these is
    /// left out.
    pub fn inline_extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !["title", "i18n_title", "image_key", "url"].contains(&name.as_str()) {
            self.inline.extra.insert(name, value.into());
        }
        self
    }

    /// What the client would refuse: the same as [`Reply::findings`].
    pub fn validate(&self) -> Vec<Finding> {
        let mut findings =
            self.card.as_ref().map(|card| validate::card(card, "/card/data")).unwrap_or_default();
        let unnamed = self.inline.title.is_none() && self.inline.i18n_title.is_empty();
        if unnamed && !self.inline.is_empty() {
            findings.push(Finding::new(Rule::Empty, "/inline/title", "an icon or URL without a title"));
        }
        findings
    }
}

impl Reply for PreviewReply {
    const CALLBACK: bool = true;

    fn to_json(&self) -> Result<Vec<u8>, ReplyError> {
        let text = self.inline.title.as_ref().map_or(0, String::len) + self.inline.i18n_title.size_hint();
        write_json(self, 192 + text + self.card.as_ref().map_or(0, CardContent::size_hint))
    }

    fn findings(&self) -> Vec<Finding> {
        self.validate()
    }
}

languages! {
    /// Languages of a link preview. Those of a toast differ: [`ToastLanguage`](crate::ToastLanguage).
    PreviewLanguage {
        ZhCn = "zh_cn", ZhTw = "zh_tw", ZhHk = "zh_hk", EnUs = "en_us", JaJp = "ja_jp", FrFr = "fr_fr",
        HiIn = "hi_in", IdId = "id_id", ItIt = "it_it", KoKr = "ko_kr", PtBr = "pt_br", RuRu = "ru_ru",
        ThTh = "th_th", ViVn = "vi_vn", DeDe = "de_de", EsEs = "es_es",
    }
}
