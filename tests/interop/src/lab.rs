//! One bot beside its own local platform.

use std::time::{Duration, Instant};

use anyhow::Result;
use feishu_gateway::{Gateway, Seen, Settings};

use crate::process::Process;
use crate::sdk::{Sdk, logs};

/// The Node SDK starts only with an id of this form.
const APP_ID: &str = "cli_1a7e60b000000001";
/// Long enough not to stand in an output by chance.
pub(crate) const APP_SECRET: &str = "interop-secret-7d20c1f4a9";
/// A bot that is not connected after this long will not be.
const CONNECTING: Duration = Duration::from_secs(20);

/// A platform, and a bot that was started against it.
#[derive(Debug)]
pub(crate) struct Lab {
    sdk: Sdk,
    starts: usize,
    pub(crate) gateway: Gateway,
    pub(crate) bot: Process,
}

impl Lab {
    /// A new platform with quick settings, and a bot on its way to it.
    pub(crate) async fn open(sdk: Sdk) -> Result<Self> {
        let gateway = Gateway::builder().app(APP_ID, APP_SECRET).settings(quick()).start().await?;
        let bot = start(sdk, &gateway, APP_SECRET, false, &format!("{}-0.log", sdk.name()))?;
        Ok(Self { sdk, starts: 1, gateway, bot })
    }

    /// A fresh bot on a fresh platform, for a scenario that leaves neither as it was.
    pub(crate) async fn fresh(&mut self) -> Result<()> {
        self.gateway = Gateway::builder().app(APP_ID, APP_SECRET).settings(quick()).start().await?;
        self.restart(APP_SECRET, false)
    }

    /// A fresh bot on the same platform.
    pub(crate) fn restart(&mut self, secret: &str, debug: bool) -> Result<()> {
        let log = format!("{}-{}.log", self.sdk.name(), self.starts);
        self.starts += 1;
        self.bot = start(self.sdk, &self.gateway, secret, debug, &log)?;
        Ok(())
    }

    /// Waits until the bot is connected; starts it again first if it ended. `false` when it does not connect.
    pub(crate) async fn ready(&mut self) -> bool {
        if self.bot.ended().is_some() && self.restart(APP_SECRET, false).is_err() {
            return false;
        }
        self.connected(CONNECTING).await
    }

    /// Waits for a live connection.
    pub(crate) async fn connected(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.gateway.connected(1)).await.is_ok()
    }

    /// Waits for one handshake more than `before`; how long it took.
    pub(crate) async fn reconnected(&self, before: u64, limit: Duration) -> Option<Duration> {
        let since = Instant::now();
        while since.elapsed() < limit {
            if self.gateway.handshakes() > before {
                return Some(since.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        None
    }

    /// How many entries of the platform's log are of a kind.
    pub(crate) fn seen(&self, kind: impl Fn(&Seen) -> bool) -> usize {
        self.gateway.log().iter().filter(|entry| kind(&entry.seen)).count()
    }
}

/// Settings of the platform under which outages take seconds, not minutes.
fn quick() -> Settings {
    Settings::default().ping_interval(2).reconnect_interval(1).reconnect_nonce(1)
}

fn start(sdk: Sdk, gateway: &Gateway, secret: &str, debug: bool, log: &str) -> Result<Process> {
    let mut command = sdk.launch()?;
    command
        .env("FEISHU_APP_ID", APP_ID)
        .env("FEISHU_APP_SECRET", secret)
        .env("FEISHU_DOMAIN", gateway.base_url());
    // The platform is on loopback; a proxy of the environment could not reach it.
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    // Printing a backtrace takes a debug build a fifth of a second.
    command.env_remove("RUST_BACKTRACE");
    if debug {
        command.env("BOT_DEBUG", "1");
    } else {
        command.env_remove("BOT_DEBUG");
    }
    Process::start(command, &logs().join(log))
}
