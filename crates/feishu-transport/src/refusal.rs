//! The platform's refusals: known codes, their class, and advice for the operator.

use std::fmt;

use crate::Stage;

/// The platform's refusal of a connection attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Which step was refused: [`Stage::Endpoint`] or [`Stage::Handshake`].
    pub stage: Stage,
    /// The platform's code: `code` of the endpoint's answer, or `Handshake-Status`; the HTTP status if both are absent.
    pub code: i64,
    /// `Handshake-Autherrcode`, which gives the detail of code 514.
    pub sub_code: Option<i64>,
    /// The platform's message, in Chinese or English; empty if absent.
    pub message: String,
    /// The class, which decides whether the client retries.
    pub class: RefusalClass,
    /// `X-Tt-Logid` of the answer, to quote to the platform's support.
    pub log_id: Option<String>,
}

/// The language of [`Refusal::advice`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

/// The class of a refusal, which decides whether the client retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalClass {
    /// A retry cannot succeed until the configuration is changed. `run` ends, unless the same client has been connected
    /// before: then it retries slowly and logs the refusal.
    Fatal,
    /// The app has reached its connection limit. Retried with a longer backoff, or fatal with
    /// [`OnConnectionLimit::Fail`](crate::OnConnectionLimit::Fail).
    ConnectionLimit,
    /// The platform is busy or failed internally. Retried at `ReconnectInterval`.
    Busy,
    /// An undocumented code. Retried with a long backoff, never fatal.
    Unknown,
}

/// Maximum number of characters kept of the platform's message.
pub(crate) const MAX_MESSAGE: usize = 300;

/// The code of the connection limit, as endpoint code and as handshake sub-code.
#[doc(hidden)]
pub const CONNECTION_LIMIT: i64 = 1_000_040_350;

/// One row of the table of known codes.
struct KnownCode {
    /// The code, or the HTTP status.
    code: i64,
    class: RefusalClass,
    advice_en: &'static str,
    advice_zh: &'static str,
}

const fn known(
    code: i64,
    class: RefusalClass,
    advice_en: &'static str,
    advice_zh: &'static str,
) -> KnownCode {
    KnownCode { code, class, advice_en, advice_zh }
}

const CREDENTIALS_EN: &str = "App ID and App Secret do not match. Compare both with the page 'Credentials & Basic Info' \
    of the app in the developer console, and check that a version of the app has been published";
const CREDENTIALS_ZH: &str =
    "App ID 与 App Secret 不匹配。请在开发者后台该应用的「凭证与基础信息」页核对两者，并确认应用已发布版本";
const FORBIDDEN_EN: &str = "The app may not open a long connection. Only self-built (custom) apps may; check in the \
    developer console that the app is enabled and published, and that 'Events & Callbacks' is set to long connection";
const FORBIDDEN_ZH: &str = "该应用不允许建立长连接。仅支持企业自建应用；请在开发者后台确认应用已启用并发布，且「事件与回调」的订阅方式为长连接";
const DOMAIN_EN: &str = "The address is not an endpoint of the platform. Check the domain: https://open.feishu.cn for \
    Feishu, https://open.larksuite.com for Lark, or the address of your own deployment, without a path";
const DOMAIN_ZH: &str = "该地址不是开放平台的接入点。请检查域名：飞书为 https://open.feishu.cn，Lark 为 https://open.larksuite.com，私有化部署则为其自身地址，且不带路径";
const BUSY_EN: &str = "The platform is busy or failed internally. Nothing to do: it is retried";
const BUSY_ZH: &str = "平台繁忙或内部错误。无需处理，会自动重试";

/// The known codes of the endpoint call and of the handshake headers. Other codes are [`RefusalClass::Unknown`].
///
/// The codes are constants of the official SDKs; the HTTP statuses are those of HTTP.
const KNOWN_CODES: &[KnownCode] = &[
    known(1, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(400, RefusalClass::Fatal, CREDENTIALS_EN, CREDENTIALS_ZH),
    known(401, RefusalClass::Fatal, CREDENTIALS_EN, CREDENTIALS_ZH),
    known(403, RefusalClass::Fatal, FORBIDDEN_EN, FORBIDDEN_ZH),
    known(404, RefusalClass::Fatal, DOMAIN_EN, DOMAIN_ZH),
    known(408, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(429, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(500, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(502, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(503, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(504, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(514, RefusalClass::Fatal, CREDENTIALS_EN, CREDENTIALS_ZH),
    known(1_000_040_343, RefusalClass::Busy, BUSY_EN, BUSY_ZH),
    known(
        1_000_040_344,
        RefusalClass::Fatal,
        "No credentials were given. Set App ID and App Secret from the page 'Credentials & Basic Info' of the \
         developer console",
        "未提供凭证。请从开发者后台「凭证与基础信息」页设置 App ID 与 App Secret",
    ),
    known(1_000_040_345, RefusalClass::Fatal, CREDENTIALS_EN, CREDENTIALS_ZH),
    known(1_000_040_346, RefusalClass::Fatal, CREDENTIALS_EN, CREDENTIALS_ZH),
    known(
        CONNECTION_LIMIT,
        RefusalClass::ConnectionLimit,
        "The app has reached its number of connections (50, for some apps fewer). Stop other instances of this app, or \
         wait: after a crash the platform counts dead connections for some minutes",
        "该应用的长连接数已达上限（50 个，部分应用更少）。请停止该应用的其他实例，或稍候：进程崩溃后平台会在数分钟内仍计入失效连接",
    ),
    known(
        1_000_040_351,
        RefusalClass::Fatal,
        "The app belongs to the other site. Use the Lark domain https://open.larksuite.com for an app made there, and \
         https://open.feishu.cn for a Feishu app",
        "该应用属于另一站点。Lark 应用请使用 https://open.larksuite.com，飞书应用请使用 https://open.feishu.cn",
    ),
];

const UNKNOWN_EN: &str = "This code is not documented. It is retried; quote the code and the log id to the platform's \
    support if it stays";
const UNKNOWN_ZH: &str = "该错误码未见于文档。会自动重试；若持续出现，请将错误码与日志 ID 提供给平台支持";

const STATUS_EN: &str = "This code is not documented, and its HTTP status says that the request itself is wrong, so it is \
    not retried. Check App ID, App Secret and domain; quote the code and the log id to the platform's support if it stays";
const STATUS_ZH: &str = "该错误码未见于文档，而 HTTP 状态表明请求本身有误，因此不会重试。请检查 App ID、App Secret 与域名；\
    若持续出现，请将错误码与日志 ID 提供给平台支持";

impl Refusal {
    /// A refusal of the endpoint call: `code` of the body if it is not 0, else the HTTP status.
    pub fn endpoint(code: i64, message: impl Into<String>) -> Self {
        let message = message.into();
        // The code for wrong credentials has been seen with the message "system busy", in a temporary fault.
        let busy = code == 1_000_040_345 && message.to_ascii_lowercase().contains("busy");
        let class = if busy { RefusalClass::Busy } else { classify(code) };
        Self { stage: Stage::Endpoint, code, sub_code: None, message, class, log_id: None }
    }

    /// A refused handshake: `Handshake-Status` (or the HTTP status), `Handshake-Autherrcode` and `Handshake-Msg`.
    ///
    /// Authentication failures (514) are retried with a new ticket, because the old one may have expired. Of the others
    /// only 403 is fatal, as the rest do not concern the app.
    pub fn handshake(code: i64, sub_code: Option<i64>, message: impl Into<String>) -> Self {
        let class = match (code, sub_code) {
            (_, Some(CONNECTION_LIMIT)) | (CONNECTION_LIMIT, _) => RefusalClass::ConnectionLimit,
            (403, _) => RefusalClass::Fatal,
            (400..=599, _) => RefusalClass::Busy,
            (other, _) if classify(other) == RefusalClass::Busy => RefusalClass::Busy,
            _ => RefusalClass::Unknown,
        };
        Self { stage: Stage::Handshake, code, sub_code, message: message.into(), class, log_id: None }
    }

    /// Whether a retry cannot succeed until the configuration is changed.
    pub fn is_fatal(&self) -> bool {
        self.class == RefusalClass::Fatal
    }

    /// What the refusal means and what to check.
    pub fn advice(&self, language: Language) -> &'static str {
        match (self.known(), language) {
            (_, Language::English) if self.means_its_status() => STATUS_EN,
            (_, Language::Chinese) if self.means_its_status() => STATUS_ZH,
            (Some(known), Language::English) => known.advice_en,
            (Some(known), Language::Chinese) => known.advice_zh,
            (None, Language::English) => UNKNOWN_EN,
            (None, Language::Chinese) => UNKNOWN_ZH,
        }
    }

    /// Whether an undocumented code got its class from the HTTP status it came with.
    fn means_its_status(&self) -> bool {
        self.known().is_none() && self.class == RefusalClass::Fatal
    }

    fn known(&self) -> Option<&'static KnownCode> {
        let by_sub_code = self.sub_code.and_then(lookup);
        let found = by_sub_code.or_else(|| lookup(self.code))?;
        match self.class {
            // A temporary fault under a code that usually means something else.
            RefusalClass::Busy if found.class != RefusalClass::Busy => lookup(1),
            _ => Some(found),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the platform refused {}: code {}", self.stage, self.code)?;
        if let Some(sub_code) = self.sub_code {
            write!(f, ", sub-code {sub_code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ", {:?}", self.message)?;
        }
        if let Some(log_id) = &self.log_id {
            write!(f, ", log id {log_id}")?;
        }
        write!(f, ". {}. / {}。", self.advice(Language::English), self.advice(Language::Chinese))
    }
}

fn classify(code: i64) -> RefusalClass {
    match lookup(code) {
        Some(known) => known.class,
        None if (500..=599).contains(&code) => RefusalClass::Busy,
        None => RefusalClass::Unknown,
    }
}

fn lookup(code: i64) -> Option<&'static KnownCode> {
    KNOWN_CODES.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use RefusalClass::{Busy, ConnectionLimit, Fatal, Unknown};

    #[test]
    fn endpoint_codes_have_their_classes() {
        let table = [
            (1, Busy),
            (400, Fatal),
            (401, Fatal),
            (403, Fatal),
            (404, Fatal),
            (408, Busy),
            (429, Busy),
            (503, Busy),
            (599, Busy),
            (514, Fatal),
            (418, Unknown),
            (1_000_040_343, Busy),
            (1_000_040_344, Fatal),
            (1_000_040_345, Fatal),
            (1_000_040_346, Fatal),
            (CONNECTION_LIMIT, ConnectionLimit),
            (1_000_040_351, Fatal),
            (77, Unknown),
            (-1, Unknown),
        ];
        for (code, class) in table {
            assert_eq!(Refusal::endpoint(code, "").class, class, "code {code}");
        }
        assert_eq!(Refusal::endpoint(1_000_040_345, "System Busy, try again").class, Busy);
    }

    #[test]
    fn handshake_codes_have_their_classes() {
        let table = [
            (403, None, Fatal),
            (514, Some(CONNECTION_LIMIT), ConnectionLimit),
            (514, Some(1_000_040_345), Busy),
            (514, None, Busy),
            (500, None, Busy),
            (404, None, Busy),
            (301, None, Unknown),
            (9_999, None, Unknown),
        ];
        for (code, sub_code, class) in table {
            assert_eq!(Refusal::handshake(code, sub_code, "").class, class, "code {code} {sub_code:?}");
        }
    }

    #[test]
    fn words_name_code_message_and_what_to_check_in_both_languages() {
        let text = Refusal::endpoint(1_000_040_345, "app_id or app_secret is invalid").to_string();
        for part in
            ["1000040345", "app_id or app_secret is invalid", "Credentials & Basic Info", "凭证与基础信息"]
        {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
