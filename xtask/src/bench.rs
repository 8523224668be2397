//! `cargo xtask bench`: the client against bare echoes of the same frames, in one run.

use anyhow::Result;

use crate::cargo::{cargo, show};

/// Builds and runs `feishu-bench`, an optimised build, with the arguments as they are.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let fixed = ["run", "--quiet", "--release", "--locked", "--package", "feishu-bench", "--"];
    show(&mut cargo(fixed.iter().chain(arguments)))
}
