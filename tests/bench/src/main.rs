//! Measures a bot against bare clients that answer the same callbacks, on the same machine, in the same run.
//!
//! This process is the platform. Each client runs in a process of its own, so that CPU time and memory can be
//! attributed. Every answer is checked; a run with a wrong, lost or doubled answer is an error and has no result.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a measuring program: nanoseconds and counts far below the limits, figures as fractions"
)]
#![allow(clippy::disallowed_methods, reason = "the measured processes run in real time")]

mod allocations;
mod budget;
mod certificate;
mod client;
mod curves;
mod document;
mod door;
mod drive;
mod fields;
mod goals;
mod ledger;
mod matrix;
mod measure;
mod memory;
mod micro;
mod options;
mod process;
mod report;
mod socket;
mod template;
mod websocket;
mod workload;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::options::{HELP, Options, Part};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["client", name, kind, url, root @ ..] = arguments.as_slice() {
        return client::run(name, kind, url, root.first().copied());
    }
    let options = Options::read()?;
    if !cfg!(target_os = "linux") {
        bail!("the measurements read /proc, so they need Linux");
    }
    let (part, report) = match (options.part, &options.only) {
        (Part::Help, _) => {
            println!("{HELP}");
            return Ok(());
        }
        (Part::Steps, _) => return micro::run(),
        (Part::Curves, _) => ("curves", curves::run(options.rounds)?),
        (Part::Loads, Some(text)) => ("", report::only(text, options.rounds)?),
        (Part::Loads, None) => ("loads", report::full(options.rounds)?),
    };
    println!("{report}");
    match (options.write, part) {
        (true, "") => bail!("--write needs the whole report, without --only"),
        (true, part) => document::write(part, &report),
        (false, _) => Ok(()),
    }
}
