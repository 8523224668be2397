//! The file after a crash at every write, with torn writes and lost ones, and on a full disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use redb::StorageBackend;

use super::database::{Fault, builder};
use super::{ClaimEnd, FileInbox, InboxEngine, InboxEvent, Stored};

const LEASE: Duration = Duration::from_secs(30);
const KEEP: Duration = Duration::from_secs(3600);
/// What a disk writes in one piece.
const SECTOR: usize = 512;

/// A disk that loses its power at a chosen operation.
#[derive(Clone, Debug)]
struct Disk(Arc<Mutex<Platter>>);

#[derive(Debug)]
struct Platter {
    /// What the process sees.
    seen: Vec<u8>,
    /// What was confirmed.
    durable: Vec<u8>,
    /// What was written since.
    pending: Vec<Op>,
    operations: usize,
    dies_at: usize,
    room: usize,
}

#[derive(Clone, Debug)]
enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Disk {
    fn of(image: Vec<u8>) -> Self {
        let platter = Platter {
            durable: image.clone(),
            seen: image,
            pending: Vec::new(),
            operations: 0,
            dies_at: usize::MAX,
            room: usize::MAX,
        };
        Self(Arc::new(Mutex::new(platter)))
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    fn inbox(&self) -> io::Result<FileInbox> {
        let disk = self.clone();
        let open = move || builder().create_with_backend(disk.clone()).map_err(Fault::from);
        FileInbox::start(Box::new(open), Arc::new(SystemTime::now))
    }

    /// What is on the disk after the power came back: of what was not confirmed any part, and sectors of it.
    fn after_power_loss(&self, random: &mut fastrand::Rng) -> Vec<u8> {
        let platter = self.platter();
        let mut image = platter.durable.clone();
        for op in &platter.pending {
            match op {
                Op::Write(..) if random.bool() => {}
                Op::Write(offset, data) if random.bool() => {
                    for (index, sector) in data.chunks(SECTOR).enumerate() {
                        if random.bool() {
                            apply(&mut image, &Op::Write(offset + index * SECTOR, sector.to_vec()));
                        }
                    }
                }
                // A file system that writes a journal keeps lengths in order with what follows.
                op => apply(&mut image, op),
            }
        }
        image
    }
}

fn apply(image: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Length(length) => image.resize(*length, 0),
        Op::Write(offset, data) => {
            let end = offset + data.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(data);
        }
    }
}

impl Platter {
    fn step(&mut self, op: Option<Op>) -> io::Result<()> {
        self.operations += 1;
        if self.operations > self.dies_at {
            return Err(io::Error::other("the power is off"));
        }
        let Some(op) = op else {
            for op in std::mem::take(&mut self.pending) {
                apply(&mut self.durable, &op);
            }
            return Ok(());
        };
        let end = match &op {
            Op::Length(length) => *length,
            Op::Write(offset, data) => offset + data.len(),
        };
        if end > self.room {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        apply(&mut self.seen, &op);
        self.pending.push(op);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.platter().seen.len() as u64)
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let offset = usize::try_from(offset).unwrap();
        let read = self.platter().seen.get(offset..offset + len).map(<[u8]>::to_vec);
        read.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.platter().step(Some(Op::Length(usize::try_from(len).unwrap())))
    }

    fn sync_data(&self, _eventual: bool) -> io::Result<()> {
        self.platter().step(None)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.platter().step(Some(Op::Write(usize::try_from(offset).unwrap(), data.to_vec())))
    }
}

/// What the engine has confirmed: attempts of each event that is left, what is handled, what is dead.
#[derive(Debug, Default)]
struct Confirmed {
    stored: BTreeMap<String, u32>,
    handled: BTreeSet<String>,
    dead: BTreeSet<String>,
    /// Calls that failed may have happened or not.
    unsure: BTreeSet<String>,
}

/// Works on the inbox until it fails or the script ends.
async fn work(inbox: &FileInbox, known: &mut Confirmed, seed: u64) -> Option<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..3_u32 {
        let id = format!("{seed}-{round}-held");
        known.unsure.insert(id.clone());
        for payload in ["{}".to_owned(), "x".repeat(random.usize(10..3000))] {
            let held = inbox.hold("cli_a", "me", &InboxEvent::new(id.clone(), payload), LEASE).await.ok()?;
            assert!(held, "its own claim");
            known.stored.insert(id.clone(), 1);
        }
        known.unsure.remove(&id);
        let events: Vec<_> = (0..3)
            .map(|index| {
                let payload = vec![b'x'; random.usize(10..3000)];
                InboxEvent::new(format!("{seed}-{round}-{index}"), payload).lane(Some(random.u64(0..2)))
            })
            .collect();
        known.unsure.extend(events.iter().map(|event| event.id.clone()));
        let stored = inbox.put("cli_a", &events, 1000).await.ok()?;
        assert!(stored.iter().all(|stored| *stored == Stored::New));
        for event in &events {
            known.unsure.remove(&event.id);
            known.stored.insert(event.id.clone(), 0);
        }
        let claimed = inbox.claim("cli_a", "me", 2, LEASE).await.ok()?;
        for claimed in claimed {
            let id = claimed.event.id;
            assert!(claimed.attempt > known.stored[&id], "an attempt was forgotten");
            known.stored.insert(id.clone(), claimed.attempt);
            let end = match random.u8(0..4) {
                0 => ClaimEnd::Retry(Duration::ZERO),
                1 => ClaimEnd::Dead("poison".to_owned()),
                _ => ClaimEnd::Done(KEEP),
            };
            known.unsure.insert(id.clone());
            inbox.end("cli_a", "me", &id, &end).await.ok()?;
            known.unsure.remove(&id);
            match end {
                ClaimEnd::Done(_) => {
                    known.stored.remove(&id);
                    known.handled.insert(id);
                }
                ClaimEnd::Dead(_) => {
                    known.stored.remove(&id);
                    known.dead.insert(id);
                }
                _ => {}
            }
        }
    }
    Some(())
}

/// Compares what is there after a crash with what was confirmed before.
async fn compare(inbox: &FileInbox, known: &Confirmed) {
    let sure = |id: &&String| !known.unsure.contains(*id);
    let dead: BTreeSet<_> =
        inbox.dead("cli_a", 0, 1000).await.unwrap().into_iter().map(|dead| dead.event.id).collect();
    for id in known.dead.iter().filter(sure) {
        assert!(dead.contains(id), "the dead letter {id} was lost");
    }
    let mut left = BTreeMap::new();
    loop {
        let claimed = inbox.claim("cli_a", "later", 100, LEASE).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        for claimed in claimed {
            let id = claimed.event.id;
            inbox.end("cli_a", "later", &id, &ClaimEnd::Done(KEEP)).await.unwrap();
            left.insert(id, claimed.attempt);
        }
    }
    for (id, attempts) in known.stored.iter().filter(|(id, _)| sure(id)) {
        let attempt = left.get(id).unwrap_or_else(|| panic!("{id} was confirmed and is lost"));
        // A claim that was not confirmed may be counted.
        assert!(*attempt > *attempts && *attempt <= attempts + 2, "{id}: {attempt} after {attempts}");
    }
    for id in known.handled.iter().filter(sure) {
        assert!(!left.contains_key(id), "{id} was handled and is there again");
        let again = inbox.put("cli_a", &[InboxEvent::new(id.clone(), "{}")], 1000).await.unwrap();
        assert_eq!(again, [Stored::Known], "a repeat of {id} is known");
    }
}

/// Crashes at operation `dies_at`, and then at one of the repair. False if the script came to its end before.
async fn crash(dies_at: usize, seed: u64) -> bool {
    let mut random = fastrand::Rng::with_seed(seed ^ dies_at as u64);
    let disk = Disk::of(Vec::new());
    disk.platter().dies_at = dies_at;
    let mut known = Confirmed::default();
    let ended = match disk.inbox() {
        Ok(inbox) => work(&inbox, &mut known, seed).await.is_some(),
        Err(_) => false,
    };
    let mut image = disk.after_power_loss(&mut random);
    if random.bool() {
        // The power goes again while the file is opened.
        let disk = Disk::of(image);
        disk.platter().dies_at = random.usize(0..12);
        drop(disk.inbox());
        image = disk.after_power_loss(&mut random);
    }
    match Disk::of(image).inbox() {
        Ok(inbox) => compare(&inbox, &known).await,
        Err(error) => {
            let created = !known.stored.is_empty() || !known.handled.is_empty() || !known.dead.is_empty();
            assert!(!created, "operation {dies_at}: {error}");
        }
    }
    ended
}

#[tokio::test]
async fn file_inbox_keeps_what_it_confirmed_after_a_crash_at_every_write() {
    let mut operations = 0;
    while !crash(operations, 7).await {
        operations += 1;
    }
    assert!(operations > 60, "{operations}: the script writes too little");
}

#[tokio::test]
async fn file_inbox_refuses_on_a_full_disk_and_goes_on_when_there_is_room() {
    let disk = Disk::of(Vec::new());
    let inbox = disk.inbox().unwrap();
    let first = [InboxEvent::new("first", "{}")];
    assert_eq!(inbox.put("", &first, 1000).await.unwrap(), [Stored::New]);
    let claimed = inbox.claim("", "me", 1, LEASE).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let room = disk.platter().seen.len();
    disk.platter().room = room;
    let mut stored = Vec::new();
    let refused = loop {
        let id = format!("large {}", stored.len());
        let large = [InboxEvent::new(id.clone(), vec![b'x'; 200_000])];
        match inbox.put("", &large, 1000).await {
            Ok(_) => stored.push(id),
            Err(_) => break id,
        }
    };
    disk.platter().room = usize::MAX;
    assert_eq!(inbox.backlog("").await.unwrap(), 1 + stored.len() as u64);
    assert_eq!(inbox.put("", &[InboxEvent::new(refused, "{}")], 1000).await.unwrap(), [Stored::New]);
    let others = inbox.claim("", "other", 1000, LEASE).await.unwrap();
    assert!(others.iter().all(|other| other.event.id != "first"), "the claim is kept");
    assert_eq!(others.len(), stored.len() + 1);
    inbox.end("", "me", "first", &ClaimEnd::Done(KEEP)).await.unwrap();
    assert_eq!(inbox.backlog("").await.unwrap(), stored.len() as u64 + 1);
}

#[tokio::test]
async fn file_inbox_is_open_in_one_process_only() {
    let path =
        std::env::temp_dir().join(format!("feishu-inbox-{}-{}", std::process::id(), fastrand::u64(..)));
    let first = FileInbox::open(&path).unwrap();
    first.put("a", &[InboxEvent::new("1", "{}")], 10).await.unwrap();
    let second = FileInbox::open(&path).map(drop).unwrap_err().to_string();
    assert!(second.contains("already open"), "{second}");
    drop(first);
    let again = FileInbox::open(&path).unwrap();
    assert_eq!(again.backlog("a").await.unwrap(), 1);
    assert_eq!(again.backlog("b").await.unwrap(), 0, "apps are apart");
    drop(again);
    std::fs::remove_file(path).unwrap();
}
