//! The official SDKs against the local platform.

use anyhow::Result;

use crate::cargo::{cargo, show};

/// Builds and runs the comparison, of all SDKs or of those in `arguments`. What it does is in `tests/interop`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let program = ["run", "--quiet", "--package", "feishu-interop", "--"];
    show(&mut cargo(program.iter().chain(arguments)))
}
