//! The toast shown after a click.

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::language::{Translations, languages};
use crate::reply::write_extra;

/// A short line that the user sees after a click.
///
/// Source: "Card callback communication" of the Feishu documentation.
///
/// ```
/// use feishu_callbacks::{Toast, ToastLanguage};
/// let toast = Toast::success("Saved").lang(ToastLanguage::ZhCn, "已保存");
/// assert_eq!(
///     serde_json::to_string(&toast)?,
///     r#"{"type":"success","content":"Saved","i18n":{"zh_cn":"已保存"}}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Toast {
    #[serde(rename = "type")]
    kind: ToastKind,
    #[serde(default)]
    content: String,
    #[serde(default)]
    i18n: Translations<ToastLanguage>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The members that a toast writes itself.
const MEMBERS: [&str; 3] = ["type", "content", "i18n"];

/// Look of a toast. The client knows these four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToastKind {
    /// Blue.
    Info,
    /// Green.
    Success,
    /// Red.
    Error,
    /// Yellow.
    Warning,
}

impl Toast {
    /// A toast of a kind that is only known at run time.
    pub fn new(kind: ToastKind, content: impl Into<String>) -> Self {
        Self { kind, content: content.into(), i18n: Translations::default(), extra: Map::new() }
    }

    /// An info (blue) toast.
    pub fn info(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Info, content)
    }

    /// A success (green) toast.
    pub fn success(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Success, content)
    }

    /// An error (red) toast.
    pub fn error(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Error, content)
    }

    /// A warning (yellow) toast.
    pub fn warning(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Warning, content)
    }

    /// The text for users of one language; the same language again replaces it.
    pub fn lang(mut self, language: ToastLanguage, content: impl Into<String>) -> Self {
        self.i18n.set(language, content.into());
        self
    }

    /// Adds an undocumented member. One that is called `type`, `content` or `i18n` is left out.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// Look of the toast.
    pub fn kind(&self) -> ToastKind {
        self.kind
    }

    /// Text for users without a text in their language.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Text for users of one language, if one was set.
    pub fn translation(&self, language: ToastLanguage) -> Option<&str> {
        self.i18n.get(language)
    }

    /// About the bytes it takes as JSON.
    pub(crate) fn size_hint(&self) -> usize {
        64 + self.content.len() + self.i18n.size_hint()
    }
}

impl ToastKind {
    /// Name as the platform writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl std::fmt::Display for ToastKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Toast {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut toast = serializer.serialize_map(None)?;
        toast.serialize_entry("type", &self.kind)?;
        toast.serialize_entry("content", &self.content)?;
        if !self.i18n.is_empty() {
            toast.serialize_entry("i18n", &self.i18n)?;
        }
        write_extra(&mut toast, &self.extra, &MEMBERS)?;
        toast.end()
    }
}

languages! {
    /// Languages of a toast. Those of a link preview differ: [`PreviewLanguage`](crate::PreviewLanguage).
    ToastLanguage {
        ZhCn = "zh_cn", EnUs = "en_us", ZhHk = "zh_hk", ZhTw = "zh_tw", JaJp = "ja_jp", IdId = "id_id",
        ViVn = "vi_vn", ThTh = "th_th", PtBr = "pt_br", EsEs = "es_es", KoKr = "ko_kr", DeDe = "de_de",
        FrFr = "fr_fr", ItIt = "it_it", RuRu = "ru_ru", MsMy = "ms_my",
    }
}
