//! Several apps in one process: added, removed and restarted while the others run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_transport::{Shutdown, ShutdownHandle};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::panics::caught;
use crate::{Client, ClientHandle, Error, Report};

/// Time between the starts of two apps, because many at once hit the platform's rate limit.
const STAGGER: Duration = Duration::from_millis(250);
/// The first and the longest pause before a failed app is restarted.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// Uptime after which the pause is reset.
const STABLE: Duration = Duration::from_secs(600);

/// Runs the clients of several apps, each in its own task, so that a failing app does not affect the others.
///
/// An app whose client ends with a [fatal](Error::is_fatal) error stays stopped until [`restart`](Self::restart), with the
/// error in its status. After another error or a panic it is restarted after 5 s, doubling to 5 min.
/// Dropping the supervisor ends all apps at once.
pub struct Supervisor {
    shared: Arc<Shared>,
}

struct Shared {
    apps: Mutex<BTreeMap<String, App>>,
    stagger: Duration,
    /// The earliest start of the next app.
    next_start: Mutex<Instant>,
}

struct App {
    control: Arc<Control>,
    task: AbortOnDrop<Result<Report, Error>>,
}

/// The state that the task of an app shares with the supervisor.
struct Control {
    name: String,
    /// The function that builds its client.
    build: Box<dyn Fn() -> Result<Client, Error> + Send + Sync>,
    state: Mutex<AppStatus>,
    handle: Mutex<Option<ClientHandle>>,
    stop: ShutdownHandle,
}

/// The status of one app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AppStatus {
    /// The state of the app.
    pub state: AppState,
    /// The number of starts of its client.
    pub starts: u64,
    /// The error that ended the last run, if any.
    pub last_error: Option<Error>,
}

/// The state of one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppState {
    /// Waiting for its turn to start.
    Waiting,
    /// Running.
    Running,
    /// Ended with an error, to be restarted.
    Restarting,
    /// Ended with an error that a restart cannot fix.
    Failed,
    /// Ended without an error: it was stopped, or its transport ended.
    Ended,
}

impl Supervisor {
    /// Creates a supervisor without apps.
    pub fn new() -> Self {
        Self::staggered(STAGGER)
    }

    /// As [`new`](Self::new), with another time than 250 ms between the starts of two apps.
    pub fn staggered(stagger: Duration) -> Self {
        let next_start = Mutex::new(Instant::now());
        Self { shared: Arc::new(Shared { apps: Mutex::default(), stagger, next_start }) }
    }

    /// Adds an app and starts it when its turn comes. `build` creates its client, at each start.
    ///
    /// # Errors
    ///
    /// If there is an app of this name already.
    ///
    /// # Panics
    ///
    /// If called outside of a tokio runtime.
    pub fn add(
        &self,
        name: impl Into<String>,
        build: impl Fn() -> Result<Client, Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let name = name.into();
        let mut apps = self.shared.apps();
        if apps.contains_key(&name) {
            return Err(Error::misuse(format!("there is an app `{name}` already; remove or restart it")));
        }
        let app = self.start(name.clone(), Box::new(build));
        apps.insert(name, app);
        Ok(())
    }

    /// Stops an app with a grace period and removes it. `None` if there is no app of this name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the app at once.
    pub async fn remove(&self, name: &str, grace: Duration) -> Option<Result<Report, Error>> {
        let app = self.shared.apps().remove(name)?;
        Some(app.end(grace).await)
    }

    /// Restarts an app after a grace period. False if there is no app of this name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the app has ended removes it.
    pub async fn restart(&self, name: &str, grace: Duration) -> bool {
        let Some(app) = self.shared.apps().remove(name) else { return false };
        let control = Arc::clone(&app.control);
        let _ = app.end(grace).await;
        let again = self.start(name.to_owned(), Box::new(move || (control.build)()));
        self.shared.apps().insert(name.to_owned(), again);
        true
    }

    /// The status of each app by name.
    pub fn statuses(&self) -> BTreeMap<String, AppStatus> {
        self.shared.apps().iter().map(|(name, app)| (name.clone(), app.control.state().clone())).collect()
    }

    /// The handle of an app's client, with counters, health and connection; `None` while it does not run.
    pub fn handle(&self, name: &str) -> Option<ClientHandle> {
        self.shared.apps().get(name)?.control.handle().clone()
    }

    /// Stops all apps at the same time with a grace period, and returns the report of each.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends all apps at once.
    pub async fn stop(self, grace: Duration) -> BTreeMap<String, Result<Report, Error>> {
        let apps = std::mem::take(&mut *self.shared.apps());
        for app in apps.values() {
            app.control.stop.stop(grace);
        }
        let mut reports = BTreeMap::new();
        for (name, app) in apps {
            reports.insert(name, app.end(grace).await);
        }
        reports
    }

    /// Runs until `signal` resolves, then stops all apps with a grace period, and returns the report of each.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends all apps at once.
    pub async fn run_until(
        self,
        signal: impl Future,
        grace: Duration,
    ) -> BTreeMap<String, Result<Report, Error>> {
        drop(signal.await);
        self.stop(grace).await
    }

    fn start(&self, name: String, build: Box<dyn Fn() -> Result<Client, Error> + Send + Sync>) -> App {
        let (stop, stopped) = Shutdown::new();
        let control = Arc::new(Control {
            name,
            build,
            state: Mutex::new(AppStatus { state: AppState::Waiting, starts: 0, last_error: None }),
            handle: Mutex::default(),
            stop,
        });
        let task = tokio::spawn(supervise(Arc::clone(&self.shared), Arc::clone(&control), stopped));
        App { control, task: AbortOnDrop(task) }
    }
}

/// Runs one app until it is stopped, ends without an error, or fails fatally.
async fn supervise(shared: Arc<Shared>, control: Arc<Control>, mut stop: Shutdown) -> Result<Report, Error> {
    let mut pause = PAUSES.0;
    loop {
        let started_at = shared.next_start();
        tokio::select! {
            biased;
            () = sleep_until(started_at) => {}
            _ = stop.requested() => return control.ended(Ok(Report::default())),
        }
        let began = Instant::now();
        let error = match run_once(&control, &mut stop).await {
            Ok(report) => return control.ended(Ok(report)),
            Err(error) => error,
        };
        let fatal = error.is_fatal();
        let next = if fatal { "it stays stopped until `restart`" } else { "it will be restarted" };
        tracing::error!(app = control.name, %error, "the client of app `{}` ended; {next}", control.name);
        if fatal || stop.deadline().is_some() {
            return control.ended(Err(error));
        }
        control.set(AppState::Restarting, Some(error.clone()));
        if began.elapsed() >= STABLE {
            pause = PAUSES.0;
        }
        tokio::select! {
            biased;
            () = sleep(pause) => {}
            _ = stop.requested() => return control.ended(Err(error)),
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Builds a client and runs it in its own task, so that a panic of its transport is caught.
async fn run_once(control: &Control, stop: &mut Shutdown) -> Result<Report, Error> {
    let client = caught(|| (control.build)()).map_err(|panic| control.broken(panic))??;
    let handle = client.handle();
    *control.handle() = Some(handle.clone());
    control.started();
    let mut running = AbortOnDrop(tokio::spawn(client.run()));
    let ended = tokio::select! {
        biased;
        ended = &mut running.0 => ended,
        deadline = stop.requested() => {
            handle.stop_by(deadline);
            (&mut running.0).await
        }
    };
    ended.unwrap_or_else(|error| Err(control.broken(error)))
}

impl App {
    async fn end(mut self, grace: Duration) -> Result<Report, Error> {
        self.control.stop.stop(grace);
        (&mut self.task.0).await.unwrap_or_else(|error| Err(self.control.broken(error)))
    }
}

impl Shared {
    fn apps(&self) -> MutexGuard<'_, BTreeMap<String, App>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a start time.
    fn next_start(&self) -> Instant {
        let mut next = self.next_start.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = (*next).max(Instant::now());
        *next = mine + self.stagger;
        mine
    }
}

impl Control {
    fn state(&self) -> MutexGuard<'_, AppStatus> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self) -> MutexGuard<'_, Option<ClientHandle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a panic of a transport, or of the function that builds a client: a bug, but a restart may succeed.
    fn broken(&self, panic: impl fmt::Display) -> Error {
        let what = format!("the client of app `{}` panicked: {panic}", self.name);
        Error::from(feishu_transport::Error::lost(what))
    }

    fn started(&self) {
        let mut status = self.state();
        status.state = AppState::Running;
        status.starts += 1;
    }

    fn set(&self, state: AppState, error: Option<Error>) {
        let mut status = self.state();
        status.state = state;
        status.last_error = error.or_else(|| status.last_error.take());
    }

    fn ended(&self, ended: Result<Report, Error>) -> Result<Report, Error> {
        match &ended {
            Ok(_) => self.set(AppState::Ended, None),
            Err(error) => self.set(AppState::Failed, Some(error.clone())),
        }
        ended
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Supervisor {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.apps().clear();
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("apps", &self.statuses()).finish_non_exhaustive()
    }
}
