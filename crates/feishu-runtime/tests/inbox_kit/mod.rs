//! What the tests of the inbox share: clients on a pipe.

use std::time::Duration;

use feishu_gateway::Event;
use feishu_runtime::testing::{Pipe, pipe};
use feishu_runtime::{Client, ClientHandle, Context, Dispatcher, Error, EventInbox, HandlerError, Report};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

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
