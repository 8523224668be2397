//! The WebSocket handshake on a connection URL.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::active_faults::Victim;
use crate::fault::{HandshakeRefusal, Place};
use crate::journal::Seen;
use crate::peer::{COMMANDS_LIMIT, Peer};
use crate::serve::{self, Answer, header_text};
use crate::shared::{Shared, Ticket, lock};
use crate::wire::{Tap, Wire};
use crate::{ConnectionId, Fault, Finding, FindingKind, LimitAt, Outgoing, connection};

/// Answers `GET /ws/v2`: 101 and a connection, or a refusal with its reason in headers.
pub(crate) async fn upgrade(shared: &Arc<Shared>, tap: Arc<Tap>, request: Request<Incoming>) -> Answer {
    let Some(key) = check_request(shared, &request) else {
        return serve::text(400, "not a WebSocket handshake");
    };
    let fault = lock(&shared.state).faults.take(Place::Handshake, Victim::default());
    let mut first = Vec::new();
    let mut then_cut = false;
    match fault {
        Some(Fault::HandshakeHangs) => std::future::pending().await,
        Some(Fault::HandshakeRefused(refusal)) => return refuse(shared, &refusal, "by a fault"),
        Some(Fault::HandshakeDelay(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::HandshakeThenCut) => then_cut = true,
        Some(Fault::FramesWithHandshake(frames)) => first = frames,
        _ => {}
    }
    let ticket = match redeem(shared, request.uri().query().unwrap_or_default()) {
        Ok(ticket) => ticket,
        Err(why) => {
            shared.journal.found(Finding::error(FindingKind::Ticket, &*why));
            return refuse(shared, &HandshakeRefusal::status(514).auth_code(1_000_040_345), &why);
        }
    };
    if !admit(shared, &ticket.app) {
        let why = format!("{} has {} connections already", ticket.app, shared.max_connections(&ticket.app));
        shared.journal.found(Finding::warning(FindingKind::ConnectionLimit, &*why));
        return refuse(shared, &HandshakeRefusal::connection_limit(), &why);
    }

    if !first.is_empty() {
        tap.hold();
    }
    tokio::spawn(connect(Arc::clone(shared), tap, ticket, request, first, then_cut));
    let mut answer = serve::text(101, "");
    answer.headers_mut().clear();
    for (name, value) in [(header::CONNECTION, "Upgrade"), (header::UPGRADE, "websocket")] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        answer.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

/// Takes the stream over from the HTTP server and runs the connection on it.
async fn connect(
    shared: Arc<Shared>,
    tap: Arc<Tap>,
    ticket: Ticket,
    request: Request<Incoming>,
    first: Vec<Outgoing>,
    then_cut: bool,
) {
    let upgraded = tokio::select! {
        upgraded = hyper::upgrade::on(request) => upgraded,
        () = shared.closed() => return,
    };
    let id = {
        let mut state = lock(&shared.state);
        state.connections += 1;
        ConnectionId(state.connections)
    };
    let (commands, waiting) = mpsc::channel(COMMANDS_LIMIT);
    let peer = Arc::new(Peer {
        id,
        app: ticket.app,
        service_id: ticket.service_id,
        device_id: ticket.device_id,
        user_agent: ticket.user_agent,
        instance_id: format!("gw-{}-{:08x}", id.0, fastrand::u32(..)),
        commands,
        tap,
        next_seq: AtomicU64::new(fastrand::u64(1..1_000_000)),
    });
    let parts = match upgraded.map(hyper::upgrade::Upgraded::downcast::<TokioIo<Wire>>) {
        Ok(Ok(parts)) if !then_cut => parts,
        Ok(_) => return shared.ended(&peer, "cut right after the handshake".into(), true, false),
        Err(error) => return shared.ended(&peer, format!("lost in the handshake: {error}"), false, false),
    };
    connection::run(shared, peer, waiting, parts.io.into_inner(), parts.read_buf, first).await;
}

/// The key of the handshake, if the request is one.
fn check_request(shared: &Shared, request: &Request<Incoming>) -> Option<String> {
    let wrong = |text: String| shared.journal.found(Finding::error(FindingKind::Handshake, text));
    let key = header_text(request, "sec-websocket-key");
    let upgrade = header_text(request, "upgrade").eq_ignore_ascii_case("websocket");
    let connection = header_text(request, "connection").to_ascii_lowercase().contains("upgrade");
    let version = header_text(request, "sec-websocket-version");
    if key.is_empty() || !upgrade || !connection || version != "13" {
        wrong("the request is not a WebSocket handshake of version 13".into());
        return None;
    }
    if request.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        let text = "a subprotocol is asked for; the platform has none";
        shared.journal.found(Finding::warning(FindingKind::Handshake, text));
    }
    Some(key.into())
}

/// Finds the ticket of a connection URL and checks that the rest of the URL is as it was issued.
fn redeem(shared: &Shared, query: &str) -> Result<Ticket, String> {
    let value = |name: &str| {
        query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, v)| v)
    };
    let text = value("ticket").ok_or("the connection URL has no ticket")?;
    let ticket = lock(&shared.state)
        .tickets
        .redeem(text)
        .ok_or("the ticket of the connection URL was used before or never issued")?;
    let service_id = ticket.service_id.to_string();
    for (name, issued) in [
        ("device_id", &*ticket.device_id),
        ("access_key", &*ticket.access_key),
        ("service_id", &*service_id),
        ("fpid", "493"),
        ("aid", "552564"),
    ] {
        let without = name == "service_id" && ticket.service_id == 0;
        if value(name) != Some(issued) && !without {
            return Err(format!("{name} of the connection URL is not as it was issued"));
        }
    }
    Ok(ticket)
}

fn admit(shared: &Shared, app: &Arc<str>) -> bool {
    let limit = shared.max_connections(app);
    let mut state = lock(&shared.state);
    let count = state.admitted.entry(Arc::clone(app)).or_default();
    // If the endpoint call enforces the limit, a client that called in time may still be over it here.
    if *count >= limit && shared.config.limit_at == LimitAt::Handshake {
        return false;
    }
    *count += 1;
    true
}

fn refuse(shared: &Shared, refusal: &HandshakeRefusal, why: &str) -> Answer {
    shared.journal.add(None, Seen::HandshakeRefused(why.into()));
    let mut answer = serve::text(refusal.http, "");
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        *answer.status_mut() = StatusCode::OK;
    }
    for (name, value) in [
        ("handshake-status", refusal.status.map(|status| status.to_string())),
        ("handshake-msg", refusal.msg.clone()),
        ("handshake-autherrcode", refusal.auth_code.map(|code| code.to_string())),
    ] {
        let value = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    answer
}
