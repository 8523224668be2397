//! A place where one process runs after the other: each lives for a while, then it dies or is stopped.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use feishu_runtime::testing::{Pipe, pipe};
use feishu_runtime::{Client, Context, Dispatcher, EventInbox, HandlerError, RawEvent, Route};
use tokio::time::sleep;

use super::gate::Gate;
use super::offer::{Deed, Order};
use super::rules::Line;
use super::{Stage, lock};

/// A process that runs, as the platform sees it.
pub(super) struct Running {
    number: u64,
    pub(super) platform: Pipe,
}

/// Runs processes for ever.
pub(super) async fn lives(stage: Arc<Stage>) {
    loop {
        life(&stage).await;
        let pause = stage.roll(|dice| dice.millis(0, 6_000));
        sleep(pause).await;
    }
}

async fn life(stage: &Arc<Stage>) {
    let number = stage.started.fetch_add(1, Relaxed);
    let gate = Gate::new(stage, number);
    let (platform, transport) = pipe();
    let inbox = EventInbox::new(Arc::clone(&gate))
        .attempts(stage.attempts)
        .lease(stage.lease)
        .time_limit(Duration::from_secs(20))
        .running(usize::try_from(stage.roll(|dice| 1 + dice.below(20))).unwrap_or(1));
    let client =
        Client::with_transport(transport).dispatcher(dispatcher(stage, &gate, number)).inbox(inbox).build();
    let Ok(client) = client else { return };
    let handle = client.handle();
    let running = tokio::spawn(client.run());
    lock(&stage.processes).push(Running { number, platform });
    let leave = || lock(&stage.processes).retain(|running| running.number != number);

    loop {
        let time = stage.roll(|dice| dice.millis(500, 40_000));
        sleep(time).await;
        if !stage.is_troubled() {
            // The last one lives on.
            std::future::pending::<()>().await;
        }
        match stage.roll(|dice| dice.below(4)) {
            0 => {
                let time = stage.roll(|dice| dice.millis(100, 60_000));
                gate.cut(time);
            }
            1 => {
                leave();
                stage.write(Line::Stopped { process: number });
                let grace = stage.roll(|dice| dice.millis(0, 5_000));
                handle.stop(grace);
                let _ = running.await;
                return;
            }
            _ => {
                leave();
                gate.die();
                stage.write(Line::Died { process: number });
                running.abort();
                return;
            }
        }
    }
}

fn dispatcher(stage: &Arc<Stage>, gate: &Arc<Gate>, process: u64) -> Dispatcher {
    let (stage, gate) = (Arc::clone(stage), Arc::clone(gate));
    let handler = move |_: RawEvent, cx: Context| handle(Arc::clone(&stage), Arc::clone(&gate), process, cx);
    let key = |event: &RawEvent| {
        let id = event.header.event_id.as_ref().map(ToString::to_string).unwrap_or_default();
        match Order::parse(&id) {
            Some(Order { key, .. }) if key > 0 => key.to_string(),
            _ => id,
        }
    };
    let built = Dispatcher::builder().route(Route::raw("order_v1", handler).in_order_by(key)).build();
    built.expect("one handler")
}

async fn handle(stage: Arc<Stage>, gate: Arc<Gate>, process: u64, cx: Context) -> Result<(), HandlerError> {
    let order =
        cx.event_id().and_then(|id| Order::parse(id.as_str())).ok_or("an event that was not offered")?;
    let attempt = cx.attempt();
    let write = async |line| {
        if gate.is_dead() {
            std::future::pending::<()>().await;
        }
        stage.write(line);
    };
    write(Line::Started { process, order, attempt }).await;
    let time =
        stage.roll(|dice| if dice.one_in(10) { dice.millis(1_000, 15_000) } else { dice.millis(0, 800) });
    sleep(time).await;
    match order.deed() {
        Deed::Fails if attempt == 1 => return Err("not yet".into()),
        Deed::Hangs if attempt == 1 => std::future::pending::<()>().await,
        Deed::Poison => return Err("never".into()),
        Deed::Fails | Deed::Hangs | Deed::Succeeds => {}
    }
    write(Line::Ended { process, order }).await;
    Ok(())
}
