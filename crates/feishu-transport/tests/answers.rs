//! Answers are sent, or counted and reported as lost, in bounded time.

mod support;

use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::{Click, Event, Fault, FindingKind, Outgoing, Settings, json};
use feishu_transport::{Answer, Delivery, Limits, Receipt};
use support::{Bench, Held, Road, SECOND, answering, sleep};
use tokio::time::{Instant, timeout};

async fn holding(settings: Settings) -> (Bench, Arc<Held>, support::Roads) {
    let held = Arc::new(Held::default());
    let (bench, roads) = Bench::on_roads(|g| g.settings(settings), |c| c, held.clone()).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    (bench, held, roads)
}

fn nonce(seconds: i64) -> Settings {
    Settings::default().reconnect_nonce(seconds)
}

fn send(delivery: Delivery) -> Receipt {
    delivery.answer_with_receipt(&Answer::empty())
}

#[tokio::test(start_paused = true)]
async fn answers_go_out_on_the_connection_of_their_message_in_any_order() {
    let held = Arc::new(Held::default());
    let bench = Bench::with(|g| g, |c| c.connections(3), held.clone()).await;
    bench.gateway.connected(3).await;
    let mut sent = Vec::new();
    for connection in bench.gateway.connections() {
        for _ in 0..5 {
            let push = Outgoing::from(Click::button("b")).to(connection.id());
            sent.push((connection.id(), bench.gateway.send(push).await.unwrap()));
        }
    }
    held.held(15).await;
    let mut deliveries = held.take();
    deliveries.reverse();
    for receipt in deliveries.into_iter().map(send).collect::<Vec<_>>() {
        assert!(receipt.await);
    }
    for (connection, sent) in sent {
        assert_eq!(sent.answer().await.unwrap().connection(), connection);
    }
    assert_eq!(bench.client.handle.counters().answers_pending(), 0);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_connection_was_cut_goes_out_on_the_next_one() {
    let (bench, held, _) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    sleep(2 * SECOND).await;
    assert!(send(held.take().pop().unwrap()).await);
    assert_eq!(sent.answer().await.unwrap().code(), 200);
    let counters = bench.client.handle.counters();
    assert_eq!((counters.answers_written, counters.answers_lost), (1, 0));
    let elsewhere = bench.gateway.findings();
    assert!(elsewhere.iter().any(|found| found.kind == FindingKind::AnsweredElsewhere), "{elsewhere:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_ready_during_the_outage_waits_for_the_next_connection() {
    let (bench, held, roads) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    // One attempt fails, so that there is an outage to speak of: a second or less.
    roads.next([Road::Refused]);
    bench.gateway.fault(Fault::Cut);
    sleep(SECOND / 2).await;
    let receipt = send(held.take().pop().unwrap());
    assert!(receipt.await);
    assert_eq!(sent.answer().await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_finds_no_connection_in_time_is_lost_and_its_author_told() {
    let (bench, held, roads) = holding(nonce(0)).await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    let arrived = Instant::now();
    roads.become_all(Road::Refused);
    bench.gateway.fault(Fault::Cut);
    sleep(SECOND).await;
    let receipt = send(held.take().pop().unwrap());
    assert!(!timeout(10 * SECOND, receipt).await.unwrap());
    assert!(arrived.elapsed() <= 4 * SECOND, "{:?}", arrived.elapsed());
    let counters = bench.client.handle.counters();
    assert_eq!((counters.answers_written, counters.answers_lost), (0, 1));
    assert_eq!(counters.answers_pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_late_for_another_connection_is_lost_at_once() {
    let (bench, held, _) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let _sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    sleep(3 * SECOND).await;
    let before = Instant::now();
    assert!(!send(held.take().pop().unwrap()).await);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_still_goes_out_on_its_own_connection() {
    let (bench, held, _) = holding(nonce(0)).await;
    let sent = bench.gateway.send(Outgoing::from(Click::button("b")).wait(60 * SECOND)).await.unwrap();
    held.held(1).await;
    sleep(30 * SECOND).await;
    assert!(send(held.take().pop().unwrap()).await);
    assert!(sent.answer().await.unwrap().elapsed() >= 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_network_did_not_take_goes_out_elsewhere() {
    let (bench, held, _) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let sent = bench.gateway.send(Click::button("b")).await.unwrap();
    held.held(1).await;
    bench.gateway.fault(Fault::Stall);
    // More than the pipe takes: it is handed to the link and stays there.
    let filler = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
    let receipt = held.take().pop().unwrap().answer_with_receipt(&Answer::ok(filler));
    sleep(SECOND).await;
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    assert!(receipt.await);
    assert_eq!(sent.answer().await.unwrap().code(), 200);
    let twice = bench.gateway.findings();
    assert!(twice.iter().all(|found| found.kind != FindingKind::AnsweredTwice), "{twice:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_dropped_is_answered_with_500() {
    let bench = Bench::with(|g| g, |c| c, Arc::new(drop::<Delivery>)).await;
    bench.gateway.connected(1).await;
    let answer = bench.gateway.click(Click::button("b")).await.unwrap();
    assert_eq!(answer.code(), 500);
    assert_eq!(answer.verdict().code(), Some(200_671));
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_answers_500_and_the_reading_goes_on() {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Delivery>(2);
    let bench = Bench::with(|g| g, |c| c, Arc::new(sender)).await;
    bench.gateway.connected(1).await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.push(bench.gateway.send(Click::button("b")).await.unwrap());
    }
    sleep(SECOND).await;
    for _ in 0..2 {
        receiver.recv().await.unwrap().answer(&Answer::empty());
    }
    let mut codes = Vec::new();
    for sent in sent {
        codes.push(sent.answer().await.unwrap().code());
    }
    assert_eq!(codes, [200, 200, 500, 500, 500]);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_panics_costs_its_connection_and_not_the_client() {
    let inbox = |delivery: Delivery| {
        assert!(delivery.received().header("x-bad").is_none(), "a bad header");
        delivery.answer(&Answer::empty());
    };
    let bench = Bench::with(|g| g.settings(nonce(0)), |c| c, Arc::new(inbox)).await;
    bench.gateway.connected(1).await;
    let bad = Outgoing::from(Click::button("b")).header("x-bad", "1");
    let _ = bench.gateway.send(bad).await.unwrap();
    bench.reconnected().await;
    sleep(SECOND).await;
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_late_repeat_of_a_completed_message_is_swallowed() {
    let bench = Bench::connected().await;
    let torn = || Click::button("b").message("om_1").fragments(3).message_id("m-1");
    assert_eq!(bench.gateway.push(torn()).await.unwrap().code(), 200);
    // The middle one comes again, alone: it could be the first of a whole repeat, and is not.
    drop(bench.gateway.send(torn().order([1])).await.unwrap());
    sleep(11 * SECOND).await;
    let counters = bench.client.handle.counters();
    assert_eq!((counters.delivered, counters.repeated_fragments), (1, 1));
    assert_eq!(counters.fragments_waiting, 0);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_the_platform_sends_again_is_handled_and_answered_again() {
    let bench = Bench::connected().await;
    let attempts = bench.gateway.deliver(Event::new("demo.event_v1", json!({}))).await;
    assert!(attempts.len() == 1 && attempts[0].is_ok());
    let copies = Outgoing::from(Click::button("b")).copies(3);
    bench.gateway.push(copies).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(bench.client.handle.counters().answers_written, 4);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_stays_incomplete_is_counted_and_the_next_one_is_answered() {
    let bench = Bench::connected().await;
    let gap = Click::button("b").fragments(4).order([0, 1, 3]);
    drop(bench.gateway.send(gap).await.unwrap());
    sleep(SECOND).await;
    assert_eq!(bench.client.handle.counters().fragments_waiting, 3);
    sleep(11 * SECOND).await;
    let counters = bench.client.handle.counters();
    assert_eq!((counters.fragments_waiting, counters.expired_fragments), (0, 3));
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn fragments_may_come_on_both_sides_of_a_reconnect() {
    let (bench, held, _) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let part = |order: &[usize]| {
        let torn = Outgoing::event("{\"a\":\"bcdefgh\"}").fragments(3).message_id("m-9");
        torn.order(order.to_vec())
    };
    drop(bench.gateway.send(part(&[0, 1])).await.unwrap());
    sleep(SECOND).await;
    bench.gateway.fault(Fault::Cut);
    bench.reconnected().await;
    bench.gateway.connected(1).await;
    let sent = bench.gateway.send(part(&[2])).await.unwrap();
    held.held(1).await;
    let delivery = held.take().pop().unwrap();
    assert_eq!(&delivery.received().payload()[..], b"{\"a\":\"bcdefgh\"}");
    assert!(send(delivery).await);
    assert!(bench.client.handle.counters().is_consistent());
    drop(sent);
}

#[tokio::test(start_paused = true)]
async fn answers_after_the_client_is_gone_are_lost_and_their_authors_told() {
    let (bench, held, _) = holding(nonce(0)).await;
    for _ in 0..3 {
        drop(bench.gateway.send(Click::button("b")).await.unwrap());
    }
    held.held(3).await;
    let mut deliveries = held.take();
    // One answer is on its way when the client is dropped, one comes later, one is forgotten.
    let first = send(deliveries.pop().unwrap());
    bench.client.running.abort();
    let _ = bench.client.running.await;
    let second = send(deliveries.pop().unwrap());
    drop(deliveries);
    assert!(!timeout(SECOND, second).await.unwrap());
    let _ = timeout(SECOND, first).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(bench.client.handle.counters().answers_pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_given_while_the_peer_closes_go_out_on_the_next_connection() {
    let (bench, held, _) = holding(nonce(0)).await;
    sleep(60 * SECOND).await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        sent.push(bench.gateway.send(Click::button("b")).await.unwrap());
    }
    held.held(20).await;
    let mut deliveries = held.take();
    bench.gateway.fault(Fault::Close(1001, String::new()));
    // Some answers are given before the close frame is read, some after.
    let early: Vec<_> = deliveries.drain(..10).map(send).collect();
    tokio::task::yield_now().await;
    let late: Vec<_> = deliveries.drain(..).map(send).collect();
    let start = Instant::now();
    for receipt in early.into_iter().chain(late) {
        assert!(receipt.await);
    }
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    assert_eq!(bench.client.handle.counters().answers_lost, 0);
    drop(sent);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_answered_once_each() {
    let bench = Bench::with(|g| g, |c| c, answering(Answer::empty())).await;
    bench.gateway.connected(1).await;
    let mut sent = Vec::new();
    for number in 0..2_000 {
        let push = Outgoing::event(format!("{{\"n\":{number}}}")).fragments(1 + number % 3);
        sent.push(bench.gateway.send(push).await.unwrap());
    }
    for sent in sent {
        assert_eq!(sent.answer().await.unwrap().code(), 200);
    }
    let counters = bench.client.handle.counters();
    assert_eq!((counters.delivered, counters.answers_written), (2_000, 2_000));
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn unanswered_bytes_pause_reading_and_delay_no_message_by_more_than_50_ms_per_batch() {
    let held = Arc::new(Held::default());
    let limits = Limits::default().unanswered_bytes(10_000);
    let bench = Bench::with(|g| g, |c| c.limits(limits), held.clone()).await;
    bench.gateway.connected(1).await;
    let click = || Click::button("b").value(json!({"text": "x".repeat(9_000)}));
    let mut sent = Vec::new();
    for _ in 0..100 {
        sent.push(bench.gateway.send(click()).await.unwrap());
    }
    sleep(SECOND / 50).await;
    assert_eq!(held.take().into_iter().map(send).count(), 2, "one more than fits");
    let began = Instant::now();
    held.held(1).await;
    assert!(began.elapsed() < SECOND / 50, "answers end the pause");
    // Nothing is answered: a batch comes after each pause, pings go on, and the link is not taken for dead.
    sleep(SECOND).await;
    assert_eq!(held.0.lock().unwrap().len(), 98);
    sleep(60 * SECOND).await;
    let receipts: Vec<_> = held.take().into_iter().map(send).collect();
    for receipt in receipts {
        assert!(receipt.await);
    }
    assert_eq!(bench.client.handle.counters().connections, 1);
}
