//! A client in a process of its own, and what it costs. It is ended by its pid, and by the kernel if this process is gone.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Bytes of resident memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// The part of `now` that is not the content of files, such as the program itself.
    pub(crate) own: u64,
    pub(crate) peak: u64,
}

pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
        Ok(Self(command.spawn().with_context(|| format!("cannot start {command:?}"))?))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// CPU time of all threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(&self.0.id().to_string())
    }

    pub(crate) fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let kibibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        Memory {
            now: kibibytes("VmRSS:") << 10,
            own: kibibytes("RssAnon:") << 10,
            peak: kibibytes("VmHWM:") << 10,
        }
    }

    /// Asks it to stop, as a service manager does, and gives what it printed.
    pub(crate) fn stop(mut self) -> Result<String> {
        let pid = Pid::from_raw(self.0.id().try_into()?).context("no pid")?;
        kill_process(pid, Signal::TERM)?;
        for _ in 0..500 {
            if self.has_ended() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        ensure!(self.has_ended(), "a client did not stop within 5 s");
        let output = self.0.stdout.take().context("no output")?;
        Ok(std::io::read_to_string(output)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// CPU time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    cpu_of("self")
}

/// The kernel's own count in nanoseconds, which is finer than the ticks in `stat`.
fn cpu_of(process: &str) -> Duration {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// Builds bots by one of cargo's profiles, with the dependencies that a user's bot has and no others, and gives the folder they
/// are in. `which` are arguments for cargo.
pub(crate) fn build_bots(profile: &str, which: &[&str]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--profile", profile, "--quiet", "--locked", "--package", "feishu-bench-bot"]);
    build.args(which);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    // `cargo run` describes this package in the environment. Build scripts that watch these variables would run again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            build.env_remove(name);
        }
    }
    ensure!(build.status()?.success(), "cannot build the bots");
    let own = std::env::current_exe()?;
    let profiles = own.parent().and_then(Path::parent).context("a program without a folder")?;
    Ok(profiles.join(profile))
}
