//! Several apps in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_gateway::Click;
use feishu_runtime::testing::{Pipe, pipe};
use feishu_runtime::{AppState, Client, Dispatcher, Error, Supervisor};
use feishu_transport::{Error as TransportError, Inbox, Shutdown, Transport};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn dispatcher() -> Dispatcher {
    Dispatcher::builder().on(|_: CardActionTrigger, _| async { Ok(CardReply::empty()) }).build().unwrap()
}

/// An app whose platform end is kept here, replaced at each start.
#[derive(Clone, Default)]
struct Kept(Arc<std::sync::Mutex<Option<Pipe>>>, Arc<AtomicUsize>);

impl Kept {
    fn build(&self) -> Result<Client, Error> {
        let (platform, transport) = pipe();
        *self.0.lock().unwrap() = Some(platform);
        self.1.fetch_add(1, SeqCst);
        Client::with_transport(transport).dispatcher(dispatcher()).build()
    }

    async fn click(&self) -> Option<u16> {
        let awaited = self.0.lock().unwrap().as_ref()?.push(Click::button("ok"));
        Some(awaited.await.code())
    }
}

/// A transport that ends badly after a second.
struct Bad(bool);

#[async_trait]
impl Transport for Bad {
    async fn run(self: Box<Self>, _: Arc<dyn Inbox>, _: Shutdown) -> Result<(), TransportError> {
        sleep(SECOND).await;
        if self.0 {
            return Err(TransportError::misuse("the app id is empty"));
        }
        panic!("on purpose");
    }
}

#[tokio::test(start_paused = true)]
async fn supervisor_adds_removes_and_restarts_apps_one_after_the_other() {
    let supervisor = Supervisor::staggered(SECOND);
    let apps: Vec<Kept> = (0..3).map(|_| Kept::default()).collect();
    for (index, app) in apps.iter().enumerate() {
        let app = app.clone();
        supervisor.add(format!("app-{index}"), move || app.build()).unwrap();
    }
    assert!(supervisor.add("app-0", || unreachable!()).unwrap_err().to_string().contains("app-0"));
    sleep(SECOND / 10).await;
    let starts = || apps.iter().map(|app| app.1.load(SeqCst)).collect::<Vec<_>>();
    assert_eq!(starts(), [1, 0, 0]);
    assert_eq!(supervisor.statuses()["app-2"].state, AppState::Waiting);
    sleep(2 * SECOND).await;
    assert_eq!(starts(), [1, 1, 1]);
    assert_eq!(apps[1].click().await, Some(200));

    let report = supervisor.remove("app-0", SECOND).await.unwrap().unwrap();
    assert_eq!(report.stats.received, 0);
    assert!(supervisor.remove("app-0", SECOND).await.is_none());
    assert!(supervisor.restart("app-1", SECOND).await);
    assert!(!supervisor.restart("app-0", SECOND).await);
    sleep(SECOND).await;
    assert_eq!(starts(), [1, 2, 1]);
    assert_eq!((apps[1].click().await, apps[2].click().await), (Some(200), Some(200)));
    assert_eq!(supervisor.handle("app-2").unwrap().stats().outcomes.answered, 1);

    let reports = supervisor.stop(SECOND).await;
    assert_eq!(reports.keys().collect::<Vec<_>>(), ["app-1", "app-2"]);
    assert!(reports.values().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn supervisor_keeps_other_apps_running_when_one_fails() {
    let supervisor = Supervisor::staggered(Duration::ZERO);
    let good = Kept::default();
    let theirs = good.clone();
    supervisor.add("good", move || theirs.build()).unwrap();
    let bad = |fatal| move || Client::with_transport(Bad(fatal)).dispatcher(dispatcher()).build();
    supervisor.add("refused", bad(true)).unwrap();
    supervisor.add("panicking", bad(false)).unwrap();
    supervisor.add("unbuildable", || panic!("on purpose")).unwrap();
    sleep(3 * SECOND).await;
    let statuses = supervisor.statuses();
    let state = |name: &str| statuses[name].state;
    assert_eq!((state("good"), state("refused")), (AppState::Running, AppState::Failed));
    assert_eq!((state("panicking"), state("unbuildable")), (AppState::Restarting, AppState::Restarting));
    assert!(statuses["refused"].last_error.as_ref().unwrap().to_string().contains("app id"));
    for app in ["panicking", "unbuildable"] {
        let error = statuses[app].last_error.as_ref().unwrap().to_string();
        assert!(error.contains(&format!("the client of app `{app}` panicked")), "{error}");
    }
    // 1 s of life, then 5, 10 and 20 s of pause.
    sleep(40 * SECOND).await;
    assert_eq!(supervisor.statuses()["panicking"].starts, 4);
    assert_eq!(supervisor.statuses()["refused"].starts, 1);
    assert_eq!(good.click().await, Some(200));
    let began = Instant::now();
    let reports = supervisor.stop(SECOND).await;
    assert!(reports["good"].is_ok() && reports["panicking"].is_err());
    assert!(began.elapsed() <= SECOND);
}

#[tokio::test(start_paused = true)]
async fn supervisor_ends_all_apps_when_it_is_dropped() {
    let supervisor = Supervisor::new();
    for index in 0..3 {
        let app = Kept::default();
        supervisor.add(index.to_string(), move || app.build()).unwrap();
    }
    sleep(SECOND).await;
    drop(supervisor);
    sleep(SECOND).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}
