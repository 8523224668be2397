//! The maintenance commands of this workspace, run as `cargo xtask <command>`.
//!
//! A command of this program is one file with a `run` function and one line in [`COMMANDS`]. A program of the
//! workspace that only needs a short name is a line in [`PROGRAMS`].

mod api;
mod cargo;
mod ci;
mod events;
mod fuzz;
mod msrv;
mod proto;
mod publish;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

type Run = fn(&[&str]) -> Result<()>;

/// Commands of this program: name, arguments, what it does.
const COMMANDS: &[(&str, &str, &str, Run)] = &[
    ("ci", "", "runs every gate a change has to pass, the cheap ones first", ci::run),
    ("tidy", "", "checks the house rules that neither the compiler nor clippy checks", tidy::run),
    (
        "proto",
        "[--check]",
        "writes the frames' Rust code from proto/pbbp2.proto (--check: compares)",
        proto::run,
    ),
    (
        "events",
        "[--check]",
        "writes what is made from the description of the events in proto/events (--check: compares)",
        events::run,
    ),
    ("api", "[--check]", "writes the public API of each library to docs/api (--check: compares)", api::run),
    (
        "fuzz",
        "[--seconds N | --inputs N | --keep]",
        "runs each fuzz target for a minute from its seeds; needs cargo-fuzz and nightly",
        fuzz::run,
    ),
    ("msrv", "", "checks the published crates with the oldest supported Rust", msrv::run),
];

/// Programs of the workspace: name, arguments, what it does, arguments of `cargo run`.
const PROGRAMS: &[(&str, &str, &str, &[&str])] = &[
    (
        "simulate",
        "[--inbox] --seeds N",
        "runs the client, or processes with an inbox, on virtual time",
        &["--package", "feishu-simulation"],
    ),
    ("bench", "[--curves | --steps | ...]", "measures a bot", &["--release", "--package", "feishu-bench"]),
    ("interop", "[--quick] [SDK ...]", "compares with the official SDKs", &["--package", "feishu-interop"]),
    (
        "kill",
        "[--quick] [file|redis]",
        "kills bots that use an inbox, and counts what is lost",
        &["--package", "feishu-kill"],
    ),
    ("network", "", "tests network faults in namespaces, as root on Linux", &["--package", "feishu-network"]),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.split_first() {
        None | Some((&("help" | "--help" | "-h"), _)) => print!("{}", help()),
        Some((name, arguments)) => {
            if let Err(error) = run(name, arguments) {
                eprintln!("error: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Runs the command of this name.
fn run(name: &str, arguments: &[&str]) -> Result<()> {
    if let Some((.., run)) = COMMANDS.iter().find(|command| command.0 == name) {
        return run(arguments);
    }
    if let Some((.., program)) = PROGRAMS.iter().find(|command| command.0 == name) {
        let fixed = ["run", "--quiet", "--locked"].iter().chain(*program);
        return cargo::show(&mut cargo::cargo(fixed.chain(&["--"]).chain(arguments)));
    }
    bail!("there is no command `{name}`\n\n{}", help());
}

fn help() -> String {
    let commands = COMMANDS.iter().map(|(name, arguments, about, _)| (name, arguments, about));
    let programs = PROGRAMS.iter().map(|(name, arguments, about, _)| (name, arguments, about));
    let lines = commands.chain(programs).map(|(name, arguments, about)| {
        let call = format!("{name} {arguments}");
        format!("  {call:<32} {about}\n")
    });
    format!("cargo xtask <command>\n\n{}", lines.collect::<String>())
}

/// For commands without arguments: an error when there are some.
fn no_arguments(command: &str, arguments: &[&str]) -> Result<()> {
    match arguments.first() {
        Some(first) => bail!("`cargo xtask {command}` takes no arguments, `{first}` was given"),
        None => Ok(()),
    }
}
