//! `cargo xtask simulate`: the client against the simulated platform, seed by seed.

use anyhow::{Result, bail};

use crate::cargo::{cargo, show};

/// Runs the simulation's own program.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let known = matches!(arguments, ["--seed" | "--seeds", _] | ["--seeds", _, "--from", _]);
    let numbers = arguments.iter().skip(1).step_by(2).all(|number| number.parse::<u64>().is_ok());
    if !known || !numbers {
        bail!("`cargo xtask simulate` takes --seeds N [--from S], or --seed S to replay one step by step");
    }
    let run = ["run", "--quiet", "--locked", "--package", "feishu-simulation", "--"];
    show(&mut cargo(run.iter().chain(arguments)))
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn what_is_no_number_of_seeds_is_refused() {
        for wrong in [&[][..], &["--seeds"], &["--seed", "x"], &["--seeds", "1", "--from", "-2"], &["7"]] {
            assert!(run(wrong).unwrap_err().to_string().contains("--seeds N"), "{wrong:?}");
        }
    }
}
