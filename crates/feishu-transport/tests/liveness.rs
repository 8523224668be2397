//! Dead connections are replaced, slow ones are kept.

mod support;

use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::{Click, Fault, Gateway, Seen, Settings, json};
use feishu_transport::{Answer, Domain, Error, ErrorKind, Stage, State};
use support::{Bench, Client, Held, Road, SECOND, answering, builder, sleep};
use tokio::time::Instant;

/// When a client's attempt or connection was given up, and why; and when it tries again.
async fn given_up(client: &Client) -> (Error, Duration) {
    let waiting = client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await;
    let State::Waiting { cause: Some(cause), next_try } = waiting else { unreachable!() };
    (cause, next_try - Instant::now())
}

fn stage(error: &Error) -> (Stage, Duration) {
    match error.kind() {
        ErrorKind::TimedOut { stage, after } => (*stage, *after),
        other => panic!("not a deadline: {other:?}"),
    }
}

fn pings(gateway: &Gateway) -> Vec<Duration> {
    gateway.log().iter().filter(|entry| matches!(entry.seen, Seen::Ping(_))).map(|entry| entry.at).collect()
}

#[tokio::test(start_paused = true)]
async fn each_stage_of_connecting_that_hangs_is_left_and_retried() {
    // The stage, its deadline, and the pause before the next attempt.
    let minutes = 120 * SECOND..=150 * SECOND;
    let soon = 800 * SECOND / 1000..=SECOND;
    let table = [
        (None, [Road::Hangs].as_slice(), Stage::Connect, 30 * SECOND, soon.clone()),
        (None, [Road::Open, Road::Hangs].as_slice(), Stage::Connect, 30 * SECOND, soon.clone()),
        // The platform has not said its interval yet.
        (Some(Fault::EndpointHangs), &[], Stage::Endpoint, 10 * SECOND, soon),
        (Some(Fault::HandshakeHangs), &[], Stage::Handshake, 10 * SECOND, minutes),
    ];
    for (fault, roads_ahead, wanted, deadline, pause) in table {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        let roads = support::Roads::new(&gateway);
        roads.next(roads_ahead.iter().copied());
        if let Some(fault) = fault.clone() {
            gateway.fault_times(1, fault);
        }
        let start = Instant::now();
        let client = Client::start(builder(&gateway).dial(roads.clone()), answering(Answer::empty()));
        let (error, next) = given_up(&client).await;
        assert_eq!(stage(&error), (wanted, deadline), "{fault:?}");
        assert_eq!(start.elapsed(), deadline, "{fault:?}");
        assert!(pause.contains(&next), "{fault:?}: {next:?}");
        client.handle.ready().await.unwrap();
        assert!(start.elapsed() <= deadline + next + SECOND, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_that_hangs_is_left_after_its_deadline() {
    // Accepts, and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let domain = format!("https://{}", silent.local_addr().unwrap());
    let accepting = tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            kept.push(silent.accept().await.unwrap());
        }
    });
    let connection =
        feishu_transport::LongConnection::builder("cli_a", feishu_transport::AppSecret::new("s"))
            .domain(Domain::url(domain).unwrap());
    let client = Client::start(connection, answering(Answer::empty()));
    let (error, next) = given_up(&client).await;
    assert_eq!(stage(&error), (Stage::Tls, 10 * SECOND));
    assert!(next <= SECOND, "the platform was not reached: soon again");
    accepting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_reads_is_a_lost_connection() {
    let held = Arc::new(Held::default());
    let bench = Bench::with(|g| g, |c| c, held.clone()).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.gateway.fault(Fault::Stall);
    let start = Instant::now();
    // More than the pipe takes.
    let large = Answer::ok(vec![b'x'; 1 << 20]);
    let receipt = held.take().pop().unwrap().answer_with_receipt(&large);
    let (error, _) = given_up(&bench.client).await;
    assert_eq!(stage(&error), (Stage::Write, 10 * SECOND));
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert!(!receipt.await, "it was of no use any more");
    assert_eq!(bench.client.handle.counters().answers_lost, 1);
}

/// A client on a slow uplink, and an answer of 96 KiB that it begins to write.
async fn writing(portion: usize, every: Duration, ping_interval: i64) -> (Bench, feishu_transport::Receipt) {
    let held = Arc::new(Held::default());
    let settings = Settings::default().ping_interval(ping_interval);
    let (bench, roads) = Bench::on_roads(|g| g.settings(settings), |c| c, held.clone()).await;
    // Of the two dials the first is for the endpoint call.
    roads.next([Road::Open, Road::Slow(portion, every)]);
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    let answer = Answer::ok(vec![b'x'; 72 << 10]);
    let receipt = held.take().pop().unwrap().answer_with_receipt(&answer);
    (bench, receipt)
}

#[tokio::test(start_paused = true)]
async fn a_write_that_moves_may_take_minutes() {
    // The bytes that go at once, how often, and the interval of the pings: the shortest makes a silence of 7 s too long.
    for (portion, every, pings, least) in [
        (1 << 10, SECOND, 120, 90),
        (8 << 10, 9 * SECOND, 120, 90),
        (1 << 10, 5 * SECOND, 120, 400),
        (1 << 10, 5 * SECOND, 1, 400),
    ] {
        let start = Instant::now();
        let (bench, receipt) = writing(portion, every, pings).await;
        assert!(receipt.await, "{portion} bytes each {every:?}: written");
        assert!(start.elapsed() >= least * SECOND, "{portion} bytes each {every:?}: {:?}", start.elapsed());
        assert_eq!(bench.client.handle.counters().connections, 1, "{portion} bytes each {every:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_waited_for_a_slow_write_leaves_right_behind_it() {
    let (bench, receipt) = writing(8 << 10, 2 * SECOND, 120).await;
    sleep(9 * SECOND).await;
    let before = pings(&bench.gateway).len();
    bench.client.handle.network_changed();
    assert!(receipt.await);
    sleep(SECOND).await;
    assert_eq!(pings(&bench.gateway).len(), before + 1);
    assert_eq!(bench.client.handle.counters().connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_moves_too_seldom_is_a_lost_connection() {
    let start = Instant::now();
    let (bench, receipt) = writing(8 << 10, 11 * SECOND, 120).await;
    let (error, _) = given_up(&bench.client).await;
    assert_eq!(stage(&error), (Stage::Write, 10 * SECOND));
    assert!(start.elapsed() < 23 * SECOND, "{:?}", start.elapsed());
    assert!(!receipt.await);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_is_noticed_in_the_bound_of_its_settings() {
    // The ping interval, and after which silence the connection is given up: 15 s and the deadline of the WebSocket
    // probe, or twice the interval and 5 s, whichever is first; or the deadline of a ping.
    for (interval, bound) in [(120, 35), (600, 35), (10, 25), (5, 15), (1, 7)] {
        let settings = Settings::default().ping_interval(interval);
        let bench = Bench::with(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
        bench.client.handle.ready().await.unwrap();
        sleep(40 * SECOND).await;
        bench.gateway.fault(Fault::Stall);
        let start = Instant::now();
        let (error, _) = given_up(&bench.client).await;
        assert!(matches!(error.kind(), ErrorKind::Lost { .. }), "{error}");
        // Up to one probe has been answered just before.
        let after = start.elapsed();
        assert!(after <= bound * SECOND, "interval {interval}: noticed after {after:?}");
        bench.gateway.heal();
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_replaced_without_help() {
    let bench = Bench::connected().await;
    sleep(90 * SECOND).await;
    bench.gateway.fault(Fault::Stall);
    // Silence and probe, then a random part of the nonce.
    let after = bench.reconnected().await;
    assert!(after <= 35 * SECOND + 30 * SECOND, "{after:?}");
    bench.gateway.connected(1).await;
    let newest = bench.gateway.connections().last().unwrap().id();
    let click = feishu_gateway::Outgoing::from(Click::button("b")).to(newest);
    assert_eq!(bench.gateway.push(click).await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_of_late_frames_cause_no_reconnect() {
    for seed in 0..5 {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        let roads = support::Roads::new(&gateway);
        roads.become_all(Road::Lossy(seed));
        let client = Client::start(builder(&gateway).dial(roads.clone()), answering(Answer::empty()));
        client.handle.ready().await.unwrap();
        gateway.connected(1).await;
        for _ in 0..600 {
            drop(gateway.send(Click::button("b")).await.unwrap());
            sleep(SECOND).await;
        }
        sleep(15 * SECOND).await;
        let counters = client.handle.counters();
        assert_eq!(counters.connections, 1, "seed {seed}");
        assert_eq!((counters.delivered, counters.answers_written), (600, 600), "seed {seed}");
        assert!(counters.is_consistent());
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_lossy_link_is_kept() {
    for seed in 0..10 {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        let roads = support::Roads::new(&gateway);
        roads.become_all(Road::Lossy(seed));
        let client = Client::start(builder(&gateway).dial(roads.clone()), answering(Answer::empty()));
        client.handle.ready().await.unwrap();
        sleep(600 * SECOND).await;
        assert_eq!(client.handle.counters().connections, 1, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_causes_no_reconnect_and_a_ping_each_interval() {
    let bench = Bench::connected().await;
    sleep(3_601 * SECOND).await;
    let counters = bench.client.handle.counters();
    assert_eq!((counters.connections, counters.attempts), (1, 1));
    assert_eq!((counters.pings_sent, counters.pongs), (31, 31));
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn pongs_alone_that_fail_to_come_do_not_end_a_connection_that_lives() {
    let bench = Bench::connected().await;
    bench.gateway.fault(Fault::NoPongs);
    sleep(1_800 * SECOND).await;
    assert_eq!(bench.client.handle.counters().connections, 1, "WebSocket pongs are signs of life too");
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn late_pongs_within_the_deadline_are_good_enough() {
    let bench = Bench::connected().await;
    bench.gateway.fault(Fault::PongDelay(19 * SECOND));
    sleep(3_600 * SECOND).await;
    assert_eq!(bench.client.handle.counters().connections, 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_ping_leaves_at_once_after_each_connect() {
    let bench = Bench::connected().await;
    for _ in 0..3 {
        sleep(60 * SECOND).await;
        bench.gateway.fault(Fault::Cut);
        bench.reconnected().await;
        bench.gateway.connected(1).await;
    }
    sleep(SECOND).await;
    let log = bench.gateway.log();
    let connects: Vec<_> = log.iter().filter(|entry| matches!(entry.seen, Seen::Connected)).collect();
    assert_eq!(connects.len(), 4);
    for connect in connects {
        let first = log
            .iter()
            .find(|entry| entry.connection == connect.connection && matches!(entry.seen, Seen::Ping(_)));
        assert_eq!(first.unwrap().at, connect.at);
    }
}

#[tokio::test(start_paused = true)]
async fn pings_come_at_the_interval_of_the_endpoint_and_then_of_the_pongs() {
    let settings = Settings::default().ping_interval(30);
    let bench = Bench::with(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
    sleep(100 * SECOND).await;
    assert_eq!(pings(&bench.gateway), [0, 30, 60, 90].map(|second| second * SECOND));
    bench.gateway.set_settings(Settings::default().ping_interval(7));
    sleep(50 * SECOND).await;
    assert_eq!(pings(&bench.gateway), [0, 30, 60, 90, 120, 127, 134, 141, 148].map(|second| second * SECOND));
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn hostile_settings_cause_neither_a_ping_storm_nor_a_deaf_client() {
    let values = [
        json!(0),
        json!(-1),
        json!(-120),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(0.000_1),
        json!("0"),
        json!("-1"),
        json!("often"),
        json!(null),
        json!([1]),
        json!({}),
        json!(true),
    ];
    for value in values {
        let mut hostile = Settings::default();
        for field in ["PingInterval", "ReconnectInterval", "ReconnectNonce", "ReconnectCount"] {
            hostile = hostile.with(field, value.clone());
        }
        let bench = Bench::with(|g| g.settings(hostile), |c| c, answering(Answer::empty())).await;
        bench.client.handle.ready().await.unwrap();
        sleep(1_201 * SECOND).await;
        let counters = bench.client.handle.counters();
        assert_eq!(counters.connections, 1, "{value}");
        assert!((3..=11).contains(&counters.pings_sent), "{value}: {} pings", counters.pings_sent);
        assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_settings_cause_neither_a_spin_nor_a_dead_reconnect() {
    for value in [json!(0), json!(-1), json!(i64::MAX), json!("x"), json!(null)] {
        let mut hostile = Settings::default();
        for field in ["ReconnectInterval", "ReconnectNonce", "ReconnectCount"] {
            hostile = hostile.with(field, value.clone());
        }
        let bench = Bench::with(|g| g.settings(hostile), |c| c, answering(Answer::empty())).await;
        bench.client.handle.ready().await.unwrap();
        sleep(60 * SECOND).await;
        bench.gateway.fault(Fault::EndpointRefuses(feishu_gateway::Refusal::code(1)));
        bench.gateway.fault(Fault::Cut);
        sleep(2 * 3_600 * SECOND).await;
        let attempts = bench.client.handle.counters().attempts - 1;
        assert!((2..=61).contains(&attempts), "{value}: {attempts} attempts in two hours");
        bench.gateway.heal();
        assert!(bench.reconnected().await <= (3_600 + 300) * SECOND, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_settings_in_pongs_are_counted_and_change_nothing() {
    for payload in ["", "{", "[]", "null", "\"\"", "\u{1}\u{2}", "{\"PingInterval\":{}}"] {
        let bench = Bench::connected().await;
        bench.gateway.fault(Fault::PongPayload(payload.into()));
        sleep(1_201 * SECOND).await;
        let counters = bench.client.handle.counters();
        assert_eq!(counters.pings_sent, 11, "{payload:?}");
        assert_eq!(counters.connections, 1, "{payload:?}");
        assert_eq!(
            counters.bad_settings > 0,
            matches!(payload, "{" | "[]" | "\"\"" | "\u{1}\u{2}"),
            "{payload:?}"
        );
    }
}
