//! House work for this workspace, run as `cargo xtask <command>`.
//!
//! A command is one file with a `run` function and one line in [`COMMANDS`]; the help is made from that table.

mod bench;
mod cargo;
mod ci;
mod fuzz;
mod interop;
mod msrv;
mod network;
mod proto;
mod simulate;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

/// What can be asked for after `cargo xtask`.
struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[&str]) -> Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        arguments: "",
        about: "every gate a change has to pass, the cheap ones first",
        run: ci::run,
    },
    Command {
        name: "proto",
        arguments: "[--check]",
        about: "write the frames' Rust code from proto/pbbp2.proto (--check: only compare)",
        run: proto::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        about: "the house rules that no compiler checks: layers, sizes, sources, words",
        run: tidy::run,
    },
    Command {
        name: "simulate",
        arguments: "--seeds N",
        about: "the client against a simulated platform (--from S: first seed; --seed S: replay one step by step)",
        run: simulate::run,
    },
    Command {
        name: "bench",
        arguments: "[--steps | --idle | --rounds N [--only LOAD]]",
        about: "the client against bare echoes of the same frames, as ratios in one run",
        run: bench::run,
    },
    Command {
        name: "fuzz",
        arguments: "[--seconds N]",
        about: "run each fuzz target for a minute, where cargo-fuzz and a nightly compiler are installed",
        run: fuzz::run,
    },
    Command {
        name: "msrv",
        arguments: "",
        about: "check the published crates with the oldest Rust they promise",
        run: msrv::run,
    },
    Command {
        name: "interop",
        arguments: "[--quick] [SDK ...]",
        about: "bots of the official SDKs, and of this one, in the same situations (python node go java rust)",
        run: interop::run,
    },
    Command {
        name: "network",
        arguments: "",
        about: "network faults between two hosts in network namespaces, as root on Linux",
        run: network::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some((name, arguments)) = words.split_first() else {
        print!("{}", help());
        return ExitCode::SUCCESS;
    };
    if matches!(*name, "help" | "--help" | "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == *name) else {
        eprint!("error: there is no command `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    match (command.run)(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let lines = COMMANDS.iter().map(|command| {
        let call = format!("{} {}", command.name, command.arguments);
        format!("  {call:<20}{}\n", command.about)
    });
    format!("cargo xtask <command>\n\n{}", lines.collect::<String>())
}

/// For commands that take no arguments: says so when some were given.
fn no_arguments(command: &str, arguments: &[&str]) -> Result<()> {
    if let Some(first) = arguments.first() {
        bail!("`cargo xtask {command}` takes no arguments, `{first}` was given");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, help};

    #[test]
    fn help_names_every_command_once() {
        let help = help();
        for command in COMMANDS {
            let lines = help.lines().filter(|line| line.split_whitespace().next() == Some(command.name));
            assert_eq!(lines.count(), 1, "{}", command.name);
        }
    }
}
