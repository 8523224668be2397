//! Stopping: what is awaited, what is cut off, and what the report says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply};
use feishu_gateway::{Click, Event};
use feishu_runtime::testing::{PipeTransport, pipe};
use feishu_runtime::{Client, Context, Dispatcher};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// Clicks take two seconds, jobs a minute; a job notes when it is cancelled and when it is dropped.
fn client(transport: PipeTransport) -> (Client, Arc<AtomicUsize>, Arc<()>) {
    let cancelled = Arc::new(AtomicUsize::new(0));
    let held = Arc::new(());
    let (theirs, holding) = (Arc::clone(&cancelled), Arc::clone(&held));
    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async {
            sleep(2 * SECOND).await;
            Ok(CardReply::empty())
        })
        .on_raw("job_v1", move |_, cx: Context| {
            let (theirs, holding) = (Arc::clone(&theirs), Arc::clone(&holding));
            async move {
                tokio::select! {
                    () = sleep(60 * SECOND) => {}
                    () = async {
                        cx.cancelled().await;
                        theirs.fetch_add(1, SeqCst);
                        std::future::pending::<()>().await;
                    } => {}
                }
                drop(holding);
                Ok(())
            }
        })
        .build()
        .unwrap();
    let client = Client::with_transport(transport).dispatcher(dispatcher).grace(5 * SECOND).build().unwrap();
    (client, cancelled, held)
}

fn job() -> Event {
    Event::new("job_v1", json!({}))
}

#[tokio::test(start_paused = true)]
async fn run_until_sends_the_answers_of_running_handlers_before_it_ends() {
    let (platform, transport) = pipe();
    let (client, ..) = client(transport);
    let (stop, signal) = oneshot::channel::<()>();
    let running = tokio::spawn(client.run_until(signal));
    let clicks: Vec<_> = (0..10).map(|_| platform.push(Click::button("ok"))).collect();
    sleep(SECOND).await;
    let began = Instant::now();
    stop.send(()).unwrap();
    for click in clicks {
        assert_eq!(click.await.code(), 200);
    }
    let report = running.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 1, "no longer than the handlers needed");
    assert_eq!(
        (report.stats.outcomes.answered, report.stats.outcomes.late, report.stats.outcomes.abandoned),
        (10, 0, 0)
    );
    assert_eq!(report.drained_in.as_secs(), 1);
    assert!(platform.push(Click::button("ok")).await.code() == 500);
}

#[tokio::test(start_paused = true)]
async fn stop_cuts_off_handlers_after_the_grace_period_and_reports_them() {
    let (platform, transport) = pipe();
    let (client, cancelled, held) = client(transport);
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    let answered = platform.push(job());
    sleep(10 * SECOND).await;
    assert_eq!(answered.await.code(), 200, "late, and acknowledged");
    let unanswered = platform.push(Click::button("ok"));
    let young = platform.push(job());
    sleep(SECOND / 10).await;
    handle.stop(SECOND);
    handle.stop(60 * SECOND);
    let began = Instant::now();
    let report = running.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 1);
    assert_eq!(cancelled.load(SeqCst), 2, "both jobs noticed the stop");
    assert_eq!(Arc::strong_count(&held), 1, "the handlers are gone, though a handle is kept");
    assert_eq!(
        (report.stats.outcomes.answered, report.stats.outcomes.late, report.stats.outcomes.abandoned),
        (0, 1, 2)
    );
    assert_eq!(report.stats.incidents.cut_off, 1);
    let of = |name| {
        let handlers = &report.stats.handlers;
        handlers.iter().find(|handler| handler.event_type == name).unwrap().outcomes.abandoned
    };
    assert_eq!((of("card.action.trigger"), of("job_v1")), (1, 1));
    assert!(report.to_string().contains("abandoned: 1 × card.action.trigger, 1 × job_v1"), "{report}");
    assert!(report.stats.is_consistent());
    assert_eq!(unanswered.await.code(), 200, "a toast asks for another click");
    assert_eq!(young.await.code(), 500);
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn stop_by_the_handle_may_give_a_longer_grace_than_the_default() {
    let (platform, transport) = pipe();
    let (client, ..) = client(transport);
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    let job = platform.push(job());
    sleep(SECOND).await;
    handle.stop(120 * SECOND);
    let report = running.await.unwrap().unwrap();
    assert_eq!(job.await.code(), 200);
    assert_eq!((report.stats.outcomes.late, report.stats.incidents.late_completed), (1, 1));
    assert_eq!(report.drained_in.as_secs(), 59);
}

#[tokio::test(start_paused = true)]
async fn stop_abandons_a_waiting_repeat_with_the_first_delivery() {
    let (platform, transport) = pipe();
    let (client, ..) = client(transport);
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    let pushes = [platform.push(job().event_id("same")), platform.push(job().event_id("same"))];
    sleep(SECOND).await;
    handle.stop(SECOND);
    let report = running.await.unwrap().unwrap();
    assert!(report.stats.is_consistent());
    assert_eq!(
        (report.stats.outcomes.abandoned, report.stats.outcomes.duplicate, report.stats.pending),
        (2, 0, 0)
    );
    for push in pushes {
        assert_eq!(push.await.code(), 500);
    }
}

#[tokio::test(start_paused = true)]
async fn run_until_or_abort_ends_at_the_second_signal() {
    let (platform, transport) = pipe();
    let (client, ..) = client(transport);
    let signals = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&signals);
    let running = tokio::spawn(client.run_until_or_abort(move || {
        theirs.fetch_add(1, SeqCst);
        sleep(SECOND)
    }));
    let click = platform.push(Click::button("ok"));
    let began = Instant::now();
    let report = running.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 2, "a second for each signal");
    assert_eq!(signals.load(SeqCst), 2);
    assert_eq!(report.stats.received, 1);
    drop(click);
}

#[tokio::test(start_paused = true)]
async fn run_leaves_no_task_behind_when_it_is_dropped() {
    let (platform, transport) = pipe();
    let (client, _, held) = client(transport);
    let handle = client.handle();
    let mut running = Box::pin(client.run());
    let job = platform.push(job());
    tokio::select! {
        _ = &mut running => unreachable!(),
        () = sleep(SECOND) => {}
    }
    assert_eq!(Arc::strong_count(&held), 3);
    drop(running);
    assert_eq!(job.await.code(), 500);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&held), 1, "the handlers are gone, though a handle is kept");
    assert_eq!(handle.stats().outcomes.abandoned, 1);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn run_waits_for_handlers_when_the_transport_ends() {
    let (platform, transport) = pipe();
    let (client, ..) = client(transport);
    let click = platform.push(Click::button("ok"));
    drop(platform);
    let report = client.run().await.unwrap();
    assert_eq!(report.stats.outcomes.answered, 1);
    assert_eq!(click.await.code(), 200);
}

#[tokio::test(start_paused = true)]
async fn build_without_a_dispatcher_is_an_error() {
    let (_platform, transport) = pipe();
    let error = Client::with_transport(transport).build().unwrap_err();
    assert!(error.to_string().contains(".dispatcher("));
}
