//! The worker processes: started, killed, started again.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::journal::{Journal, Line};
use crate::worker::ROLE;

/// How long a worker may take to stop when it is asked to.
const STOP: Duration = Duration::from_secs(20);

/// The workers of a campaign.
pub(crate) struct Workers {
    arguments: Vec<String>,
    journal: Journal,
    children: Vec<Child>,
}

impl Workers {
    pub(crate) fn start(count: usize, arguments: Vec<String>, journal: Journal) -> Result<Self> {
        let mut workers = Self { arguments, journal, children: Vec::new() };
        for _ in 0..count {
            let child = workers.spawn()?;
            workers.children.push(child);
        }
        Ok(workers)
    }

    fn spawn(&self) -> Result<Child> {
        let child = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        child.context("cannot start a worker")
    }

    /// Kills one, as it is chosen, and starts another in its place.
    pub(crate) async fn kill(&mut self, choice: usize) -> Result<()> {
        let index = choice % self.children.len();
        let new = async |workers: &Self, old: &mut Child| {
            if let Some(process) = old.id() {
                old.kill().await?;
                workers.journal.write(&Line::Gone { process })?;
            }
            workers.spawn()
        };
        let mut old = self.children.remove(index);
        let new = new(self, &mut old).await?;
        self.children.insert(index, new);
        Ok(())
    }

    /// Starts others in place of those that have ended by themselves, and returns how many there were.
    pub(crate) fn revive(&mut self) -> Result<u32> {
        let mut count = 0;
        for index in 0..self.children.len() {
            let process = self.children[index].id();
            if self.children[index].try_wait()?.is_some() {
                if let Some(process) = process {
                    self.journal.write(&Line::Gone { process })?;
                }
                self.children[index] = self.spawn()?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Asks all to stop, and waits for them.
    pub(crate) async fn stop(mut self) -> Result<()> {
        for child in &mut self.children {
            drop(child.stdin.take());
        }
        for child in &mut self.children {
            timeout(STOP, child.wait()).await.context("a worker did not stop")??;
        }
        Ok(())
    }
}
