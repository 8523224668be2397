//! A deduplication store in a file, which survives restarts.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{DedupStore, StoreError, StoredClaim};

/// The file is rewritten once it has this many lines more than twice its entries.
const SLACK: usize = 1024;
/// Maximum number of entries; the oldest is evicted first. The same as the default in memory.
const MAX_ENTRIES: usize = 100_000;
/// Maximum bytes of a stored reply. Larger ones are kept only in the memory of the process.
const MAX_REPLY: usize = 64 << 10;

/// A [`DedupStore`] in one file, for one process: repeats are still recognised after a restart or a crash. For several
/// processes use a shared store, such as Redis.
///
/// The file is a log of JSON lines and is compacted as it grows. A line cut off by a crash is skipped. Replies are stored
/// unencrypted.
#[derive(Clone)]
pub struct FileStore {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

struct Inner {
    path: PathBuf,
    file: File,
    entries: HashMap<String, Entry>,
    /// Ended entries by age, oldest first.
    order: VecDeque<String>,
    lines: usize,
}

#[derive(Clone)]
enum Entry {
    Claimed { owner: String, until_ms: u64 },
    Failed { until_ms: u64 },
    Done { reply: String, until_ms: u64 },
}

/// One line of the file.
#[derive(Deserialize, Serialize)]
struct Line {
    key: String,
    /// Expiry in milliseconds since 1970.
    until: u64,
    /// The reply; absent if the handler failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
}

impl FileStore {
    /// Opens or creates the file. Blocks, so call it at the start of the program.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with_clock(path, SystemTime::now)
    }

    /// As [`open`](Self::open), with another clock than the system's, for tests.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with_clock(
        path: impl AsRef<Path>,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        let mut inner = Inner { path, file, entries: HashMap::new(), order: VecDeque::new(), lines: 0 };
        inner.load(millis(clock()))?;
        inner.rewrite()?;
        Ok(Self { inner: Arc::new(Mutex::new(inner)), clock: Arc::new(clock) })
    }

    /// Runs `work` on the table on a thread for blocking work.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner, u64) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let now = millis((self.clock)());
        let worked = tokio::task::spawn_blocking(move || {
            work(&mut inner.lock().unwrap_or_else(PoisonError::into_inner), now)
        });
        Ok(worked.await??)
    }
}

#[async_trait]
impl DedupStore for FileStore {
    async fn claim(&self, key: &str, owner: &str, lease: Duration) -> Result<StoredClaim, StoreError> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        self.blocking(move |inner, now| Ok(inner.claim(key, owner, now, now + span(lease)))).await
    }

    async fn complete(&self, key: &str, owner: &str, reply: &[u8], keep: Duration) -> Result<(), StoreError> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        let reply = if reply.len() > MAX_REPLY { b"{}" } else { reply };
        let reply = String::from_utf8(reply.to_vec())?;
        self.blocking(move |inner, now| {
            let until_ms = now + span(keep);
            inner.end(key, &owner, now, Entry::Done { reply, until_ms })
        })
        .await
    }

    async fn fail(&self, key: &str, owner: &str, keep: Duration) -> Result<(), StoreError> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        self.blocking(move |inner, now| {
            inner.end(key, &owner, now, Entry::Failed { until_ms: now + span(keep) })
        })
        .await
    }
}

impl Inner {
    fn load(&mut self, now: u64) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(&self.path)?);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            // Twice the reply, as JSON escaped in JSON, and the rest of the line.
            let most = u64::try_from(2 * MAX_REPLY + 4096).unwrap_or(u64::MAX);
            if io::Read::take(&mut reader, most).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            let Ok(Line { key, until, reply }) = serde_json::from_slice(&bytes) else { continue };
            if until > now {
                let entry = match reply {
                    Some(reply) => Entry::Done { reply, until_ms: until },
                    None => Entry::Failed { until_ms: until },
                };
                self.remember(key, entry);
            }
        }
    }

    fn claim(&mut self, key: String, owner: String, now: u64, until_ms: u64) -> StoredClaim {
        self.forget_old(now);
        let found = match self.entries.get(&key).filter(|entry| entry.until_ms() > now) {
            Some(Entry::Done { reply, .. }) => return StoredClaim::Done(reply.clone().into_bytes()),
            Some(Entry::Claimed { owner: other, .. }) if *other != owner => return StoredClaim::InFlight,
            Some(Entry::Failed { .. }) => StoredClaim::Again,
            Some(Entry::Claimed { .. }) | None => StoredClaim::New,
        };
        self.entries.insert(key, Entry::Claimed { owner, until_ms });
        found
    }

    fn end(&mut self, key: String, owner: &str, now: u64, entry: Entry) -> io::Result<()> {
        if let Some(Entry::Claimed { owner: other, until_ms }) = self.entries.get(&key) {
            if other != owner && *until_ms > now {
                return Ok(());
            }
        }
        let mut line = serde_json::to_vec(&entry.line(&key))?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.lines += 1;
        self.remember(key, entry);
        if self.lines > 2 * self.entries.len() + SLACK {
            self.rewrite()?;
        }
        Ok(())
    }

    fn remember(&mut self, key: String, entry: Entry) {
        self.order.push_back(key.clone());
        self.entries.insert(key, entry);
        while self.entries.len() > MAX_ENTRIES || self.order.len() > 2 * MAX_ENTRIES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.entries.remove(&oldest);
        }
    }

    fn forget_old(&mut self, now: u64) {
        while let Some(oldest) = self.order.front() {
            if self.entries.get(oldest).is_some_and(|entry| entry.until_ms() > now) {
                return;
            }
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    /// Compacts the file: writes the current entries to a new one and replaces the old one.
    fn rewrite(&mut self) -> io::Result<()> {
        let draft = self.path.with_extension("draft");
        let mut writer = BufWriter::new(File::create(&draft)?);
        let mut lines = 0;
        let mut seen = std::collections::HashSet::new();
        let mut order = VecDeque::new();
        for key in std::mem::take(&mut self.order).into_iter().rev() {
            if seen.insert(key.clone()) {
                order.push_front(key);
            }
        }
        for key in &order {
            if let Some(entry) = self.entries.get(key).filter(|entry| !entry.is_claim()) {
                serde_json::to_writer(&mut writer, &entry.line(key))?;
                writer.write_all(b"\n")?;
                lines += 1;
            }
        }
        writer.flush()?;
        drop(writer);
        std::fs::rename(&draft, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        (self.lines, self.order) = (lines, order);
        Ok(())
    }
}

impl Entry {
    fn until_ms(&self) -> u64 {
        match self {
            Self::Claimed { until_ms, .. } | Self::Failed { until_ms } | Self::Done { until_ms, .. } => {
                *until_ms
            }
        }
    }

    fn is_claim(&self) -> bool {
        matches!(self, Self::Claimed { .. })
    }

    fn line(&self, key: &str) -> Line {
        let reply = match self {
            Self::Done { reply, .. } => Some(reply.clone()),
            Self::Claimed { .. } | Self::Failed { .. } => None,
        };
        Line { key: key.to_owned(), until: self.until_ms(), reply }
    }
}

fn millis(time: SystemTime) -> u64 {
    span(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn span(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4)
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").finish_non_exhaustive()
    }
}
