//! After an outage: how soon, how often, and when not at all.

mod support;

use std::time::Duration;

use feishu_gateway::{Click, Fault, FindingKind, Gateway, HandshakeRefusal, Refusal, Seen, Settings};
use feishu_transport::{Answer, ErrorKind, Retries, State};
use support::{Bench, Client, Road, SECOND, answering, builder, sleep};

fn endpoint_calls(gateway: &Gateway) -> Vec<Duration> {
    let log = gateway.log();
    let calls = log.iter().filter(|entry| matches!(entry.seen, Seen::EndpointCall { .. }));
    calls.map(|entry| entry.at).collect()
}

fn pauses(moments: &[Duration]) -> Vec<Duration> {
    moments.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

fn seconds(pauses: &[Duration]) -> Vec<f64> {
    pauses.iter().map(Duration::as_secs_f64).collect()
}

async fn connected(settings: Settings) -> (Bench, support::Roads) {
    let (bench, roads) = Bench::on_roads(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    (bench, roads)
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_of_an_outage_is_spread_over_the_nonce() {
    let mut delays = Vec::new();
    for seed in 0..40 {
        let bench = Bench::with(|g| g, |c| c.seed(seed), answering(Answer::empty())).await;
        bench.gateway.connected(1).await;
        sleep(200 * SECOND).await;
        bench.gateway.fault(Fault::Cut);
        delays.push(bench.reconnected().await);
    }
    assert!(delays.iter().all(|delay| *delay < 30 * SECOND), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < 8 * SECOND), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay > 22 * SECOND), "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_nonce_a_lost_connection_is_back_at_once() {
    let (bench, _) = connected(Settings::default().reconnect_nonce(0)).await;
    sleep(60 * SECOND).await;
    bench.gateway.fault(Fault::Cut);
    assert_eq!(bench.reconnected().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_of_the_peer_is_answered_and_the_connection_replaced() {
    let (bench, _) = connected(Settings::default().reconnect_nonce(2)).await;
    sleep(60 * SECOND).await;
    bench.gateway.fault(Fault::Close(1001, "going away".into()));
    let waiting = bench.client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await;
    assert!(waiting.to_string().contains("1001") && waiting.to_string().contains("going away"), "{waiting}");
    assert!(bench.reconnected().await < 2 * SECOND);
    sleep(SECOND).await;
    let log = bench.gateway.log();
    assert!(log.iter().any(|entry| matches!(entry.seen, Seen::Closed { code: Some(1001), .. })), "{log:#?}");
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_interval_passes_and_at_most_the_nonce() {
    let settings = Settings::default().reconnect_interval(60).reconnect_nonce(10);
    let refused = [
        Fault::EndpointRefuses(Refusal::code(1)),
        Fault::EndpointStatus(503, "busy".into()),
        Fault::EndpointHtml,
        Fault::HandshakeRefused(HandshakeRefusal::plain(502)),
    ];
    for fault in refused {
        let (bench, _) = connected(settings.clone()).await;
        sleep(60 * SECOND).await;
        bench.gateway.clear_log();
        bench.gateway.fault(fault.clone());
        bench.gateway.fault(Fault::Cut);
        sleep(1_200 * SECOND).await;
        let pauses = pauses(&endpoint_calls(&bench.gateway));
        assert!(pauses.len() >= 15, "{fault:?}: {pauses:?}");
        assert!(
            pauses.iter().all(|pause| (60 * SECOND..=70 * SECOND).contains(pause)),
            "{fault:?}: {pauses:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_platform_is_tried_from_one_second_up_to_the_interval() {
    let (bench, roads) = connected(Settings::default().reconnect_nonce(0)).await;
    sleep(60 * SECOND).await;
    roads.become_all(Road::Refused);
    let before = roads.dials().len();
    bench.gateway.fault(Fault::Cut);
    sleep(900 * SECOND).await;
    let dials = roads.dials();
    let pauses: Vec<_> = dials[before..].windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, base) in pauses.iter().zip([1_u32, 2, 4, 8, 16, 32, 64, 120, 120]) {
        let (least, most) = (base * SECOND * 4 / 5, base * SECOND);
        assert!((least..=most).contains(pause), "{pauses:?}");
    }
    assert!(pauses.len() >= 11, "{pauses:?}");
    roads.become_all(Road::Open);
    assert!(bench.reconnected().await <= 120 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_network_costs_seconds() {
    for road in [Road::Refused, Road::Hangs] {
        let (bench, roads) = connected(Settings::default().reconnect_nonce(0)).await;
        sleep(60 * SECOND).await;
        roads.become_all(road);
        bench.gateway.fault(Fault::Cut);
        sleep(20 * SECOND).await;
        roads.become_all(Road::Open);
        let after = bench.reconnected().await;
        // A dial that hangs is left at its deadline, 30 s after it began.
        assert!(after <= 16 * SECOND, "{road:?}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_connect_is_tried_without_end() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let roads = support::Roads::new(&gateway);
    roads.become_all(Road::Refused);
    let client = Client::start(builder(&gateway).dial(roads.clone()), answering(Answer::empty()));
    sleep(24 * 3_600 * SECOND).await;
    assert!(!client.running.is_finished());
    let attempts = client.handle.counters().attempts;
    assert!((700..=1_000).contains(&attempts), "{attempts} attempts in a day");
    roads.become_all(Road::Open);
    client.handle.ready().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_accepts_and_closes_at_once_causes_no_spin() {
    let cut: fn(&Gateway) = |gateway| gateway.fault(Fault::HandshakeThenCut);
    // Frames that are longer than any may be end a connection as well.
    for nonce in [0, 30] {
        let gateway = Gateway::builder()
            .in_memory()
            .settings(Settings::default().reconnect_nonce(nonce))
            .start()
            .await
            .unwrap();
        cut(&gateway);
        let client = Client::start(builder(&gateway), answering(Answer::empty()));
        sleep(3_600 * SECOND).await;
        let attempts = client.handle.counters().attempts;
        assert!((100..=180).contains(&attempts), "{attempts} attempts in an hour");
        gateway.heal();
        client.state(State::is_connected).await;
        client.running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_number_of_attempts_is_honoured() {
    let settings = Settings::default().reconnect_count(3);
    let (bench, roads) = connected(settings).await;
    sleep(60 * SECOND).await;
    roads.become_all(Road::Refused);
    bench.gateway.fault(Fault::Cut);
    let handle = bench.client.handle.clone();
    let error = bench.client.ended().await.unwrap_err();
    let ErrorKind::Exhausted { attempts: 3, last } = error.kind() else { panic!("{error:?}") };
    assert!(matches!(last.kind(), ErrorKind::Unreachable { .. }));
    assert_eq!(handle.counters().attempts, 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_number_of_attempts_starts_anew_once_a_connection_was_up_for_a_while() {
    let (bench, roads) = connected(Settings::default().reconnect_count(3).reconnect_nonce(0)).await;
    for _ in 0..5 {
        sleep(60 * SECOND).await;
        roads.next([Road::Refused, Road::Refused]);
        bench.gateway.fault(Fault::Cut);
        bench.reconnected().await;
        bench.gateway.connected(1).await;
    }
    assert!(!bench.client.running.is_finished());
}

#[tokio::test(start_paused = true)]
async fn minus_one_and_nothing_mean_for_ever_and_zero_is_not_believed() {
    let settings = [
        Settings::default().reconnect_count(-1),
        Settings::default().reconnect_count(0),
        Settings::default().without("ReconnectCount"),
    ];
    for settings in settings {
        let (bench, roads) = connected(settings.clone()).await;
        roads.become_all(Road::Refused);
        bench.gateway.fault(Fault::Cut);
        sleep(6 * 3_600 * SECOND).await;
        assert!(!bench.client.running.is_finished(), "{settings:?}");
        roads.become_all(Road::Open);
        assert!(bench.reconnected().await <= 120 * SECOND, "{settings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_callers_number_of_attempts_comes_before_the_servers() {
    for (retries, ends) in [(Retries::AtMost(2), true), (Retries::Endless, false)] {
        let settings = Settings::default().reconnect_count(5);
        let (bench, roads) =
            Bench::on_roads(|g| g.settings(settings), |c| c.retries(retries), answering(Answer::empty()))
                .await;
        bench.client.handle.ready().await.unwrap();
        bench.gateway.connected(1).await;
        roads.become_all(Road::Refused);
        bench.gateway.fault(Fault::Cut);
        sleep(3_600 * SECOND).await;
        assert_eq!(bench.client.running.is_finished(), ends, "{retries:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_once_worked_are_retried_slowly_and_reported() {
    let (bench, _) = connected(Settings::default()).await;
    sleep(60 * SECOND).await;
    bench.gateway.clear_log();
    bench.gateway.fault(Fault::EndpointRefuses(Refusal::code(1_000_040_345)));
    bench.gateway.fault(Fault::Cut);
    sleep(2 * 3_600 * SECOND).await;
    assert!(!bench.client.running.is_finished());
    let State::Waiting { cause: Some(cause), .. } = bench.client.handle.state() else { panic!() };
    assert_eq!(cause.refusal().unwrap().code, 1_000_040_345);
    let calls = endpoint_calls(&bench.gateway);
    assert!((10..=30).contains(&calls.len()), "{:?}", seconds(&pauses(&calls)));
    bench.gateway.heal();
    assert!(bench.reconnected().await <= 600 * SECOND);
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn every_attempt_asks_for_a_url_of_its_own() {
    let (bench, _) = connected(Settings::default()).await;
    sleep(60 * SECOND).await;
    bench.gateway.fault_times(3, Fault::HandshakeRefused(HandshakeRefusal::status(514)));
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    assert_eq!(endpoint_calls(&bench.gateway).len(), 5);
    let tickets = bench.gateway.findings().into_iter().filter(|found| found.kind == FindingKind::Ticket);
    assert_eq!(tickets.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_frame_over_the_limit_ends_the_connection_and_names_the_limit() {
    let limits = feishu_transport::Limits::default().frame_bytes(4 << 10);
    let bench = Bench::with(|g| g, |c| c.limits(limits), answering(Answer::empty())).await;
    bench.gateway.connected(1).await;
    bench.gateway.send(Click::button("b").value("x".repeat(8 << 10))).await.unwrap();
    let waiting = bench.client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await;
    assert!(waiting.to_string().contains("Limits::frame_bytes"), "{waiting}");
}
