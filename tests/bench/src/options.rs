//! The arguments of `cargo xtask bench`.

use anyhow::Result;
use lexopt::{Arg, Parser, ValueExt as _};

pub(crate) const HELP: &str = "\
cargo xtask bench [--curves | --steps] [--rounds N] [--only TEXT] [--write]

Without options: all loads in 5 rounds, start, memory and allocations, as Markdown; at most 10 minutes once the bots are built.
  --curves      cost and memory against the number of connections, apps, types, handlers, events, bytes; at most 10 minutes too
  --steps       the steps of one callback in one thread; a few seconds
  --rounds N    so many rounds
  --only TEXT   only loads whose name contains the text, and nothing else
  --write       puts the report into docs/performance.md";

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) part: Part,
    pub(crate) rounds: u32,
    pub(crate) only: Option<String>,
    pub(crate) write: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Loads,
    Curves,
    Steps,
    Help,
}

impl Options {
    pub(crate) fn read() -> Result<Self> {
        let mut options = Self { part: Part::Loads, rounds: 5, only: None, write: false };
        let mut arguments = Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("curves") => options.part = Part::Curves,
                Arg::Long("steps") => options.part = Part::Steps,
                Arg::Long("rounds") => options.rounds = arguments.value()?.parse::<u32>()?.clamp(1, 100),
                Arg::Long("only") => options.only = Some(arguments.value()?.string()?),
                Arg::Long("write") => options.write = true,
                Arg::Long("help") | Arg::Short('h') => options.part = Part::Help,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}
