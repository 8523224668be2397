//! The measured clients. Each connects to a URL and answers until the connection ends.

mod echo;
mod sdk;

use anyhow::{Result, bail};

/// Runs one client in this process.
pub(crate) fn run(kind: &str, url: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match kind {
            "echo" => echo::bare(url).await,
            "echo-batched" => echo::batched(url).await,
            "echo-prost" => echo::prost(url).await,
            "transport" => sdk::transport(url).await,
            "bot" => sdk::bot(url, 1).await,
            _ => match kind.strip_prefix("bot-").and_then(|number| number.parse().ok()) {
                Some(connections) => sdk::bot(url, connections).await,
                None => bail!("no client is called {kind:?}"),
            },
        }
    })
}
