//! One campaign: workers with one engine, events, kills, and the comparison after that.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use feishu_gateway::{Gateway, Settings};
use feishu_kit::RedisServer;
use tokio::time::{Instant, sleep, timeout};

use crate::journal::{self, Journal, Line};
use crate::offer::Offers;
use crate::order::{Deed, Order};
use crate::verdict::{Left, Verdict};
use crate::worker::inbox;
use crate::workers::Workers;

/// How long nothing may happen while something is left.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the workers may take for what is left after the last kill. A key whose first event was at work at several
/// kills has all of its events still to come, one after the other, each with two writes to the disk.
const REST: Duration = Duration::from_secs(600);
/// No attempt starts for longer than this while something is left: a lease, the longest pause and some time.
const SILENCE: Duration = Duration::from_secs(6);
/// How often the workers are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Worker processes with Redis. A file is open in one.
const PROCESSES: usize = 4;

/// Where the events are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    File,
    Redis,
}

/// A campaign. Its kills follow from the seed.
#[derive(Clone, Copy)]
pub(crate) struct Campaign {
    pub(crate) engine: Engine,
    pub(crate) kills: u32,
    pub(crate) seed: u64,
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Campaign {
    /// Whether all rules were kept.
    pub(crate) async fn run(self) -> Result<bool> {
        let name = format!("feishu-kill-{}-{:?}", std::process::id(), self.engine);
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0)?;
        let mut redis = None;
        let place = match self.engine {
            Engine::File => folder.0.join("inbox.redb").display().to_string(),
            Engine::Redis => {
                redis = RedisServer::start().await;
                let Some(redis) = &redis else { return Ok(true) };
                redis.url()
            }
        };
        let settings = Settings::default().reconnect_nonce(1).reconnect_interval(1);
        let gateway = Arc::new(Gateway::builder().settings(settings).log_limit(1).start().await?);
        let path = folder.0.join("journal");
        let log = Journal::open(&path)?;
        let arguments = [
            &place,
            &gateway.base_url(),
            gateway.app_id(),
            gateway.app_secret(),
            &path.display().to_string(),
        ]
        .map(ToString::to_string)
        .to_vec();
        let count = if redis.is_some() { PROCESSES } else { 1 };
        let mut workers = Workers::start(count, arguments, log)?;
        timeout(PATIENCE, gateway.connected(count)).await.context("the workers do not connect")?;

        let offers = Arc::new(Offers::default());
        let mut tasks = offers.start(&gateway, self.seed);
        let aborts = self.kill(&mut workers, &gateway, redis.as_mut()).await?;
        offers.enough();
        let deadline = Instant::now() + PATIENCE;
        let mut aborts = aborts;
        while !tasks.is_empty() {
            ensure!(Instant::now() < deadline, "the last events were not acknowledged");
            if let Ok(Some(ended)) = timeout(LOOK, tasks.join_next()).await {
                ended?;
            }
            aborts += workers.revive()?;
        }
        aborts += self.rest(&mut workers, &offers, &path).await?;
        workers.stop().await?;

        let queue = inbox(&place)?.of_app(gateway.app_id());
        let letters = queue.dead_letters(0, 10_000).await.map_err(anyhow::Error::from_boxed)?;
        let backlog = queue.backlog().await.map_err(anyhow::Error::from_boxed)?;
        let dead = letters.into_iter().map(|letter| (letter.event.id, letter.why)).collect();
        let left = Left { backlog, dead };
        let verdict = Verdict::new(&journal::read(&path)?, &offers.acknowledged(), &left);
        let repeated = offers.repeated.load(Relaxed);
        println!(
            "{:?}, seed {}: {} kills, {aborts} aborts, {repeated} pushes without an acknowledgement; {verdict}",
            self.engine, self.seed, self.kills,
        );
        Ok(verdict.is_kept())
    }

    /// Kills workers, and troubles what they are connected to. Returns how many ended by themselves.
    async fn kill(
        &self,
        workers: &mut Workers,
        gateway: &Gateway,
        mut redis: Option<&mut RedisServer>,
    ) -> Result<u32> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut aborts = 0;
        for kill in 1..=self.kills {
            sleep(Duration::from_millis(random.u64(100..900))).await;
            aborts += workers.revive()?;
            workers.kill(random.usize(..)).await?;
            if kill % 3 == 0 {
                let connections = gateway.connections();
                if let Some(connection) = random.choice(&connections) {
                    connection.cut();
                }
            }
            if let Some(redis) = &mut redis {
                if kill % 5 == 0 {
                    redis.ask("CLIENT KILL TYPE normal SKIPME yes", ":");
                }
                if kill == self.kills / 3 || kill == self.kills * 2 / 3 {
                    redis.restart().await;
                }
            }
        }
        Ok(aborts)
    }

    /// Waits until all that was acknowledged is handled or given up, which shows by the silence after it.
    async fn rest(&self, workers: &mut Workers, offers: &Offers, path: &Path) -> Result<u32> {
        let wanted: BTreeSet<Order> = offers
            .acknowledged()
            .iter()
            .filter(|order| matches!(order.deed(), Deed::Succeeds | Deed::Fails))
            .cloned()
            .collect();
        let (mut aborts, mut seen, mut changed) = (0, 0, Instant::now());
        let began = Instant::now();
        // What is missing shows in the verdict.
        while began.elapsed() < REST {
            let lines = journal::read(path)?;
            if lines.len() != seen {
                (seen, changed) = (lines.len(), Instant::now());
            }
            let ended: BTreeSet<&Order> = lines
                .iter()
                .filter_map(|line| if let Line::Ended { order, .. } = line { Some(order) } else { None })
                .collect();
            let is_silent = changed.elapsed() > SILENCE;
            if changed.elapsed() > PATIENCE || is_silent && wanted.iter().all(|order| ended.contains(order)) {
                break;
            }
            aborts += workers.revive()?;
            sleep(LOOK).await;
        }
        Ok(aborts)
    }
}
