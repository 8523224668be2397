//! The log of a test: all that went through `tracing` or `log`, and a search for secrets in it.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// What was logged. Clones share one text.
#[derive(Clone, Debug, Default)]
pub struct CapturedLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    bytes: Mutex<Vec<u8>>,
    /// The target whose records below info are left out.
    quiet: Mutex<Option<&'static str>>,
}

impl CapturedLog {
    /// Captures what this thread writes with `tracing`, up to this level, while the guard lives.
    pub fn of_this_thread(level: impl Into<LevelFilter>) -> (Self, DefaultGuard) {
        // While a process has one subscriber, `tracing` asks only the thread that reaches a log line first whether the line is
        // wanted, and remembers the answer for all threads. A thread of another test may say no. With two it asks each thread.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(NoSubscriber::new()));
        let log = Self::default();
        let guard = tracing::subscriber::set_default(log.subscriber(level.into()));
        (log, guard)
    }

    /// Captures everything that the process writes with `tracing` or `log`, at every level. All calls give the same log.
    pub fn of_the_process() -> Self {
        static LOG: OnceLock<CapturedLog> = OnceLock::new();
        let start = || {
            let log = Self::default();
            tracing::subscriber::set_global_default(log.subscriber(LevelFilter::TRACE)).unwrap();
            log::set_boxed_logger(Box::new(log.clone())).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
            log
        };
        LOG.get_or_init(start).clone()
    }

    fn subscriber(&self, level: LevelFilter) -> impl tracing::Subscriber + Send + Sync + 'static {
        let log = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish()
    }

    /// Adds a line, so that shown values are searched together with the log.
    pub fn add(&self, what: impl fmt::Display) {
        // Made before the lock is taken: what is shown may log.
        let line = format!("{what}\n");
        self.bytes().extend_from_slice(line.as_bytes());
    }

    /// Leaves out what this target logs below info by way of `log`, as the filter `target=info` does.
    pub fn at_info(&self, target: &'static str) {
        *self.0.quiet.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    /// Everything since the last call.
    pub fn take(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.bytes())).into_owned()
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The only line with `part` in it.
    pub fn line(&self, part: &str) -> String {
        let text = self.text();
        let lines: Vec<_> = text.lines().filter(|line| line.contains(part)).collect();
        let [line] = lines[..] else { panic!("{} lines have {part}: {text}", lines.len()) };
        line.to_owned()
    }

    /// Fails if one of the secrets is in the log: as it is, in hex, in base64, or in base64 within hex (an answer in a
    /// dumped frame).
    pub fn assert_without<S: AsRef<str>>(&self, secrets: impl IntoIterator<Item = S>) {
        let text = self.text();
        for secret in secrets {
            assert_eq!(line_with(&text, secret.as_ref()), None, "{} was logged", secret.as_ref());
        }
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The line of a log that shows a secret in one of the spellings that [`CapturedLog::assert_without`] knows.
pub fn line_with<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    // In the whole text at once: a search per line and spelling took a minute for a long log.
    let at = spellings(secret).iter().filter_map(|spelling| text.find(spelling.as_str())).min()?;
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    text.get(start..)?.lines().next()
}

impl io::Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for CapturedLog {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let quiet = *self.0.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        metadata.level() <= log::Level::Info
            || !quiet.is_some_and(|target| metadata.target().starts_with(target))
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        self.add(format_args!("{} {} {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// The texts that show a secret.
fn spellings(secret: &str) -> Vec<String> {
    let mut spellings = base64(secret);
    spellings.push(secret.to_owned());
    let dumped: Vec<_> = spellings.iter().map(|text| hex(text)).collect();
    spellings.extend(dumped.iter().map(|text| text.to_uppercase()));
    spellings.extend(dumped);
    spellings
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// What a secret within an encoded text looks like, for each place it can have in a group of three bytes. Characters that
/// depend on its neighbours are left out.
fn base64(secret: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (before, mixed) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            let end = encoded.len() - usize::from(bytes.len() % 3 != 0);
            texts.push(encoded[mixed..end].to_owned());
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const SECRET: &str = "canary-secret-Zq7";

    fn finds(text: &str) -> bool {
        let log = CapturedLog::default();
        log.add(text);
        catch_unwind(|| log.assert_without([SECRET])).is_err()
    }

    #[test]
    fn assert_without_finds_a_secret_plain_in_hex_and_in_base64_at_every_place() {
        for before in 0..6 {
            for after in 0..6 {
                let text = format!("{}{SECRET}{}", "~".repeat(before), "?".repeat(after));
                for shown in [
                    text.clone(),
                    hex(&text),
                    hex(&text).to_uppercase(),
                    STANDARD.encode(&text),
                    URL_SAFE.encode(&text),
                    hex(&STANDARD.encode(&text)),
                ] {
                    assert!(finds(&format!("a line with {shown} in it")), "{shown}");
                }
            }
        }
        assert!(!finds("canary-secret-Zq"), "only a part of it");
    }

    #[test]
    fn of_the_process_captures_tracing_and_log_from_every_thread() {
        let log = CapturedLog::of_the_process();
        std::thread::spawn(|| {
            tracing::trace!("by way of tracing");
            log::trace!("by way of log");
        })
        .join()
        .unwrap();
        for part in ["by way of tracing", "by way of log"] {
            assert!(log.line(part).contains("TRACE"), "{part}");
        }
    }

    #[test]
    fn of_this_thread_captures_up_to_its_level_while_the_guard_lives() {
        let (log, guard) = CapturedLog::of_this_thread(tracing::Level::WARN);
        tracing::warn!("a warning");
        tracing::info!("a detail");
        drop(guard);
        tracing::warn!("too late");
        assert!(log.line("a warning").contains("WARN"));
        assert!(!log.text().contains("a detail") && !log.text().contains("too late"));
    }
}
