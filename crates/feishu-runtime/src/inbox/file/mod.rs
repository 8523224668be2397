//! An inbox engine in one file, for one process.

mod codec;
#[cfg(test)]
mod crash_tests;
mod database;
mod work;
mod writer;

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::engine::{ClaimEnd, ClaimedEvent, DeadLetter, InboxEngine, InboxError, InboxEvent, Stored};
use super::table::millis;
use database::{Fault, Opener, open_file};
use work::Work;
use writer::{Job, Writer};

/// An [`InboxEngine`] in one file, for one process: what it has stored survives the end of the process at any moment, by
/// `kill -9` or by a loss of power, if the disk keeps what it has confirmed with `fsync`.
///
/// Calls that come together are written by one transaction of `redb`, an embedded database, on a thread of the engine. A
/// transaction that a crash cuts off, in the middle of a page if it may be, has not happened, and what it would have
/// stored was not acknowledged. On a full disk calls fail until there is room again; nothing that was stored is lost. A
/// second process that opens the file gets an error. Payloads are stored unencrypted. The file does not shrink when it
/// empties, but its room is used again.
pub struct FileInbox {
    jobs: Option<Sender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl FileInbox {
    /// Opens or creates the file, and repairs it after a crash. Blocks, so call it at the start of the program.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written, is none of an inbox, or is open in another process.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        Self::start(Box::new(move || open_file(&path)), Arc::new(SystemTime::now))
    }

    fn start(open: Opener, clock: Arc<dyn Fn() -> SystemTime + Send + Sync>) -> io::Result<Self> {
        let mut writer = Writer::open(open).map_err(|fault| io::Error::other(fault.to_string()))?;
        let (jobs, receiver) = channel();
        let run = move || writer.run(&receiver);
        let thread = std::thread::Builder::new().name("feishu-inbox".to_owned()).spawn(run)?;
        Ok(Self { jobs: Some(jobs), thread: Mutex::new(Some(thread)), clock })
    }

    /// Runs `work` on the thread of the engine, and returns once what it changed is on the disk.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, InboxError> {
        let (answer, wait) = oneshot::channel();
        let job = Job::new(work, move |done| drop(answer.send(done)));
        let jobs = self.jobs.as_ref().ok_or(GONE)?;
        jobs.send(job).map_err(|_| GONE)?;
        wait.await.map_err(|_| GONE)?.map_err(Into::into)
    }

    fn now(&self) -> u64 {
        millis((self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

const GONE: &str = "the thread of the inbox has ended, which is a mistake in this library";

#[async_trait]
impl InboxEngine for FileInbox {
    async fn put(&self, queue: &str, events: &[InboxEvent], backlog: u64) -> Result<Vec<Stored>, InboxError> {
        let (queue, events, now) = (queue.to_owned(), events.to_vec(), self.now());
        self.ask(move |work| work.put(&queue, &events, backlog, now)).await
    }

    async fn claim(
        &self,
        queue: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedEvent>, InboxError> {
        let (queue, owner, now) = (queue.to_owned(), owner.to_owned(), self.now());
        self.ask(move |work| work.claim(&queue, &owner, max, lease, now)).await
    }

    async fn renew(
        &self,
        queue: &str,
        owner: &str,
        ids: &[String],
        lease: Duration,
    ) -> Result<Vec<bool>, InboxError> {
        let (queue, owner, ids) = (queue.to_owned(), owner.to_owned(), ids.to_vec());
        let until = self.now().saturating_add(millis(lease));
        self.ask(move |work| Ok(work.renew(&queue, &owner, &ids, until))).await
    }

    async fn hold(
        &self,
        queue: &str,
        owner: &str,
        event: &InboxEvent,
        lease: Duration,
    ) -> Result<bool, InboxError> {
        let (queue, owner, event, now) = (queue.to_owned(), owner.to_owned(), event.clone(), self.now());
        self.ask(move |work| work.hold(&queue, &owner, event, lease, now)).await
    }

    async fn end(&self, queue: &str, owner: &str, id: &str, end: &ClaimEnd) -> Result<(), InboxError> {
        let (queue, owner, id, end) = (queue.to_owned(), owner.to_owned(), id.to_owned(), end.clone());
        let now = self.now();
        self.ask(move |work| work.end(&queue, &owner, &id, &end, now)).await
    }

    async fn backlog(&self, queue: &str) -> Result<u64, InboxError> {
        let queue = queue.to_owned();
        self.ask(move |work| Ok(work.backlog(&queue))).await
    }

    async fn dead(&self, queue: &str, skip: usize, max: usize) -> Result<Vec<DeadLetter>, InboxError> {
        let queue = queue.to_owned();
        self.ask(move |work| work.dead(&queue, skip, max)).await
    }

    async fn retry_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        let (queue, id, now) = (queue.to_owned(), id.to_owned(), self.now());
        self.ask(move |work| work.retry_dead(&queue, &id, now)).await
    }

    async fn purge_dead(&self, queue: &str, id: &str) -> Result<bool, InboxError> {
        let (queue, id) = (queue.to_owned(), id.to_owned());
        self.ask(move |work| work.purge_dead(&queue, &id)).await
    }
}

/// Waits until what was given to it is written, so that the file can be opened again.
impl Drop for FileInbox {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for FileInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileInbox").finish_non_exhaustive()
    }
}
