//! `cargo xtask network`: network faults between two hosts in network namespaces.

use anyhow::Result;

use crate::cargo::{cargo, show};

/// Builds and runs `feishu-network`, which leaves itself out where the machine does not allow namespaces.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    crate::no_arguments("network", arguments)?;
    show(&mut cargo(["run", "--quiet", "--package", "feishu-network"]))
}
