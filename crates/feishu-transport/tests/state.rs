//! What a client says of itself, at any moment.

mod support;

use std::sync::mpsc;
use std::time::Duration;

use feishu_gateway::{Click, Fault, Gateway, Refusal, Settings};
use feishu_transport::{Answer, ErrorKind, LifecycleEvent, State};
use support::{Bench, Client, Road, SECOND, answering, builder, sleep};
use tokio::time::{Instant, timeout};

fn name(state: &State) -> &'static str {
    match state {
        State::Connecting { .. } => "connecting",
        State::Connected(_) => "connected",
        State::Waiting { .. } => "waiting",
        State::Stopped { .. } => "stopped",
        _ => "unknown",
    }
}

#[tokio::test(start_paused = true)]
async fn states_follow_what_happens_to_the_connection() {
    let settings = Settings::default().reconnect_nonce(5);
    let (bench, roads) = Bench::on_roads(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
    let handle = bench.client.handle.clone();
    let mut states = handle.states();
    let seen = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(state) = states.next().await {
            seen.push(name(&state));
        }
        seen
    });
    bench.gateway.connected(1).await;
    sleep(60 * SECOND).await;
    roads.next([Road::Refused]);
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    sleep(60 * SECOND).await;
    bench.client.stop.stop(SECOND);
    bench.client.running.await.unwrap().unwrap();
    let mut seen = seen.await.unwrap();
    seen.dedup();
    let expected = [
        "waiting",
        "connecting",
        "connected",
        "waiting",
        "connecting",
        "waiting",
        "connecting",
        "connected",
        "stopped",
    ];
    // A state that lasts for no time may be skipped.
    let mut rest = expected.iter();
    assert!(seen.iter().all(|state| rest.any(|expected| expected == state)), "{seen:?}");
    assert_eq!(seen.last(), Some(&"stopped"));
    assert!(seen.iter().filter(|state| **state == "connected").count() == 2, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_client_says_why_and_until_when() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault(Fault::EndpointRefuses(Refusal::code(1)));
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    let State::Waiting { cause: Some(cause), next_try } =
        client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await
    else {
        panic!()
    };
    assert_eq!(cause.refusal().unwrap().code, 1);
    assert!((SECOND * 8 / 10..=SECOND).contains(&(next_try - Instant::now())));
    let attempts = client.handle.counters().attempts;
    tokio::time::sleep_until(next_try + SECOND / 100).await;
    assert_eq!(client.handle.counters().attempts, attempts + 1);
}

#[tokio::test(start_paused = true)]
async fn a_connected_client_names_its_connection_and_its_last_frames() {
    let bench = Bench::connected().await;
    let start = Instant::now();
    sleep(70 * SECOND).await;
    let State::Connected(connected) = bench.client.handle.state() else { panic!() };
    assert_eq!(connected.info.id, bench.gateway.connections()[0].device_id());
    assert_eq!((connected.info.generation, connected.since), (1, start));
    assert_eq!(connected.uptime(), 70 * SECOND);
    assert_eq!(connected.last_event(), None);
    assert!(connected.last_frame().unwrap() >= start + 59 * SECOND, "WebSocket pongs are frames");
    bench.gateway.click(Click::button("b")).await.unwrap();
    // The value that was read before the click is up to date.
    assert_eq!(connected.last_event(), Some(start + 70 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn ready_waits_for_the_first_connection_whatever_comes_before() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault_times(3, Fault::EndpointRefuses(Refusal::code(1)));
    let client = Client::start(builder(&gateway), answering(Answer::empty()));
    let start = Instant::now();
    client.handle.ready().await.unwrap();
    assert!((SECOND * 56 / 10..=7 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
    timeout(SECOND, client.handle.ready()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn ready_says_why_there_will_be_none() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault(Fault::EndpointRefuses(Refusal::code(403)));
    let refused = Client::start(builder(&gateway), answering(Answer::empty()));
    assert_eq!(refused.handle.ready().await.unwrap_err().refusal().unwrap().code, 403);

    let never_run = builder(&gateway).build().unwrap();
    let handle = never_run.handle();
    drop(never_run);
    let error = timeout(SECOND, handle.ready()).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Misuse(_)));
    assert!(handle.state().is_stopped());

    let (bench, roads) = Bench::on_roads(|g| g, |c| c, answering(Answer::empty())).await;
    roads.become_all(Road::Hangs);
    bench.client.running.abort();
    timeout(SECOND, bench.client.handle.ready()).await.unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn states_end_after_stopped() {
    let bench = Bench::connected().await;
    let mut states = bench.client.handle.states();
    assert!(states.next().await.unwrap().is_connected());
    bench.client.running.abort();
    let _ = bench.client.running.await;
    assert!(states.next().await.unwrap().is_stopped());
    assert!(timeout(SECOND, states.next()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn health_is_a_connection_on_which_something_arrived_lately() {
    let (bench, roads) = Bench::on_roads(|g| g, |c| c, answering(Answer::empty())).await;
    let handle = &bench.client.handle;
    assert!(!handle.is_healthy(240 * SECOND), "not yet connected");
    bench.gateway.connected(1).await;
    sleep(3_600 * SECOND).await;
    assert!(handle.is_healthy(16 * SECOND));
    bench.gateway.fault(Fault::Stall);
    sleep(20 * SECOND).await;
    assert!(!handle.is_healthy(16 * SECOND) && handle.is_healthy(60 * SECOND));
    roads.become_all(Road::Refused);
    sleep(60 * SECOND).await;
    assert!(!handle.is_healthy(3_600 * SECOND), "not connected any more");
}

/// Events in the order in which they were reported; complete once the client and its handles are gone.
fn observed(events: mpsc::Receiver<LifecycleEvent>) -> Vec<LifecycleEvent> {
    events.into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn lifecycle_events_tell_the_whole_story() {
    let (sender, events) = mpsc::channel();
    let observer = move |event| sender.send(event).unwrap();
    let settings = Settings::default().reconnect_nonce(5);
    let (bench, roads) =
        Bench::on_roads(|g| g.settings(settings), |c| c.observe(observer), answering(Answer::empty())).await;
    bench.gateway.connected(1).await;
    sleep(60 * SECOND).await;
    bench.client.handle.rotate();
    sleep(60 * SECOND).await;
    roads.next([Road::Refused]);
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    sleep(60 * SECOND).await;
    bench.client.handle.network_changed();
    bench.client.stop.stop(SECOND);
    bench.client.running.await.unwrap().unwrap();
    drop((bench.client.handle, bench.gateway));

    let mut events = observed(events).into_iter();
    let mut next = || events.next().unwrap();
    assert!(matches!(next(), LifecycleEvent::Connecting { attempt: 1 }));
    assert!(matches!(next(), LifecycleEvent::Settings(settings) if settings.reconnect_nonce == 5 * SECOND));
    assert!(matches!(next(), LifecycleEvent::Connected { info, gap: None } if info.generation == 1));
    assert!(matches!(next(), LifecycleEvent::Connected { info, gap: None } if info.generation == 2));
    let LifecycleEvent::Disconnected { info, cause: None, uptime } = next() else { panic!("rotation") };
    assert_eq!((info.generation, uptime), (1, 60 * SECOND));
    let LifecycleEvent::Disconnected { info, cause: Some(_), .. } = next() else { panic!("loss") };
    assert_eq!(info.generation, 2);
    assert!(matches!(next(), LifecycleEvent::Connecting { attempt: 1 }));
    let LifecycleEvent::AttemptFailed { error, retry_in } = next() else { panic!("failure") };
    assert!(matches!(error.kind(), ErrorKind::Unreachable { .. }) && retry_in <= SECOND);
    assert!(matches!(next(), LifecycleEvent::Connecting { attempt: 2 }));
    let LifecycleEvent::Connected { gap: Some(gap), .. } = next() else { panic!("connected") };
    assert!(gap >= retry_in && gap <= 7 * SECOND, "{gap:?}");
    assert!(matches!(next(), LifecycleEvent::Woken));
    assert!(matches!(next(), LifecycleEvent::Disconnected { cause: None, .. }));
    assert!(matches!(next(), LifecycleEvent::Stopped { reason: None }));
    assert!(events.next().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_blocks_stops_nothing_and_what_it_misses_is_counted() {
    let (release, blocked) = mpsc::channel::<()>();
    let observer = move |_: LifecycleEvent| {
        let _ = blocked.recv();
    };
    let bench = Bench::with(|g| g, |c| c.observe(observer), answering(Answer::empty())).await;
    bench.gateway.connected(1).await;
    for _ in 0..3_000 {
        bench.client.handle.network_changed();
    }
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    sleep(3_600 * SECOND).await;
    let counters = bench.client.handle.counters();
    assert!(counters.events_missed >= 3_000 - 1_100, "{} missed", counters.events_missed);
    assert_eq!(counters.connections, 1);
    bench.client.stop.stop(Duration::ZERO);
    bench.client.running.await.unwrap().unwrap();
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_stops_nothing() {
    let observer = |_: LifecycleEvent| panic!("a bad observer");
    let bench = Bench::with(|g| g, |c| c.observe(observer), answering(Answer::empty())).await;
    bench.gateway.connected(1).await;
    sleep(60 * SECOND).await;
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn states_read_as_one_line_for_a_person() {
    let bench = Bench::connected().await;
    sleep(SECOND).await;
    assert_eq!(bench.client.handle.state().to_string(), "connected for 1s (connection 1)");
    bench.gateway.fault(Fault::EndpointRefuses(Refusal::code(1_000_040_350)));
    bench.gateway.fault(Fault::Cut);
    sleep(60 * SECOND).await;
    let text = bench.client.handle.state().to_string();
    assert!(text.starts_with("waiting ") && text.contains("1000040350") && !text.contains('\n'), "{text}");
}

#[tokio::test(start_paused = true)]
async fn counters_can_be_exported_by_name() {
    let bench = Bench::connected().await;
    bench.gateway.click(Click::button("b")).await.unwrap();
    let counters = bench.client.handle.counters();
    let named: Vec<_> = counters.iter().filter(|(_, value)| *value > 0).map(|(name, _)| name).collect();
    for name in ["received", "frames_delivered", "delivered", "answers_written", "attempts", "connections"] {
        assert!(named.contains(&name), "{name} is missing in {named:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn clock_ahead_is_known_once_a_connection_was_requested() {
    let bench = Bench::new().await;
    assert_eq!(bench.client.handle.clock_ahead(), None);
    bench.client.handle.ready().await.unwrap();
    let ahead = bench.client.handle.clock_ahead().unwrap();
    assert!((-2..=2).contains(&ahead), "{ahead}");
}

#[tokio::test(start_paused = true)]
async fn clock_ahead_tells_a_host_that_is_twenty_minutes_ahead() {
    for offset in [-1_200, 1_200] {
        let inbox = answering(Answer::empty());
        let bench = Bench::with(|gateway| gateway.clock_offset(offset), |client| client, inbox).await;
        bench.client.handle.ready().await.unwrap();
        let ahead = bench.client.handle.clock_ahead().unwrap();
        assert!((ahead + offset).abs() <= 2, "{ahead}");
    }
}
