//! One measurement: a fresh client, a warm-up, a part that counts, and an account without a mistake.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::certificate::Certificate;
use crate::client::Bare;
use crate::door::Door;
use crate::drive::{Drive, Pace};
use crate::process::{Memory, Process, build_bots, own_cpu};
use crate::workload::Workload;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Bare(Bare),
    /// The README's bot on the multi-thread runtime.
    Bot,
    /// The same with link-time optimisation.
    BotLto,
    /// The same on the current-thread runtime.
    BotCurrentThread,
    /// The same with its allocations counted.
    BotCounted,
}

impl Client {
    pub(crate) const ECHO: Self = Self::Bare(Bare::Echo);
    pub(crate) const PROST: Self = Self::Bare(Bare::Prost);

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare(Bare::Echo) => "echo",
            Self::Bare(Bare::Prost) => "echo with prost",
            Self::Bot => "bot",
            Self::BotLto => "bot, LTO",
            Self::BotCurrentThread => "bot, current-thread",
            Self::BotCounted => "bot, counted",
        }
    }
}

/// How long a client rests after it connected, before anything is sent.
pub(crate) const SETTLE: Duration = Duration::from_millis(50);

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) client: Client,
    pub(crate) workload: Workload,
    pub(crate) pace: Pace,
    pub(crate) tls: bool,
    pub(crate) time: Duration,
    /// Connections of each app.
    pub(crate) connections: usize,
    pub(crate) apps: usize,
    /// Further settings of the bot, as in its `options.rs`.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Setup {
    pub(crate) fn new(client: Client, workload: Workload, pace: Pace) -> Self {
        let time = Duration::from_millis(800);
        Self { client, workload, pace, tls: false, time, connections: 1, apps: 1, environment: Vec::new() }
    }
}

/// What a measurement gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    /// CPU time of the client per callback, in microseconds.
    pub(crate) cpu: f64,
    /// The same of the load.
    pub(crate) load_cpu: f64,
    /// Round trips in microseconds: at 50, 99 and 99.9 %, and the longest.
    pub(crate) trips: [f64; 4],
    pub(crate) memory: Memory,
}

/// Where the clients come from; made once.
pub(crate) struct Bench {
    bots: PathBuf,
    /// Those with link-time optimisation, which takes a minute to build.
    bots_lto: Option<PathBuf>,
    certificate: Certificate,
}

/// A client that is connected.
pub(crate) struct Connected {
    pub(crate) process: Process,
    pub(crate) drive: Drive,
    door: Door,
}

impl Bench {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            bots: build_bots("release", &["--bins"])?,
            bots_lto: None,
            certificate: Certificate::make()?,
        })
    }

    /// As [`Bench::new`], also for [`Client::BotLto`].
    pub(crate) fn with_lto() -> Result<Self> {
        Ok(Self { bots_lto: Some(build_bots("release-lto", &["--bin", "bench-bot"])?), ..Self::new()? })
    }

    /// Starts a client and waits for its connections.
    pub(crate) fn connect(&self, setup: &Setup) -> Result<Connected> {
        let door = Door::open(setup.tls.then(|| self.certificate.server.clone()))?;
        let mut process = Process::start(&mut self.command(setup, &door)?)?;
        let sockets = door.accept(setup.connections * setup.apps, || process.has_ended())?;
        // Starting up is measured by itself.
        std::thread::sleep(SETTLE);
        Ok(Connected { process, drive: Drive::new(sockets, setup.workload), door })
    }

    /// Measures once.
    pub(crate) fn measure(&self, setup: &Setup) -> Result<Outcome> {
        let measured = || -> Result<Outcome> {
            let mut connected = self.connect(setup)?;
            connected.drive.run(setup.pace, setup.time / 4, usize::MAX)?;
            let outcome = connected.measure(setup.pace, setup.time)?;
            connected.finish()?;
            Ok(outcome)
        };
        measured().with_context(|| {
            format!("no result: {}, {}, {:?}", setup.client.name(), setup.workload.name, setup.pace)
        })
    }

    fn command(&self, setup: &Setup, door: &Door) -> Result<Command> {
        let root = setup.tls.then(|| self.certificate.root());
        let program = match setup.client {
            Client::Bare(bare) => return bare_command(bare, setup, door, root),
            Client::BotLto => self
                .bots_lto
                .as_ref()
                .context("the bot with link-time optimisation is not built")?
                .join("bench-bot"),
            Client::Bot => self.bots.join("bench-bot"),
            Client::BotCurrentThread => self.bots.join("bench-bot-current-thread"),
            Client::BotCounted => self.bots.join("bench-bot-counted"),
        };
        let mut command = Command::new(program);
        command
            .env("FEISHU_APP_ID", "cli_bench")
            .env("FEISHU_APP_SECRET", "bench")
            .env("FEISHU_DOMAIN", door.domain())
            .env("BENCH_CONNECTIONS", setup.connections.to_string())
            .env("BENCH_APPS", setup.apps.to_string())
            .envs(setup.environment.iter().cloned());
        if let Some(root) = root {
            command.env("BENCH_ROOT", root);
        }
        Ok(command)
    }
}

fn bare_command(bare: Bare, setup: &Setup, door: &Door, root: Option<&Path>) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["client", bare.name(), setup.workload.kind.name(), &door.url()]).args(root);
    Ok(command)
}

impl Connected {
    /// Measures one part of a run.
    pub(crate) fn measure(&mut self, pace: Pace, time: Duration) -> Result<Outcome> {
        self.measure_count(pace, time, usize::MAX)
    }

    /// The same with at most so many callbacks.
    pub(crate) fn measure_count(&mut self, pace: Pace, time: Duration, count: usize) -> Result<Outcome> {
        let (cpu, load_cpu) = (self.process.cpu(), own_cpu());
        let mut part = self.drive.run(pace, time, count)?;
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / part.answered as f64;
        let cpu = each(self.process.cpu().saturating_sub(cpu));
        let load_cpu = each(own_cpu().saturating_sub(load_cpu));
        let per_second = part.answered as f64 / part.time.as_secs_f64();
        part.latencies.sort_unstable();
        let trips = [0.5, 0.99, 0.999, 1.0].map(|share| at(&part.latencies, share) as f64 / 1e3);
        Ok(Outcome { per_second, cpu, load_cpu, trips, memory: self.process.memory() })
    }

    /// Ends the run. An error if it has no result.
    pub(crate) fn finish(mut self) -> Result<Process> {
        self.drive.finish()?;
        ensure!(!self.door.is_someone_waiting(), "the client lost its connection and came again");
        Ok(self.process)
    }
}

/// The smallest value that so large a share of the sorted values does not exceed.
fn at(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=1000).collect();
        assert_eq!([0.5, 0.99, 0.999, 1.0].map(|share| at(&values, share)), [500, 990, 999, 1000]);
        assert_eq!(at(&[7], 0.5), 7);
    }
}
