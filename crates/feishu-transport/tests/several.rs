//! Several connections of one client, several clients of one process, and connections that are replaced.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::{Click, Fault, FindingKind, Gateway, Outgoing, Refusal, Settings};
use feishu_transport::{
    Answer, AppSecret, Domain, ErrorKind, LongConnection, LongConnectionBuilder, OnConnectionLimit,
    RefusalClass, Retries, State,
};
use support::{Bench, Client, GatewayDial, Held, Road, SECOND, answering, builder, sleep};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn one_to_fifty_connections_are_held_and_each_answers() {
    for count in [1, 2, 7, 50] {
        let bench = Bench::with(|g| g, |c| c.connections(count), answering(Answer::empty())).await;
        bench.gateway.connected(usize::from(count)).await;
        assert_eq!(
            bench.client.handle.connections().iter().filter(|state| state.is_connected()).count(),
            usize::from(count)
        );
        for connection in bench.gateway.connections() {
            let push = Outgoing::from(Click::button("b")).to(connection.id());
            assert_eq!(bench.gateway.push(push).await.unwrap().connection(), connection.id());
        }
        sleep(600 * SECOND).await;
        assert_eq!(bench.client.handle.counters().connections, u64::from(count));
        bench.assert_clean();
        bench.client.stop.stop(SECOND);
        bench.client.running.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_for_room() {
    let gateway = Gateway::builder().in_memory().max_connections(2).start().await.unwrap();
    let first = Client::start(builder(&gateway).connections(2), answering(Answer::empty()));
    gateway.connected(2).await;
    let second = Client::start(builder(&gateway), answering(Answer::empty()));
    let waiting = second.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await;
    assert!(waiting.to_string().contains("number of connections"), "{waiting}");
    sleep(3_600 * SECOND).await;
    assert!(second.handle.counters().attempts < 20, "{}", second.handle.counters().attempts);
    assert_eq!(first.handle.counters().connections, 2);
    first.stop.stop(SECOND);
    first.ended().await.unwrap();
    second.handle.ready().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_click_at_every_moment_of_a_rotation_is_answered_once() {
    let delayed = Fault::HandshakeDelay(SECOND / 50);
    let bench = Bench::connected().await;
    bench.gateway.fault(delayed);
    let mut sent = Vec::new();
    for millisecond in 0..200 {
        if millisecond % 50 == 10 {
            bench.client.handle.rotate();
        }
        sent.push(bench.gateway.send(Click::button("b")).await.unwrap());
        sleep(Duration::from_millis(1)).await;
    }
    for sent in sent {
        assert_eq!(sent.answer().await.unwrap().code(), 200);
    }
    sleep(5 * SECOND).await;
    let counters = bench.client.handle.counters();
    assert_eq!((counters.delivered, counters.answers_written, counters.answers_lost), (200, 200, 0));
    assert_eq!(counters.connections, 5);
    assert_eq!(bench.gateway.connections().len(), 1);
    let errors = bench.gateway.findings();
    assert!(errors.iter().all(|found| found.kind == FindingKind::AnsweredElsewhere), "{errors:#?}");
    assert!(counters.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn a_replaced_connection_still_delivers_its_running_answers() {
    let held = Arc::new(Held::default());
    let bench = Bench::with(|g| g, |c| c, held.clone()).await;
    bench.gateway.connected(1).await;
    let old = bench.gateway.connections()[0].id();
    let sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.client.handle.rotate();
    bench.gateway.connected(2).await;
    sleep(2 * SECOND).await;
    held.take().pop().unwrap().answer(&Answer::empty());
    assert_eq!(sent.answer().await.unwrap().connection(), old);
    sleep(SECOND).await;
    assert_eq!(bench.gateway.connections().len(), 1);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn connections_are_replaced_when_they_reach_their_age() {
    let bench = Bench::with(|g| g, |c| c.max_age(300 * SECOND), answering(Answer::empty())).await;
    bench.client.handle.ready().await.unwrap();
    let mut gap = false;
    for _ in 0..3_605 {
        sleep(SECOND).await;
        gap |= !bench.client.handle.state().is_connected();
    }
    assert!(!gap, "there was a moment without a connection");
    assert_eq!(bench.client.handle.counters().connections, 1 + 12);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_connection_stays_when_its_replacement_cannot_be_opened() {
    let settings = Settings::default().reconnect_interval(10).reconnect_nonce(0);
    let bench = Bench::with(|g| g.settings(settings), |c| c, answering(Answer::empty())).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    bench.gateway.fault_times(2, Fault::EndpointRefuses(Refusal::code(1)));
    bench.client.handle.rotate();
    sleep(15 * SECOND).await;
    assert_eq!(bench.client.handle.counters().connections, 1);
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    sleep(10 * SECOND).await;
    assert_eq!(bench.client.handle.counters().connections, 2, "tried again after the interval");
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_while_its_replacement_hangs_is_seen_as_lost() {
    let (bench, roads) = Bench::on_roads(
        |g| g.settings(Settings::default().reconnect_nonce(0)),
        |c| c,
        answering(Answer::empty()),
    )
    .await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    sleep(60 * SECOND).await;
    roads.next([Road::Hangs]);
    bench.client.handle.rotate();
    sleep(SECOND).await;
    let start = Instant::now();
    bench.gateway.fault(Fault::Cut);
    sleep(SECOND).await;
    assert!(
        matches!(bench.client.handle.state(), State::Connecting { .. }),
        "{}",
        bench.client.handle.state()
    );
    bench.client.handle.ready().await.unwrap();
    assert!(start.elapsed() <= 30 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn generations_never_repeat() {
    let bench = Bench::with(|g| g, |c| c.connections(3), answering(Answer::empty())).await;
    bench.gateway.connected(3).await;
    let mut seen = BTreeSet::new();
    for _ in 0..4 {
        for state in bench.client.handle.connections() {
            let State::Connected(connected) = state else { panic!("{state}") };
            assert!(seen.insert(connected.info.generation));
        }
        bench.client.handle.rotate();
        sleep(5 * SECOND).await;
    }
    assert_eq!(seen.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn fifty_clients_of_five_apps_share_nothing_but_the_runtime() {
    let mut gateway = Gateway::builder().in_memory();
    for app in 0..5 {
        gateway = gateway.app(&format!("cli_{app}"), &format!("secret-{app}"));
    }
    let gateway = gateway.start().await.unwrap();
    let clients: Vec<_> = (0..50)
        .map(|number| {
            let app = number % 5;
            let id = format!("cli_{app}");
            let connection = LongConnection::builder(id, AppSecret::new(format!("secret-{app}")))
                .domain(Domain::url("http://127.0.0.1:1").unwrap())
                .dial(GatewayDial(gateway.clone()))
                .seed(number);
            Client::start(connection, answering(Answer::ok(format!("{{\"app\":{app}}}"))))
        })
        .collect();
    gateway.connected(50).await;
    let (stopped, rest): (Vec<_>, Vec<_>) =
        clients.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (_, client) in &stopped {
        client.stop.stop(SECOND);
    }
    for (_, client) in stopped {
        client.ended().await.unwrap();
    }
    sleep(SECOND).await;
    assert_eq!(gateway.connections().len(), 25);
    for app in 0..5 {
        for _ in 0..20 {
            let click = Outgoing::from(Click::button("b")).app(&format!("cli_{app}"));
            let answer = gateway.push(click).await.unwrap();
            assert_eq!(answer.data().unwrap(), feishu_gateway::json!({"app": app}));
        }
    }
    let answered: u64 = rest.iter().map(|(_, client)| client.handle.counters().answers_written).sum();
    assert_eq!(answered, 100);
    assert!(rest.iter().all(|(_, client)| client.handle.counters().is_consistent()));
    let findings = gateway.findings();
    assert!(findings.iter().all(|found| found.kind == FindingKind::AnswerData), "{findings:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_for_good_leaves_the_others_as_they_are() {
    let ends: [fn(LongConnectionBuilder) -> LongConnectionBuilder; 2] = [
        |client| client.on_connection_limit(OnConnectionLimit::Fail),
        |client| client.retries(Retries::AtMost(2)),
    ];
    for end in ends {
        let bench =
            Bench::with(|g| g.max_connections(1), |c| end(c.connections(2)), answering(Answer::empty()))
                .await;
        bench.gateway.connected(1).await;
        sleep(600 * SECOND).await;
        let states = bench.client.handle.connections();
        assert!(states[0].is_connected(), "{states:?}");
        let State::Stopped { reason: Some(reason) } = &states[1] else { panic!("{states:?}") };
        assert_eq!(reason.refusal().unwrap().class, RefusalClass::ConnectionLimit);
        assert!(bench.client.handle.state().is_connected() && !bench.client.running.is_finished());
        assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
        bench.gateway.fault(Fault::Cut);
        bench.reconnected().await;
        bench.client.stop.stop(SECOND);
        let handle = bench.client.handle.clone();
        bench.client.ended().await.unwrap();
        assert!(handle.state().is_stopped());
        assert!(matches!(handle.connections()[1], State::Stopped { reason: Some(_) }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_ends_with_all_reasons_when_no_connection_is_left() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault_times(1, Fault::EndpointRefuses(Refusal::code(403)));
    gateway.fault_times(2, Fault::EndpointRefuses(Refusal::code(1_000_040_351)));
    let client = Client::start(builder(&gateway).connections(3), answering(Answer::empty()));
    let handle = client.handle.clone();
    let error = client.ended().await.unwrap_err();
    let ErrorKind::AllEnded { reasons } = error.kind() else { panic!("{error}") };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.refusal().unwrap().code).collect();
    assert_eq!(codes, [403, 1_000_040_351]);
    assert!(error.is_fatal() && error.refusal().is_some());
    assert!(error.to_string().contains("403") && error.to_string().contains("1000040351"), "{error}");
    assert!(matches!(handle.state(), State::Stopped { reason: Some(reason) } if reason == error));

    gateway.fault(Fault::EndpointRefuses(Refusal::code(1_000_040_345)));
    let error = Client::start(builder(&gateway).connections(3), answering(Answer::empty()))
        .ended()
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Refused(_)), "the same reason is said once: {error}");
}
