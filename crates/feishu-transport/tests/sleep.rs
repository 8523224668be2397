//! A machine that slept, a process that stood still, a network that changed.

mod support;

use std::time::Duration;

use feishu_gateway::{Click, Fault, Gateway, Refusal};
use feishu_transport::{Answer, State};
use tokio::time::Instant;

use support::{Bench, Client, Road, SECOND, WallClock, answering, builder, sleep};

async fn awake(clock: &WallClock) -> Bench {
    let reader = clock.reader();
    let bench = Bench::with(|g| g, |c| c.wall_clock(reader), answering(Answer::empty())).await;
    bench.client.handle.ready().await.unwrap();
    bench.gateway.connected(1).await;
    sleep(45 * SECOND + SECOND / 4).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_in_sleep_is_replaced_within_six_seconds_of_waking() {
    for hours in [1, -1] {
        let clock = WallClock::new();
        let bench = awake(&clock).await;
        bench.gateway.fault(Fault::Stall);
        clock.jump(hours * 3_600);
        let after = bench.reconnected().await;
        assert!(after < 6 * SECOND, "{after:?}");
        assert_eq!(bench.client.handle.counters().attempts, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_by_the_probe_after_a_sleep_is_replaced_at_once() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    bench.gateway.fault(Fault::Stall);
    clock.jump(3_600);
    // The probe has left; the answer to it is a reset.
    sleep(SECOND).await;
    bench.gateway.fault(Fault::Cut);
    let after = bench.reconnected().await;
    assert!(after < SECOND, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_in_sleep_while_its_replacement_hung_is_replaced_within_six_seconds() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    bench.gateway.fault_times(1, Fault::HandshakeHangs);
    bench.client.handle.rotate();
    sleep(SECOND / 100).await;
    // The loss is seen before the clocks are looked at.
    clock.jump(3_600);
    bench.gateway.fault(Fault::Cut);
    let after = bench.reconnected().await;
    assert!(after < 6 * SECOND, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_lives_survives_a_jump_of_the_clock() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    for jump in [3_600, -3_600, 16, -16, 86_400] {
        clock.jump(jump);
        sleep(20 * SECOND).await;
    }
    assert_eq!(bench.client.handle.counters().connections, 1);
    assert_eq!(bench.client.handle.counters().pings_sent, 1 + 5, "one probe for each jump");
    bench.assert_clean();
}

/// The process gets no time, as after `SIGSTOP`: all clocks move on, nothing runs.
async fn stopped_for(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_while_the_process_was_stopped_is_replaced_within_six_seconds() {
    for seconds in [3, 10, 16, 25, 600, 86_400] {
        let clock = WallClock::new();
        let bench = awake(&clock).await;
        bench.gateway.fault(Fault::Stall);
        stopped_for(seconds * SECOND).await;
        let after = bench.reconnected().await;
        assert!(after < 6 * SECOND, "stopped for {seconds} s, connected {after:?} later");
        assert_eq!(bench.client.handle.counters().attempts, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_while_the_process_is_stopped_is_replaced_at_once() {
    for seconds in [3, 25] {
        let clock = WallClock::new();
        let bench = awake(&clock).await;
        bench.gateway.fault(Fault::Cut);
        stopped_for(seconds * SECOND).await;
        let after = bench.reconnected().await;
        assert!(after < SECOND, "stopped for {seconds} s, connected {after:?} later");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_lives_survives_a_process_that_was_stopped() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    for seconds in [1, 3, 10, 25, 3_600, 86_400] {
        stopped_for(seconds * SECOND).await;
        sleep(20 * SECOND).await;
    }
    assert_eq!(bench.client.handle.counters().connections, 1);
    bench.assert_clean();
}

#[tokio::test(start_paused = true)]
async fn a_busy_runtime_costs_no_connection_and_hides_no_dead_one() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    let busy = tokio::spawn(async {
        loop {
            stopped_for(3 * SECOND).await;
            sleep(SECOND / 4).await;
        }
    });
    sleep(600 * SECOND).await;
    assert_eq!(bench.client.handle.counters().connections, 1);
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
    bench.gateway.fault(Fault::Stall);
    let after = bench.reconnected().await;
    assert!(after < 35 * SECOND, "{after:?}");
    busy.abort();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_ends_the_wait_between_two_attempts() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    bench.gateway.fault_times(1, Fault::EndpointRefuses(Refusal::code(1)));
    bench.gateway.fault(Fault::Cut);
    sleep(60 * SECOND).await;
    assert!(matches!(bench.client.handle.state(), State::Waiting { .. }));
    stopped_for(20 * SECOND).await;
    assert!(bench.reconnected().await < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_small_step_of_the_clock_is_no_sleep() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    for _ in 0..60 {
        clock.jump(14);
        sleep(SECOND).await;
    }
    assert_eq!(bench.client.handle.counters().pings_sent, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_ends_the_wait_between_two_attempts() {
    let clock = WallClock::new();
    let bench = awake(&clock).await;
    bench.gateway.fault_times(1, Fault::EndpointRefuses(Refusal::code(1)));
    bench.gateway.fault(Fault::Cut);
    sleep(60 * SECOND).await;
    assert!(matches!(bench.client.handle.state(), State::Waiting { .. }));
    clock.jump(3_600);
    assert!(bench.reconnected().await < SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_across_a_sleep_is_begun_anew() {
    let clock = WallClock::new();
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let roads = support::Roads::new(&gateway);
    roads.next([Road::Hangs]);
    let client =
        Client::start(builder(&gateway).dial(roads).wall_clock(clock.reader()), answering(Answer::empty()));
    sleep(3 * SECOND).await;
    clock.jump(3_600);
    let start = Instant::now();
    client.handle.ready().await.unwrap();
    assert!(start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_just_after_a_sleep_is_repeated_at_once() {
    let clock = WallClock::new();
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    gateway.fault_times(1, Fault::EndpointHangs);
    let client = Client::start(builder(&gateway).wall_clock(clock.reader()), answering(Answer::empty()));
    sleep(8 * SECOND).await;
    clock.jump(3_600);
    let start = Instant::now();
    client.handle.ready().await.unwrap();
    assert!(start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_can_say_that_the_network_changed() {
    let bench = Bench::connected().await;
    sleep(45 * SECOND).await;
    bench.gateway.fault(Fault::Stall);
    bench.client.handle.network_changed();
    assert!(bench.reconnected().await < 6 * SECOND);

    bench.gateway.fault_times(1, Fault::EndpointRefuses(Refusal::code(1)));
    sleep(60 * SECOND).await;
    bench.gateway.fault(Fault::Cut);
    sleep(60 * SECOND).await;
    bench.client.handle.network_changed();
    assert_eq!(bench.reconnected().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cries_change_all_the_time_does_no_harm() {
    let bench = Bench::connected().await;
    for _ in 0..1_000 {
        bench.client.handle.network_changed();
        sleep(SECOND / 10).await;
    }
    assert_eq!(bench.client.handle.counters().connections, 1);
    assert_eq!(bench.gateway.click(Click::button("b")).await.unwrap().code(), 200);
}
