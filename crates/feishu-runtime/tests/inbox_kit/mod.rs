//! What the tests of the inbox share: clients on a pipe, and processes that die.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use feishu_gateway::Event;
use feishu_runtime::testing::{MemoryInbox, Pipe, pipe};
use feishu_runtime::{
    ClaimEnd, ClaimedEvent, Client, ClientHandle, Context, DeadLetter, Dispatcher, Error, EventInbox,
    HandlerError, InboxEngine, InboxError, InboxEvent, Report, Stored,
};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// A client that runs.
pub(crate) struct Run {
    pub(crate) platform: Pipe,
    pub(crate) handle: ClientHandle,
    pub(crate) task: JoinHandle<Result<Report, Error>>,
}

pub(crate) fn run(dispatcher: Dispatcher, inbox: impl Into<EventInbox>) -> Run {
    let (platform, transport) = pipe();
    let client = Client::with_transport(transport).dispatcher(dispatcher).inbox(inbox).build().unwrap();
    let handle = client.handle();
    Run { platform, handle, task: tokio::spawn(client.run()) }
}

/// Lets all that is ready come to rest.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(50)).await;
}

/// An event with a key.
pub(crate) fn order(id: &str, key: u64) -> Event {
    Event::new("order_v1", json!({ "key": key })).event_id(id)
}

/// What a handler of orders sees.
pub(crate) struct Order {
    pub(crate) event_id: Option<String>,
}

/// A dispatcher with one handler.
pub(crate) fn orders<F, Fut>(handler: F) -> Dispatcher
where
    F: Fn(Order, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    Dispatcher::builder()
        .on_raw("order_v1", move |_, cx: Context| {
            let event_id = cx.event_id().map(ToString::to_string);
            handler(Order { event_id }, cx)
        })
        .build()
        .unwrap()
}

/// A process that uses the engine until it dies: then none of its calls arrives any more.
pub(crate) struct Process {
    engine: Arc<MemoryInbox>,
    dead: watch::Sender<bool>,
}

impl Process {
    pub(crate) fn new(engine: &Arc<MemoryInbox>) -> Arc<Self> {
        Arc::new(Self { engine: Arc::clone(engine), dead: watch::Sender::new(false) })
    }

    pub(crate) fn die(&self) {
        self.dead.send_replace(true);
    }

    /// Waits until it has died, for at most this time.
    pub(crate) async fn death(&self, most: Duration) {
        let _ = timeout(most, self.dead.subscribe().wait_for(|dead| *dead)).await;
        self.die();
    }

    async fn alive(&self) -> &MemoryInbox {
        if *self.dead.borrow() {
            std::future::pending::<()>().await;
        }
        &self.engine
    }
}

#[async_trait]
impl InboxEngine for Process {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        self.alive().await.put(queue, events, backlog).await
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        self.alive().await.claim(queue, owner, max, lease).await
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        self.alive().await.renew(queue, owner, ids, lease).await
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        self.alive().await.end(queue, owner, id, end).await
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        self.alive().await.backlog(queue).await
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        self.alive().await.dead(queue, skip, max).await
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.alive().await.retry_dead(queue, id).await
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        self.alive().await.purge_dead(queue, id).await
    }
}
