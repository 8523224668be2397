//! The rules that every engine of an inbox keeps.

use std::time::Duration;

use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::{ClaimEnd, InboxEngine, InboxEvent, Stored};

const LEASE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const NOW: Duration = Duration::ZERO;
const APP: &str = "cli_a";

fn event(id: &str, lane: impl Into<Option<u64>>) -> InboxEvent {
    let header = ("trace_id".to_owned(), format!("trace-{id}"));
    InboxEvent::new(id, format!("{{\"id\":\"{id}\"}}")).lane(lane).headers([header])
}

async fn put(engine: &impl InboxEngine, id: &str, lane: impl Into<Option<u64>>) -> Stored {
    engine.put(APP, &[event(id, lane)], 100).await.unwrap()[0]
}

/// The ids and attempts that an owner gets.
async fn claim(engine: &impl InboxEngine, owner: &str, lease: Duration) -> Vec<(String, u32)> {
    let claimed = engine.claim(APP, owner, 10, lease).await.unwrap();
    claimed.into_iter().map(|claimed| (claimed.event.id, claimed.attempt)).collect()
}

fn all(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    expected.iter().map(|(id, attempt)| ((*id).to_owned(), *attempt)).collect()
}

/// One engine, empty.
async fn keeps_the_rules(engine: &impl InboxEngine) {
    let end = async |owner: &str, id: &str, end: ClaimEnd| engine.end(APP, owner, id, &end).await.unwrap();
    let dead = async || engine.dead(APP, 0, 10).await.unwrap();

    // Stored once, in order, for one app.
    let events = [event("a", None), event("b", None), event("a", None)];
    assert_eq!(engine.put(APP, &events, 100).await.unwrap(), [Stored::New, Stored::New, Stored::Known]);
    assert_eq!((engine.backlog(APP).await.unwrap(), engine.backlog("cli_b").await.unwrap()), (2, 0));
    assert_eq!(engine.claim("cli_b", "one", 10, LEASE).await.unwrap(), []);
    assert_eq!(engine.put(APP, &[event("c", None)], 2).await.unwrap(), [Stored::Full]);
    let first = engine.claim(APP, "one", 1, LEASE).await.unwrap();
    assert_eq!(first[0].event, event("a", None), "headers and payload come back");
    assert_eq!(claim(engine, "two", LEASE).await, all(&[("b", 1)]));
    assert_eq!(claim(engine, "one", LEASE).await, all(&[]));

    // Only the owner ends a claim; what is handled is known for a while.
    end("two", "a", ClaimEnd::Done(HOUR)).await;
    assert_eq!(engine.backlog(APP).await.unwrap(), 2);
    end("one", "a", ClaimEnd::Done(HOUR)).await;
    end("two", "b", ClaimEnd::Done(NOW)).await;
    assert_eq!(engine.backlog(APP).await.unwrap(), 0);
    assert_eq!(put(engine, "a", None).await, Stored::Known);

    // A failed attempt counts, a released one does not; a later one waits for its time.
    put(engine, "c", None).await;
    assert_eq!(claim(engine, "one", LEASE).await, all(&[("c", 1)]));
    end("one", "c", ClaimEnd::Retry(NOW)).await;
    assert_eq!(claim(engine, "one", LEASE).await, all(&[("c", 2)]));
    end("one", "c", ClaimEnd::Release(NOW)).await;
    assert_eq!(claim(engine, "two", LEASE).await, all(&[("c", 2)]));
    end("two", "c", ClaimEnd::Retry(HOUR)).await;
    assert_eq!(claim(engine, "two", LEASE).await, all(&[]));
    assert_eq!(engine.backlog(APP).await.unwrap(), 1);

    // The claim of a dead owner ends with its lease, unless it was renewed.
    put(engine, "d", None).await;
    assert_eq!(claim(engine, "dies", NOW).await, all(&[("d", 1)]));
    // A lease of no time is over after a millisecond, where a server has the clock.
    tokio::time::sleep(Duration::from_millis(3)).await;
    assert_eq!(claim(engine, "lives", NOW).await, all(&[("d", 2)]));
    engine.renew(APP, "lives", &["d".to_owned()], LEASE).await.unwrap();
    assert_eq!(claim(engine, "two", LEASE).await, all(&[]));
    end("dies", "d", ClaimEnd::Done(HOUR)).await;
    end("lives", "d", ClaimEnd::Done(HOUR)).await;
    assert_eq!(put(engine, "d", None).await, Stored::Known, "by its owner");

    // One of a lane at a time, in order, also while the first waits for its next attempt; other lanes go on.
    for (id, lane) in [("e1", 1), ("e2", 1), ("f1", 2), ("e3", 1)] {
        put(engine, id, lane).await;
    }
    assert_eq!(claim(engine, "one", LEASE).await, all(&[("e1", 1), ("f1", 1)]));
    end("one", "e1", ClaimEnd::Retry(NOW)).await;
    assert_eq!(claim(engine, "two", LEASE).await, all(&[("e1", 2)]));
    end("two", "e1", ClaimEnd::Done(HOUR)).await;
    assert_eq!(claim(engine, "two", LEASE).await, all(&[("e2", 1)]));

    // Poison leaves the way, and can be listed, tried again behind the others of its lane, and removed.
    end("two", "e2", ClaimEnd::Dead("no such order".to_owned())).await;
    assert_eq!(claim(engine, "one", LEASE).await, all(&[("e3", 1)]));
    let letters = dead().await;
    assert_eq!((letters.len(), letters[0].attempts, &*letters[0].why), (1, 1, "no such order"));
    assert_eq!(letters[0].event, event("e2", 1));
    assert!(letters[0].at.elapsed().unwrap_or_default() < HOUR);
    assert_eq!(put(engine, "e2", 1).await, Stored::Known, "a repeat of a dead letter is no new event");
    assert!(engine.retry_dead(APP, "e2").await.unwrap());
    assert!(!engine.retry_dead(APP, "e2").await.unwrap());
    assert_eq!(claim(engine, "one", LEASE).await, all(&[]), "e3 is at work");
    end("one", "e3", ClaimEnd::Done(HOUR)).await;
    assert_eq!(claim(engine, "one", LEASE).await, all(&[("e2", 1)]));
    end("one", "e2", ClaimEnd::Dead("again".to_owned())).await;
    end("one", "f1", ClaimEnd::Dead("too".to_owned())).await;
    assert_eq!(dead().await.len(), 2);
    assert_eq!(engine.dead(APP, 1, 10).await.unwrap().len(), 1);
    assert!(engine.purge_dead(APP, "e2").await.unwrap());
    assert!(!engine.purge_dead(APP, "e2").await.unwrap());
    assert!(engine.purge_dead(APP, "f1").await.unwrap());
    assert_eq!(dead().await, []);
    assert_eq!(engine.backlog(APP).await.unwrap(), 1, "c waits for its time");
    assert_eq!(put(engine, "e2", 1).await, Stored::New, "nothing is left of it");
    keeps_what_is_held(engine).await;
}

/// The same engine, with the queue of another app.
async fn keeps_what_is_held(engine: &impl InboxEngine) {
    const APP: &str = "cli_held";
    let hold = async |owner: &str, id: &str, payload: &'static str, lease: Duration| {
        engine.hold(APP, owner, &InboxEvent::new(id, payload), lease).await.unwrap()
    };
    let claim = async |owner: &str, lease: Duration| engine.claim(APP, owner, 10, lease).await.unwrap();
    let end = async |owner: &str, id: &str, end: ClaimEnd| engine.end(APP, owner, id, &end).await.unwrap();
    let renew = async |owner: &str| engine.renew(APP, owner, &["a".to_owned()], LEASE).await.unwrap()[0];
    let get = async |owner: &str, lease: Duration| {
        let claimed = claim(owner, lease).await.pop()?;
        let payload = String::from_utf8(claimed.event.payload.to_vec()).unwrap();
        Some((payload, claimed.attempt, claimed.failures))
    };
    let is = |payload: &str, attempt: u32, failures: u32| Some((payload.to_owned(), attempt, failures));

    // It is its owner's from the start, whatever waits before it, and the owner may replace what is stored.
    assert_eq!(engine.put(APP, &[InboxEvent::new("first", "{}")], 1).await.unwrap(), [Stored::New]);
    assert!(hold("one", "a", r#"{"v":1}"#, LEASE).await, "the backlog is no bound");
    assert!(hold("one", "a", r#"{"v":"2 / 二"}"#, LEASE).await);
    assert!(!hold("two", "a", "{}", LEASE).await);
    assert_eq!((renew("one").await, renew("two").await), (true, false));
    assert_eq!(engine.backlog(APP).await.unwrap(), 2);
    assert_eq!(claim("two", LEASE).await.len(), 1, "only what waited");
    end("two", "first", ClaimEnd::Done(NOW)).await;
    end("two", "a", ClaimEnd::Done(HOUR)).await;

    // Its attempts and failures go on where the owner ends its claim, or dies.
    end("one", "a", ClaimEnd::Release(NOW)).await;
    assert!(!hold("one", "a", "{}", LEASE).await, "it waits, for any owner");
    assert_eq!(get("one", LEASE).await, is(r#"{"v":"2 / 二"}"#, 1, 0));
    assert!(hold("one", "a", r#"{"v":3}"#, LEASE).await, "a claim that was made");
    end("one", "a", ClaimEnd::Retry(NOW)).await;
    assert_eq!(get("two", NOW).await, is(r#"{"v":3}"#, 2, 1));
    tokio::time::sleep(Duration::from_millis(3)).await;
    assert_eq!(get("three", NOW).await, is(r#"{"v":3}"#, 3, 1));
    assert!(!hold("two", "a", "{}", LEASE).await);
    assert!(hold("three", "a", r#"{"v":4}"#, NOW).await);
    tokio::time::sleep(Duration::from_millis(3)).await;
    assert_eq!(get("two", NOW).await, is(r#"{"v":4}"#, 4, 1), "the lease of the one that held it is over");
    end("two", "a", ClaimEnd::Retry(HOUR)).await;
    assert_eq!(get("two", LEASE).await, None);

    // A dead letter, and what was handled, is not held again.
    assert!(hold("one", "b", "{}", LEASE).await);
    end("one", "b", ClaimEnd::Dead("refused".to_owned())).await;
    let letters = engine.dead(APP, 0, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts, &*letters[0].why), (1, 1, "refused"));
    assert!(!hold("one", "b", "{}", LEASE).await);
    assert!(engine.retry_dead(APP, "b").await.unwrap());
    assert_eq!(get("one", LEASE).await, is("{}", 1, 0));
    end("one", "b", ClaimEnd::Done(HOUR)).await;
    assert!(!hold("one", "b", "{}", LEASE).await);
    assert!(hold("one", "c", "{}", LEASE).await);
    end("one", "c", ClaimEnd::Retry(HOUR)).await;
    assert_eq!(get("one", LEASE).await, None, "it waits for its time");
    assert_eq!(engine.backlog(APP).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn memory_inbox_keeps_the_rules_of_an_engine() {
    keeps_the_rules(&MemoryInbox::new()).await;
}

#[cfg(feature = "inbox-file")]
#[tokio::test]
async fn file_inbox_keeps_the_rules_of_an_engine_and_all_when_it_is_opened_again() {
    use feishu_runtime::FileInbox;

    let path = std::env::temp_dir().join(format!("feishu-inbox-rules-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    keeps_the_rules(&FileInbox::open(&path).unwrap()).await;
    {
        let engine = FileInbox::open(&path).unwrap();
        assert_eq!(engine.backlog(APP).await.unwrap(), 2);
        assert_eq!(put(&engine, "a", None).await, Stored::Known);
        assert_eq!(claim(&engine, "one", LEASE).await, all(&[("e2", 1)]));
    }
    let engine = FileInbox::open(&path).unwrap();
    assert_eq!(claim(&engine, "two", LEASE).await, all(&[("e2", 2)]), "no claim outlives its process");
    drop(engine);
    std::fs::remove_file(path).unwrap();
}

#[cfg(feature = "inbox-redis")]
#[tokio::test]
async fn redis_inbox_keeps_the_rules_of_an_engine_and_all_when_the_server_starts_again() {
    use feishu_kit::RedisServer;
    use feishu_runtime::RedisInbox;

    let Some(mut server) = RedisServer::start().await else { return };
    let engine = RedisInbox::open(&server.url()).unwrap();
    keeps_the_rules(&engine).await;
    server.restart().await;
    assert_eq!(RedisInbox::open(&server.url()).unwrap().backlog(APP).await.unwrap(), 2);
    let _ = engine.backlog(APP).await;
    assert_eq!(put(&engine, "a", None).await, Stored::Known);
    assert_eq!(claim(&engine, "one", Duration::from_millis(1)).await, all(&[("e2", 1)]));
}

#[cfg(feature = "inbox-redis")]
#[tokio::test]
async fn redis_inbox_keeps_the_rules_of_an_engine_on_a_cluster() {
    use feishu_kit::RedisServer;
    use feishu_runtime::RedisInbox;

    let Some(server) = RedisServer::start_with(&["--cluster-enabled", "yes"]).await else {
        return;
    };
    assert!(server.ask("CLUSTER ADDSLOTSRANGE 0 16383", "+OK"));
    while !server.ask("CLUSTER INFO", "$") || !server.ask("GET anything", "$-1") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    keeps_the_rules(&RedisInbox::cluster([&*server.url()]).unwrap()).await;
}

#[cfg(feature = "inbox-redis")]
#[tokio::test]
async fn redis_inbox_keeps_the_rules_of_an_engine_on_the_master_that_sentinels_know() {
    use feishu_kit::RedisServer;
    use feishu_runtime::RedisInbox;

    let Some(master) = RedisServer::start().await else { return };
    let file = std::env::temp_dir().join(format!("feishu-sentinel-{}.conf", std::process::id()));
    std::fs::write(&file, format!("sentinel monitor main 127.0.0.1 {} 1\n", master.port())).unwrap();
    let arguments = [file.to_str().unwrap(), "--sentinel"];
    let sentinel = RedisServer::start_with(&arguments).await.unwrap();
    let known = format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{}", master.port().to_string().len(), master.port());
    while !sentinel.ask("SENTINEL GET-MASTER-ADDR-BY-NAME main", &known) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    keeps_the_rules(&RedisInbox::sentinel([&*sentinel.url()], "main").unwrap()).await;
    std::fs::remove_file(file).unwrap();
}

#[cfg(feature = "inbox-redis")]
#[test]
fn redis_inbox_does_not_repeat_the_url_in_its_error() {
    use feishu_runtime::RedisInbox;

    let errors = [
        RedisInbox::open("http://user:secret@host").unwrap_err(),
        RedisInbox::cluster(["http://user:secret@host"]).unwrap_err(),
        RedisInbox::sentinel(["http://user:secret@host"], "main").unwrap_err(),
    ];
    for error in errors {
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
