//! The dead letters of an inbox, in a file or in Redis: lists, retries and removes them. A file is open in one process, so
//! the bot must not be running; with Redis it may.
//!
//! ```text
//! cargo run -p feishu-runtime --features inbox-file --example inbox_tool -- inbox.redb cli_a list
//! cargo run -p feishu-runtime --features inbox-file --example inbox_tool -- inbox.redb cli_a show ID
//! cargo run -p feishu-runtime --features inbox-file --example inbox_tool -- inbox.redb cli_a retry ID|all
//! cargo run -p feishu-runtime --features inbox-file --example inbox_tool -- inbox.redb cli_a purge ID|all
//! cargo run -p feishu-runtime --features inbox-file,inbox-redis --example inbox_tool -- redis://127.0.0.1/0 cli_a list
//! ```

use std::error::Error;

use feishu_runtime::{EventInbox, FileInbox, InboxError, InboxQueue};

const USAGE: &str = "arguments: FILE|REDIS_URL APP_ID list | show ID | retry ID|all | purge ID|all";
/// Dead letters that are read at a time.
const PAGE: usize = 100;

fn open(place: &str) -> Result<EventInbox, InboxError> {
    #[cfg(feature = "inbox-redis")]
    if place.contains("://") {
        return Ok(feishu_runtime::RedisInbox::open(place)?.into());
    }
    Ok(FileInbox::open(place)?.into())
}

async fn list(queue: &InboxQueue) -> Result<(), InboxError> {
    println!("{} events wait", queue.backlog().await?);
    let mut count = 0;
    loop {
        let letters = queue.dead_letters(count, PAGE).await?;
        for letter in &letters {
            println!("{letter}");
        }
        count += letters.len();
        if letters.len() < PAGE {
            println!("{count} dead letters");
            return Ok(());
        }
    }
}

/// Prints a payload, which contains what users wrote.
async fn show(queue: &InboxQueue, id: &str) -> Result<(), InboxError> {
    let mut skip = 0;
    loop {
        let letters = queue.dead_letters(skip, PAGE).await?;
        if let Some(letter) = letters.iter().find(|letter| letter.event.id == id) {
            println!("{letter}\n{}", String::from_utf8_lossy(&letter.event.payload));
            return Ok(());
        }
        if letters.len() < PAGE {
            return Err(format!("there is no dead letter {id}").into());
        }
        skip += letters.len();
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [place, app_id, command @ ..] = words.as_slice() else {
        println!("{USAGE}");
        return Ok(());
    };
    let queue = open(place)?.of_app(*app_id);
    let count = match command {
        ["list"] => return list(&queue).await,
        ["show", id] => return show(&queue, id).await,
        ["retry", "all"] => queue.retry_all().await?,
        ["retry", id] => u64::from(queue.retry(id).await?),
        ["purge", "all"] => queue.purge_all().await?,
        ["purge", id] => u64::from(queue.purge(id).await?),
        _ => return Err(USAGE.into()),
    };
    println!("{count} dead letters");
    Ok(())
}
