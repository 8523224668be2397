//! One task holds the connection, and workers behind a bounded queue run the handlers, on the local platform.
//!
//! ```text
//! cargo run -p feishu-runtime --example queue_workers
//! ```

mod queue;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::{Click, Gateway};
use feishu_runtime::prelude::*;
use feishu_runtime::transport::{LongConnection, Shutdown, Transport as _};
use queue::{Jobs, queue};

/// Maximum number of waiting jobs. Further ones are answered with code 500 at once.
const CAPACITY: usize = 64;
const WORKERS: usize = 2;
const GRACE: Duration = Duration::from_secs(5);

/// A worker with its own dispatcher, limits and counters. As a separate program it needs no WebSocket library: build
/// `feishu-runtime` without default features.
fn worker(number: usize, jobs: Jobs) -> Result<Client, feishu_runtime::Error> {
    let dispatcher = Dispatcher::builder()
        .on(move |click: CardActionTrigger, cx: Context| async move {
            let name = click.event.action.name.unwrap_or_default();
            let left = cx.remaining().as_millis();
            Ok(CardReply::toast(Toast::success(format!("{name}: done by worker {number}, {left} ms left"))))
        })
        .build()?;
    Client::with_transport(jobs).dispatcher(dispatcher).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let platform = Gateway::start().await?;
    let (enqueue, jobs) = queue(CAPACITY);

    let mut workers = Vec::new();
    for number in 1..=WORKERS {
        workers.push(tokio::spawn(worker(number, jobs.clone())?.run()));
    }
    // Drop our end, so that the queue ends with its workers.
    drop(jobs);

    // This task only receives.
    let connection = LongConnection::builder(platform.app_id(), AppSecret::new(platform.app_secret()))
        .domain(platform.base_url())
        .build()?;
    let (stop, stopping) = Shutdown::new();
    let receiving = tokio::spawn(Box::new(connection).run(Arc::new(enqueue), stopping));
    platform.connected(1).await;

    for name in ["approve", "reject", "approve"] {
        let answer = platform.click(Click::button(name)).await?;
        println!("{}", answer.data().unwrap_or_default());
    }

    // The end of the connection ends the queue, which ends the workers.
    stop.stop(GRACE);
    receiving.await??;
    for worker in workers {
        println!("{}", worker.await??);
    }
    Ok(())
}
