//! The settings that the benchmark passes to the bot in the environment.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Clone, Copy, Debug)]
struct Name(&'static str);

/// `BENCH_CONNECTIONS`, `BENCH_APPS`, `BENCH_TYPES`, `BENCH_RUNNING` and `BENCH_ROOT`. Without them it is the bot of the
/// README with default settings.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Connections of each app.
    pub(crate) connections: u16,
    /// Apps in this process.
    pub(crate) apps: usize,
    /// Types registered in addition to those of the load.
    pub(crate) types: usize,
    /// Handlers that may run at a time, where the default does not do.
    pub(crate) running: Option<usize>,
    /// The PEM file of the root certificate to trust.
    pub(crate) root: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            connections: Name("BENCH_CONNECTIONS").number()?.unwrap_or(1),
            apps: Name("BENCH_APPS").number()?.unwrap_or(1),
            types: Name("BENCH_TYPES").number()?.unwrap_or(0),
            running: Name("BENCH_RUNNING").number()?,
            root: std::env::var_os("BENCH_ROOT").map(PathBuf::from),
        })
    }
}

impl Name {
    fn number<T: FromStr<Err: Error + 'static>>(self) -> Result<Option<T>, Box<dyn Error>> {
        match std::env::var(self.0) {
            Ok(text) => Ok(Some(text.parse()?)),
            Err(_) => Ok(None),
        }
    }
}
