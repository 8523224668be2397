//! axe, the checks of accessibility: fetched with npm into `target/browser`, not part of the repository.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::browser::{Browser, folder, say};

/// One test at a time fetches it.
static FETCHING: Mutex<()> = Mutex::const_new(());

/// The script, or `None`, with a note, when npm cannot fetch it.
pub async fn script() -> Option<String> {
    let _alone = FETCHING.lock().await;
    let work = folder().join("axe");
    let script = work.join("node_modules/axe-core/axe.min.js");
    if !script.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("axe");
        fs::create_dir_all(&work).unwrap();
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), work.join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]).current_dir(&work);
        match npm.output().await {
            Ok(done) if done.status.success() => {}
            Ok(done) => {
                say(&format!(
                    "left out: npm could not fetch axe-core: {}",
                    String::from_utf8_lossy(&done.stderr).trim()
                ));
                return None;
            }
            Err(_) => {
                say("left out: there is no npm, which fetches axe-core");
                return None;
            }
        }
    }
    Some(fs::read_to_string(script).unwrap())
}

/// What axe finds on the page as it is now: rule, element and advice, one line each.
pub async fn findings(browser: &Browser, script: &str) -> Vec<String> {
    // Scripts of the driver are not bound by the page's policy.
    browser.js(&format!("(() => {{ if (!window.axe) {{ {script} }} return true; }})()")).await;
    let found = browser
        .js("axe.run(document, {resultTypes: ['violations']}).then((it) => it.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} — ${node.failureSummary.replaceAll('\\n', ' ').slice(0, 300)}`)))")
        .await;
    found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
