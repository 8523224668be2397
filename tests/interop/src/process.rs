//! Child processes: bounded in time, with their output in a file, ended by their own id only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a child is asked whether it ended.
const POLL: Duration = Duration::from_millis(10);

/// A running child. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    started: Instant,
}

impl Process {
    /// Starts a command with both output streams in the file `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Self { child, log: log.into(), started: Instant::now() })
    }

    /// Everything it printed so far.
    pub(crate) fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Lines of its output that are exactly this.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.output().lines().filter(|printed| printed.trim_end() == line).count()
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end without blocking the thread.
    pub(crate) async fn end_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let by = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= by {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks it to end, with the signal that service managers send.
    pub(crate) fn terminate(&self) -> Result<()> {
        let status = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let sent = status.context("cannot run `kill`")?.success();
        if sent { Ok(()) } else { bail!("`kill` failed") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, for at most `limit`; its output goes to `log` and the end of it into the error.
pub(crate) async fn finish(command: Command, log: &Path, limit: Duration) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut process = Process::start(command, log)?;
    let Some(status) = process.end_within(limit).await else {
        bail!("{program} did not end within {limit:?}; see {}", log.display());
    };
    if status.success() {
        return Ok(());
    }
    let output = process.output();
    let lines: Vec<&str> = output.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(12)).copied().collect::<Vec<_>>().join("\n");
    bail!("{program} failed ({status}); the end of {}:\n{last}", log.display())
}
