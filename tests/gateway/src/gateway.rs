//! The handle of a running gateway.

use std::fmt;
use std::sync::Arc;

use feishu_proto::Frame;
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio::sync::broadcast;

use crate::active_faults::Terms;
use crate::envelope::{CHAT, id};
use crate::fault::Place;
use crate::journal::Entry;
use crate::ladder;
use crate::message::About;
use crate::peer::Connection;
use crate::serve::{self, Security};
use crate::shared::{Shared, lock};
use crate::{Answered, BotMessage, Builder, Error, Event, Fault, Finding, Outgoing, Preview, Sent, Settings};

/// Bytes that an in-memory stream buffers in each direction, about what a socket does.
const PIPE_LIMIT: usize = 256 * 1024;
/// The local platform. Cheap to clone; all its tasks end when the last clone is dropped.
///
/// ```
/// use feishu_gateway::{Click, Gateway, json};
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/doc_bot.in"));
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = Gateway::start().await?;
/// // Start your client with gateway.base_url(), gateway.app_id() and gateway.app_secret().
/// # tokio::spawn(bot(gateway.clone()));
/// gateway.connected(1).await;
///
/// let answer = gateway.click(Click::button("approve").value(json!({"order": 42}))).await?;
///
/// assert_eq!(answer.code(), 200);
/// assert_eq!(answer.data(), Some(json!({"toast": {"type": "success", "content": "Saved"}})));
/// assert_eq!(answer.verdict().to_string(), "a toast (success) \"Saved\"");
/// assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gateway(Arc<Owner>);

struct Owner {
    shared: Arc<Shared>,
    security: Security,
    #[cfg(feature = "tls")]
    root: Option<crate::tls::Root>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Start, and ways in.
impl Gateway {
    /// Starts on a free port of loopback, with the app `cli_local` and the secret `local-secret`.
    ///
    /// # Errors
    ///
    /// When no port can be opened.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Creates a builder, for settings other than the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        shared: Arc<Shared>,
        security: Security,
        #[cfg(feature = "tls")] root: Option<crate::tls::Root>,
    ) -> Self {
        Self(Arc::new(Owner {
            shared,
            security,
            #[cfg(feature = "tls")]
            root,
        }))
    }

    /// `http://127.0.0.1:PORT`: the domain to give to a client.
    pub fn base_url(&self) -> String {
        self.shared().config.base_url()
    }

    /// Id of the first app.
    pub fn app_id(&self) -> &str {
        self.shared().config.apps.first().map_or("", |app| &app.id)
    }

    /// Secret of the first app.
    pub fn app_secret(&self) -> &str {
        self.shared().config.apps.first().map_or("", |app| &app.secret)
    }

    /// The bot's open id for the first app, as `GET /open-apis/bot/v3/info` gives it: for mentions of the bot, and for
    /// messages that it sent.
    pub fn bot_open_id(&self) -> String {
        crate::openapi::bot_open_id(self.app_id())
    }

    /// A new stream to the gateway, in memory: what an accepted TCP connection is, without a socket. It serves the
    /// endpoint call, the handshake and OpenAPI alike.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn dial(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE_LIMIT);
        serve::spawn(&self.0.shared, ours, &self.0.security);
        theirs
    }

    /// A new stream as [`Gateway::dial`] gives it, without TLS also when the gateway has it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn dial_plain(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE_LIMIT);
        serve::spawn(&self.0.shared, ours, &Security::Plain);
        theirs
    }

    /// The root certificate in PEM; empty without TLS.
    #[cfg(feature = "tls")]
    pub fn root_pem(&self) -> &str {
        self.0.root.as_ref().map_or("", |root| &root.pem)
    }

    /// The root certificate in DER; empty without TLS.
    #[cfg(feature = "tls")]
    pub fn root_der(&self) -> &[u8] {
        self.0.root.as_ref().map_or(&[], |root| &root.der)
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }
}

/// Connections.
impl Gateway {
    /// Waits until at least `n` connections are live; 0 waits until none is.
    pub async fn connected(&self, n: usize) {
        let mut live = self.shared().live.subscribe();
        // The sender lives as long as the gateway, so there is no error to see.
        let _ = live.wait_for(|live| if n == 0 { *live == 0 } else { *live >= n }).await;
    }

    /// The live connections, oldest first.
    pub fn connections(&self) -> Vec<Connection> {
        lock(&self.shared().state).live.iter().cloned().map(Connection).collect()
    }

    /// Handshakes that succeeded so far.
    pub fn handshakes(&self) -> u64 {
        lock(&self.shared().state).connections
    }

    /// Other settings for the coming endpoint calls and pongs.
    pub fn set_settings(&self, settings: Settings) {
        lock(&self.shared().state).settings = settings;
    }
}

/// Pushes.
impl Gateway {
    /// A user operates a card; waits for the answer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::ErrorKind::NotConnected) when there is no connection, [`NoAnswer`](crate::ErrorKind::NoAnswer) after 3 s.
    pub async fn click(&self, click: impl Into<Outgoing>) -> Result<Answered, Error> {
        self.push(click).await
    }

    /// A user's client asks for the preview of a link; waits for the answer.
    ///
    /// # Errors
    ///
    /// As [`Gateway::click`].
    pub async fn preview(&self, preview: impl Into<Preview>) -> Result<Answered, Error> {
        self.push(preview.into()).await
    }

    /// An event happens, `body` being what the envelope has under `event`; waits for the acknowledgement.
    ///
    /// # Errors
    ///
    /// As [`Gateway::click`].
    pub async fn event(&self, event_type: &str, body: Value) -> Result<Answered, Error> {
        self.push(Event::new(event_type, body)).await
    }

    /// Any push; waits for the first answer.
    ///
    /// # Errors
    ///
    /// As [`Gateway::click`], and [`Misuse`](crate::ErrorKind::Misuse) for what cannot be sent.
    pub async fn push(&self, push: impl Into<Outgoing>) -> Result<Answered, Error> {
        self.send(push).await?.answer().await
    }

    /// Any push; does not wait for the answer.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::ErrorKind::NotConnected) and [`Misuse`](crate::ErrorKind::Misuse).
    pub async fn send(&self, push: impl Into<Outgoing>) -> Result<Sent, Error> {
        self.shared().send(push.into()).await
    }

    /// An event as the platform delivers it: when it fails or is not answered in 3 s, it is pushed again 15 s, 5 min,
    /// 1 h and 6 h later, each time to a random connection, under the same `event_id`. Returns when it was
    /// acknowledged or the last attempt failed; one element per attempt.
    pub async fn deliver(&self, event: Event) -> Vec<Result<Answered, Error>> {
        let mut attempts = Vec::new();
        let mut pauses = ladder::pauses(self.shared().config.clock);
        loop {
            let attempt = self.push(event.clone()).await;
            let done = attempt.as_ref().is_ok_and(|answer| answer.verdict().is_ok());
            attempts.push(attempt);
            match pauses.next() {
                Some(pause) if !done => tokio::time::sleep(pause).await,
                _ => return attempts,
            }
        }
    }
}

/// Messages and cards.
impl Gateway {
    /// Puts a card into a chat as if the bot had sent it; the id of its message, for [`Click::message`](crate::Click::message).
    pub fn post_card(&self, card: Value) -> String {
        let app = self.shared().config.apps.first().map_or_else(|| "".into(), |app| Arc::clone(&app.id));
        let message = BotMessage::new(&app, id("om_"), "interactive", card, About::now(CHAT.into(), false));
        let message_id = message.message_id.clone();
        lock(&self.shared().messages).add(message, None);
        message_id
    }

    /// The card of a message as it is now: after answers to clicks and after OpenAPI updates. A template card is
    /// `{"type":"template","data":…}`. `None` while no card is known.
    pub fn card(&self, message_id: &str) -> Option<Value> {
        let content = lock(&self.shared().messages).get(message_id)?.content.clone();
        (!content.is_null()).then_some(content)
    }

    /// The messages of the bot, oldest first: sent by OpenAPI, posted here, or clicked. The last 1024.
    pub fn messages(&self) -> Vec<BotMessage> {
        let mut messages = lock(&self.shared().messages).all();
        messages.retain(|message| message.about.writer.is_none());
        messages
    }

    /// Makes every tenant access token invalid at once, as a reset of the app secret does.
    pub fn revoke_tokens(&self) {
        lock(&self.shared().tokens).revoke();
    }

    /// A user or the bot recalls a message: updates of its card are refused from now on.
    pub fn recall(&self, message_id: &str) {
        let mut messages = lock(&self.shared().messages);
        if let Some(message) = messages.get(message_id) {
            message.recalled = true;
            messages.changed(message_id, "recall");
        }
    }
}

/// Faults.
impl Gateway {
    /// Injects a fault: at once, or from now on until [`Gateway::heal`].
    pub fn fault(&self, fault: Fault) {
        self.add_fault(fault, None);
    }

    /// Injects a fault this many times. Faults of one place happen in the order they were set, so that they can be
    /// scripted in advance.
    pub fn fault_times(&self, times: u32, fault: Fault) {
        self.add_fault(fault, Some(times));
    }

    /// Ends all active faults, and resumes stalled connections.
    pub fn heal(&self) {
        lock(&self.shared().state).faults.clear();
        self.connections().iter().for_each(|connection| self.shared().resume(connection));
    }

    fn add_fault(&self, fault: Fault, times: Option<u32>) {
        if fault.place() != Place::Now {
            lock(&self.shared().state).faults.add(fault, Terms::always(times));
            return;
        }
        for connection in self.connections() {
            self.shared().happen(&connection, &fault);
        }
    }
}

/// The log.
impl Gateway {
    /// The log, oldest first: endpoint calls, handshakes, pings, pushes, answers, ends, findings.
    pub fn log(&self) -> Vec<Entry> {
        self.shared().journal.entries()
    }

    /// Every frame that clients sent, as far as the log reaches back.
    pub fn frames(&self) -> Vec<Arc<Frame>> {
        self.shared().journal.frames()
    }

    /// All findings. A correct client leaves it empty.
    pub fn findings(&self) -> Vec<Finding> {
        self.shared().journal.findings()
    }

    /// Forgets the log and the findings so far.
    pub fn clear_log(&self) {
        self.shared().journal.clear();
    }

    /// New entries of the log as they come. A receiver that lags behind by 4096 entries misses some.
    pub fn watch(&self) -> broadcast::Receiver<Entry> {
        self.shared().journal.watch()
    }

    /// Waits for an entry of the log, one that is there already or one to come.
    pub async fn seen(&self, wanted: impl Fn(&Entry) -> bool) -> Entry {
        let mut watch = self.watch();
        if let Some(entry) = self.log().into_iter().find(&wanted) {
            return entry;
        }
        loop {
            match watch.recv().await {
                Ok(entry) if wanted(&entry) => return entry,
                // Missed some: they are still in the log, if it is not switched off.
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    if let Some(entry) = self.log().into_iter().find(&wanted) {
                        return entry;
                    }
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}
