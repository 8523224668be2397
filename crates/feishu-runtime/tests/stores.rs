//! Memories beyond one process: the rules that every store keeps, and the platform's ladder with a restart in between.
#![cfg(any(feature = "dedup-file", feature = "dedup-redis"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_gateway::Event;
use feishu_runtime::testing::Harness;
use feishu_runtime::{Context, Dedup, DedupStore, Dispatcher, StoredClaim};
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

/// What every store must do; `expire` lets a lease of a minute pass.
async fn keeps_the_rules(store: &dyn DedupStore, expire: impl AsyncFn()) {
    let claim = async |key: &str, owner: &str| store.claim(key, owner, MINUTE).await.unwrap();
    assert_eq!(claim("a", "one").await, StoredClaim::New);
    assert_eq!(claim("a", "two").await, StoredClaim::InFlight);
    assert_eq!(claim("a", "one").await, StoredClaim::New, "renewed");
    store.fail("a", "two", MINUTE).await.unwrap();
    store.complete("a", "two", b"{}", MINUTE).await.unwrap();
    assert_eq!(claim("a", "two").await, StoredClaim::InFlight, "only the owner ends a claim");
    store.fail("a", "one", MINUTE).await.unwrap();
    assert_eq!(claim("a", "two").await, StoredClaim::Again);
    store.complete("a", "two", br#"{"n":"\u4e00"}"#, 60 * MINUTE).await.unwrap();
    assert_eq!(claim("a", "one").await, StoredClaim::Done(br#"{"n":"\u4e00"}"#.to_vec()));

    assert_eq!(claim("b", "one").await, StoredClaim::New);
    expire().await;
    assert_eq!(claim("b", "two").await, StoredClaim::New, "the owner has died");
    assert!(matches!(claim("a", "one").await, StoredClaim::Done(_)));
}

/// A bot whose handler counts its calls, and fails the given number of times.
fn bot(store: impl DedupStore + 'static, calls: &Arc<AtomicUsize>, failures: usize) -> Harness {
    let calls = Arc::clone(calls);
    let dispatcher = Dispatcher::builder()
        .dedup(Dedup::default().store(store).store_timeout(10 * MINUTE))
        .on_raw("order.paid_v1", move |_, cx: Context| {
            let call = calls.fetch_add(1, SeqCst);
            assert_eq!(cx.is_repeat(), (1..=failures).contains(&call));
            async move { if call < failures { Err("not yet".into()) } else { Ok(json!({ "call": call })) } }
        });
    Harness::new(&dispatcher.build().unwrap())
}

fn paid() -> Event {
    Event::new("order.paid_v1", json!({})).event_id("paid-1")
}

/// An event over the whole ladder, with a new process for each push.
async fn survives_restarts<S: DedupStore + 'static>(open: impl Fn() -> S, pass: impl AsyncFn(Duration)) {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut answers = Vec::new();
    for pause in [0, 15, 300, 3600, 6 * 3600] {
        pass(Duration::from_secs(pause)).await;
        let bot = bot(open(), &calls, 1);
        let answered = bot.call(paid()).await;
        answers.push((answered.code(), answered.json()));
        bot.idle().await;
        assert!(bot.stats().is_consistent());
        assert_eq!(bot.stats().incidents.store_errors, 0);
    }
    assert_eq!(answers[0], (500, json!(null)));
    assert!(answers[1..].iter().all(|answer| *answer == (200, json!({ "call": 1 }))), "{answers:?}");
    assert_eq!(calls.load(SeqCst), 2, "failed once, handled once");
}

/// Two processes get the same event at once.
async fn serves_two_processes<S: DedupStore + 'static>(open: impl Fn() -> S) {
    let calls = Arc::new(AtomicUsize::new(0));
    let (first, second) = (bot(open(), &calls, 0), bot(open(), &calls, 0));
    let (a, b) = tokio::join!(first.call(paid().event_id("both")), second.call(paid().event_id("both")));
    assert_eq!(calls.load(SeqCst), 1, "one of them handled it");
    assert_eq!((a.code(), b.code()), (200, 200));
    assert_eq!(a.json(), b.json());
    let duplicates = first.stats().outcomes.duplicate + second.stats().outcomes.duplicate;
    assert_eq!(duplicates, 1);
}

#[cfg(feature = "dedup-file")]
mod file {
    use std::path::PathBuf;
    use std::time::SystemTime;

    use feishu_runtime::FileStore;
    use tokio::time::{Instant, advance};

    use super::*;

    /// A temporary file, removed after the test.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("feishu-dedup-{}-{name}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        /// The system's clock, moved on by tokio's.
        fn open(&self, start: (SystemTime, Instant)) -> FileStore {
            FileStore::open_with_clock(&self.0, move || start.0 + start.1.elapsed()).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn now() -> (SystemTime, Instant) {
        (SystemTime::now(), Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn file_store_keeps_the_rules_of_a_store() {
        let place = Place::new("rules");
        keeps_the_rules(&place.open(now()), async || advance(MINUTE).await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn file_store_recognises_every_repeat_after_restarts() {
        let (place, start) = (Place::new("ladder"), now());
        survives_restarts(|| place.open(start), async |pause| advance(pause).await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn file_store_skips_a_cut_off_line_and_keeps_the_file_short() {
        let (place, start) = (Place::new("cut"), now());
        let store = place.open(start);
        for round in 0..5000 {
            let key = format!("key-{}", round % 7);
            store.claim(&key, "one", MINUTE).await.unwrap();
            store.complete(&key, "one", b"{}", 60 * MINUTE).await.unwrap();
        }
        drop(store);
        let text = std::fs::read_to_string(&place.0).unwrap();
        assert!(text.lines().count() < 1100, "{}", text.lines().count());
        std::fs::write(&place.0, format!("{text}{{\"key\":\"key-8\",\"unt")).unwrap();
        let store = place.open(start);
        assert!(matches!(store.claim("key-3", "two", MINUTE).await.unwrap(), StoredClaim::Done(_)));
        assert_eq!(store.claim("key-8", "two", MINUTE).await.unwrap(), StoredClaim::New);
        advance(61 * MINUTE).await;
        assert_eq!(store.claim("key-3", "two", MINUTE).await.unwrap(), StoredClaim::New, "forgotten in time");
        assert!(FileStore::open(place.0.join("no such folder")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn file_store_can_be_shared_by_two_clients_of_one_process() {
        let place = Place::new("two");
        let store = place.open(now());
        serves_two_processes(|| store.clone()).await;
    }
}

#[cfg(feature = "dedup-redis")]
mod redis {
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    use feishu_runtime::RedisStore;
    use tokio::time::sleep;

    use super::*;

    /// A server on loopback, stopped after the test.
    struct Server {
        process: Child,
        port: u16,
    }

    impl Server {
        #[expect(clippy::print_stderr, reason = "what was left out is to be seen")]
        /// `None`, with a plain word on stderr, where there is no Redis.
        fn start() -> Option<Self> {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let process = Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
                .arg(port.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            match process {
                Ok(process) => Some(Self { process, port }),
                Err(error) => {
                    eprintln!(
                        "LEFT OUT: the tests against Redis, because redis-server cannot be started: {error}"
                    );
                    None
                }
            }
        }

        fn store(&self) -> RedisStore {
            RedisStore::new(&format!("redis://127.0.0.1:{}/", self.port)).unwrap()
        }

        /// Asks until the server answers.
        async fn ready(&self) {
            let store = self.store();
            for _ in 0..600 {
                if store.claim("ready", "one", MINUTE).await.is_ok() {
                    return;
                }
                sleep(Duration::from_millis(10)).await;
            }
            panic!("redis-server did not come up on port {}", self.port);
        }

        /// Lets keys expire without waiting for it.
        fn command(&self, arguments: &[&str]) {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            stream.write_all(format!("{}\r\n", arguments.join(" ")).as_bytes()).unwrap();
            let mut answer = [0; 64];
            assert!(stream.read(&mut answer).unwrap() > 0);
            assert_ne!(answer[0], b'-', "{}", String::from_utf8_lossy(&answer));
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    // A server has its own clock: the ladder passes in no time here, and what would expire is deleted.
    #[tokio::test]
    async fn redis_store_keeps_the_rules_of_a_store_across_processes() {
        let Some(server) = Server::start() else { return };
        server.ready().await;
        keeps_the_rules(&server.store(), async || server.command(&["DEL", "feishu:dedup:b"])).await;
        survives_restarts(|| server.store(), async |_| {}).await;
        serves_two_processes(|| server.store()).await;
    }

    #[tokio::test]
    async fn redis_store_without_its_server_does_not_stop_handling() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let store = RedisStore::new(&format!("redis://127.0.0.1:{port}")).unwrap();
        let calls = Arc::new(AtomicUsize::new(1));
        let dispatcher = Dispatcher::builder().dedup(Dedup::default().store(store)).on_raw("a_v1", {
            let calls = Arc::clone(&calls);
            move |_, _| {
                calls.fetch_add(1, SeqCst);
                async { Ok(()) }
            }
        });
        let harness = Harness::new(&dispatcher.build().unwrap());
        assert_eq!(harness.call(Event::new("a_v1", json!({}))).await.code(), 200);
        assert_eq!(harness.stats().incidents.store_errors, 1);
        assert!(
            RedisStore::new("http://user:secret@host")
                .is_err_and(|error| !error.to_string().contains("secret"))
        );
    }
}
