//! A client against the local platform, over in-memory streams with real framing, on the paused clock.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses a part of it")]

mod roads;

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use feishu_gateway::{Builder, Gateway, Seen};
use feishu_transport::{
    Answer, AppSecret, BoxStream, ConnectionHandle, Delivery, Dial, Domain, Error, Inbox, LongConnection,
    LongConnectionBuilder, Shutdown, ShutdownHandle, State, Target,
};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use feishu_kit::GatewayDial;
pub use roads::{Road, Roads};

pub const SECOND: Duration = Duration::from_secs(1);

/// The platform, and a running client of it.
pub struct Bench {
    pub gateway: Gateway,
    pub client: Client,
}

pub struct Client {
    pub handle: ConnectionHandle,
    pub stop: ShutdownHandle,
    pub running: JoinHandle<Result<(), Error>>,
}

impl Bench {
    /// A client with the defaults, which answers everything with `{}`.
    pub async fn new() -> Self {
        Self::with(
            |gateway| gateway,
            |client| client,
            Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())),
        )
        .await
    }

    pub async fn with(
        gateway: impl FnOnce(Builder) -> Builder,
        client: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder,
        inbox: Arc<dyn Inbox>,
    ) -> Self {
        let gateway = gateway(Gateway::builder().in_memory()).start().await.unwrap();
        let client = Client::start(client(builder(&gateway)), inbox);
        Self { gateway, client }
    }

    pub async fn connected() -> Self {
        let bench = Self::new().await;
        bench.client.handle.ready().await.unwrap();
        bench.gateway.connected(1).await;
        bench
    }

    /// The same over roads that can become worse.
    pub async fn on_roads(
        gateway: impl FnOnce(Builder) -> Builder,
        client: impl FnOnce(LongConnectionBuilder) -> LongConnectionBuilder,
        inbox: Arc<dyn Inbox>,
    ) -> (Self, Roads) {
        let gateway = gateway(Gateway::builder().in_memory()).start().await.unwrap();
        let roads = Roads::new(&gateway);
        let client = Client::start(client(builder(&gateway).dial(roads.clone())), inbox);
        (Self { gateway, client }, roads)
    }

    /// Waits for the next handshake that succeeds, and says how long it took.
    pub async fn reconnected(&self) -> Duration {
        let (mut seen, start) = (self.gateway.watch(), Instant::now());
        while !matches!(seen.recv().await.unwrap().seen, Seen::Connected) {}
        start.elapsed()
    }

    /// What the client did that a platform would object to. Nothing, it is hoped.
    pub fn assert_clean(&self) {
        let findings = self.gateway.findings();
        assert!(findings.is_empty(), "{findings:#?}");
        let counters = self.client.handle.counters();
        assert!(counters.is_consistent(), "{counters:#?}");
    }
}

impl Client {
    pub fn start(builder: LongConnectionBuilder, inbox: Arc<dyn Inbox>) -> Self {
        let connection = builder.build().unwrap();
        let (stop, stopped) = Shutdown::new();
        let handle = connection.handle();
        let running = tokio::spawn(connection.run(inbox, stopped));
        Self { handle, stop, running }
    }

    pub async fn ended(self) -> Result<(), Error> {
        self.running.await.unwrap()
    }

    /// Waits for a state, in virtual time.
    pub async fn state(&self, wanted: impl Fn(&State) -> bool) -> State {
        let mut states = self.handle.states();
        loop {
            let state = states.next().await.expect("the client is gone");
            if wanted(&state) {
                return state;
            }
        }
    }
}

pub fn builder(gateway: &Gateway) -> LongConnectionBuilder {
    LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url("http://127.0.0.1:1").unwrap())
        .dial(GatewayDial(gateway.clone()))
        .seed(7)
}

/// Keeps deliveries until the test answers them.
#[derive(Default)]
pub struct Held(pub Mutex<Vec<Delivery>>);

impl Inbox for Held {
    fn deliver(&self, delivery: Delivery) {
        self.0.lock().unwrap().push(delivery);
    }
}

impl Held {
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Waits until `n` deliveries are held.
    pub async fn held(&self, n: usize) {
        while self.0.lock().unwrap().len() < n {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A wall clock that follows the paused clock, and can be made to jump as it does when a machine sleeps.
#[derive(Clone)]
pub struct WallClock {
    start: (SystemTime, Instant),
    jumped: Arc<AtomicI64>,
}

impl WallClock {
    pub fn new() -> Self {
        Self { start: (SystemTime::now(), Instant::now()), jumped: Arc::default() }
    }

    /// Moves the wall clock alone, by seconds.
    pub fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds, SeqCst);
    }

    pub fn reader(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let clock = self.clone();
        move || {
            let now = clock.start.0 + clock.start.1.elapsed();
            let jumped = clock.jumped.load(SeqCst);
            let by = Duration::from_secs(jumped.unsigned_abs());
            if jumped < 0 { now - by } else { now + by }
        }
    }
}

pub async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

pub fn answering(answer: Answer) -> Arc<dyn Inbox> {
    Arc::new(move |delivery: Delivery| delivery.answer(&answer))
}
