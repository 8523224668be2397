//! The database in the file: its tables, and how it is opened and read.

use std::fmt;
use std::path::Path;

use redb::{Builder, Database, ReadableTable as _, TableDefinition};

use super::codec::{self, Description, Progress};
use crate::inbox::table::{State, Table};

/// The events, by number. Only one that its owner holds gets another payload.
pub(super) const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
/// What changes of them, by number; absent before the first attempt.
pub(super) const PROGRESS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("progress");
/// Until when handled events are remembered, by queue and id.
pub(super) const HANDLED: TableDefinition<'_, (&str, &str), u64> = TableDefinition::new("handled");

/// Bytes of the file that the database keeps in memory. Events are read soon after they were written.
const CACHE: usize = 16 << 20;

/// Opens the database, again after a failure too.
pub(super) type Opener = Box<dyn Fn() -> Result<Database, Fault> + Send>;

/// Why the database failed.
#[derive(Clone, Debug)]
pub(super) struct Fault(String);

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

impl Fault {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<Fault> for crate::inbox::engine::InboxError {
    fn from(fault: Fault) -> Self {
        fault.0.into()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    // The format of redb 3 and later, so that a later version of this crate reads the file.
    builder.create_with_file_format_v3(true).set_cache_size(CACHE);
    builder
}

pub(super) fn open_file(path: &Path) -> Result<Database, Fault> {
    builder().create(path).map_err(|error| {
        let why = redb::Error::from(error);
        Fault::new(format!("cannot open {} as the file of an inbox: {why}", path.display()))
    })
}

/// Reads the state of all queues.
pub(super) fn read(database: &Database) -> Result<Table, Fault> {
    let mut table = Table::default();
    let transaction = database.begin_write()?;
    {
        let events = transaction.open_table(EVENTS)?;
        let progress = transaction.open_table(PROGRESS)?;
        for event in events.iter()? {
            let (number, bytes) = event?;
            let (Description { queue, id, lane, .. }, _) =
                codec::decode(bytes.value()).map_err(Fault::new)?;
            let Progress { attempts, failures, due, dead } = match progress.get(number.value())? {
                Some(bytes) => parse(bytes.value())?,
                None => Progress::default(),
            };
            match dead {
                None => table.load(&queue, number.value(), &id, lane, State { attempts, failures, due }),
                Some(_) => table.load_dead(&queue, number.value(), &id),
            }
        }
        let mut handled = Vec::new();
        for one in transaction.open_table(HANDLED)?.iter()? {
            let (key, until) = one?;
            let (queue, id) = key.value();
            handled.push((until.value(), queue.to_owned(), id.to_owned()));
        }
        handled.sort_unstable();
        for (until, queue, id) in handled {
            table.queue(&queue).remember(&id, until);
        }
    }
    transaction.commit()?;
    Ok(table)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Progress, Fault> {
    serde_json::from_slice(bytes).map_err(|error| Fault::new(format!("the file is unreadable: {error}")))
}
