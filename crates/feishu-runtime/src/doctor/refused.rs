//! What the platform answers to an attempt, and which page of the console helps.

use feishu_transport::{Endpoint, Error, ErrorKind, Language, LongConnectionBuilder, Refusal, RefusalClass};

use super::Failed;
use super::finding::{Finding, Findings, Step};

/// The page of the app in the developer console, where its credentials are.
pub(super) fn credentials_page(connection: &LongConnectionBuilder) -> Option<String> {
    app_page(connection, "baseinfo")
}

/// A page of the app in the developer console.
pub(super) fn app_page(connection: &LongConnectionBuilder, page: &str) -> Option<String> {
    let (site, id) = (connection.site()?, connection.app_id());
    let known = id.len() > 4 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    known.then(|| format!("{}/app/{id}/{page}", site.base_url()))
}

/// What is said of the endpoint call.
pub(super) fn endpoint<T: FnMut(&Finding)>(
    called: Result<Endpoint, Error>,
    connection: &LongConnectionBuilder,
    findings: &mut Findings<T>,
) -> Result<Endpoint, Failed> {
    match called {
        Ok(endpoint) => {
            findings.add(Finding::right(
                Step::EndpointCall,
                "endpoint",
                format!("The platform accepts the credentials and gives a connection to {}", endpoint.url),
                format!("平台接受凭证，并分配了到 {} 的连接", endpoint.url),
            ));
            Ok(endpoint)
        }
        Err(error) => findings.fail(failure(Step::EndpointCall, &error, &Pages::of(connection))),
    }
}

/// The pages that help.
pub(super) struct Pages {
    credentials: Option<String>,
    pub(super) events: Option<String>,
    pub(super) versions: Option<String>,
}

impl Pages {
    pub(super) fn of(connection: &LongConnectionBuilder) -> Self {
        Self {
            credentials: credentials_page(connection),
            events: app_page(connection, "event"),
            versions: app_page(connection, "version"),
        }
    }
}

/// The words for an attempt that failed at `step`.
pub(super) fn failure(step: Step, error: &Error, pages: &Pages) -> Finding {
    let why = why(error);
    match error.kind() {
        ErrorKind::Refused(refusal) => refused(step, refusal, pages),
        ErrorKind::TimedOut { .. } => Finding::wrong(
            step,
            "no_answer",
            format!(
                "The platform was reached, but did not answer in time; try again, and check what is in between: {why}"
            ),
            format!("已到达平台，但未及时应答；请重试，并检查网络中间设备：{why}"),
        ),
        ErrorKind::Protocol { detail, .. } if detail.contains("HTML") => Finding::wrong(
            step,
            "web_page",
            "A web page answered in place of the platform: a login or block page of the network, or the wrong domain. Open the \
             domain in a browser of this machine",
            "应答的是网页而不是平台：可能是网络的登录或拦截页面，或域名有误。请在本机浏览器中打开该域名",
        ),
        ErrorKind::Protocol { .. } => Finding::wrong(
            step,
            "unreadable_answer",
            format!(
                "What answers is not the platform, or is changed on its way; check domain and proxy: {why}"
            ),
            format!("应答者不是平台，或内容在途中被更改；请检查域名和代理：{why}"),
        ),
        ErrorKind::Lost { .. } => Finding::wrong(
            step,
            "cut",
            format!(
                "The connection was cut as soon as it was open; a proxy or firewall may not let WebSockets pass: {why}"
            ),
            format!("连接刚建立就被断开，代理或防火墙可能不允许 WebSocket 通过：{why}"),
        ),
        ErrorKind::Misuse(_) => settings(error),
        _ => Finding::wrong(
            step,
            "unreachable",
            format!("The platform cannot be reached: {why}"),
            format!("无法到达平台：{why}"),
        ),
    }
}

/// What happened, without the step, which the sentence has.
pub(super) fn why(error: &Error) -> String {
    match error.kind() {
        ErrorKind::Unreachable { detail, .. }
        | ErrorKind::Protocol { detail, .. }
        | ErrorKind::Lost { detail } => detail.clone(),
        ErrorKind::TimedOut { after, .. } => format!("{after:?}"),
        _ => error.to_string(),
    }
}

fn refused(step: Step, refusal: &Refusal, pages: &Pages) -> Finding {
    let code = refusal.sub_code.unwrap_or(refusal.code);
    let (name, page) = match (refusal.class, code) {
        (RefusalClass::ConnectionLimit, _) => ("connection_limit", None),
        (RefusalClass::Busy, _) => ("busy", None),
        (_, 400 | 401 | 514 | 1_000_040_344..=1_000_040_346) => {
            ("wrong_credentials", pages.credentials.clone())
        }
        (_, 403) => ("forbidden", pages.versions.clone()),
        (_, 404) => ("wrong_address", None),
        (_, 1_000_040_351) => ("other_site", None),
        _ => ("unknown_code", None),
    };
    let log_id = refusal.log_id.as_deref().unwrap_or("-");
    let said = &refusal.message;
    let (english, chinese) = (refusal.advice(Language::English), refusal.advice(Language::Chinese));
    Finding::wrong(
        step,
        name,
        format!("{english} (code {code}, the platform says {said:?}, log id {log_id})"),
        format!("{chinese}（错误码 {code}，平台信息 {said:?}，日志 ID {log_id}）"),
    )
    .page(page)
}

/// A setting that cannot be used; the error says which.
pub(super) fn settings(error: &Error) -> Finding {
    Finding::wrong(
        Step::Configuration,
        "bad_setting",
        format!("A setting cannot be used: {error}"),
        format!("有一项配置无法使用：{error}"),
    )
}
