//! `cargo xtask fuzz`: the fuzz targets, where cargo-fuzz and a nightly compiler are installed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cargo::show;
use crate::workspace::root;

/// Where the targets are.
const FOLDER: &str = "tests/fuzz";
/// How long each target runs by default.
const SECONDS: u32 = 60;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    /// Run each target for so many seconds.
    Run(u32),
    /// Run each target with so many inputs.
    Inputs(u64),
    /// Write the smallest set of inputs that reaches all that was reached to the seeds.
    Keep,
}

/// Runs each target for some time from the seeds on, or prints what is missing for it.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let order = order(arguments)?;
    if let Some(missing) = missing() {
        println!("left out: {missing}. The same properties are tested by `cargo test` with proptest");
        return Ok(());
    }
    for target in targets()? {
        let corpus = corpus(&target);
        match order {
            Order::Run(seconds) => search(&target, &corpus, &format!("-max_total_time={seconds}"))?,
            Order::Inputs(count) => search(&target, &corpus, &format!("-runs={count}"))?,
            Order::Keep => {
                show(fuzz("cmin", &target).arg(&corpus))?;
                pack(&target, &corpus)?;
            }
        }
    }
    Ok(())
}

/// Runs a target from its seeds on until the fuzzer has reached this bound.
fn search(target: &str, corpus: &PathBuf, bound: &str) -> Result<()> {
    println!("\n=== {target}, {bound}");
    unpack(target, corpus)?;
    show(fuzz("run", target).arg(corpus).args(["--", bound]))
}

fn order(arguments: &[&str]) -> Result<Order> {
    let wrong = "`cargo xtask fuzz` takes --seconds N or --inputs N, for each target, or --keep";
    match arguments {
        [] => Ok(Order::Run(SECONDS)),
        ["--seconds", seconds] => Ok(Order::Run(seconds.parse().context(wrong)?)),
        ["--inputs", count] => Ok(Order::Inputs(count.parse().context(wrong)?)),
        ["--keep"] => Ok(Order::Keep),
        _ => bail!(wrong),
    }
}

fn fuzz(what: &str, target: &str) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root()).env_remove("RUSTUP_TOOLCHAIN");
    // No crate here has unsafe code for the address sanitizer to look at, and without it many times the inputs run.
    command.args(["+nightly", "fuzz", what, "--sanitizer", "none", "--fuzz-dir", FOLDER, target]);
    command
}

/// Where the fuzzer reads and writes inputs; not kept in the repository.
fn corpus(target: &str) -> PathBuf {
    root().join(FOLDER).join("corpus").join(target)
}

/// The inputs of a target that are kept: one a line, in hexadecimal.
fn seeds(target: &str) -> PathBuf {
    root().join(FOLDER).join("seeds").join(format!("{target}.hex"))
}

/// Writes the seeds of a target, if there are any, to its corpus.
fn unpack(target: &str, corpus: &PathBuf) -> Result<()> {
    fs::create_dir_all(corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let seeds = seeds(target);
    if !seeds.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&seeds).with_context(|| format!("cannot read {}", seeds.display()))?;
    for (number, line) in text.lines().enumerate() {
        let input = from_hex(line).with_context(|| format!("{}:{}", seeds.display(), number + 1))?;
        fs::write(corpus.join(format!("seed-{number}")), input)?;
    }
    Ok(())
}

/// Writes the corpus of a target to its seeds, sorted, so that the same corpus gives the same file.
fn pack(target: &str, corpus: &PathBuf) -> Result<()> {
    let files = fs::read_dir(corpus).with_context(|| format!("cannot read {}", corpus.display()))?;
    let mut lines = Vec::new();
    for file in files {
        lines.push(to_hex(&fs::read(file?.path())?));
    }
    lines.sort_unstable_by_key(|line| (line.len(), line.clone()));
    lines.dedup();
    let seeds = seeds(target);
    fs::write(&seeds, lines.join("\n") + "\n").with_context(|| format!("cannot write {}", seeds.display()))
}

fn to_hex(input: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    input.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(line: &str) -> Result<Vec<u8>> {
    let digits = line.chars().map(|digit| digit.to_digit(16).context("not hexadecimal"));
    let digits = digits.collect::<Result<Vec<u32>>>()?;
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Ok(u8::try_from(high << 4 | low)?),
            _ => bail!("half a byte"),
        })
        .collect()
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
    use super::*;

    #[test]
    fn seconds_of_a_target_can_be_chosen() {
        assert_eq!(order(&[]).unwrap(), Order::Run(SECONDS));
        assert_eq!(order(&["--seconds", "5"]).unwrap(), Order::Run(5));
        assert_eq!(order(&["--keep"]).unwrap(), Order::Keep);
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["frame"]] {
            assert!(order(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_target_has_seeds_that_can_be_read() {
        for target in targets().unwrap() {
            let text = fs::read_to_string(seeds(&target)).unwrap();
            for line in text.lines() {
                assert_eq!(to_hex(&from_hex(line).unwrap()), line);
            }
        }
        assert!(from_hex("0g").is_err() && from_hex("012").is_err());
    }
}
