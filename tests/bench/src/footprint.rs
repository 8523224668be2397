//! Measures an idle client: memory, and the time to its first connection.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::process::Client;

/// Connections of the larger client.
const MANY: u16 = 50;

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut starts, mut one, mut many) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let (start, memory) = runtime.block_on(idle(1))?;
        starts.push(start);
        one.push(memory);
        many.push(runtime.block_on(idle(MANY))?.1);
    }
    starts.sort_unstable();
    one.sort_unstable();
    many.sort_unstable();
    let (one, many) = (one[2], many[2]);
    println!("\nA bot that is idle");
    println!("start of the process to connected   {:>8.1} ms", starts[2].as_secs_f64() * 1e3);
    println!("resident memory, one connection     {:>8.2} MiB", one as f64 / f64::from(1 << 20));
    println!(
        "each further connection             {:>8.1} KiB",
        many.saturating_sub(one) as f64 / f64::from(MANY - 1) / 1024.0
    );
    Ok(())
}

/// Starts a bot with so many connections, and lets it rest.
async fn idle(connections: u16) -> Result<(Duration, u64)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/?service_id=1&device_id=7", listener.local_addr()?);
    let started = Instant::now();
    let client = Client::start(&format!("bot-{connections}"), &url)?;
    let mut sockets = Vec::new();
    let mut first = None;
    for _ in 0..connections {
        let accepted = tokio::time::timeout(Duration::from_secs(20), listener.accept());
        let (stream, _) = accepted.await.context("the client did not come")??;
        sockets.push(tokio_tungstenite::accept_async(stream).await?);
        first.get_or_insert_with(|| started.elapsed());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok((first.unwrap_or_default(), client.memory()))
}
