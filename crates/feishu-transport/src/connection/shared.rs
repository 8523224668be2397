//! State shared by all connections of one client.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::config::Config;
use super::router::Router;
use super::tick::is_late;
use crate::counters::Counters;
use crate::lifecycle::{LifecycleEvent, Observer};
use crate::{Error, ServerSettings, SettingsUpdate, State};

/// State shared by a client's connections and its handles.
pub(crate) struct Shared {
    pub(super) config: Config,
    pub(super) counters: Arc<Counters>,
    pub(super) router: Arc<Router>,
    /// One channel per connection: with a single listener each, the order is deterministic, so a test run can be repeated.
    pub(super) signals: Vec<Signals>,
    observer: Arc<Observer>,
    settings: Mutex<ServerSettings>,
    /// Whether the platform has said settings of its own.
    settings_said: AtomicBool,
    states: Mutex<Vec<State>>,
    state: watch::Sender<State>,
    generations: AtomicU64,
    stopping: AtomicBool,
    /// Whether the client has ended.
    ended: AtomicBool,
    /// Whether the platform has accepted these credentials before.
    has_connected: AtomicBool,
    /// Since when no connection has been open, after the first one was.
    down_since: Mutex<Option<Instant>>,
    /// When the clocks last jumped or the network last changed.
    woken_at: Mutex<Option<Instant>>,
    /// When all connections were last asked for a sign of life.
    probed_at: Mutex<Option<Instant>>,
    /// When the clocks were last looked at.
    ticked_at: Mutex<Instant>,
    /// By how many seconds the host's clock is ahead of the platform's.
    clock_ahead: Mutex<Option<i64>>,
}

/// Requests to one connection; each is a counter that grows with every request.
pub(super) struct Signals {
    /// Retry at once, after a sleep or a change of network.
    pub(super) wake: watch::Sender<u64>,
    /// Open a new connection, then close the old one.
    pub(super) rotate: watch::Sender<u64>,
    /// Take no new connection, close those there are once they are idle, at the latest then.
    pub(super) close: watch::Sender<Option<Instant>>,
}

impl Signals {
    fn new() -> Self {
        Self { wake: watch::Sender::new(0), rotate: watch::Sender::new(0), close: watch::Sender::new(None) }
    }
}

impl Shared {
    pub(super) fn new(config: Config, observer: Observer) -> Self {
        let counters = Arc::new(Counters::default());
        let observer = Arc::new(observer);
        let router = Router::new(config.timeouts, Arc::clone(&counters), Arc::clone(&observer));
        let idle = State::Waiting { cause: None, next_try: Instant::now() };
        Self {
            counters,
            router: Arc::new(router),
            signals: (0..config.connections).map(|_| Signals::new()).collect(),
            observer,
            settings: Mutex::new(config.settings),
            settings_said: AtomicBool::new(false),
            states: Mutex::new(vec![idle.clone(); usize::from(config.connections)]),
            state: watch::Sender::new(idle),
            generations: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            has_connected: AtomicBool::new(false),
            down_since: Mutex::new(None),
            woken_at: Mutex::new(None),
            probed_at: Mutex::new(None),
            ticked_at: Mutex::new(Instant::now()),
            clock_ahead: Mutex::new(None),
            config,
        }
    }

    pub(super) fn settings(&self) -> ServerSettings {
        *lock(&self.settings)
    }

    /// Whether the settings are the platform's, at least in part, and not only the defaults.
    pub(super) fn settings_said(&self) -> bool {
        self.settings_said.load(SeqCst)
    }

    /// Applies the server's settings and returns the result.
    pub(super) fn merge_settings(&self, update: &SettingsUpdate) -> ServerSettings {
        if *update != SettingsUpdate::default() {
            self.settings_said.store(true, SeqCst);
        }
        let mut settings = lock(&self.settings);
        let before = *settings;
        settings.merge(update);
        if *settings != before {
            let now = *settings;
            tracing::info!(
                ping_interval = ?now.ping_interval,
                reconnect_interval = ?now.reconnect_interval,
                reconnect_nonce = ?now.reconnect_nonce,
                "the server changed its settings"
            );
            self.tell(|| LifecycleEvent::Settings(now));
        }
        *settings
    }

    /// Publishes the state of connection `index`.
    pub(super) fn set_state(&self, index: usize, state: State) {
        let mut states = lock(&self.states);
        if self.ended.load(SeqCst) {
            // A connection's task that has not yet seen the end.
            return;
        }
        let was_connected = states.iter().any(State::is_connected);
        if let Some(current) = states.get_mut(index) {
            *current = state;
        }
        let best = states.iter().max_by_key(|state| state.rank()).cloned();
        if was_connected && !states.iter().any(State::is_connected) {
            *lock(&self.down_since) = Some(Instant::now());
        }
        if let Some(best) = best {
            self.state.send_replace(best);
        }
    }

    /// How long no connection was open, if one was before; called when one is open again.
    pub(super) fn take_gap(&self) -> Option<Duration> {
        lock(&self.down_since).take().map(|since| since.elapsed())
    }

    pub(super) fn states(&self) -> Vec<State> {
        lock(&self.states).clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Connection `index` ended for good; others are left.
    pub(super) fn connection_ended(&self, index: usize, reason: &Error) {
        self.set_state(index, State::Stopped { reason: Some(reason.clone()) });
    }

    /// Marks the client as stopped. Pending and later answers are dropped. Only the first call counts.
    pub(super) fn stopped(&self, reason: Option<&Error>) {
        let mut states = lock(&self.states);
        if self.ended.swap(true, SeqCst) {
            return;
        }
        let state = State::Stopped { reason: reason.cloned() };
        // Those that have ended before keep their own reasons.
        states.iter_mut().filter(|state| !state.is_stopped()).for_each(|open| *open = state.clone());
        self.state.send_replace(state);
        drop(states);
        self.router.shut();
        self.tell(|| LifecycleEvent::Stopped { reason: reason.cloned() });
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> LifecycleEvent) {
        self.observer.tell(&self.counters, event);
    }

    pub(super) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, SeqCst) + 1
    }

    pub(super) fn has_connected(&self) -> bool {
        self.has_connected.load(SeqCst)
    }

    pub(super) fn set_has_connected(&self) {
        self.has_connected.store(true, SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    pub(super) fn set_stopping(&self) {
        self.stopping.store(true, SeqCst);
    }

    /// Whether a stop was requested and its time is over: nothing will be connected any more.
    pub(super) fn is_over(&self) -> bool {
        let now = Instant::now();
        self.signals.first().is_some_and(|signals| signals.close.borrow().is_some_and(|until| until <= now))
    }

    /// Asks all connections to close once they are idle, at the latest at `until`.
    pub(super) fn close_by(&self, until: Instant) {
        for signals in &self.signals {
            signals.close.send_replace(Some(until));
        }
    }

    /// Whether a connection that opened at `since` and is lost now was asked for a sign of life a moment ago, or would be
    /// now: the loss may be seen before the clocks are.
    pub(super) fn was_probed(&self, since: Instant) -> bool {
        self.is_recent(*lock(&self.probed_at), since) || is_late(lock(&self.ticked_at).elapsed())
    }

    /// The clocks are looked at now; returns when they were before.
    pub(super) fn tick(&self, now: Instant) -> Instant {
        std::mem::replace(&mut *lock(&self.ticked_at), now)
    }

    /// Whether an attempt that began at `since` and fails now began before a sleep or a change of network.
    pub(super) fn was_woken(&self, since: Instant) -> bool {
        self.is_recent(*lock(&self.woken_at), since)
    }

    fn is_recent(&self, at: Option<Instant>, since: Instant) -> bool {
        at.is_some_and(|at| since <= at && at.elapsed() <= self.config.timeouts.wake_probe)
    }

    /// The clocks jumped, the process stood still for long, or the host says that the network changed.
    pub(super) fn woken(&self) {
        *lock(&self.woken_at) = Some(Instant::now());
        self.tell(|| LifecycleEvent::Woken);
        self.probe();
        self.signals.iter().for_each(|signals| signals.wake.send_modify(|times| *times += 1));
    }

    pub(super) fn learn_clock(&self, ahead: Option<i64>) {
        if ahead.is_some() {
            *lock(&self.clock_ahead) = ahead;
        }
    }

    pub(super) fn clock_ahead(&self) -> Option<i64> {
        *lock(&self.clock_ahead)
    }

    /// Asks all connections for a sign of life.
    pub(super) fn probe(&self) {
        *lock(&self.probed_at) = Some(Instant::now());
        self.router.probe_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
