//! `cargo xtask network`: the client and the local platform as two hosts, with the network between them going wrong.
//!
//! Started without arguments this is the parent: it makes the namespaces, starts itself once more in each (`platform`
//! and `bot`), breaks the network, and judges by what the two print.

mod hosts;
mod lab;
mod line;
mod situations;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;

use crate::lab::Lab;
use crate::line::Line;
use crate::situations::{NAMES, Outcome};

/// Everything together; the longest situation is done in less than half of it.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => parent().await,
        [role, address] => child(role, address).await.map(|()| true),
        _ => Err(anyhow::anyhow!("`cargo xtask network` takes no arguments")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One of the two hosts. What ends it early goes to the parent.
async fn child(role: &str, address: &str) -> Result<()> {
    let address = address.parse().context("the platform's address is invalid")?;
    let ended = match role {
        "platform" => hosts::platform(address).await,
        "bot" => hosts::bot(address).await,
        _ => bail!("`{role}` is not a host"),
    };
    if let Err(error) = &ended {
        println!("{}", Line::Ended(format!("the {role}: {error:#}")));
    }
    ended
}

/// Plays all situations at the same time; whether all went well.
async fn parent() -> Result<bool> {
    if let Some(reason) = impossible().await {
        println!("network: left out, {reason}");
        return Ok(true);
    }
    let mut playing = JoinSet::new();
    for name in NAMES {
        playing.spawn(async { (*name, situations::play(name).await) });
    }
    let mut well = true;
    let played = async {
        while let Some(played) = playing.join_next().await {
            let (name, outcome) = played.context("a situation panicked")?;
            match outcome {
                Ok(Outcome::Seen(seen)) => println!("ok {name}: {seen}"),
                Ok(Outcome::LeftOut(why)) => println!("left out {name}: {why}"),
                Err(error) => {
                    well = false;
                    println!("FAILED {name}: {error:#}");
                }
            }
        }
        Ok(())
    };
    let ended = tokio::select! {
        played = tokio::time::timeout(LIMIT, played) => {
            played.unwrap_or_else(|_| Err(anyhow::anyhow!("not done within {LIMIT:?}")))
        }
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    // What still runs is dropped before we leave, and its namespaces with it.
    playing.shutdown().await;
    ended.map(|()| well)
}

/// Why this machine cannot play, if it cannot.
async fn impossible() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("network namespaces are a thing of Linux".into());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if !is_root(&status) {
        return Some("making network namespaces takes root".into());
    }
    let error = Lab::possible().await.err()?;
    Some(format!("no network namespace can be made here: {error:#}"))
}

/// Whether the effective user of a `/proc/PID/status` is root.
fn is_root(status: &str) -> bool {
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    users.and_then(|users| users.split_whitespace().nth(1)) == Some("0")
}

/// Ctrl-C, or the signal that service managers and CI send.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to listen for it there is nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::is_root;

    #[test]
    fn root_is_told_by_the_effective_user() {
        assert!(is_root("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t0\t0\t0\t0\n"));
        assert!(!is_root("Name:\tx\nUid:\t0\t1000\t0\t0\n"));
        assert!(!is_root(""));
    }
}
