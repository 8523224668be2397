//! The inbox of a client when processes die: what they had claimed, and the events at which they die.

mod inbox_kit;
#[path = "inbox_kit/process.rs"]
mod process;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feishu_runtime::testing::MemoryInbox;
use feishu_runtime::{Dispatcher, EventInbox, InboxEngine as _};
use tokio::time::{Instant, sleep};

use inbox_kit::{order, orders, run, settle};
use process::Process;

const SECOND: Duration = Duration::from_secs(1);

fn forever() -> Dispatcher {
    orders(|_, _| async {
        sleep(3600 * SECOND).await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn inbox_runs_an_event_again_whose_process_died() {
    let engine = Arc::new(MemoryInbox::new());
    let first = Process::new(&engine);
    let dying = run(forever(), Arc::clone(&first));
    assert_eq!(dying.platform.push(order("a", 1)).await.code(), 200);
    settle().await;
    first.die();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let dispatcher = orders(move |event, cx| {
        seen.lock().unwrap().push((event.event_id.clone(), cx.attempt()));
        async { Ok(()) }
    });
    let _next = run(dispatcher, Process::new(&engine));
    sleep(29 * SECOND).await;
    assert!(attempts.lock().unwrap().is_empty(), "its lease has not ended");
    sleep(2 * SECOND).await;
    assert_eq!(*attempts.lock().unwrap(), [(Some("a".to_owned()), 2)]);
    assert_eq!(engine.backlog("").await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn inbox_cancels_a_handler_whose_claim_could_not_be_renewed() {
    let engine = Arc::new(MemoryInbox::new());
    let process = Process::new(&engine);
    let alone = run(forever(), Arc::clone(&process));
    alone.platform.push(order("a", 1)).await;
    settle().await;
    process.die();
    let other = run(orders(|_, _| async { Ok(()) }), Arc::clone(&engine));
    sleep(31 * SECOND).await;
    assert_eq!((alone.handle.stats().attempts.lost, alone.handle.stats().running), (1, 0));
    assert_eq!(other.handle.stats().attempts.succeeded, 1);
}

#[tokio::test(start_paused = true)]
async fn inbox_gives_an_event_up_at_which_the_process_dies_and_delays_it_before() {
    let engine = Arc::new(MemoryInbox::new());
    let good = Arc::new(AtomicU32::new(0));
    let mut lives = Vec::new();
    for life in 0..6 {
        let process = Process::new(&engine);
        let (dying, good) = (Arc::clone(&process), Arc::clone(&good));
        let dispatcher = orders(move |event, _| {
            let kills = event.event_id.as_deref() == Some("poison");
            if kills {
                dying.die();
            } else {
                good.fetch_add(1, SeqCst);
            }
            async move { if kills { std::future::pending().await } else { Ok(()) } }
        });
        let inbox = EventInbox::new(Arc::clone(&process)).attempts(4);
        let alive = run(dispatcher, inbox);
        if life == 0 {
            alive.platform.push(order("poison", 1)).await;
        }
        alive.platform.push(order(&format!("good {life}"), 2)).await;
        let began = Instant::now();
        process.death(60 * SECOND).await;
        lives.push(began.elapsed().as_secs());
    }
    assert_eq!(engine.dead("", 0, 10).await.unwrap().len(), 1);
    assert!(good.load(SeqCst) >= 5, "{good:?}");
    // The lease, and from the second interruption on the backoff as well.
    assert!(lives[0] < 1 && lives[4] >= 60 && lives[5] >= 60, "{lives:?}");
}

#[tokio::test(start_paused = true)]
async fn inbox_does_not_give_an_event_up_that_ran_beside_one_at_which_the_process_dies() {
    let engine = Arc::new(MemoryInbox::new());
    for life in 0..8 {
        let process = Process::new(&engine);
        let dying = Arc::clone(&process);
        let dispatcher = orders(move |event, _| {
            let (dying, kills) = (Arc::clone(&dying), event.event_id.as_deref() == Some("poison"));
            async move {
                // The others take longer than the process lives.
                sleep(if kills { SECOND } else { 5 * SECOND }).await;
                if kills {
                    dying.die();
                    std::future::pending::<()>().await;
                }
                Ok(())
            }
        });
        let alive = run(dispatcher, EventInbox::new(Arc::clone(&process)).attempts(4));
        if life == 0 {
            for id in ["poison", "slow 1", "slow 2", "slow 3"] {
                alive.platform.push(order(id, 1)).await;
            }
        }
        process.death(120 * SECOND).await;
        alive.task.abort();
    }
    let dead: Vec<_> =
        engine.dead("", 0, 10).await.unwrap().into_iter().map(|letter| letter.event.id).collect();
    assert_eq!((dead, engine.backlog("").await.unwrap()), (vec!["poison".to_owned()], 0));
}
