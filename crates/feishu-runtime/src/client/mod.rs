//! The client: runs a dispatcher on a transport and reports at the end.

#[cfg(feature = "long-connection")]
mod announce;
mod builder;
mod handle;
mod health;
mod io_thread;
#[cfg(feature = "long-connection")]
mod long_connection;
mod report;
#[cfg(feature = "signal")]
mod signal;
#[cfg(feature = "long-connection")]
mod states;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use feishu_transport::{ConnectionHandle, Shutdown, Transport};
use tokio::time::{Instant, timeout};

pub use builder::ClientBuilder;
pub use handle::ClientHandle;
pub use health::{Health, Phase};
#[cfg(feature = "long-connection")]
pub use long_connection::LongConnectionSource;
pub use report::Report;
#[cfg(feature = "signal")]
pub use signal::shutdown_signal;

use tracing::Instrument as _;

use crate::core::Core;
use crate::dispatch::{Intake, Subscriptions};
use crate::{Error, InboxQueue};

/// How long a transport may take to close after the grace period. One that takes longer is dropped.
const CLOSING: Duration = Duration::from_secs(15);
/// How long cancelled handlers may take to end. Only one that blocks its thread does not end at once.
const NOTICING: Duration = Duration::from_secs(1);

/// A client: a dispatcher that handles the deliveries of a transport.
///
/// It does nothing until it runs. Dropping the future of [`run`](Self::run) ends the transport and all handlers at once,
/// except handlers that block a thread.
pub struct Client {
    transport: Box<dyn Transport>,
    intake: Arc<Intake>,
    stop: Shutdown,
    handle: ClientHandle,
    grace: Duration,
    /// Whether the transport gets a thread of its own.
    io_thread: bool,
    #[cfg(feature = "long-connection")]
    states: Option<states::StateObserver>,
    /// The line to print at the start if the program has no log.
    #[cfg(feature = "long-connection")]
    announce: Option<String>,
    /// The line to log at the start.
    start: Option<String>,
    /// What the app must subscribe to, to log at the start.
    subscriptions: Option<Subscriptions>,
}

impl Client {
    /// Starts building a client over any transport: a webhook, a queue, a recording, a long connection you built.
    pub fn with_transport(transport: impl Transport + 'static) -> ClientBuilder<Box<dyn Transport>> {
        ClientBuilder::new(Box::new(transport))
    }

    fn new(
        transport: Box<dyn Transport>,
        intake: Intake,
        connection: Option<ConnectionHandle>,
        grace: Duration,
        inbox: Option<InboxQueue>,
    ) -> Self {
        let (stop_handle, stop) = Shutdown::new();
        if let Some(connection) = &connection {
            intake.core().clock.on_connection(connection);
        }
        let handle = ClientHandle::new(Arc::clone(intake.core()), stop_handle, connection, inbox);
        Self {
            transport,
            intake: Arc::new(intake),
            stop,
            handle,
            grace,
            io_thread: false,
            #[cfg(feature = "long-connection")]
            states: None,
            #[cfg(feature = "long-connection")]
            announce: None,
            start: None,
            subscriptions: None,
        }
    }

    #[cfg(feature = "openapi")]
    fn set_api(&self, api: Option<crate::OpenApi>) {
        if let Some(api) = api {
            self.intake.core().api.get_or_init(|| api);
        }
    }

    /// A handle to watch and stop it, before and while it runs.
    pub fn handle(&self) -> ClientHandle {
        self.handle.clone()
    }

    /// Runs until the transport ends, or until [`ClientHandle::stop`].
    ///
    /// # Errors
    ///
    /// If the transport cannot deliver again, for example because the platform refused the app.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops everything at once; deliveries being handled stay unanswered.
    pub async fn run(self) -> Result<Report, Error> {
        self.run_until(std::future::pending::<()>()).await
    }

    /// Runs until `signal` resolves, for example `tokio::signal::ctrl_c()`, then drains, for at most the
    /// [grace period](ClientBuilder::grace): handlers go on, their answers are sent, and each connection closes as soon as
    /// nothing that came on it waits for an answer. Until then the platform gives it clicks, which are handled as ever, and
    /// events, which are refused with code 500 and come again elsewhere.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(self, signal: impl Future) -> Result<Report, Error> {
        // Boxed, because the caller's future may be large.
        let mut signal = Some(Box::pin(signal));
        self.drive(|| signal.take()).await
    }

    /// Runs until SIGINT (Ctrl-C) or SIGTERM, then stops gracefully as [`run_until`](Self::run_until) does; a second
    /// signal ends it at once. See [`shutdown_signal`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    #[cfg(feature = "signal")]
    #[cfg_attr(docsrs, doc(cfg(feature = "signal")))]
    pub async fn run_until_signal(self) -> Result<Report, Error> {
        self.run_until_or_abort(shutdown_signal).await
    }

    /// As [`run_until`](Self::run_until), with a second signal that ends at once: `run_until_or_abort(ctrl_c)`.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until_or_abort<F, S>(self, mut next_signal: F) -> Result<Report, Error>
    where
        F: FnMut() -> S,
        S: Future,
    {
        self.drive(|| Some(next_signal())).await
    }

    async fn drive<S: Future>(self, next_signal: impl FnMut() -> Option<S>) -> Result<Report, Error> {
        let span = match &self.intake.core().app_id {
            Some(app_id) => tracing::error_span!("client", %app_id),
            None => tracing::Span::none(),
        };
        self.conduct(next_signal).instrument(span).await
    }

    async fn conduct<S: Future>(
        mut self,
        mut next_signal: impl FnMut() -> Option<S>,
    ) -> Result<Report, Error> {
        #[cfg(feature = "long-connection")]
        let _observers = self.start_observers();
        if let Some(start) = self.start.take() {
            tracing::info!("{start}");
        }
        if let Some(subscriptions) = self.subscriptions.take() {
            tracing::debug!("these handlers need subscriptions in the developer console:\n{subscriptions}");
        }
        self.intake.start_inbox();
        let Self { transport, intake, stop, handle, grace, io_thread, .. } = self;
        let core = Arc::clone(intake.core());
        let end_on_drop = EndOnDrop(handle.clone());
        handle.enter(Phase::Running);
        let mut stopped = stop.clone();
        let mut transport = pin!(async move {
            if io_thread {
                return io_thread::run(transport, intake, stop).await;
            }
            transport.run(intake, stop).await
        });

        let ended = tokio::select! {
            biased;
            ended = &mut transport => Some(ended),
            () = or_never(next_signal()) => None,
            _ = stopped.requested() => None,
        };
        if stopped.deadline().is_none() {
            handle.stop(grace);
        }
        let stopping_since = Instant::now();
        handle.enter(Phase::Stopping);
        core.begin_stop(stopped.clone());

        let drained = async {
            let ended = match ended {
                Some(ended) => ended,
                None => transport.await,
            };
            core.tasks().close();
            core.tasks().wait().await;
            ended
        };
        let over = async {
            tokio::select! {
                biased;
                () = stopped.over() => {}
                () = or_never(next_signal()) => handle.stop(Duration::ZERO),
            }
        };
        let ended = end(&core, drained, over).await;
        drop(end_on_drop);
        let report = Report::new(core.read_stats(), stopping_since.elapsed());
        tracing::info!(%report, "client ended");
        ended.map_err(Error::from)?;
        Ok(report)
    }
}

/// Waits for `drained`. From `over` on, handlers are cancelled and the transport has little time left.
async fn end<E>(
    core: &Core,
    drained: impl Future<Output = Result<(), E>>,
    over: impl Future<Output = ()>,
) -> Result<(), E> {
    let mut drained = pin!(drained);
    tokio::select! {
        biased;
        ended = &mut drained => return ended,
        () = over => {}
    }
    core.kill();
    core.tasks().close();
    let _ = timeout(NOTICING, core.tasks().wait()).await;
    timeout(CLOSING, drained).await.unwrap_or(Ok(()))
}

async fn or_never<S: Future>(signal: Option<S>) {
    match signal {
        Some(signal) => drop(signal.await),
        None => std::future::pending().await,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("grace", &self.grace).finish_non_exhaustive()
    }
}

/// Ends all handlers when the future of a client is dropped.
struct EndOnDrop(ClientHandle);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.enter(Phase::Ended);
        self.0.core().stopping().cancel();
        self.0.core().kill();
        self.0.core().stall_guard.end();
    }
}
