//! What all tasks of a gateway share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::active_faults::ActiveFaults;
use crate::apps::{App, Apps};
use crate::envelope::since_epoch;
use crate::inflight::Pushes;
use crate::journal::{Journal, Seen};
use crate::kept::Kept;
use crate::local::Local;
use crate::messages::Messages;
use crate::openapi::{Rates, TenantTokens};
use crate::peer::Peer;
use crate::record::Record;
use crate::wire::Tap;
use crate::{Connection, Fault, Finding, FindingKind, LimitAt, Settings};

/// Connection URLs that were issued and not used yet; the oldest are forgotten first.
const TICKETS_LIMIT: usize = 1024;

/// What is fixed when the gateway starts.
#[derive(Debug)]
pub(crate) struct Config {
    /// Those of the builder; see [`Shared::apps`] for those of now.
    pub(crate) apps: Vec<App>,
    pub(crate) max_connections: usize,
    pub(crate) limit_at: LimitAt,
    pub(crate) answer_limit: Duration,
    /// `host:port` for connection URLs when a request names none.
    pub(crate) authority: String,
    pub(crate) tls: bool,
    /// Seconds from the host's clock to the platform's.
    pub(crate) clock_offset: i64,
    /// How much faster than real time the ladder of repeats is climbed.
    pub(crate) clock: f64,
    /// Whether OpenAPI calls over their rate are refused.
    pub(crate) rate_limits: bool,
    /// The interface, if it is served.
    pub(crate) local: Option<Local>,
}

impl Config {
    /// The domain to give to a client.
    pub(crate) fn base_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// The platform's time, since 1970.
    pub(crate) fn now(&self) -> Duration {
        let by = Duration::from_secs(self.clock_offset.unsigned_abs());
        let host = since_epoch();
        if self.clock_offset < 0 { host.saturating_sub(by) } else { host + by }
    }
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) apps: Apps,
    pub(crate) journal: Journal,
    pub(crate) pushes: Mutex<Pushes>,
    pub(crate) messages: Mutex<Messages>,
    pub(crate) tokens: Mutex<TenantTokens>,
    pub(crate) rates: Mutex<Rates>,
    pub(crate) state: Mutex<State>,
    /// Number of live connections.
    pub(crate) live: watch::Sender<usize>,
    /// Changes when the repeats under way are to end.
    pub(crate) ladders: watch::Sender<u64>,
    /// True when the gateway was dropped.
    pub(crate) closed: watch::Sender<bool>,
}

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) faults: ActiveFaults,
    pub(crate) tickets: Tickets,
    pub(crate) live: Vec<Arc<Peer>>,
    /// Handshakes answered with 101 whose connection has not ended, by app.
    pub(crate) admitted: HashMap<Arc<str>, usize>,
    pub(crate) connections: u64,
    pub(crate) rng: fastrand::Rng,
    taps: Vec<Weak<Tap>>,
}

impl State {
    pub(crate) fn new(settings: Settings, seed: Option<u64>, record: Option<Arc<Record>>) -> Self {
        Self {
            settings,
            faults: ActiveFaults::new(record),
            tickets: Tickets::default(),
            live: Vec::new(),
            admitted: HashMap::new(),
            connections: 0,
            rng: seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            taps: Vec::new(),
        }
    }

    /// A tap for a new stream; closed with the gateway.
    pub(crate) fn new_tap(&mut self) -> Arc<Tap> {
        let tap = Arc::default();
        self.taps.retain(|tap| tap.strong_count() > 0);
        self.taps.push(Arc::downgrade(&tap));
        tap
    }

    pub(crate) fn admitted(&self, app: &str) -> usize {
        self.admitted.get(app).copied().unwrap_or_default()
    }
}

impl Shared {
    /// What the interface shows of an app.
    pub(crate) fn app_json(&self, app: &App) -> serde_json::Value {
        let (settings, connections) = {
            let state = lock(&self.state);
            let connections = state.live.iter().filter(|peer| peer.app == app.id).count();
            (state.settings.clone(), connections)
        };
        app.json(&settings, self.config.max_connections, connections)
    }

    /// `ClientConfig` for an app.
    pub(crate) fn settings(&self, app: &str) -> Settings {
        let own = self.apps.get(app).and_then(|app| app.settings.clone());
        own.unwrap_or_else(|| lock(&self.state).settings.clone())
    }

    /// Connections that an app may have.
    pub(crate) fn max_connections(&self, app: &str) -> usize {
        let own = self.apps.get(app).and_then(|app| app.max_connections);
        own.unwrap_or(self.config.max_connections)
    }

    /// Ends when the gateway is dropped.
    pub(crate) async fn closed(&self) {
        let mut closed = self.closed.subscribe();
        // An error means that the sender is gone, and with it the gateway.
        let _ = closed.wait_for(|closed| *closed).await;
    }

    /// Ends every stream and every task.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
        let mut state = lock(&self.state);
        state.live.clear();
        for tap in state.taps.drain(..).filter_map(|tap| tap.upgrade()) {
            tap.cut();
        }
    }

    pub(crate) fn connected(&self, peer: Arc<Peer>) {
        if let Some(record) = self.journal.record() {
            record.connected(&peer);
        }
        self.journal.add(Some(peer.id), Seen::Connected);
        let mut state = lock(&self.state);
        if *self.closed.borrow() {
            return;
        }
        state.live.push(peer);
        self.live.send_replace(state.live.len());
    }

    /// A fault happens to a live connection at once.
    pub(crate) fn happen(&self, connection: &Connection, fault: &Fault) {
        match fault {
            Fault::Stall => {
                connection.stall();
                self.muted(connection, "muted");
            }
            Fault::Cut => {
                self.leave(&connection.0);
                connection.cut();
            }
            Fault::Close(code, reason) => connection.close(*code, reason),
            Fault::Noise(bytes) => connection.noise(bytes.clone()),
            Fault::Text(text) => connection.text(text),
            Fault::WebSocketPing => connection.web_socket_ping(),
            _ => {}
        }
    }

    /// Undoes [`Fault::Stall`].
    pub(crate) fn resume(&self, connection: &Connection) {
        connection.resume();
        self.muted(connection, "live");
    }

    fn muted(&self, connection: &Connection, state: &'static str) {
        if let Some(record) = self.journal.record() {
            record.connection(connection.id(), |row, _| {
                if row.is_live() {
                    row.state = state;
                }
            });
        }
    }

    /// No more pushes go to this connection. Harmless when called twice.
    pub(crate) fn leave(&self, peer: &Peer) {
        let mut state = lock(&self.state);
        state.live.retain(|live| live.id != peer.id);
        self.live.send_replace(state.live.len());
    }

    /// The connection has ended and counts no more.
    pub(crate) fn ended(&self, peer: &Peer, how: String, by_us: bool, said_goodbye: bool) {
        self.leave(peer);
        if let Some(count) = lock(&self.state).admitted.get_mut(&peer.app) {
            *count = count.saturating_sub(1);
        }
        self.journal.add(Some(peer.id), Seen::Ended { how, by_us });
        if !said_goodbye {
            let text = if by_us {
                "the close frame of the platform was not answered with one"
            } else {
                "the connection ended without a close frame"
            };
            self.journal.found(Finding::warning(FindingKind::NoCloseFrame, text).on(peer.id));
        }
    }
}

/// Connection URLs that were issued. Each can be used once.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    by_text: Kept<Ticket, TICKETS_LIMIT>,
}

#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) app: Arc<str>,
    pub(crate) device_id: String,
    pub(crate) access_key: String,
    pub(crate) service_id: i32,
    /// `User-Agent` of the endpoint call.
    pub(crate) user_agent: String,
}

impl Tickets {
    pub(crate) fn issue(&mut self, text: String, ticket: Ticket) {
        self.by_text.insert(text, ticket);
    }

    pub(crate) fn redeem(&mut self, text: &str) -> Option<Ticket> {
        self.by_text.remove(text)
    }
}

/// A panic elsewhere does not make the data wrong: every change under these locks is a single step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_ticket_is_forgotten_one_past_the_limit() {
        let ticket = Ticket {
            app: "cli_a".into(),
            device_id: String::new(),
            access_key: String::new(),
            service_id: 1,
            user_agent: String::new(),
        };
        let mut tickets = Tickets::default();
        for number in 0..TICKETS_LIMIT {
            tickets.issue(number.to_string(), ticket.clone());
        }
        assert!(tickets.redeem("0").is_some(), "at the limit all are kept");
        assert!(tickets.redeem("0").is_none(), "and each works once");
        for number in 0..2 {
            tickets.issue(format!("more-{number}"), ticket.clone());
        }
        assert!(tickets.redeem("1").is_none(), "one past the limit the oldest is gone");
        assert!(tickets.redeem("2").is_some());
    }
}
