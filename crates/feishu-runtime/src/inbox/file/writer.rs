//! The thread that owns the database: it writes what comes together in one transaction.

use std::sync::mpsc::Receiver;

use redb::Database;

use super::database::{Fault, Opener, read};
use super::work::{Moved, Work};
use crate::inbox::table::Table;
use crate::panics::caught;

/// Calls in one transaction, which waits for the disk once.
const BATCH: usize = 256;
/// How long a claim stays that was about to end when the database failed, in milliseconds. Its owner ends it again.
const ENDS_AGAIN: u64 = 60_000;

/// A call of the engine. Without a transaction it only answers.
pub(super) struct Job(Box<Call>);

type Call = dyn FnOnce(Option<&mut Work<'_>>) -> (Option<Fault>, Answer) + Send;

/// Answers a call, once it is known whether its transaction was written.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

impl Job {
    pub(super) fn new<T: Send + 'static>(
        work: impl FnOnce(&mut Work<'_>) -> Result<T, Fault> + Send + 'static,
        answer: impl FnOnce(Result<T, Fault>) + Send + 'static,
    ) -> Self {
        Self(Box::new(move |transaction| {
            let worked = match transaction {
                Some(transaction) => work(transaction),
                None => Err(Fault::new("the file of the inbox is not open")),
            };
            let fault = worked.as_ref().err().cloned();
            (fault, Box::new(move |written| answer(written.and(worked))))
        }))
    }

    /// The answer of a call that finds no database.
    fn refused(self) -> Answer {
        (self.0)(None).1
    }
}

/// The database with its table in memory.
pub(super) struct Writer {
    open: Opener,
    /// `None` after a failure, until it could be opened again.
    database: Option<Database>,
    table: Table,
    /// The claims of the table that a failure made useless: queue, id, owner, end of the lease.
    claims: Vec<(String, String, String, u64)>,
}

impl Writer {
    pub(super) fn open(open: Opener) -> Result<Self, Fault> {
        let (database, table) = start(&open)?;
        Ok(Self { open, database: Some(database), table, claims: Vec::new() })
    }

    /// Works until all senders are gone.
    pub(super) fn run(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let more = jobs.try_iter().take(BATCH - 1);
            self.work(std::iter::once(first).chain(more));
        }
    }

    fn work(&mut self, jobs: impl Iterator<Item = Job>) {
        let mut answers = Vec::new();
        let written = self.transact(jobs, &mut answers);
        if let Err(fault) = &written {
            tracing::warn!(error = %fault, "the file of the inbox failed; it is opened again at the next call");
        }
        for answer in answers {
            answer(written.clone());
        }
    }

    /// Runs the calls in one transaction. If one of them fails, none has happened.
    fn transact(&mut self, jobs: impl Iterator<Item = Job>, answers: &mut Vec<Answer>) -> Result<(), Fault> {
        let jobs: Vec<Job> = jobs.collect();
        if let Err(fault) = self.reopen() {
            answers.extend(jobs.into_iter().map(Job::refused));
            return Err(fault);
        }
        let Some(database) = &self.database else { return Ok(()) };
        let mut moved = Moved::default();
        let written = caught(|| write(database, &mut self.table, jobs, answers, &mut moved));
        let written = written.unwrap_or_else(|panic| Err(Fault::new(panic.to_string())));
        if written.is_err() {
            self.claims = self.table.claims();
            self.claims.retain(|(queue, id, _, _)| !moved.claimed.iter().any(|(q, i)| q == queue && i == id));
            let again =
                |(queue, id, owner, now): (String, String, String, u64)| (queue, id, owner, now + ENDS_AGAIN);
            self.claims.extend(moved.ended.into_iter().map(again));
            self.table = Table::default();
            self.database = None;
        }
        written
    }

    /// Opens the database again after a failure.
    fn reopen(&mut self) -> Result<(), Fault> {
        if self.database.is_some() {
            return Ok(());
        }
        let (database, table) = start(&self.open)?;
        self.table = table;
        self.database = Some(database);
        for (queue, id, owner, until) in self.claims.drain(..) {
            self.table.queue(&queue).claim_again(&id, &owner, until);
        }
        Ok(())
    }
}

/// Opens and reads the database. It panics on some broken files.
fn start(open: &Opener) -> Result<(Database, Table), Fault> {
    let opened = caught(|| {
        let database = open()?;
        let table = read(&database)?;
        Ok((database, table))
    });
    opened.unwrap_or_else(|panic| Err(Fault::new(format!("the file of the inbox is broken: {panic}"))))
}

fn write(
    database: &Database,
    table: &mut Table,
    jobs: Vec<Job>,
    answers: &mut Vec<Answer>,
    moved: &mut Moved,
) -> Result<(), Fault> {
    let transaction = database.begin_write();
    let transaction = match transaction {
        Ok(transaction) => transaction,
        Err(error) => {
            answers.extend(jobs.into_iter().map(Job::refused));
            return Err(error.into());
        }
    };
    let mut failed = None;
    let changed = {
        let mut work = match Work::begin(table, &transaction, moved) {
            Ok(work) => work,
            Err(fault) => {
                answers.extend(jobs.into_iter().map(Job::refused));
                return Err(fault);
            }
        };
        for Job(job) in jobs {
            let (fault, answer) = job(Some(&mut work));
            answers.push(answer);
            failed = failed.or(fault);
        }
        work.changed
    };
    if let Some(fault) = failed {
        return Err(fault);
    }
    if changed {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(())
}
