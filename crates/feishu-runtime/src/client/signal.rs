//! The stop signals of the operating system.

/// Resolves at SIGINT (Ctrl-C) or SIGTERM, which orchestrators send; outside Unix at Ctrl-C. From the first call on, these
/// signals no longer end the process by themselves.
///
/// Each call waits for the next signal. It never resolves if the signals cannot be listened to, which is logged.
///
/// # Cancel safety
///
/// A signal that arrives while no call waits is lost.
pub async fn shutdown_signal() {
    if let Err(error) = next_signal().await {
        tracing::error!(%error, "cannot listen to SIGINT and SIGTERM; stop the process another way");
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn next_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn next_signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
