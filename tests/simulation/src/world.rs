//! The environment of a run: time, random numbers, links, the ledger, the trace.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use feishu_transport::{Limits, ServerSettings, SettingsUpdate};
use tokio::time::Instant;

use crate::ledger::Ledger;
use crate::link::LinkState;
use crate::weather::Weather;

/// Chance: all of it from one seed.
#[derive(Debug)]
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end.max(1))
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.0.u64(least..=most))
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.0.usize(..from.len());
        from[index]
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        self.0.shuffle(list);
    }
}

/// Shared by the platform, the links and the handlers of one run.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

pub(crate) struct State {
    pub(crate) start: Instant,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) links: BTreeMap<u64, LinkState>,
    /// When each link was opened.
    pub(crate) opened: Vec<Instant>,
    pub(crate) ledger: Ledger,
    /// URLs that were given out and not used, with the settings in force after each.
    pub(crate) tickets: BTreeMap<u64, ServerSettings>,
    pub(crate) next_ticket: u64,
    /// The settings sent to the client, merged as documented.
    pub(crate) settings: ServerSettings,
    /// The longest pauses that any settings of this run allow.
    pub(crate) longest: ServerSettings,
    pub(crate) limits: Limits,
    /// When the client was last asked to probe.
    pub(crate) probed_at: Option<Instant>,
    /// The client may let go of connections as it likes.
    pub(crate) ending: bool,
    pub(crate) handshakes: u64,
    pub(crate) handlers: usize,
    pub(crate) failure: Option<(Duration, String)>,
    wall_offset: i64,
    trace: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            start: Instant::now(),
            dice: Dice::new(seed),
            weather: Weather::Clear,
            links: BTreeMap::new(),
            opened: Vec::new(),
            ledger: Ledger::default(),
            tickets: BTreeMap::new(),
            next_ticket: 1,
            settings: ServerSettings::default(),
            longest: ServerSettings::default(),
            limits: Limits::default(),
            probed_at: None,
            ending: false,
            handshakes: 0,
            handlers: 0,
            failure: None,
            wall_offset: 0,
            trace: trace.then(Vec::new),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fail(&self, what: impl fmt::Display) {
        self.lock().fail(what);
    }

    /// The client's wall clock, which jumps when its machine sleeps.
    pub(crate) fn wall_clock(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let world = self.clone();
        move || {
            let state = world.lock();
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + state.start.elapsed();
            let by = Duration::from_secs(state.wall_offset.unsigned_abs());
            if state.wall_offset < 0 { now - by } else { now + by }
        }
    }
}

impl State {
    pub(crate) fn note(&mut self, what: fmt::Arguments<'_>) {
        let at = self.start.elapsed().as_secs_f64();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{at:>9.3}s {what}"));
        }
    }

    /// The first failure is the one that counts.
    pub(crate) fn fail(&mut self, what: impl fmt::Display) {
        self.note(format_args!("FAILED: {what}"));
        if self.failure.is_none() {
            self.failure = Some((self.start.elapsed(), what.to_string()));
        }
    }

    pub(crate) fn jump_wall_clock(&mut self, seconds: i64) {
        self.wall_offset += seconds;
    }

    /// The client takes over settings.
    pub(crate) fn merge(&mut self, update: &SettingsUpdate) -> ServerSettings {
        self.settings.merge(update);
        let (now, longest) = (self.settings, &mut self.longest);
        longest.ping_interval = longest.ping_interval.max(now.ping_interval);
        longest.reconnect_interval = longest.reconnect_interval.max(now.reconnect_interval);
        longest.reconnect_nonce = longest.reconnect_nonce.max(now.reconnect_nonce);
        now
    }

    /// Links over which messages go both ways, for all that anybody knows.
    pub(crate) fn good_links(&self) -> usize {
        self.links.values().filter(|link| link.is_good()).count()
    }

    pub(crate) fn take_trace(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }
}
