//! The bot under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use feishu_gateway::{Click, Gateway, json};
use feishu_runtime::callbacks::{
    CardActionTrigger, CardReply, MessageReceive, PreviewReply, Toast, UrlPreviewGet,
};
use feishu_runtime::transport::{
    AppSecret, BoxStream, CounterValues, Dial, Domain, Error as TransportError, Target,
};
use feishu_runtime::{
    Client, ClientBuilder, ClientHandle, Context, Dispatcher, DispatcherBuilder, Error, HandlerError,
    LongConnectionSource, Report,
};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes; a test that waits so long hangs.
pub const HANG: Duration = Duration::from_secs(60);

/// A bot that runs.
#[derive(Debug)]
pub struct Bot {
    /// To watch it.
    pub handle: ClientHandle,
    running: JoinHandle<Result<Report, Error>>,
}

impl Bot {
    /// Starts a client.
    pub fn start(client: Client) -> Self {
        Self { handle: client.handle(), running: tokio::spawn(client.run()) }
    }

    /// Starts [`dispatcher`] on the gateway, over TCP, and waits until it is connected.
    pub async fn on(gateway: &Gateway) -> Self {
        Self::with(builder(gateway), gateway).await
    }

    /// As [`Bot::on`], over streams in memory, for the paused clock.
    pub async fn in_memory(gateway: &Gateway) -> Self {
        Self::with(in_memory(gateway), gateway).await
    }

    /// Starts [`dispatcher`] on what was chosen, and waits until it is connected.
    pub async fn with(builder: ClientBuilder<LongConnectionSource>, gateway: &Gateway) -> Self {
        let bot = Self::start(builder.dispatcher(dispatcher().build().unwrap()).build().unwrap());
        timeout(HANG, gateway.connected(1)).await.unwrap();
        bot
    }

    /// The connection's counts.
    pub fn counters(&self) -> CounterValues {
        self.handle.connection().unwrap().counters()
    }

    /// Waits until so many deliveries have come.
    pub async fn received(&self, deliveries: u64) {
        let received = async {
            while self.handle.stats().received < deliveries {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(HANG, received).await.unwrap();
    }

    /// Waits until so many connections have been made.
    pub async fn connected(&self, connections: u64) {
        let connected = async {
            while self.counters().connections < connections {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(HANG, connected).await.unwrap();
    }

    /// Asks for a stop without waiting for it.
    pub fn ask_to_stop(&self, grace: Duration) {
        self.handle.stop(grace);
    }

    /// Waits for the end of a bot that was asked to stop, and checks that everything it counted adds up.
    pub async fn ended(self) -> Report {
        let report = timeout(HANG, self.running).await.unwrap().unwrap().unwrap();
        let counters = self.handle.connection().unwrap().counters();
        assert!(counters.is_consistent(), "{counters:?}");
        assert_eq!(counters.answers_pending(), 0, "{counters:?}");
        assert!(report.stats.is_consistent(), "{report}");
        assert_eq!(report.stats.pending, 0, "{report}");
        report
    }

    /// Stops it; see [`Bot::ended`].
    pub async fn stop(self) -> Report {
        self.ask_to_stop(Duration::from_secs(10));
        self.ended().await
    }

    /// Waits for the error that ends it.
    pub async fn failed(self) -> Error {
        timeout(HANG, self.running).await.unwrap().unwrap().unwrap_err()
    }
}

/// A client of the gateway's app, over TCP, still without a dispatcher.
pub fn builder(gateway: &Gateway) -> ClientBuilder<LongConnectionSource> {
    client(&gateway.base_url(), gateway.app_id(), gateway.app_secret())
}

/// A client over streams in memory, still without a dispatcher.
pub fn in_memory(gateway: &Gateway) -> ClientBuilder<LongConnectionSource> {
    let dial = Pipes(gateway.clone());
    builder(gateway).connection(|connection| connection.dial(dial))
}

/// A client of any platform, still without a dispatcher.
pub fn client(domain: &str, app_id: &str, secret: &str) -> ClientBuilder<LongConnectionSource> {
    Client::builder(app_id, AppSecret::new(secret)).domain(Domain::url(domain).unwrap())
}

/// The handlers of the bot. The member `do` of a click's value selects what it does; see [`click`] and [`wait`].
pub fn dispatcher() -> DispatcherBuilder {
    Dispatcher::builder().on(clicked).on(previewed).on(received)
}

/// A click: `save`, `fail`, `panic` or `length`.
pub fn click(what: &str) -> Click {
    Click::button(what).value(json!({ "do": what }))
}

/// A click whose handler takes so long.
pub fn wait(seconds: u64) -> Click {
    Click::button("wait").value(json!({ "do": "wait", "seconds": seconds }))
}

async fn clicked(click: CardActionTrigger, cx: Context) -> Result<CardReply, HandlerError> {
    let value = &click.event.action.value;
    let done = |text: String| Ok(CardReply::toast(Toast::success(text)));
    match value.text("do").unwrap_or_default() {
        "fail" => Err("the order is gone".into()),
        "panic" => panic!("a bug in the handler"),
        "length" => done(cx.payload().len().to_string()),
        "wait" => {
            let seconds = value.get("seconds").and_then(serde_json::Value::as_u64).unwrap_or_default();
            sleep(Duration::from_secs(seconds)).await;
            done(format!("after {seconds} s"))
        }
        _ => done(format!("Saved: {}", click.event.action.form_value.text("note").unwrap_or_default())),
    }
}

async fn previewed(link: UrlPreviewGet, _: Context) -> Result<PreviewReply, HandlerError> {
    Ok(PreviewReply::title(format!("Preview of {}", link.event.context.url.unwrap_or_default())))
}

async fn received(_: MessageReceive, _: Context) -> Result<(), HandlerError> {
    Ok(())
}

/// Counts how often something ran.
#[derive(Clone, Debug, Default)]
pub struct Runs(Arc<AtomicUsize>);

impl Runs {
    /// One more; how many it is.
    pub fn one(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    /// How many so far.
    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

struct Pipes(Gateway);

#[async_trait]
impl Dial for Pipes {
    async fn dial(&self, _: &Target) -> Result<BoxStream, TransportError> {
        Ok(Box::new(self.0.dial()))
    }
}
