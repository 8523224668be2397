//! `cargo xtask ci`: every gate a change has to pass, in one order everywhere, the cheap ones first.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, line, show};
use crate::workspace::Workspace;
use crate::{api, events, msrv, no_arguments, proto, publish, tidy};

/// How users run the tests; `tidy` checks that the README says so.
pub(crate) const TEST_COMMAND: &str = "cargo test --workspace";

/// How users see a click answered.
pub(crate) const RUN_COMMAND: &str = "cargo run --example card_bot";

/// Runs all gates; stops at the first that fails.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    no_arguments("ci", arguments)?;
    let workspace = Workspace::load()?;
    let mut gates = Gates { started: Instant::now(), passed: 0 };

    gates.command("format", cargo(["fmt", "--all", "--check"]))?;
    gates.step("generated code", || proto::run(&["--check"]))?;
    gates.step("models of events", || events::run(&["--check"]))?;
    gates.step("tidy", || tidy::run(&[]))?;
    let lint =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
    gates.command("lint", cargo(lint))?;
    let mut doc = cargo(["doc", "--workspace", "--all-features", "--no-deps", "--locked"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    gates.command("documentation", doc)?;
    for (package, features) in combinations(&workspace) {
        let mut check = vec!["clippy", "--locked", "--package", package, "--no-default-features"];
        if !features.is_empty() {
            check.extend(["--features", features]);
        }
        let check = cargo(check.iter().chain(&["--", "-D", "warnings"]));
        let features = if features.is_empty() { "no features" } else { features };
        gates.command(&format!("{package} with {features}"), check)?;
    }
    gates.command("test", user_command(TEST_COMMAND))?;
    let mut example = user_command(RUN_COMMAND);
    // The example must use the local platform, also in a shell that has an app's credentials.
    example.env_remove("FEISHU_APP_ID").env_remove("FEISHU_APP_SECRET").env_remove("FEISHU_DOMAIN");
    gates.command("run", example)?;
    // The part for Redis is left out, with a message, where there is no server.
    gates.step("kill", || crate::run("kill", &["--quick"]))?;
    // Left out, with a message, where the languages or their registries are missing.
    gates.step("official SDKs", || crate::run("interop", &["--quick", "python", "node"]))?;
    gates.step("publish", || publish::run(&workspace))?;
    // Last, because they build the libraries again.
    gates.step("public API", || api::run(&["--check"]))?;
    gates.step("oldest Rust", || msrv::run(&[]))?;

    println!("\nall {} gates passed in {}", gates.passed, seconds(gates.started.elapsed()));
    Ok(())
}

/// The gates so far.
struct Gates {
    started: Instant,
    passed: usize,
}

impl Gates {
    fn command(&mut self, name: &str, mut command: Command) -> Result<()> {
        println!("\n=== {name}: {}", line(&command));
        self.timed(name, || show(&mut command))
    }

    fn step(&mut self, name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n=== {name}");
        self.timed(name, run)
    }

    fn timed(&mut self, name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
        let started = Instant::now();
        run().with_context(|| format!("gate `{name}` failed after {} others passed", self.passed))?;
        self.passed += 1;
        println!("--- {name}: passed in {}", seconds(started.elapsed()));
        Ok(())
    }
}

/// Each published crate with no features at all, and with each of its features alone. Of the domains of events only one: the
/// generator lets none name another, and `all-events` has them all.
fn combinations(workspace: &Workspace) -> Vec<(&str, &str)> {
    let crate_of = |name: &str| workspace.published().find(|member| member.name == name);
    let has = |name: &str, feature: &str| {
        crate_of(name).is_some_and(|member| member.features.iter().any(|it| it == feature))
    };
    // What the runtime only passes on to the models.
    let is_domain = |feature: &str| {
        has("feishu-callbacks", feature)
            && has("feishu-runtime", feature)
            && !matches!(feature, "all-events" | "webhook")
    };
    let mut found = Vec::new();
    for member in workspace.published() {
        let is_checked = |feature: &&str| {
            !is_domain(feature) || (member.name == "feishu-callbacks" && *feature == "contact")
        };
        let features = member.features.iter().map(String::as_str).filter(is_checked);
        let features = std::iter::once("").chain(features);
        found.extend(features.map(|feature| (member.name.as_str(), feature)));
    }
    found
}

/// A command from the README, with the lock file taken as it is.
fn user_command(command: &str) -> Command {
    cargo(command.split(' ').skip(1).chain(["--locked"]))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
