//! `cargo xtask msrv`: checks the published crates with the oldest supported Rust.
//!
//! Only the libraries are checked. Tests and tools may need a newer compiler, users never build them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, read, show};
use crate::no_arguments;
use crate::workspace::Workspace;

/// Where distributions put their compiler; Debian's `rustc-web` is one of the version needed here.
const SYSTEM_COMPILER: &str = "/usr/bin/rustc";

/// Checks each published crate, with its default features and with all; without such a compiler it says so and passes.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    no_arguments("msrv", arguments)?;
    let workspace = Workspace::load()?;
    let version = workspace.package("rust-version")?;
    let Some(compiler) = find(version) else {
        println!(
            "left out: there is no Rust {version} here. `rustup toolchain install {version}`, or {SYSTEM_COMPILER} \
             of that version, and run `cargo xtask msrv` again"
        );
        return Ok(());
    };
    println!("checking with {} ({})", compiler.display(), release(&compiler).unwrap_or_default());
    let packages = workspace.published().flat_map(|member| ["--package", member.name.as_str()]);
    let packages: Vec<_> = packages.collect();
    for features in [&[][..], &["--all-features"]] {
        // A separate folder, so that the two compilers do not rebuild each other's work.
        let fixed = ["check", "--locked", "--target-dir", "target/msrv"];
        let mut check = cargo(fixed.iter().chain(features).chain(&packages));
        show(check.env("RUSTC", &compiler))?;
    }
    Ok(())
}

/// A compiler of this version: a rustup toolchain, or the system's own.
fn find(version: &str) -> Option<PathBuf> {
    let toolchains = read(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    let names = toolchains.lines().filter_map(|line| line.split_whitespace().next());
    let mut matching = names.filter(|name| is_release(name, version));
    let installed = matching.find_map(|name| {
        let path = read(Command::new("rustup").args(["which", "--toolchain", name, "rustc"])).ok()?;
        Some(PathBuf::from(path.trim()))
    });
    installed
        .into_iter()
        .chain([PathBuf::from(SYSTEM_COMPILER)])
        .find(|compiler| release(compiler).is_some_and(|release| is_release(&release, version)))
}

/// What a compiler says its version is, `1.85.0`.
fn release(compiler: &Path) -> Option<String> {
    let said = read(Command::new(compiler).arg("--version")).ok()?;
    said.split_whitespace().nth(1).map(str::to_owned)
}

/// Whether a name such as `1.85.1` or `1.85-x86_64-unknown-linux-gnu` is of version `1.85`.
fn is_release(name: &str, version: &str) -> bool {
    name.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::is_release;

    #[test]
    fn patch_releases_and_targets_belong_to_a_version() {
        for name in ["1.85", "1.85.0", "1.85.1-x86_64-unknown-linux-gnu", "1.85-aarch64-apple-darwin"] {
            assert!(is_release(name, "1.85"), "{name}");
        }
        for name in ["1.8", "1.86.0", "1.850.0", "stable-x86_64-unknown-linux-gnu"] {
            assert!(!is_release(name, "1.85"), "{name}");
        }
    }
}
