//! Measures the client against bare echoes of the same frames, on the same machine, in the same run.
//!
//! The parent process is the platform: it keeps a number of messages in flight and counts their answers. Each client is
//! a separate child process, so that CPU time and memory can be attributed. Read the ratios, not the absolute numbers.
#![allow(
    clippy::cast_precision_loss,
    clippy::many_single_char_names,
    reason = "a measuring program: a table on the screen, figures as fractions"
)]

mod client;
mod footprint;
mod load;
mod micro;
mod process;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["client", kind, url] => client::run(kind, url),
        ["--steps"] => micro::run(),
        ["--idle"] => footprint::run(),
        [] => micro::run().and_then(|()| report::run(5, "")).and_then(|()| footprint::run()),
        ["--rounds", rounds] => rounds.parse().map_err(Into::into).and_then(|rounds| report::run(rounds, "")),
        ["--rounds", rounds, "--only", name] => {
            rounds.parse().map_err(Into::into).and_then(|rounds| report::run(rounds, name))
        }
        _ => Err(anyhow::anyhow!("usage: feishu-bench [--steps | --idle | --rounds N [--only LOAD]]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
