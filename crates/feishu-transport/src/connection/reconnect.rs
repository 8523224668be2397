//! The reconnect loop of one connection: request a URL, connect, run, back off, repeat.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::config::{OnConnectionLimit, Retries};
use super::driver::Driver;
use super::ending::Ending;
use super::open::{Opened, open};
use super::outbox::Outbox;
use super::router::ConnectionPath;
use super::shared::{Shared, Signals};
use super::task::Driven;
use super::waits::{CloseSignal, closing, giving_up, outdated, sleep_until_or_never, time_to_close};
use crate::backoff::Backoff;
use crate::lifecycle::LifecycleEvent;
use crate::session::Session;
use crate::state::{Activity, Connected};
use crate::{ConnectionInfo, Error, Inbox, RefusalClass, ReplyPath, Stage, State};

/// Keeps one connection open: connects, drives, backs off after a loss, replaces on request and by age.
pub(super) struct Reconnector {
    shared: Arc<Shared>,
    inbox: Arc<dyn Inbox>,
    index: usize,
    backoff: Backoff,
    /// The current driver and those that are closing. Dropping the reconnector ends them.
    drivers: JoinSet<(Connected, Option<(Session, Ending)>)>,
    wake: watch::Receiver<u64>,
    rotate: watch::Receiver<u64>,
    close: CloseSignal,
    /// The session of the last connection, to be reused by the next one.
    session: Option<Session>,
    /// Whether connections are there only for answers that are due while the client stops.
    bridging: bool,
}

/// The connection that receives new messages.
struct Current {
    outbox: Arc<Outbox>,
    connected: Connected,
}

/// Why driving ended.
enum Ended {
    Lost {
        uptime: Duration,
        cause: Error,
        woken: bool,
    },
    Closed,
    /// Closed while the client stops, and yet answers are due to what came on it.
    Owing,
}

/// The result of an attempt to replace a connection.
enum Replacement {
    Opened(Opened),
    /// The current connection stays.
    Failed(Error),
    /// Both connections are lost.
    CurrentEnded(Ended),
    Closing,
}

impl Reconnector {
    pub(super) fn new(shared: Arc<Shared>, inbox: Arc<dyn Inbox>, index: usize, signals: &Signals) -> Self {
        let seed = shared.config.seed.wrapping_add(index as u64);
        Self {
            backoff: Backoff::new(seed, &shared.config.timeouts),
            drivers: JoinSet::new(),
            wake: signals.wake.subscribe(),
            rotate: signals.rotate.subscribe(),
            close: signals.close.subscribe(),
            session: None,
            bridging: false,
            shared,
            inbox,
            index,
        }
    }

    /// Keeps the connection open until the client closes (`Ok`) or an error occurs that no retry can fix.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        // Several connections do not request their URLs all at once.
        let stagger = Duration::from_millis(50) * u32::try_from(self.index).unwrap_or(0);
        if stagger > Duration::ZERO && self.pause(stagger, None).await.is_none() {
            return Ok(());
        }
        loop {
            let Some(current) = self.connect().await? else { return Ok(()) };
            match self.drive(current).await {
                Ended::Closed => return Ok(()),
                Ended::Owing => self.bridging = true,
                Ended::Lost { uptime, cause, woken } => {
                    let settings = self.shared.settings();
                    let delay = self.backoff.after_loss(uptime, &settings);
                    let delay = if woken { Duration::ZERO } else { delay };
                    tracing::warn!(connection = self.index, ?uptime, retry_in = ?delay, %cause, "disconnected; connecting again in {delay:.1?}");
                    self.give_up_if_exhausted(&cause)?;
                    if self.pause(delay, Some(cause)).await.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Retries until a connection is open; `None` if the client closes meanwhile.
    async fn connect(&mut self) -> Result<Option<Current>, Error> {
        loop {
            let attempt = self.backoff.attempts() + 1;
            let since = Instant::now();
            self.shared.set_state(self.index, State::Connecting { attempt, since });
            self.shared.tell(|| LifecycleEvent::Connecting { attempt });
            tracing::debug!(connection = self.index, attempt, "connecting");
            self.wake.mark_unchanged();
            let opened = tokio::select! {
                biased;
                () = giving_up(&mut self.close, &self.shared) => return Ok(None),
                opened = open(&self.shared) => opened,
                () = outdated(&mut self.wake, self.shared.config.timeouts.wake_probe) => {
                    tracing::info!(connection = self.index, "this attempt began before a sleep or a change of network and hangs; starting over");
                    continue;
                }
            };
            let error = match opened {
                Ok(opened) => return Ok(Some(self.start(opened))),
                Err(error) => error,
            };
            self.fail_if_fatal(&error)?;
            let delay =
                self.backoff.after_failure(&error, &self.shared.settings(), self.shared.settings_said());
            // The failed attempt began before the wake-up and says nothing about the current network.
            let delay = if self.shared.was_woken(since) { Duration::ZERO } else { delay };
            self.give_up_if_exhausted(&error)?;
            tracing::warn!(connection = self.index, attempt, retry_in = ?delay, %error, "cannot connect; trying again in {delay:.1?}");
            self.shared.tell(|| LifecycleEvent::AttemptFailed { error: error.clone(), retry_in: delay });
            if self.pause(delay, Some(error)).await.is_none() {
                return Ok(None);
            }
        }
    }

    /// Drives until the connection is lost or the client closes; replaces it on request and by age.
    async fn drive(&mut self, mut current: Current) -> Ended {
        self.rotate.mark_unchanged();
        let mut replace_at = self.replace_at(Instant::now());
        loop {
            let replace = tokio::select! {
                biased;
                () = time_to_close(&mut self.close, &self.shared, self.bridging) => return self.let_go(current).await,
                ended = self.drivers.join_next() => {
                    if let Some(ended) = ended.and_then(|ended| self.ended(&current, ended)) {
                        return ended;
                    }
                    false
                }
                changed = self.rotate.changed() => changed.is_ok(),
                () = sleep_until_or_never(replace_at) => true,
            };
            if replace {
                match self.replacement(&current).await {
                    Replacement::Opened(opened) => {
                        let old = std::mem::replace(&mut current, self.start(opened));
                        old.outbox.retire(self.shared.config.timeouts.answer);
                        replace_at = self.replace_at(Instant::now());
                    }
                    Replacement::Failed(error) => {
                        let retry = self.shared.settings().reconnect_interval;
                        tracing::warn!(connection = self.index, %error, retry_in = ?retry, "cannot open the replacement connection; keeping the current one");
                        replace_at = Some(Instant::now() + retry);
                    }
                    Replacement::CurrentEnded(ended) => return ended,
                    Replacement::Closing => {}
                }
            }
        }
    }

    /// Spawns the driver of a new connection.
    fn start(&mut self, opened: Opened) -> Current {
        let shared = Arc::clone(&self.shared);
        let now = Instant::now();
        let info = Arc::new(ConnectionInfo::new(opened.id, opened.address, shared.next_generation()));
        let outbox = Arc::new(Outbox::new(Arc::clone(&info)));
        let activity = Arc::new(Activity::new(now));
        let config = &shared.config;
        let mut session = self.session.take().unwrap_or_else(|| {
            Session::new(now.into_std(), config.limits, config.timeouts, Arc::clone(&shared.counters))
        });
        session.connected(now.into_std(), opened.service_id, &opened.settings);
        let path: Arc<dyn ReplyPath> =
            Arc::new(ConnectionPath { outbox: Arc::clone(&outbox), router: Arc::clone(&shared.router) });
        let driver = Driver::new(
            opened.link,
            session,
            Arc::clone(&outbox),
            path,
            Arc::clone(&activity),
            Arc::clone(&shared),
        );
        let generation = info.generation;
        let connected = Connected::new(now, Arc::clone(&info), activity);
        let name = connected.clone();
        let running = Driven::start(driver, Arc::clone(&self.inbox));
        self.drivers.spawn(async move { (name, running.await) });

        shared.set_has_connected();
        shared.counters.connections.one();
        shared.set_state(self.index, State::Connected(connected.clone()));
        shared.router.opened(&outbox);
        let gap = shared.take_gap();
        tracing::info!(
            app_id = shared.config.app_id,
            connection = self.index,
            conn_id = info.id,
            generation,
            ?gap,
            "connected to {}",
            info.address
        );
        shared.tell(|| LifecycleEvent::Connected { info, gap });
        Current { outbox, connected }
    }

    /// Handles the end of a driver. Only the end of the current one matters.
    fn ended(
        &mut self,
        current: &Current,
        ended: Result<(Connected, Option<(Session, Ending)>), tokio::task::JoinError>,
    ) -> Option<Ended> {
        let Ok((connected, Some((session, ending)))) = ended else {
            // The connection's task itself failed: the caller's inbox panicked in it.
            let uptime = current.connected.uptime();
            let cause = Error::lost("the inbox panicked while handling a delivery");
            self.disconnected(&current.connected.info, Some(&cause), uptime);
            return Some(Ended::Lost { uptime, cause, woken: false });
        };
        let uptime = connected.uptime();
        let generation = connected.info.generation;
        let (cause, woken) = ending.into_parts();
        self.disconnected(&connected.info, cause.as_ref(), uptime);
        if generation != current.connected.info.generation {
            tracing::info!(connection = self.index, generation, "replaced connection closed");
            return None;
        }
        self.session = Some(session);
        let cause = cause.unwrap_or_else(|| Error::lost("closed"));
        let woken = woken || self.shared.was_probed(connected.since);
        Some(Ended::Lost { uptime, cause, woken })
    }

    fn disconnected(&self, info: &Arc<ConnectionInfo>, cause: Option<&Error>, uptime: Duration) {
        self.shared.tell(|| LifecycleEvent::Disconnected {
            info: Arc::clone(info),
            cause: cause.cloned(),
            uptime,
        });
    }

    /// Closes the connections with a closing handshake; bounded by the drivers' own deadlines.
    ///
    /// The platform may give a connection a click before it has read our close message, and no answer may follow that one:
    /// such answers, as those of a connection that is lost now, go out on one more connection.
    async fn let_go(&mut self, current: Current) -> Ended {
        let until = self.close.borrow().unwrap_or_else(Instant::now);
        let router = Arc::clone(&self.shared.router);
        router.retire_all(until.saturating_duration_since(Instant::now()));
        while let Some(ended) = self.drivers.join_next().await {
            self.ended(&current, ended);
        }
        let owing = current.outbox.pending() > 0 || (router.has_parked() && !router.has_open());
        if owing && Instant::now() < self.close.borrow().unwrap_or(until) {
            return Ended::Owing;
        }
        Ended::Closed
    }

    /// Waits between attempts; a wake-up ends the wait. `None` if the client closes meanwhile.
    async fn pause(&mut self, delay: Duration, cause: Option<Error>) -> Option<()> {
        let next_try = Instant::now() + delay;
        self.shared.set_state(self.index, State::Waiting { cause, next_try });
        self.wake.mark_unchanged();
        tokio::select! {
            biased;
            () = giving_up(&mut self.close, &self.shared) => None,
            () = sleep_until(next_try) => Some(()),
            changed = self.wake.changed() => changed.ok(),
        }
    }

    /// Ends the client on a refusal that no retry can fix, unless these credentials have worked before.
    fn fail_if_fatal(&self, error: &Error) -> Result<(), Error> {
        let limit_reached =
            error.refusal().is_some_and(|refusal| refusal.class == RefusalClass::ConnectionLimit);
        if limit_reached && self.shared.config.on_limit == OnConnectionLimit::Fail {
            return Err(error.clone());
        }
        if error.is_fatal() && !self.shared.has_connected() {
            return Err(error.clone());
        }
        Ok(())
    }

    fn give_up_if_exhausted(&self, last: &Error) -> Result<(), Error> {
        let limit = match self.shared.config.retries {
            Retries::AsServerSays => self.shared.settings().reconnect_count,
            Retries::Endless => None,
            Retries::AtMost(limit) => Some(limit),
        };
        if !self.backoff.is_exhausted(limit) {
            return Ok(());
        }
        let last = Box::new(last.clone());
        Err(Error::new(crate::ErrorKind::Exhausted { attempts: self.backoff.attempts(), last }))
    }

    /// Opens a connection beside the current one. If the current one is lost meanwhile, this attempt counts as the first
    /// of the outage.
    async fn replacement(&mut self, current: &Current) -> Replacement {
        let shared = Arc::clone(&self.shared);
        let opening = open(&shared);
        let mut wake = self.wake.clone();
        wake.mark_unchanged();
        let outdated = outdated(&mut wake, shared.config.timeouts.wake_probe);
        tokio::pin!(opening, outdated);
        let (mut lost, since, mut was_woken) = (None, Instant::now(), false);
        let error = loop {
            tokio::select! {
                biased;
                _ = closing(&mut self.close) => return Replacement::Closing,
                Some(ended) = self.drivers.join_next() => {
                    if let Some(ended) = self.ended(current, ended) {
                        shared.set_state(self.index, State::Connecting { attempt: 1, since: Instant::now() });
                        lost = Some(ended);
                    }
                }
                opened = &mut opening => match opened {
                    Ok(opened) => return Replacement::Opened(opened),
                    Err(error) => break error,
                },
                () = &mut outdated => {
                    was_woken = true;
                    break Error::timed_out(Stage::Connect, shared.config.timeouts.wake_probe);
                }
            }
        };
        if let Some(Ended::Lost { woken, .. }) = &mut lost {
            // It may have been lost in a sleep, which the clocks showed only afterwards.
            *woken |= was_woken || shared.was_woken(since);
        }
        lost.map_or(Replacement::Failed(error), Replacement::CurrentEnded)
    }

    /// When a connection opened at `opened` is due for replacement by its age.
    fn replace_at(&self, opened: Instant) -> Option<Instant> {
        self.shared.config.max_age.map(|age| opened + age)
    }
}
