//! Messages over a limit or evicted in parts: answered with 500 at once, counted, and logged with size and limit.

mod support;

use feishu_gateway::{Click, Outgoing};
use feishu_kit::CapturedLog;
use feishu_transport::{Answer, Limits};
use support::{Bench, SECOND, answering};

async fn bench(limits: Limits) -> Bench {
    let bench = Bench::with(|g| g, |c| c.limits(limits), answering(Answer::empty())).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    bench
}

fn large() -> Click {
    Click::button("b").value("x".repeat(8_000))
}

#[tokio::test(start_paused = true)]
async fn a_message_over_a_limit_is_answered_with_500_at_once_and_the_next_one_as_ever() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let table = [
        (Limits::default().message_bytes(4_000), Outgoing::from(large()), "Limits::message_bytes"),
        (
            Limits::default().message_bytes(4_000),
            Outgoing::from(large()).fragments(4),
            "Limits::message_bytes",
        ),
        (Limits::default().fragments(3), Outgoing::from(large()).fragments(4), "Limits::fragments"),
        (
            Limits::default().partial_bytes(4_000),
            Outgoing::from(large()).fragments(4),
            "Limits::partial_bytes",
        ),
    ];
    for (limits, message, limit) in table {
        let bench = bench(limits).await;
        let start = tokio::time::Instant::now();
        assert_eq!(bench.gateway.push(message).await.unwrap().code(), 500, "{limit}");
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
        let said = log.take();
        let line = said.lines().find(|line| line.contains(limit)).unwrap_or_default();
        assert!(line.contains("size=") && line.contains("message_id="), "{limit}: {said}");
        assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
        let counters = bench.client.handle.counters();
        assert_eq!((counters.refused_too_large, counters.delivered, counters.answers_written), (1, 1, 2));
        assert_eq!((counters.connections, counters.answers_pending()), (1, 0));
        assert!(counters.is_consistent(), "{counters:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_evicted_in_parts_is_answered_with_500_and_the_others_are_delivered() {
    let (log, _guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
    let bench = bench(Limits::default().partial_messages(2)).await;
    let mut half = Vec::new();
    for _ in 0..3 {
        let message = Outgoing::from(large()).fragments(2).order([0]);
        half.push(bench.gateway.send(message).await.unwrap());
    }
    let evicted = half.remove(0).answer().await.unwrap();
    assert_eq!(evicted.code(), 500);
    let said = log.take();
    assert!(said.contains("Limits::partial_messages") && said.contains("size="), "{said}");
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    let counters = bench.client.handle.counters();
    assert_eq!((counters.refused_too_large, counters.evicted_fragments), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn sixteen_mebibytes_of_payload_with_their_envelope_pass_by_default() {
    let bench = Bench::connected().await;
    let text = "x".repeat(16 << 20);
    let payload = format!(r#"{{"schema":"2.0","header":{{"event_type":"a"}},"event":{{"text":"{text}"}}}}"#);
    for fragments in [1, payload.len().div_ceil(16 << 10)] {
        let message = Outgoing::event(payload.clone().into_bytes()).fragments(fragments).wait(60 * SECOND);
        assert_eq!(bench.gateway.push(message).await.unwrap().code(), 200, "{fragments} fragments");
    }
    let counters = bench.client.handle.counters();
    assert_eq!((counters.connections, counters.over_limit, counters.delivered), (1, 0, 2));
}
