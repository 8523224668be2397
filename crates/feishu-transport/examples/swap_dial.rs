//! A custom dial: byte streams that are in-memory pipes, without a network.
//!
//! `cargo run -p feishu-transport --example swap_dial`

use std::sync::Arc;

use async_trait::async_trait;
use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, BoxStream, Delivery, Dial, Domain, Error, LongConnection, NetworkDial, Shutdown,
    Stage, Target,
};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Opens in-memory pipes and passes their far ends to a listener.
struct PipeDial {
    listener: mpsc::Sender<(Target, DuplexStream)>,
}

#[async_trait]
impl Dial for PipeDial {
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error> {
        // As large as a socket buffer. `target.tls` requires encryption, which a pipe in memory does not need.
        let (near, far) = tokio::io::duplex(64 << 10);
        self.listener
            .send((target.clone(), far))
            .await
            .map_err(|_| Error::unreachable(Stage::Connect, "the listener of the pipe is gone"))?;
        Ok(Box::new(near))
    }
}

/// Logs each target and lets the default dial it.
struct LoggingDial {
    inner: NetworkDial,
    log: mpsc::Sender<String>,
}

#[async_trait]
impl Dial for LoggingDial {
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error> {
        let stream = self.inner.dial(target).await;
        let _ = self.log.try_send(format!("{target}: {}", if stream.is_ok() { "open" } else { "failed" }));
        stream
    }
}

/// Connects with the default dial inside a logging one; returns the logged lines.
pub async fn logged() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let gateway = Gateway::start().await?;
    let (log, mut lines) = mpsc::channel(16);
    let client = LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(gateway.base_url())
        .dial(LoggingDial { inner: NetworkDial::new(), log })
        .build()?;
    let handle = client.handle();
    let (stop, stopped) = Shutdown::new();
    let running =
        tokio::spawn(client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())), stopped));
    handle.ready().await?;
    stop.stop(std::time::Duration::from_secs(3));
    running.await??;
    Ok(std::iter::from_fn(|| lines.try_recv().ok()).collect())
}

/// Connects with it and answers one click; returns the targets that were dialled, and the answer's code.
pub async fn answered() -> Result<(Vec<String>, i64), Box<dyn std::error::Error>> {
    let gateway = Gateway::builder().in_memory().start().await?;
    let (listener, mut dialled) = mpsc::channel::<(Target, DuplexStream)>(4);
    let platform = gateway.clone();
    let targets = tokio::spawn(async move {
        let mut targets = Vec::new();
        while let Some((target, mut far)) = dialled.recv().await {
            targets.push(target.to_string());
            let mut inside = platform.dial();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut far, &mut inside).await });
        }
        targets
    });

    let client = LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url("http://localhost:7777")?)
        .dial(PipeDial { listener })
        .build()?;
    let handle = client.handle();
    let (stop, stopped) = Shutdown::new();
    let running =
        tokio::spawn(client.run(Arc::new(|delivery: Delivery| delivery.answer(&Answer::empty())), stopped));
    handle.ready().await?;
    gateway.connected(1).await;
    let code = gateway.click(Click::button("approve")).await?.code();
    stop.stop(std::time::Duration::from_secs(3));
    running.await??;
    // The handle keeps the client's parts, the listener's other end among them.
    drop(handle);
    Ok((targets.await?, code))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (targets, code) = answered().await?;
    println!("dialled {targets:?}, answered with code {code}");
    for line in logged().await? {
        println!("{line}");
    }
    Ok(())
}
