//! The default [`Connect`]: the WebSocket, over tungstenite.
//!
//! The handshake uses hyper instead of tungstenite for three reasons: the headers of a refusal can be read, bytes that
//! arrive together with the response are kept, and the request, which carries the ticket, is not logged.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::task::{Context, Poll};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_core::Stream as _;
use futures_sink::Sink as _;
use http::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    USER_AGENT,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketConfig};

use super::counted::Counted;
use super::exchange::{AGENT, dial, exchange, header};
use crate::refusal::MAX_MESSAGE;
use crate::secret::{clean, redact};
use crate::url::is_loopback;
use crate::{
    BoxStream, Connect, ConnectUrl, Dial, Error, Limits, Link, Message, NetworkDial, Refusal, Stage, Target,
    Timeouts,
};

/// Size of the read buffer in bytes. Every connection holds one, even while idle.
const READ_BUFFER: usize = 16 << 10;
/// Size of the write buffer in bytes, above which answers are written without waiting for a flush.
const WRITE_BUFFER: usize = 128 << 10;

/// Opens WebSocket connections, without extensions and subprotocols, which the platform's gateway does not use.
pub struct WebSocketConnect {
    dial: Arc<dyn Dial>,
    timeouts: Timeouts,
    limits: Limits,
    headers: Result<HeaderMap, Error>,
    allow_plain: bool,
}

impl WebSocketConnect {
    /// Creates a connector with the default deadlines and limits, over a [`NetworkDial`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            dial: Arc::new(NetworkDial::new()),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            headers: Ok(HeaderMap::new()),
            allow_plain: false,
        }
    }

    /// Sets how byte streams are opened.
    #[must_use]
    pub fn dial(mut self, dial: impl Dial + 'static) -> Self {
        self.dial = Arc::new(dial);
        self
    }

    /// Sets the deadlines; `handshake` and those of dialling are used.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the limits; `frame_bytes` is used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a header to the handshake. A header that the handshake itself sets, or an invalid one, makes every connect
    /// return an error.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.headers = self.headers.and_then(|mut headers| {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            if [HOST, CONNECTION, UPGRADE, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION].contains(&name) {
                return Err(Error::misuse(format!(
                    "the header {name} is set by the WebSocket handshake itself; remove it"
                )));
            }
            headers.append(name, value);
            Ok(headers)
        });
        self
    }

    /// Permits `ws://` to other machines: callbacks and the ticket are then sent unencrypted.
    #[must_use]
    pub fn allow_insecure_websocket(mut self) -> Self {
        self.allow_plain = true;
        self
    }

    /// The error of an invalid setting, if any.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.headers.as_ref().map(drop).map_err(Clone::clone)
    }

    fn request(&self, url: &ConnectUrl, key: &str) -> Result<Request<Full<Bytes>>, Error> {
        // Errors of the http library may quote their input, which contains the ticket.
        let unusable = || Error::protocol(Stage::Handshake, "the connection URL cannot be used in a request");
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| unusable());
        let mut request = Request::new(Full::default());
        *request.uri_mut() = url.expose_target().parse().map_err(|_| unusable())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.extend(self.headers.clone()?);
        headers.insert(HOST, value(url.authority())?);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, value(key)?);
        Ok(request)
    }

    async fn shake_hands(&self, url: &ConnectUrl, stream: BoxStream) -> Result<(BoxStream, Bytes), Error> {
        let broken = |error: hyper::Error| {
            Error::protocol(Stage::Handshake, format_args!("invalid HTTP response: {error}"))
                .with_source(error)
        };
        let key = generate_key();
        let request = self.request(url, &key)?;
        let key = &key;
        let upgraded = exchange(stream, request, broken, |response| async move {
            check_response(&response, key, url)?;
            hyper::upgrade::on(response).await.map_err(broken)
        })
        .await?;
        take_apart(upgraded)
    }
}

impl Default for WebSocketConnect {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Connect for WebSocketConnect {
    async fn connect(&self, url: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        if !url.is_tls() && !self.allow_plain && !is_loopback(url.host()) {
            return Err(Error::protocol(
                Stage::Handshake,
                format_args!(
                    "the platform returned {url}, which is not encrypted; if that is intended, permit it with allow_insecure_websocket"
                ),
            ));
        }
        warn_of_logged_frames();
        let target = Target::new(url.host(), url.port(), url.is_tls());
        let stream = dial(&*self.dial, &target, &self.timeouts).await?;
        let limit = self.timeouts.handshake;
        let (stream, tail) = timeout(limit, self.shake_hands(url, stream))
            .await
            .unwrap_or_else(|_| Err(Error::timed_out(Stage::Handshake, limit)))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(self.limits.frame_bytes))
            .max_frame_size(Some(self.limits.frame_bytes));
        let (stream, tail) = (Counted::new(stream), tail.to_vec());
        let socket = WebSocketStream::from_partially_read(stream, tail, Role::Client, Some(config)).await;
        Ok(Box::new(WebSocketLink(socket)))
    }
}

impl fmt::Debug for WebSocketConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketConnect").field("allow_plain", &self.allow_plain).finish_non_exhaustive()
    }
}

/// Warns once if the program's logger prints whole frames: tungstenite logs them at `trace` through `log`, and this
/// cannot be switched off.
fn warn_of_logged_frames() {
    static WARNED: Once = Once::new();
    if log::log_enabled!(target: "tungstenite::protocol::frame", log::Level::Trace) {
        WARNED.call_once(|| {
            tracing::warn!(
                "the logger prints whole WebSocket frames, with card tokens and what users wrote, as tungstenite is at \
                 trace; add the filter directive `tungstenite=info`"
            );
        });
    }
}

/// Checks the handshake response: 101 with the right `Sec-WebSocket-Accept`, or a refusal with its reason in the
/// `Handshake-*` headers.
fn check_response(response: &Response<Incoming>, key: &str, url: &ConnectUrl) -> Result<(), Error> {
    let text = |name: &str| {
        response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let number = |name| text(name).and_then(|value| value.trim().parse::<i64>().ok());
        let status = number("handshake-status").filter(|status| *status != 0);
        let code = status.unwrap_or_else(|| i64::from(response.status().as_u16()));
        let message = text("handshake-msg").unwrap_or_default();
        let message = clean(&redact(&message, url.secrets()), MAX_MESSAGE);
        let refusal = Refusal::handshake(code, number("handshake-autherrcode"), message);
        return Err(Error::refused(refusal).with_log_id(text("x-tt-logid").as_deref()));
    }
    if text(SEC_WEBSOCKET_ACCEPT.as_str()).as_deref().map(str::trim)
        != Some(derive_accept_key(key.as_bytes()).as_str())
    {
        return Err(Error::protocol(Stage::Handshake, "the peer sent a wrong Sec-WebSocket-Accept header"));
    }
    if !text(UPGRADE.as_str()).is_some_and(|value| value.trim().eq_ignore_ascii_case("websocket")) {
        return Err(Error::protocol(
            Stage::Handshake,
            "the peer switched to another protocol than WebSocket",
        ));
    }
    for unasked in ["sec-websocket-extensions", "sec-websocket-protocol"] {
        if response.headers().contains_key(unasked) {
            let what = format!("the peer chose an extension or subprotocol that was not offered: {unasked}");
            return Err(Error::protocol(Stage::Handshake, what));
        }
    }
    Ok(())
}

/// Creates the `Sec-WebSocket-Key`: 16 random bytes against caching proxies, without a security purpose.
fn generate_key() -> String {
    let mut nonce = [0; 16];
    fastrand::Rng::new().fill(&mut nonce);
    STANDARD.encode(nonce)
}

/// The expected `Sec-WebSocket-Accept` for a key (RFC 6455, section 4.2.2).
fn derive_accept_key(key: &[u8]) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.digest().bytes())
}

/// The underlying byte stream, and the bytes read beyond the handshake.
fn take_apart(upgraded: Upgraded) -> Result<(BoxStream, Bytes), Error> {
    match upgraded.downcast::<TokioIo<BoxStream>>() {
        Ok(Parts { io, read_buf, .. }) => Ok((io.into_inner(), read_buf)),
        Err(_) => Err(Error::protocol(Stage::Handshake, "the upgraded stream is not the dialled one")),
    }
}

struct WebSocketLink(WebSocketStream<Counted>);

impl Link for WebSocketLink {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        Pin::new(&mut self.0).poll_next(cx).map(|next| match next? {
            Ok(message) => Some(Ok(inbound(message))),
            Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => None,
            Err(error) => Some(Err(lost(error))),
        })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_ready(cx).map_err(lost)
    }

    fn start_send(&mut self, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.0).start_send(outbound(message)).map_err(lost)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match Pin::new(&mut self.0).poll_flush(cx) {
            // After the closing handshake everything is written.
            Poll::Ready(Err(tungstenite::Error::ConnectionClosed)) => Poll::Ready(Ok(())),
            flushed => flushed.map_err(lost),
        }
    }

    fn written(&self) -> u64 {
        self.0.get_ref().written()
    }
}

fn inbound(message: tungstenite::Message) -> Message {
    match message {
        tungstenite::Message::Binary(data) => Message::Binary(data),
        tungstenite::Message::Text(text) => Message::Text(text.len()),
        tungstenite::Message::Ping(data) => Message::Ping(data),
        tungstenite::Message::Pong(data) => Message::Pong(data),
        tungstenite::Message::Close(reason) => {
            Message::Close(reason.map(|close| (close.code.into(), close.reason.as_str().to_owned())))
        }
        // This variant is only written, never read.
        tungstenite::Message::Frame(frame) => Message::Text(frame.len()),
    }
}

fn outbound(message: Message) -> tungstenite::Message {
    match message {
        Message::Binary(data) => tungstenite::Message::Binary(data),
        Message::Text(_) => tungstenite::Message::Text(tungstenite::Utf8Bytes::default()),
        Message::Ping(data) => tungstenite::Message::Ping(data),
        Message::Pong(data) => tungstenite::Message::Pong(data),
        Message::Close(reason) => tungstenite::Message::Close(
            reason.map(|(code, reason)| CloseFrame { code: CloseCode::from(code), reason: reason.into() }),
        ),
    }
}

fn lost(error: tungstenite::Error) -> Error {
    match &error {
        tungstenite::Error::Capacity(capacity) => {
            Error::lost(format_args!("a message is larger than Limits::frame_bytes: {capacity}"))
        }
        _ => Error::lost(format_args!("{error}")),
    }
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_standard() {
        assert_eq!(derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_ne!(generate_key(), generate_key());
    }
}
