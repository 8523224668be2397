//! The bot's own test, in the test framework of its language, against the program `feishu-gateway`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::finish;
use crate::sdk::{Sdk, command, logs};

/// One run, with what its framework needs to be installed first.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs it; `None` when the bot has none.
pub(crate) async fn run(sdk: Sdk) -> Result<Option<()>> {
    let commands = commands(sdk)?;
    if commands.is_empty() {
        return Ok(None);
    }
    let gateway = gateway().await?;
    for (number, mut command) in commands.into_iter().enumerate() {
        command.env("FEISHU_GATEWAY", &gateway);
        finish(command, &logs().join(format!("{}-own-test-{number}.log", sdk.name())), LIMIT).await?;
    }
    Ok(Some(()))
}

fn commands(sdk: Sdk) -> Result<Vec<Command>> {
    let (folder, work) = (sdk.folder(), sdk.work());
    Ok(match sdk {
        Sdk::Python => {
            let python = work.join("venv/bin/python");
            let mut install =
                command(&python, &["-m", "pip", "install", "--quiet", "--requirement"], &folder);
            install.arg("requirements-test.txt");
            let mut test =
                command(&python, &["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bot.py"], &folder);
            test.env("PYTHONDONTWRITEBYTECODE", "1");
            vec![install, test]
        }
        Sdk::Node => {
            fs::copy(folder.join("bot.test.js"), work.join("bot.test.js"))?;
            vec![command("node", &["--test", "bot.test.js"], &work)]
        }
        Sdk::Go => vec![command("go", &["test", "."], &folder)],
        Sdk::Java => vec![command("mvn", &["-q", "-B", "test"], &folder)],
        Sdk::Rust => Vec::new(),
    })
}

/// The program, which is built into the folder of this one.
async fn gateway() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = command(cargo, &["build", "--quiet", "--package", "feishu-gateway"], &Sdk::Rust.folder());
    finish(build, &logs().join("gateway-build.log"), LIMIT).await?;
    let ours = std::env::current_exe().context("cannot find this program")?;
    Ok(ours.with_file_name("feishu-gateway"))
}
