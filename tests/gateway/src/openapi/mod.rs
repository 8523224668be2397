//! The OpenAPI calls that a handler makes: tokens, card updates, messages with what they hold, preview refreshes.
//!
//! Answers are `{"code":…,"msg":…,"data":…}`; refusals carry the documented codes. Rate limits are watched when
//! the gateway was told to; a fault plays them as well.

mod bot;
mod card_update;
mod cardkit;
mod connections;
mod im;
mod im_read;
mod multipart;
mod previews;
mod rates;
mod reactions;
mod resource;
mod tenant_token;
mod upload;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};

pub(crate) use bot::open_id as bot_open_id;
pub(crate) use rates::Rates;
pub(crate) use tenant_token::TenantTokens;

use crate::active_faults::Victim;
use crate::envelope::id;
use crate::journal::Seen;
use crate::serve::{self, Answer, header_text};
use crate::shared::{Shared, lock};
use crate::{Fault, Finding, FindingKind};

/// Why a call is refused.
pub(crate) struct Refused {
    status: u16,
    code: i64,
    msg: String,
}

/// One call, as the handlers see it.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    /// The app whose token came with the call.
    app: Arc<str>,
    query: &'a str,
    content_type: &'a str,
    body: &'a Bytes,
}

/// Answers everything below `/open-apis/`.
pub(crate) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let authorization = header_text(&request, header::AUTHORIZATION.as_str()).to_owned();
    let content_type = header_text(&request, header::CONTENT_TYPE.as_str()).to_owned();
    let body = match &*path {
        "/open-apis/im/v1/images" | "/open-apis/im/v1/files" => {
            serve::body_up_to(request, upload::BODY_LIMIT).await
        }
        _ => serve::body(request).await,
    };
    let app = lock(&shared.tokens).app(&authorization);

    let outcome = match (fault(shared, &app, &path), body) {
        (Some(refused), _) => Err(refused),
        (None, None) => Err(Refused::new(413, 99_991_500, "the body cannot be read or is too large")),
        (None, Some(body)) => {
            let asked = Asked {
                method: &method,
                path: &path,
                query: &query,
                content_type: &content_type,
                body: &body,
            };
            route(shared, &authorization, asked).await
        }
    };
    let (status, body) = match outcome {
        Ok(Content::Bytes(kind, bytes)) => {
            shared
                .journal
                .add(None, Seen::OpenApi { method: method.to_string(), path, status: 200, code: 0 });
            return serve::respond(200, kind, bytes);
        }
        Ok(Content::Json(body)) => (200, body),
        Err(Refused { status, code, msg }) => {
            let text = format!("{method} {path}: {code} {msg}");
            shared.journal.found(Finding::warning(FindingKind::OpenApi, text));
            (status, json!({"code": code, "msg": msg}))
        }
    };
    let code = body.get("code").and_then(Value::as_i64).unwrap_or_default();
    shared.journal.add(None, Seen::OpenApi { method: method.to_string(), path, status, code });
    let mut answer = serve::json(status, &body);
    if let Ok(log_id) = header::HeaderValue::from_str(&id("")) {
        answer.headers_mut().insert("x-tt-logid", log_id);
    }
    if status == 429 {
        let reset = header::HeaderValue::from_static("1");
        answer.headers_mut().insert("x-ogw-ratelimit-reset", reset);
        answer.headers_mut().insert("x-ogw-ratelimit-limit", header::HeaderValue::from_static("50"));
    }
    answer
}

/// A request as it came.
struct Asked<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    content_type: &'a str,
    body: &'a Bytes,
}

async fn route(shared: &Arc<Shared>, authorization: &str, asked: Asked<'_>) -> Result<Content, Refused> {
    let Asked { method, path, query, content_type, body } = asked;
    let path: Vec<&str> = path.trim_start_matches("/open-apis/").split('/').collect();
    if (method, path.as_slice()) == (&Method::POST, &["auth", "v3", "tenant_access_token", "internal"]) {
        return tenant_token::issue(shared, body).map(Content::Json);
    }
    let app = lock(&shared.tokens).check(authorization)?;
    let call = Call { shared, app, query, content_type, body };
    if shared.config.rate_limits {
        let target = target(shared, &path, body);
        lock(&shared.rates).admit(&call.app, method, &path, &target)?;
    }
    if let (&Method::GET, ["im", "v1", "messages", id, "resources", key]) = (method, path.as_slice()) {
        return resource::get(&call, id, key).map(|(kind, bytes)| Content::Bytes(kind, bytes));
    }
    if let ["cardkit", "v1", "cards", rest @ ..] = path.as_slice() {
        if let Some(answer) = cardkit::answer(&call, method, rest) {
            return answer.map(Content::Json);
        }
    }
    let answer = match (method, path.as_slice()) {
        (&Method::GET, ["bot", "v3", "info"]) => Ok(bot::info(&call)),
        (&Method::GET, ["event", "v1", "connection"]) => Ok(connections::count(&call)),
        (&Method::POST, ["interactive", "v1", "card", "update"]) => card_update::update(&call),
        (&Method::POST, ["im", "v1", "messages"]) => im::send(&call),
        (&Method::POST, ["im", "v1", "messages", id, "reply"]) => im::reply(&call, id),
        (&Method::PATCH, ["im", "v1", "messages", id]) => im::patch(&call, id),
        (&Method::PUT, ["im", "v1", "messages", id]) => im::edit(&call, id),
        (&Method::DELETE, ["im", "v1", "messages", id]) => im::recall(&call, id),
        (&Method::GET, ["im", "v1", "messages", id]) => im_read::get(&call, id),
        (&Method::GET, ["im", "v1", "messages"]) => im_read::list(&call),
        (&Method::POST, ["im", "v1", "messages", id, "reactions"]) => reactions::add(&call, id),
        (&Method::DELETE, ["im", "v1", "messages", id, "reactions", reaction]) => {
            reactions::delete(&call, id, reaction)
        }
        (&Method::POST, ["im", "v1", "images"]) => upload::image(&call),
        (&Method::POST, ["im", "v1", "files"]) => upload::file_of(&call),
        (&Method::POST, ["im", "v2", "url_previews", "batch_update"]) => previews::refresh(&call).await,
        _ => Err(Refused::new(404, 99_991_404, "404 page not found")),
    };
    answer.map(Content::Json)
}

/// What a call answers.
enum Content {
    Json(Value),
    /// Content type and bytes.
    Bytes(&'static str, Bytes),
}

/// What a call is about: the message, the card or the receiver, which for a reply is the chat of its message.
fn target(shared: &Shared, path: &[&str], body: &[u8]) -> String {
    match path {
        ["im", "v1", "messages"] => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            body.get("receive_id").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        ["im", "v1", "messages", id, "reply"] => {
            let chat = lock(&shared.messages).get(id).map(|message| message.about.chat_id.clone());
            chat.unwrap_or_else(|| (*id).to_owned())
        }
        ["im", "v1", "messages", id, ..] | ["cardkit", "v1", "cards", id, ..] => (*id).to_owned(),
        _ => String::new(),
    }
}

fn fault(shared: &Shared, app: &str, path: &str) -> Option<Refused> {
    let victim = Victim { app, connection: None };
    let wanted = |fault: &Fault| matches!(fault, Fault::OpenApi { path: part, .. } if path.contains(&**part));
    match lock(&shared.state).faults.take_if(victim, wanted)? {
        Fault::OpenApi { status, code, msg, .. } => Some(Refused { status, code, msg }),
        _ => None,
    }
}

impl Refused {
    fn new(status: u16, code: i64, msg: impl Into<String>) -> Self {
        Self { status, code, msg: msg.into() }
    }

    /// A refusal by the called service: HTTP 400 as the platform answers it today.
    fn code(code: i64, msg: impl Into<String>) -> Self {
        Self::new(400, code, msg)
    }
}

impl Call<'_> {
    /// The body as a JSON object; `code` is what the called service says otherwise.
    fn json(&self, code: i64) -> Result<Map<String, Value>, Refused> {
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(Refused::code(code, "the body is not a JSON object")),
            Err(error) => Err(Refused::code(code, format!("the body is not JSON: {error}"))),
        }
    }

    fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The path takes `om_…` only; a thread's id, or the token of a callback, is refused as users reported it.
pub(super) fn is_message_id(id: &str) -> Result<(), Refused> {
    if id.starts_with("om_") {
        return Ok(());
    }
    Err(Refused::code(99_992_354, format!("{id:?} is not a valid message_id: the path takes om_…")))
}

pub(super) fn invalid(msg: impl Into<String>) -> Refused {
    Refused::code(230_001, msg)
}
