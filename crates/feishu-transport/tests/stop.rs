//! Stopping: in order, in time, and with nothing left behind.

mod support;

use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::{Click, Fault, Gateway, Refusal, Seen};
use feishu_transport::{Answer, Shutdown, State};
use support::{Bench, Client, Held, Road, SECOND, answering, builder, sleep};
use tokio::time::{Instant, timeout};

async fn holding() -> (Bench, Arc<Held>) {
    let held = Arc::new(Held::default());
    let bench = Bench::with(|g| g, |c| c, held.clone()).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    (bench, held)
}

fn goodbyes(gateway: &Gateway) -> usize {
    gateway.log().iter().filter(|entry| matches!(entry.seen, Seen::Closed { code: Some(1000), .. })).count()
}

#[tokio::test(start_paused = true)]
async fn running_handlers_finish_their_answers_leave_and_then_a_close_frame() {
    let (bench, held) = holding().await;
    let sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.client.stop.stop(10 * SECOND);
    sleep(2 * SECOND).await;
    assert!(!bench.client.running.is_finished());
    held.take().pop().unwrap().answer(&Answer::empty());
    let start = Instant::now();
    bench.client.running.await.unwrap().unwrap();
    assert!(start.elapsed() < SECOND, "the grace is not waited out: {:?}", start.elapsed());
    assert_eq!(sent.answer().await.unwrap().code(), 200);
    assert_eq!(goodbyes(&bench.gateway), 1);
    assert!(bench.gateway.findings().is_empty(), "{:?}", bench.gateway.findings());
    assert!(matches!(bench.client.handle.state(), State::Stopped { reason: None }));
}

#[tokio::test(start_paused = true)]
async fn messages_that_come_after_the_stop_are_handed_over_until_nothing_waits_for_an_answer() {
    let (bench, held) = holding().await;
    let first = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.client.stop.stop(10 * SECOND);
    sleep(SECOND).await;
    let second = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(2).await;
    let mut deliveries = held.take();
    deliveries.remove(0).answer(&Answer::empty());
    assert_eq!(first.answer().await.unwrap().code(), 200);
    sleep(SECOND).await;
    assert!(!bench.client.running.is_finished(), "the second click waits");
    deliveries.remove(0).answer(&Answer::empty());
    assert_eq!(second.answer().await.unwrap().code(), 200);
    let closing = Instant::now();
    bench.client.running.await.unwrap().unwrap();
    assert!(closing.elapsed() < SECOND, "{:?}", closing.elapsed());
    let counters = bench.client.handle.counters();
    assert_eq!((counters.delivered, counters.refused_while_stopping, counters.answers_written), (2, 0, 2));
    assert!(counters.is_consistent());
}

#[tokio::test(start_paused = true)]
async fn each_connection_closes_as_soon_as_nothing_on_it_waits_for_an_answer() {
    let held = Arc::new(Held::default());
    let bench = Bench::with(|g| g, |c| c.connections(2), held.clone()).await;
    bench.gateway.connected(2).await;
    let busy = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.client.stop.stop(10 * SECOND);
    sleep(SECOND / 10).await;
    let open: Vec<_> = bench.gateway.connections().iter().map(feishu_gateway::Connection::id).collect();
    assert_eq!(open, [busy.connection()]);
    held.take().pop().unwrap().answer(&Answer::empty());
    assert_eq!(busy.answer().await.unwrap().code(), 200);
    bench.client.running.await.unwrap().unwrap();
    assert_eq!(goodbyes(&bench.gateway), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlives_the_grace_is_left_and_its_author_told() {
    for grace in [Duration::ZERO, SECOND, 5 * SECOND] {
        let (bench, held) = holding().await;
        let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
        held.held(1).await;
        let start = Instant::now();
        bench.client.stop.stop(grace);
        bench.client.running.await.unwrap().unwrap();
        assert!(start.elapsed() <= grace + SECOND / 2, "{grace:?}: {:?}", start.elapsed());
        assert_eq!(goodbyes(&bench.gateway), 1);
        let receipt = held.take().pop().unwrap().answer_with_receipt(&Answer::empty());
        assert!(!timeout(SECOND, receipt).await.unwrap());
        assert_eq!(bench.client.handle.counters().answers_lost, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_request_can_only_shorten_the_grace() {
    let (bench, held) = holding().await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    let start = Instant::now();
    bench.client.stop.stop(60 * SECOND);
    sleep(SECOND).await;
    bench.client.stop.stop(600 * SECOND);
    sleep(SECOND).await;
    assert!(!bench.client.running.is_finished());
    bench.client.stop.stop(SECOND);
    bench.client.running.await.unwrap().unwrap();
    assert!(start.elapsed() <= 4 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_say_goodbye_is_left_after_two_seconds() {
    let (bench, _) = holding().await;
    bench.gateway.fault(Fault::Stall);
    let start = Instant::now();
    bench.client.stop.stop(5 * SECOND);
    bench.client.running.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_gets_the_grace_and_no_more() {
    let (bench, held) = holding().await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.gateway.fault(Fault::Stall);
    held.take().pop().unwrap().answer(&Answer::ok(vec![b' '; 4 << 20]));
    sleep(SECOND).await;
    let start = Instant::now();
    bench.client.stop.stop(5 * SECOND);
    bench.client.running.await.unwrap().unwrap();
    assert!(start.elapsed() <= 5 * SECOND + SECOND / 2, "{:?}", start.elapsed());
    tokio::task::yield_now().await;
    assert_eq!(bench.client.handle.counters().answers_pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_start_sticks_and_nothing_is_sent() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let roads = support::Roads::new(&gateway);
    for connections in [1, 5] {
        let connection = builder(&gateway).dial(roads.clone()).connections(connections).build().unwrap();
        let (stop, stopped) = Shutdown::new();
        stop.stop(60 * SECOND);
        assert!(stop.is_requested());
        let handle = connection.handle();
        let start = Instant::now();
        connection.run(answering(Answer::empty()), stopped).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(handle.counters().attempts, 0);
        assert!(handle.ready().await.is_err());
    }
    assert!(roads.dials().is_empty() && gateway.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_connecting_or_waiting_ends_at_once() {
    let hangs = [
        Fault::EndpointHangs,
        Fault::HandshakeHangs,
        Fault::EndpointRefuses(Refusal::code(1)),
        Fault::HandshakeThenCut,
    ];
    for hang in hangs {
        let gateway = Gateway::builder().in_memory().start().await.unwrap();
        gateway.fault(hang.clone());
        let client = Client::start(builder(&gateway), answering(Answer::empty()));
        sleep(5 * SECOND).await;
        let start = Instant::now();
        client.stop.stop(60 * SECOND);
        client.running.await.unwrap().unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "{hang:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_dialling_ends_at_once() {
    let (bench, roads) = Bench::on_roads(|g| g, |c| c, answering(Answer::empty())).await;
    roads.become_all(Road::Hangs);
    sleep(SECOND).await;
    bench.gateway.fault(Fault::Cut);
    sleep(40 * SECOND).await;
    let start = Instant::now();
    bench.client.stop.stop(60 * SECOND);
    bench.client.running.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_stop_handles_are_gone_goes_on() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let connection = builder(&gateway).build().unwrap();
    let (stop, stopped) = Shutdown::new();
    drop(stop);
    let running = tokio::spawn(connection.run(answering(Answer::empty()), stopped));
    gateway.connected(1).await;
    sleep(600 * SECOND).await;
    assert!(!running.is_finished());
    assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

/// Lets stopping tasks finish.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_task_and_no_connection_outlives_a_client_however_it_ends() {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    settle().await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for end in ["dropped", "stopped", "refused"] {
        let client = Client::start(builder(&gateway).connections(3), answering(Answer::empty()));
        gateway.connected(3).await;
        client.handle.rotate();
        sleep(SECOND).await;
        assert!(metrics.num_alive_tasks() > before);
        match end {
            "dropped" => client.running.abort(),
            "stopped" => client.stop.stop(SECOND),
            _ => {
                gateway.fault(Fault::EndpointRefuses(Refusal::code(403)));
                let refused = Client::start(builder(&gateway).connections(3), answering(Answer::empty()));
                assert!(refused.ended().await.is_err());
                gateway.heal();
                client.stop.stop(Duration::ZERO);
            }
        }
        gateway.connected(0).await;
        let handle = client.handle.clone();
        let _ = client.running.await;
        settle().await;
        assert_eq!(metrics.num_alive_tasks(), before, "{end}");
        assert!(handle.state().is_stopped(), "{end}: {}", handle.state());
        assert!(handle.counters().is_consistent());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_is_under_way_does_not_delay_the_stop() {
    let (bench, held) = holding().await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.client.handle.rotate();
    bench.gateway.connected(2).await;
    let start = Instant::now();
    bench.client.stop.stop(Duration::ZERO);
    bench.client.running.await.unwrap().unwrap();
    assert!(start.elapsed() <= SECOND / 2, "{:?}", start.elapsed());
}
