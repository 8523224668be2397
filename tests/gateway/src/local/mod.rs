//! The interface under `/local/`: HTTP and JSON to drive and judge a bot, in any language.

mod apps;
mod click;
mod component;
mod faults;
mod gallery;
mod guard;
mod message;
mod outcome;
mod push;
mod read;
mod schema;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) use self::guard::Access;
use self::schema::Wrong;

use crate::body::Body;
use crate::serve::{self, Answer, header_text};
use crate::shared::{Shared, lock};
use crate::{page, record};

/// Settings of the interface.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) access: Access,
    /// Deliveries that are remembered.
    pub(crate) deliveries: usize,
}

/// What a page may do: load its own files, and nothing of any other host.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Why a request has no answer of its own.
enum Failed {
    Wrong(Wrong),
    /// There is no such thing, or it was forgotten.
    NotFound(String),
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

/// Answers what is neither the endpoint call, the handshake nor OpenAPI; `None` when there is no such path.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    local: &Local,
    request: Request<Incoming>,
) -> Option<Answer> {
    let path = request.uri().path().to_owned();
    if path == "/favicon.ico" {
        // A browser asks for it by itself when it shows an answer; the page has an icon of its own.
        return Some(serve::text(204, ""));
    }
    let is_local = path.starts_with("/local/");
    let is_get = request.method() == Method::GET;
    let image = path.strip_prefix("/page/images/").filter(|_| is_get);
    let file = if is_get && !is_local { page::file(&path) } else { None };
    if !is_local && file.is_none() && image.is_none() {
        return None;
    }
    if let Some(cookie) = local.access.cookie(request.uri().query()).filter(|_| file.is_some()) {
        return Some(opened(&path, &cookie));
    }
    if let Err(why) = local.access.check(&request) {
        return Some(refused(403, &Wrong::whole(why), &Value::Null));
    }
    if let Some(key) = image {
        return Some(uploaded_image(shared, key));
    }
    Some(match file {
        Some(file) => page_file(&file),
        None if path == "/local/stream" => stream(shared, &request),
        None => json_answer(shared, request).await,
    })
}

/// The page was opened with the right token: it is kept in a cookie and leaves the address.
fn opened(path: &str, cookie: &str) -> Answer {
    let mut answer = serve::text(303, "");
    for (name, value) in [(header::LOCATION, path), (header::SET_COOKIE, cookie)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn page_file(file: &page::File) -> Answer {
    let mut answer = serve::respond(200, file.content_type, file.body);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// An image that an app uploaded, for the page.
fn uploaded_image(shared: &Shared, key: &str) -> Answer {
    let upload =
        lock(&shared.messages).upload(key).filter(|upload| upload.content_type.starts_with("image/"));
    let Some(upload) = upload else { return serve::text(404, "there is no such image") };
    let mut answer = serve::respond(200, upload.content_type, upload.bytes);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn stream(shared: &Arc<Shared>, request: &Request<Incoming>) -> Answer {
    let Some(record) = shared.journal.record() else { return serve::text(404, "") };
    let last = header_text(request, "last-event-id");
    let query = request.uri().query().unwrap_or_default();
    let example = || schema::query_example("/local/stream");
    if let Err(wrong) = schema::check_query("/local/stream", query) {
        return refused(400, &wrong, &example());
    }
    let asked = Query(query).text("after");
    let text = if last.is_empty() { asked } else { Some(last) };
    let after = match text.map(str::parse::<u64>) {
        None => None,
        Some(Ok(after)) => Some(after),
        Some(Err(_)) => {
            return refused(400, &Wrong::new("after", "is not the id of an event"), &example());
        }
    };
    let pieces = record::follow(record, after, shared.closed.subscribe());
    let mut answer = Response::new(Body::Pieces(pieces));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

async fn json_answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let method = request.method().clone();
    let is_get = method == Method::GET;
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let is_json = header_text(&request, "content-type").to_ascii_lowercase().starts_with("application/json");
    let parts: Vec<&str> = path.trim_start_matches("/local/").split('/').collect();
    let result = match method {
        Method::GET => schema::check_query(&path, &query)
            .map_err(Failed::from)
            .and_then(|()| read::answer(shared, &parts, &Query(&query))),
        Method::POST => {
            let body = serve::body(request).await;
            post(shared, &parts, is_json, body).await
        }
        _ => Err(Failed::NotFound(format!("{method} is not offered: use GET or POST"))),
    };
    match result {
        Ok(value) => local_json(200, &value),
        Err(Failed::Wrong(wrong)) if is_get => refused(400, &wrong, &schema::query_example(&path)),
        Err(Failed::Wrong(wrong)) => refused(400, &wrong, &schema::example(described(&parts))),
        Err(Failed::NotFound(text)) => refused(404, &Wrong::whole(text), &Value::Null),
    }
}

/// The path of the description that these parts belong to.
fn described(parts: &[&str]) -> &'static str {
    match parts {
        ["click"] => "/local/click",
        ["preview"] => "/local/preview",
        ["message"] => "/local/message",
        ["event"] => "/local/event",
        ["raw"] => "/local/raw",
        ["card"] => "/local/card",
        ["apps"] => "/local/apps",
        ["faults"] => "/local/faults",
        ["heal"] => "/local/heal",
        ["reset"] => "/local/reset",
        ["deliveries", _, "replay"] => "/local/deliveries/{id}/replay",
        ["messages", _, "recall"] => "/local/messages/{message_id}/recall",
        _ => "",
    }
}

async fn post(
    shared: &Arc<Shared>,
    parts: &[&str],
    is_json: bool,
    body: Option<Bytes>,
) -> Result<Value, Failed> {
    let path = described(parts);
    if path.is_empty() {
        return Err(no_path(parts));
    }
    if !is_json {
        return Err(Wrong::whole("a POST needs the header Content-Type: application/json").into());
    }
    let body = body.ok_or_else(|| Wrong::whole("the body cannot be read or is larger than 256 KB"))?;
    let body: Value = if body.trim_ascii().is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Wrong::whole(format!("the body is not JSON: {error}")))?
    };
    schema::check(path, &body)?;
    match parts {
        ["click"] => click::click(shared, body).await,
        ["preview"] => push::preview(shared, body).await,
        ["message"] => message::message(shared, body).await,
        ["event"] => push::event(shared, body).await,
        ["raw"] => push::raw(shared, body).await,
        ["card"] => message::card(shared, &body),
        ["apps"] => apps::set(shared, &body).await,
        ["faults"] => faults::set(shared, body),
        ["heal"] => faults::heal(shared, &body),
        ["reset"] => apps::reset(shared, &body),
        ["deliveries", id, "replay"] => push::replay(shared, id, body).await,
        ["messages", id, "recall"] => message::recall(shared, id),
        _ => Err(no_path(parts)),
    }
}

fn no_path(parts: &[&str]) -> Failed {
    let path = format!("/local/{}", parts.join("/"));
    let methods = schema::methods(if described(parts).is_empty() { &path } else { described(parts) });
    if !methods.is_empty() {
        return Failed::NotFound(format!("{path} takes {methods} only: see /local/openapi.json"));
    }
    Failed::NotFound(format!("there is no {path}: see /local/openapi.json"))
}

/// The body in its Rust type. The check against the description came before, so this fails for numbers out of range only.
fn typed<T: DeserializeOwned>(body: &Value) -> Result<T, Wrong> {
    T::deserialize(body).map_err(|error| Wrong::whole(error.to_string()))
}

fn refused(status: u16, wrong: &Wrong, example: &Value) -> Answer {
    local_json(status, &json!({"error": {"field": wrong.field, "text": wrong.text, "example": example}}))
}

fn local_json(status: u16, body: &Value) -> Answer {
    let mut answer = serve::json(status, body);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The query of a request.
struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let text = self.text(name);
        text.map(|text| text.parse().map_err(|_| Wrong::new(name, format!("{text:?} is not a number"))))
            .transpose()
    }
}
