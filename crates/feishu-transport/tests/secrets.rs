//! Neither app secret nor ticket nor access key appears anywhere, at any log level, on any path.

mod support;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use async_trait::async_trait;
use feishu_gateway::{Click, Fault, Gateway, HandshakeRefusal, Refusal};
use feishu_kit::CapturedLog;
use feishu_transport::{
    Answer, AppSecret, BoxStream, ConnectUrl, Delivery, Dial, Domain, Endpoint, Error, LifecycleEvent,
    LongConnection, ProxyPolicy, State, Target, Tls,
};
use support::{Client, SECOND, sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const SECRET: &str = "canary-app-secret-Zq7";
const TICKET: &str = "canary-ticket-Zq7";
const KEY: &str = "canary-access-key-Zq7";
const PASSWORD: &str = "canary-proxy-password-Zq7";

/// Everything that was logged or shown.
#[derive(Clone)]
struct Shown(CapturedLog);

impl Shown {
    fn add(&self, what: impl fmt::Display) {
        self.0.add(what);
    }

    fn add_error(&self, error: &Error) {
        self.add(format_args!("{error} {error:?} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(below) = source {
            self.add(format_args!("{below} {below:?}"));
            source = below.source();
        }
    }

    fn add_state(&self, state: &State) {
        self.add(format_args!("{state} {state:?}"));
        if let State::Waiting { cause: Some(error), .. } | State::Stopped { reason: Some(error) } = state {
            self.add_error(error);
        }
    }
}

fn shown() -> Shown {
    Shown(CapturedLog::of_the_process())
}

/// Reads along on the wire: the tickets that the platform really gave.
#[derive(Clone)]
struct Wiretap {
    gateway: Gateway,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Wiretap {
    fn secrets(&self) -> BTreeSet<String> {
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        let values = ["ticket=", "access_key="].into_iter().flat_map(|name| {
            let found: Vec<_> = heard.split(name).skip(1).map(str::to_owned).collect();
            found
        });
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        values
            .map(|rest| rest.chars().take_while(|c| is_plain(*c)).collect::<String>())
            .filter(|v| v.len() > 5)
            .collect()
    }
}

#[async_trait]
impl Dial for Wiretap {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        Ok(Box::new(Tapped { stream: Box::new(self.gateway.dial()), heard: Arc::clone(&self.heard) }))
    }
}

struct Tapped {
    stream: BoxStream,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.heard.lock().unwrap().extend_from_slice(&buffer.filled()[before..]);
        read
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A client of the gateway that shows everything it has to show, until it ends or an hour has passed.
async fn live(gateway: &Gateway, secret: &str) -> BTreeSet<String> {
    let shown = shown();
    let (observed, delivered, watched) = (shown.clone(), shown.clone(), shown.clone());
    let tap = Wiretap { gateway: gateway.clone(), heard: Arc::default() };
    let builder = LongConnection::builder(gateway.app_id(), AppSecret::new(secret))
        .domain(Domain::url("http://127.0.0.1:1").unwrap())
        .dial(tap.clone())
        .endpoint_header("X-House", PASSWORD)
        .handshake_header("X-House", PASSWORD)
        .observe(move |event: LifecycleEvent| observed.add(format_args!("{event:?}")));
    shown.add(format_args!("{builder:?}"));
    let inbox = move |delivery: Delivery| {
        delivered.add(format_args!("{delivery:?} {:?}", delivery.received()));
        delivery.answer(&Answer::empty());
    };
    let client = Client::start(builder, Arc::new(inbox));
    let mut states = client.handle.states();
    let watching = tokio::spawn(async move {
        while let Some(state) = states.next().await {
            watched.add_state(&state);
        }
    });
    for _ in 0..3 {
        sleep(60 * SECOND).await;
        if !gateway.connections().is_empty() {
            gateway.click(Click::button("b")).await.unwrap();
        }
        gateway.fault(Fault::Cut);
    }
    sleep(300 * SECOND).await;
    shown.add(format_args!("{:?} {:?}", client.handle, client.handle.connections()));
    client.stop.stop(SECOND);
    if let Err(error) = client.running.await.unwrap() {
        shown.add_error(&error);
    }
    watching.await.unwrap();
    tap.secrets()
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_is_logged_or_shown_on_any_path() {
    let shown = shown();
    let url = |scheme: &str, rest: &str| {
        format!("{scheme}://127.0.0.1:1{rest}?device_id=1&ticket={TICKET}&access_key={KEY}&service_id=1")
    };
    let paths = [
        None,
        Some(Fault::EndpointUrl(url("ws", "/ws/v2"))),
        Some(Fault::EndpointUrl(url("https", "/ws/v2"))),
        Some(Fault::EndpointUrl(url("ws", "/a b"))),
        Some(Fault::EndpointUrl(format!("{TICKET}:{KEY}"))),
        Some(Fault::EndpointUrl(format!("ws://{TICKET}:{KEY}@127.0.0.1/"))),
        Some(Fault::EndpointUrl(format!("ws://127.0.0.1:{TICKET}/{KEY}"))),
        Some(Fault::EndpointUrl(url("ws", "/<>\"{}|\\^`"))),
        Some(Fault::EndpointBody(format!("{{\"code\":0,\"data\":{{\"URL\":[\"{TICKET}{KEY}\"]}}}}"))),
        Some(Fault::EndpointBody(format!("{{\"URL\":\"{TICKET}{KEY}"))),
        Some(Fault::EndpointBody(format!("<html>{TICKET}{KEY}"))),
        Some(Fault::EndpointStatus(500, format!("{TICKET}{KEY}"))),
        Some(Fault::EndpointRefuses(Refusal::code(1))),
        Some(Fault::EndpointRefuses(Refusal::code(1_000_040_345))),
        // A peer that echoes what it received.
        Some(Fault::EndpointRefuses(Refusal::code(1).msg(format!("{SECRET} is wrong")))),
        Some(Fault::EndpointHangs),
        Some(Fault::HandshakeRefused(HandshakeRefusal::status(514))),
        Some(Fault::HandshakeRefused(HandshakeRefusal::status(403))),
        Some(Fault::HandshakeRefused(HandshakeRefusal::plain(302))),
        Some(Fault::HandshakeHangs),
        Some(Fault::HandshakeThenCut),
        Some(Fault::Unpublished),
    ];
    let mut secrets: BTreeSet<String> = [SECRET, TICKET, KEY, PASSWORD].map(str::to_owned).into();
    for path in paths {
        let gateway = Gateway::builder().in_memory().app("cli_a", SECRET).start().await.unwrap();
        if let Some(fault) = path {
            gateway.fault_times(2, fault);
        }
        secrets.extend(live(&gateway, SECRET).await);
    }
    // A wrong secret is one too.
    let gateway = Gateway::builder().in_memory().app("cli_a", "right").start().await.unwrap();
    live(&gateway, SECRET).await;

    show_values(&shown);
    assert!(secrets.len() > 20, "the wire was read: {secrets:?}");
    let text = shown.0.text();
    for proof in ["TRACE", "tungstenite", "connected", "ConnectionInfo", "refused the endpoint call"] {
        assert!(text.contains(proof), "{proof} was not captured");
    }
    shown.0.assert_without(secrets);
}

/// Every public value that holds a secret, on its own.
fn show_values(shown: &Shown) {
    let secret = AppSecret::new(SECRET);
    let url = format!("wss://gateway.example/ws/v2?ticket={TICKET}&access_key={KEY}");
    let url = ConnectUrl::parse(url).unwrap();
    shown.add(format_args!("{secret:?} {url} {url:?} {:?}", Endpoint::new(url.clone())));
    let proxy = ProxyPolicy::Url(format!("http://user:{PASSWORD}@127.0.0.1:1"));
    let tls = Tls::new();
    shown.add(format_args!("{proxy:?} {tls:?}"));
    let builder = || {
        LongConnection::builder("cli_a", secret.clone())
            .proxy(proxy.clone())
            .endpoint_header("X-House", PASSWORD)
    };
    shown.add(format_args!("{:?} {:?}", builder(), builder().build().unwrap()));
    shown.add_error(&builder().endpoint_header("X-Bad", format!("{PASSWORD}\n")).build().unwrap_err());
    shown.add_error(
        &builder().proxy(ProxyPolicy::Url(format!("socks4://user:{PASSWORD}@h"))).build().unwrap_err(),
    );
    shown.add_error(&builder().rewrite_gateway(format!("https://user:{PASSWORD}@h")).build().unwrap_err());
    shown.add_error(&Domain::url(format!("https://user:{PASSWORD}@h")).unwrap_err());
    shown.add_error(&ConnectUrl::parse(format!("wss://h:x/{TICKET}")).unwrap_err());
}
