//! The endpoint call: credentials in, a connection URL and settings out.

use std::sync::Arc;

use http::{Method, Request};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::active_faults::Victim;
use crate::apps::App;
use crate::envelope::uuid;
use crate::fault::Place;
use crate::journal::Seen;
use crate::serve::{self, Answer, header_text};
use crate::shared::{Shared, Ticket, lock};
use crate::{Absent, Fault, Finding, FindingKind, LimitAt, Refusal};

/// Answers `POST /callback/ws/endpoint`.
pub(crate) async fn call(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let user_agent = header_text(&request, "user-agent").to_owned();
    let host = header_text(&request, "host").to_owned();
    if request.method() != Method::POST {
        let text = format!("the endpoint call is a POST, not a {}", request.method());
        shared.journal.found(Finding::error(FindingKind::EndpointCall, text));
        return serve::text(405, "method not allowed");
    }
    check_headers(shared, &request);
    let Some(body) = serve::body(request).await else {
        shared.journal.found(Finding::error(FindingKind::EndpointCall, "the body cannot be read"));
        return serve::text(400, "the body cannot be read");
    };
    let credentials = Credentials::read(shared, &body);
    let app_id = credentials.app_id.clone();
    let fault = lock(&shared.state).faults.take(Place::Endpoint, Victim { app: &app_id, connection: None });

    let (answer, code) = match fault {
        Some(Fault::EndpointHangs) => std::future::pending().await,
        Some(Fault::EndpointHtml) => {
            let page = "<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>";
            (serve::respond(200, "text/html", page), None)
        }
        Some(Fault::EndpointStatus(status, body)) => (serve::text(status, body), None),
        Some(Fault::EndpointBody(body)) => (serve::respond(200, "application/json", body), None),
        Some(Fault::EndpointHuge(size)) => (serve::respond(200, "application/json", huge(size)), Some(0)),
        Some(Fault::EndpointRefuses(refusal)) => (refuse(&refusal), Some(refusal.code)),
        Some(Fault::EndpointNoData) => (serve::json(200, &json!({"code": 0, "msg": "success"})), Some(0)),
        Some(Fault::EndpointUrl(url)) => (accept(shared, &credentials, &url), Some(0)),
        other => {
            if let Some(Fault::EndpointDelay(delay)) = other {
                tokio::time::sleep(delay).await;
            }
            match decide(shared, &credentials) {
                Ok(app) => {
                    let with_service_id = !matches!(other, Some(Fault::EndpointUrlWithoutServiceId));
                    (
                        accept(
                            shared,
                            &credentials,
                            &issue(shared, &app, &host, &user_agent, with_service_id),
                        ),
                        Some(0),
                    )
                }
                Err(refusal) => (refuse(&refusal), Some(refusal.code)),
            }
        }
    };
    let status = answer.status().as_u16();
    shared.journal.add(None, Seen::EndpointCall { app_id, user_agent, status, code });
    answer
}

#[derive(Default)]
struct Credentials {
    app_id: String,
    app_secret: String,
}

impl Credentials {
    fn read(shared: &Shared, body: &[u8]) -> Self {
        let wrong = |text: &str| shared.journal.found(Finding::error(FindingKind::EndpointCall, text));
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            wrong("the body is not a JSON object");
            return Self::default();
        };
        let text = |name: &str| match members.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(_) => {
                wrong(&format!("{name} is not a string"));
                String::new()
            }
            None => {
                wrong(&format!("{name} is missing"));
                String::new()
            }
        };
        Self { app_id: text("AppID"), app_secret: text("AppSecret") }
    }
}

fn check_headers(shared: &Shared, request: &Request<Incoming>) {
    let content_type = header_text(request, "content-type").to_ascii_lowercase();
    if !content_type.starts_with("application/json") {
        let text = format!("Content-Type is application/json, not {content_type:?}");
        shared.journal.found(Finding::error(FindingKind::EndpointCall, text));
    }
    if header_text(request, "locale").is_empty() {
        let text = "header locale is missing; it chooses the language of messages, official SDKs send zh";
        shared.journal.found(Finding::warning(FindingKind::EndpointCall, text));
    }
}

fn decide(shared: &Shared, credentials: &Credentials) -> Result<Arc<App>, Refusal> {
    let app = shared.apps.get(&credentials.app_id);
    let known = app.clone().filter(|app| app.secret == credentials.app_secret);
    let Some(app) = known else {
        let text = match app {
            Some(_) => format!("the app secret of {} is wrong", credentials.app_id),
            None => format!("there is no app {:?}", credentials.app_id),
        };
        shared.journal.found(Finding::error(FindingKind::Credentials, text));
        return Err(Refusal::code(1_000_040_345).data(Absent::EmptyUrl));
    };
    let limit = shared.max_connections(&app.id);
    if shared.config.limit_at == LimitAt::Endpoint && lock(&shared.state).admitted(&app.id) >= limit {
        let text = format!("{} has {limit} connections already", app.id);
        shared.journal.found(Finding::warning(FindingKind::ConnectionLimit, text));
        return Err(Refusal::code(1_000_040_350));
    }
    Ok(app)
}

/// Makes a connection URL that can be used once. It names the host that the client called, so that it also works
/// through a forwarded port.
fn issue(shared: &Shared, app: &App, host: &str, user_agent: &str, with_service_id: bool) -> String {
    let ticket = Ticket {
        app: Arc::clone(&app.id),
        device_id: fastrand::u64(7_000_000_000_000_000_000..8_000_000_000_000_000_000).to_string(),
        access_key: format!("{:032x}", fastrand::u128(..)),
        service_id: fastrand::i32(30_000_000..40_000_000),
        user_agent: user_agent.to_owned(),
    };
    let text = uuid();
    let scheme = if shared.config.tls { "wss" } else { "ws" };
    let host = if host.is_empty() { &*shared.config.authority } else { host };
    let service = if with_service_id { format!("&service_id={}", ticket.service_id) } else { String::new() };
    let url = format!(
        "{scheme}://{host}/ws/v2?fpid=493&aid=552564&device_id={}&access_key={}{service}&ticket={text}",
        ticket.device_id, ticket.access_key
    );
    let ticket = Ticket { service_id: if with_service_id { ticket.service_id } else { 0 }, ..ticket };
    lock(&shared.state).tickets.issue(text, ticket);
    url
}

fn accept(shared: &Shared, credentials: &Credentials, url: &str) -> Answer {
    let settings = shared.settings(&credentials.app_id);
    let settings = settings.value();
    serve::json(200, &json!({"code": 0, "msg": "success", "data": {"URL": url, "ClientConfig": settings}}))
}

fn refuse(refusal: &Refusal) -> Answer {
    let mut body = json!({
        "code": refusal.code,
        "msg": refusal.msg,
        "error": {"id": uuid(), "localizedMessage": {"locale": "zh_cn", "message": refusal.msg}},
    });
    match (refusal.data, &mut body) {
        (Absent::Missing, _) => {}
        (Absent::Null, body) => body["data"] = Value::Null,
        (Absent::EmptyUrl, body) => body["data"] = json!({"URL": ""}),
    }
    serve::json(200, &body)
}

/// A JSON body of exactly `size` bytes, or of the few that its frame needs.
fn huge(size: usize) -> String {
    let (start, end) = (r#"{"code":0,"msg":""#, r#""}"#);
    format!("{start}{}{end}", " ".repeat(size.saturating_sub(start.len() + end.len())))
}
