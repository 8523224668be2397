//! Events that survive a crash, on the local platform: a bot is killed in the middle of its work, and the next one does it.
//!
//! ```text
//! cargo run -p feishu-runtime --features inbox-file --example inbox_bot
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use feishu_gateway::{Event, Gateway};
use feishu_runtime::FileInbox;
use feishu_runtime::prelude::*;
use tokio::runtime::{Builder, Runtime};

/// Answers a question, which takes longer than the platform waits.
async fn answer(message: MessageReceive, cx: Context, thinking: Duration) -> Result<(), HandlerError> {
    let question = message.event.message.text().unwrap_or_default();
    println!("  bot   thinks about {question:?}, attempt {}", cx.attempt());
    tokio::time::sleep(thinking).await;
    println!("  bot   has answered {question:?}");
    Ok(())
}

/// Starts a bot in a runtime of its own, which can be dropped as if the process had been killed.
fn start(gateway: &Gateway, file: &Path, thinking: Duration) -> Result<Runtime, Box<dyn Error>> {
    let dispatcher = Dispatcher::builder().on(move |message, cx| answer(message, cx, thinking)).build()?;
    let client = Client::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(gateway.base_url())
        .inbox(FileInbox::open(file)?)
        .dispatcher(dispatcher)
        .build()?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.spawn(client.run());
    Ok(runtime)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let gateway = Gateway::start().await?;
    let file = std::env::temp_dir().join(format!("inbox-bot-{}.redb", std::process::id()));

    let first = start(&gateway, &file, Duration::from_secs(3600))?;
    gateway.connected(1).await;
    let answered = gateway.push(Event::text_message("what is six times seven?")).await?;
    println!("the event was acknowledged with code {}, after {:?}", answered.code(), answered.elapsed());
    tokio::time::sleep(Duration::from_millis(300)).await;
    println!("the process is killed");
    first.shutdown_background();

    let second = loop {
        // The file is free once the first bot is gone.
        match start(&gateway, &file, Duration::from_millis(100)) {
            Ok(second) => break second,
            Err(error) => println!("  {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("and started again");
    tokio::time::sleep(Duration::from_secs(1)).await;
    second.shutdown_background();
    std::fs::remove_file(file)?;
    Ok(())
}
