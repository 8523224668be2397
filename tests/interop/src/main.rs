#![doc = include_str!("../README.md")]

mod cell;
mod lab;
mod own_test;
mod process;
mod scenarios;
mod sdk;
mod secrets;
mod table;

use std::fs;

use anyhow::{Result, bail};

use crate::sdk::{Sdk, logs};
use crate::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.first().is_some_and(|argument| argument == "--quick");
    arguments.drain(..usize::from(quick));
    let wanted = asked_for(&arguments)?;
    let mut failed = 0;
    let mut table = Table::default();
    let mut notes = Vec::new();
    for sdk in wanted {
        if let Some(tool) = sdk.missing_tool() {
            eprintln!("{}: left out, `{tool}` is not there", sdk.name());
            notes.push(format!("{}: left out, `{tool}` is not there", sdk.name()));
            continue;
        }
        eprintln!("{}: installing and building", sdk.name());
        if let Err(error) = sdk.prepare().await {
            eprintln!("{}: left out, {error:#}", sdk.name());
            notes.push(format!("{}: left out, its bot could not be built", sdk.name()));
            continue;
        }
        table.column(sdk.title()?);
        if quick {
            failed += scenarios::quick(sdk, &mut table).await?;
        } else {
            notes.extend(scenarios::run(sdk, &mut table).await?);
        }
        match own_test::run(sdk).await {
            Ok(Some(())) => notes.push(format!("{}: its own test passed", sdk.name())),
            Ok(None) => {}
            Err(error) => {
                eprintln!("{}: its own test failed: {error:#}", sdk.name());
                notes.push(format!("{}: its own test failed", sdk.name()));
                failed += 1;
            }
        }
    }
    let notes: Vec<String> = notes.iter().map(|note| format!("- {note}")).collect();
    let report = format!("{table}\n{}", notes.join("\n"));
    println!("{report}");
    fs::create_dir_all(logs())?;
    fs::write(logs().join("report.md"), report)?;
    if failed > 0 {
        bail!("{failed} steps failed");
    }
    Ok(())
}

/// The SDKs of the arguments, all without any.
fn asked_for(arguments: &[String]) -> Result<Vec<Sdk>> {
    if arguments.is_empty() {
        return Ok(Sdk::ALL.into());
    }
    let mut wanted = Vec::new();
    for name in arguments {
        let Some(sdk) = Sdk::named(name) else {
            bail!("there is no SDK `{name}`; there are {}", Sdk::ALL.map(Sdk::name).join(", "));
        };
        wanted.push(sdk);
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::{Sdk, asked_for};

    #[test]
    fn no_argument_asks_for_all() {
        assert_eq!(asked_for(&[]).unwrap(), Sdk::ALL);
        assert_eq!(asked_for(&["go".into(), "rust".into()]).unwrap(), [Sdk::Go, Sdk::Rust]);
        let error = asked_for(&["perl".into()]).unwrap_err();
        assert!(error.to_string().contains("python, node, go, java, rust"), "{error}");
    }
}
