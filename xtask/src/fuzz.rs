//! `cargo xtask fuzz`: the fuzz targets, where cargo-fuzz and a nightly compiler are installed.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cargo::show;
use crate::workspace::root;

/// Where the targets are.
const FOLDER: &str = "tests/fuzz";
/// How long each target runs by default.
const SECONDS: u32 = 60;

/// Runs each target for some time, or prints what is missing for it.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let seconds = seconds(arguments)?;
    if let Some(missing) = missing() {
        println!("left out: {missing}. The same properties are tested by `cargo test` with proptest");
        return Ok(());
    }
    for target in targets()? {
        println!("\n=== {target}, {seconds} s");
        let mut command = Command::new("cargo");
        command.current_dir(root()).env_remove("RUSTUP_TOOLCHAIN").args(["+nightly", "fuzz", "run"]);
        command.args(["--fuzz-dir", FOLDER, &target, "--", &format!("-max_total_time={seconds}")]);
        show(&mut command)?;
    }
    Ok(())
}

fn seconds(arguments: &[&str]) -> Result<u32> {
    let wrong = "`cargo xtask fuzz` takes --seconds N, the time for each target";
    match arguments {
        [] => Ok(SECONDS),
        ["--seconds", seconds] => seconds.parse().context(wrong),
        _ => bail!(wrong),
    }
}

/// What is needed and not installed.
fn missing() -> Option<&'static str> {
    let works = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("RUSTUP_TOOLCHAIN");
        command.status().is_ok_and(|status| status.success())
    };
    if !works("cargo", &["+nightly", "--version"]) {
        return Some("there is no nightly compiler (`rustup toolchain install nightly`)");
    }
    (!works("cargo", &["fuzz", "--version"]))
        .then_some("cargo-fuzz is not installed (`cargo install cargo-fuzz`)")
}

/// The targets, by the files that hold them.
fn targets() -> Result<Vec<String>> {
    let folder = root().join(FOLDER).join("fuzz_targets");
    let files = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{SECONDS, seconds};

    #[test]
    fn seconds_of_a_target_can_be_chosen() {
        assert_eq!(seconds(&[]).unwrap(), SECONDS);
        assert_eq!(seconds(&["--seconds", "5"]).unwrap(), 5);
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["frame"]] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
