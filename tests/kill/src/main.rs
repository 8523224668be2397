//! `cargo xtask kill`: bots that use an inbox, killed at random under load.
//!
//! Started by a person this is the parent; it starts itself again as the workers.

mod campaign;
mod journal;
mod offer;
mod order;
mod verdict;
mod worker;
mod workers;

use std::process::ExitCode;

use anyhow::{Result, bail};

use campaign::{Campaign, Engine};

const USAGE: &str = "usage: [--quick] [--kills N] [--seed N] [file|redis]";
/// Kills of each engine, in the long form and in the short one.
const KILLS: (u32, u32) = (100, 10);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.split_first() {
        Some((first, rest)) if first == worker::ROLE => worker::run(rest).await.map(|()| true),
        _ => parent().await,
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the engines side by side; whether all rules were kept.
async fn parent() -> Result<bool> {
    use lexopt::prelude::{Long, Value, ValueExt as _};

    let (mut kills, mut seed, mut engines) = (KILLS.0, 1, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => kills = KILLS.1,
            Long("kills") => kills = parser.value()?.parse()?,
            Long("seed") => seed = parser.value()?.parse()?,
            Value(name) if name == "file" => engines.push(Engine::File),
            Value(name) if name == "redis" => engines.push(Engine::Redis),
            _ => bail!(USAGE),
        }
    }
    if engines.is_empty() {
        engines = vec![Engine::File, Engine::Redis];
    }
    let campaigns: Vec<_> =
        engines.into_iter().map(|engine| tokio::spawn(Campaign { engine, kills, seed }.run())).collect();
    let mut kept = true;
    for campaign in campaigns {
        kept &= campaign.await??;
    }
    Ok(kept)
}
