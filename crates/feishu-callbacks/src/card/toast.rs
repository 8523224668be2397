//! The line that appears over the chat after a click.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::language::{Translations, languages};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    kind: ToastKind,
    content: String,
    i18n: Translations<ToastLanguage>,
}

/// Look of a toast. The client knows these four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
    /// A toast of a kind that is known at run time only.
    pub fn new(kind: ToastKind, content: impl Into<String>) -> Self {
        Self { kind, content: content.into(), i18n: Translations::default() }
    }

    /// Says something.
    pub fn info(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Info, content)
    }

    /// Says that it worked.
    pub fn success(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Success, content)
    }

    /// Says that it failed.
    pub fn error(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Error, content)
    }

    /// Says that something needs care.
    pub fn warning(content: impl Into<String>) -> Self {
        Self::new(ToastKind::Warning, content)
    }

    /// The text for users of one language; the same language again replaces it.
    pub fn lang(mut self, language: ToastLanguage, content: impl Into<String>) -> Self {
        self.i18n.set(language, content.into());
        self
    }

    /// Look of the toast.
    pub fn kind(&self) -> ToastKind {
        self.kind
    }

    /// Text for users whose language has none of its own.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// About the bytes it takes as JSON.
    pub(crate) fn size_hint(&self) -> usize {
        64 + self.content.len() + self.i18n.size_hint()
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
