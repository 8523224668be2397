//! The queue of the example, between a connection to the local platform and workers, on the paused clock.
#![cfg(feature = "long-connection")]

#[path = "../examples/queue_workers/queue.rs"]
mod queue;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use feishu_callbacks::{CardActionTrigger, CardReply, Toast};
use feishu_gateway::{Answered, Click, Gateway};
use feishu_kit::GatewayDial;
use feishu_runtime::{Client, Context, Dispatcher, Route};
use feishu_transport::{AppSecret, Domain, Error, LongConnection, Shutdown, ShutdownHandle, Transport};
use queue::{Enqueue, Jobs, queue};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// The connection, which runs while the handle is kept.
async fn receive(enqueue: Enqueue) -> (Gateway, ShutdownHandle, JoinHandle<Result<(), Error>>) {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let connection = LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .dial(GatewayDial(gateway.clone()))
        .build()
        .unwrap();
    let (stop, stopping) = Shutdown::new();
    let receiving = tokio::spawn(Box::new(connection).run(Arc::new(enqueue), stopping));
    gateway.connected(1).await;
    (gateway, stop, receiving)
}

fn click(gateway: &Gateway) -> JoinHandle<Answered> {
    let gateway = gateway.clone();
    tokio::spawn(async move { gateway.click(Click::button("approve")).await.unwrap() })
}

fn toast(answer: &Answered) -> String {
    answer
        .data()
        .map(|data| data["toast"]["content"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

/// A worker that needs `work` for each click and answers with the time that was left when it began.
fn worker(jobs: Jobs, work: Duration) -> Client {
    let route = Route::new(move |_: CardActionTrigger, cx: Context| async move {
        let left = cx.remaining().as_millis();
        sleep(work).await;
        Ok(CardReply::toast(Toast::info(format!("{left} ms left"))))
    });
    let late = CardReply::toast(Toast::info("too late"));
    let dispatcher = Dispatcher::builder().route(route.on_late(late)).build().unwrap();
    Client::with_transport(jobs).dispatcher(dispatcher).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn deadline_of_a_worker_counts_from_the_arrival_at_the_connection() {
    let (enqueue, jobs) = queue(4);
    let (gateway, stop, receiving) = receive(enqueue).await;
    let clicked = click(&gateway);
    sleep(SECOND).await;
    let working = tokio::spawn(worker(jobs, SECOND).run());
    assert_eq!(toast(&clicked.await.unwrap()), "1500 ms left");

    // With the connection the queue ends, and with the queue the worker.
    stop.stop(SECOND);
    receiving.await.unwrap().unwrap();
    let report = working.await.unwrap().unwrap();
    assert!(report.stats.is_consistent(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn on_late_reply_is_sent_at_once_for_a_job_that_waited_too_long() {
    let (enqueue, jobs) = queue(4);
    let (gateway, _stop, _receiving) = receive(enqueue).await;
    let clicked = click(&gateway);
    sleep(Duration::from_millis(2_600)).await;
    let _working = tokio::spawn(worker(jobs, SECOND).run());
    let answer = clicked.await.unwrap();
    assert_eq!(toast(&answer), "too late");
    assert_eq!(answer.elapsed(), Duration::from_millis(2_600));
}

#[tokio::test(start_paused = true)]
async fn delivery_of_a_worker_that_dies_is_answered_with_code_500() {
    let (enqueue, jobs) = queue(4);
    let (gateway, _stop, _receiving) = receive(enqueue).await;

    // One dies with the job in its hands, the other while its handler runs.
    let holding = tokio::spawn({
        let jobs = jobs.clone();
        async move {
            let _job = jobs.next().await;
            pending::<()>().await;
        }
    });
    let clicked = click(&gateway);
    sleep(SECOND).await;
    holding.abort();
    let answer = clicked.await.unwrap();
    assert_eq!((answer.code(), answer.elapsed()), (500, SECOND));

    let dispatcher = Dispatcher::builder()
        .on(|_: CardActionTrigger, _| async {
            pending::<()>().await;
            Ok(CardReply::empty())
        })
        .build()
        .unwrap();
    let working =
        tokio::spawn(Client::with_transport(jobs.clone()).dispatcher(dispatcher).build().unwrap().run());
    let clicked = click(&gateway);
    sleep(SECOND).await;
    working.abort();
    let answer = clicked.await.unwrap();
    assert_eq!((answer.code(), answer.elapsed()), (500, SECOND));
}

#[tokio::test(start_paused = true)]
async fn full_queue_answers_with_code_500_at_once() {
    let (enqueue, _jobs) = queue(1);
    let (gateway, _stop, _receiving) = receive(enqueue).await;
    let waiting = click(&gateway);
    sleep(Duration::from_millis(10)).await;
    let began = Instant::now();
    assert_eq!(click(&gateway).await.unwrap().code(), 500);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!waiting.is_finished());
}
