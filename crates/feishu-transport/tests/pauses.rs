//! The pauses between attempts: at the first start, with a peer that keeps cutting, and after a passing refusal.

mod support;

use std::time::Duration;

use feishu_gateway::{Fault, Gateway, HandshakeRefusal, Refusal, Seen, Settings};
use feishu_kit::CapturedLog;
use feishu_transport::{Answer, CONNECTION_LIMIT};
use support::{Bench, Client, Roads, SECOND, answering, builder, sleep};

fn endpoint_calls(gateway: &Gateway) -> Vec<Duration> {
    let log = gateway.log();
    let calls = log.iter().filter(|entry| matches!(entry.seen, Seen::EndpointCall { .. }));
    calls.map(|entry| entry.at).collect()
}

fn pauses(gateway: &Gateway) -> Vec<f64> {
    let calls = endpoint_calls(gateway);
    calls.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_secs_f64()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_start_is_retried_after_one_second_then_two_up_to_the_default_interval() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let faults = [
        (Fault::EndpointStatus(500, "oops".into()), Duration::ZERO),
        (Fault::EndpointStatus(429, "slow down".into()), Duration::ZERO),
        (Fault::EndpointRefuses(Refusal::code(1)), Duration::ZERO),
        (Fault::EndpointHtml, Duration::ZERO),
        (Fault::EndpointHangs, 10 * SECOND),
    ];
    for (fault, each) in faults {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        gateway.fault(fault.clone());
        let roads = Roads::new(&gateway);
        let client = Client::start(builder(&gateway).dial(roads.clone()), answering(Answer::empty()));
        sleep(900 * SECOND).await;
        let dials = roads.dials();
        let pauses: Vec<_> =
            dials.windows(2).map(|pair| (pair[1] - pair[0]).saturating_sub(each).as_secs_f64()).collect();
        for (pause, base) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0, 120.0]) {
            assert!((base * 0.79..=base * 1.01).contains(pause), "{fault:?}: {pauses:?}");
        }
        assert!(pauses.len() >= 9, "{fault:?}: {pauses:?}");
        let said = log.take();
        let lines: Vec<_> =
            said.lines().filter(|line| line.contains("cannot connect; trying again in")).collect();
        assert!(lines.len() >= 10, "{fault:?}: {said}");
        assert!(lines.iter().all(|line| line.contains("error=")), "{lines:?}");
        gateway.heal();
        client.handle.ready().await.unwrap();
        client.running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn the_interval_is_kept_once_the_platform_has_said_it() {
    let gateway = Gateway::builder()
        .in_memory()
        .settings(Settings::default().reconnect_interval(60))
        .start()
        .await
        .unwrap();
    gateway.fault(Fault::HandshakeRefused(HandshakeRefusal::plain(502)));
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    sleep(900 * SECOND).await;
    let pauses = pauses(&gateway);
    assert!(pauses.iter().all(|pause| (60.0..=90.1).contains(pause)), "{pauses:?}");
    client.running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_middlebox_that_ends_every_connection_after_25_seconds_leaves_the_bot_connected() {
    let bench = Bench::connected().await;
    let handle = &bench.client.handle;
    let (mut heard, cycles) = (Duration::ZERO, 60_u32);
    let start = tokio::time::Instant::now();
    for _ in 0..cycles {
        sleep(25 * SECOND).await;
        heard += 25 * SECOND;
        bench.gateway.fault(Fault::Cut);
        assert!(bench.reconnected().await <= 6 * SECOND, "{}", handle.state());
        bench.gateway.connected(1).await;
    }
    let share = heard.as_secs_f64() / start.elapsed().as_secs_f64();
    assert!(share >= 0.8, "connected for {share:.2} of the time");
}

#[tokio::test(start_paused = true)]
async fn one_passing_refusal_costs_seconds() {
    let passing = [
        Fault::EndpointRefuses(Refusal::code(CONNECTION_LIMIT)),
        Fault::EndpointRefuses(Refusal::code(403)),
        Fault::EndpointRefuses(Refusal::code(1_000_040_345)),
        Fault::HandshakeRefused(HandshakeRefusal::plain(403)),
        Fault::HandshakeRefused(HandshakeRefusal::connection_limit()),
    ];
    for fault in passing {
        let settings = Settings::default().reconnect_nonce(0);
        let bench = Bench::with(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
        bench.gateway.connected(1).await;
        sleep(60 * SECOND).await;
        bench.gateway.fault_times(1, fault.clone());
        bench.gateway.fault(Fault::Cut);
        let after = bench.reconnected().await;
        assert!(after <= 3 * SECOND, "{fault:?}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_limit_of_a_rolling_deployment_is_over_soon_after_the_old_process_leaves() {
    let gateway = Gateway::builder().in_memory().max_connections(1).start().await.unwrap();
    let old = Client::start(builder(&gateway), answering(Answer::empty()));
    gateway.connected(1).await;
    let new = Client::start(builder(&gateway), answering(Answer::empty()));
    sleep(10 * SECOND).await;
    old.stop.stop(SECOND);
    old.ended().await.unwrap();
    let left = tokio::time::Instant::now();
    new.handle.ready().await.unwrap();
    assert!(left.elapsed() <= 15 * SECOND, "{:?}", left.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_stays_is_asked_about_seldom() {
    let bench = Bench::connected().await;
    sleep(60 * SECOND).await;
    bench.gateway.clear_log();
    bench.gateway.fault(Fault::EndpointRefuses(Refusal::code(403)));
    bench.gateway.fault(Fault::Cut);
    sleep(3_600 * SECOND).await;
    let calls = endpoint_calls(&bench.gateway).len();
    assert!((6..=14).contains(&calls), "{calls} calls in an hour");
}
