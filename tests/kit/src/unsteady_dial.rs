//! Streams to the local platform that break: by chance, and while the platform restarts.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use feishu_gateway::Gateway;
use feishu_transport::{BoxStream, Dial, Error, Stage, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// Bytes that are carried at once.
const CHUNK: usize = 16 * 1024;

/// Dials the local platform in memory, over lines that break. The platform keeps what it has received.
#[derive(Clone, Debug)]
pub struct UnsteadyDial {
    gateway: Gateway,
    chance: Arc<Mutex<Chance>>,
    /// Whether the platform is away, and the number of times that it was.
    outages: watch::Sender<(bool, u64)>,
}

/// How often a line breaks.
#[derive(Debug)]
struct Chance {
    random: fastrand::Rng,
    one_in: u32,
}

impl UnsteadyDial {
    /// Lines that hold until [`break_one_in`](Self::break_one_in) or [`go_away`](Self::go_away).
    pub fn new(gateway: Gateway, seed: u64) -> Self {
        let chance = Chance { random: fastrand::Rng::with_seed(seed), one_in: 0 };
        Self { gateway, chance: Arc::new(Mutex::new(chance)), outages: watch::Sender::new((false, 0)) }
    }

    /// From now on one of so many chunks is lost together with its line: a request that never arrives, or an answer to a
    /// call that was carried out. 0 for none.
    pub fn break_one_in(&self, chunks: u32) {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).one_in = chunks;
    }

    /// Cuts all lines, and opens none until [`come_back`](Self::come_back).
    pub fn go_away(&self) {
        self.outages.send_modify(|(is_away, times)| (*is_away, *times) = (true, *times + 1));
    }

    /// Opens lines again.
    pub fn come_back(&self) {
        self.outages.send_modify(|(is_away, _)| *is_away = false);
    }

    fn breaks(&self) -> bool {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let one_in = chance.one_in;
        one_in > 0 && chance.random.u32(..one_in) == 0
    }

    async fn carry(self, mut client: DuplexStream, mut platform: DuplexStream) {
        let (mut up, mut down) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            let (to, bytes) = tokio::select! {
                read = client.read(&mut up) => (&mut platform, up.get(..read.unwrap_or_default())),
                read = platform.read(&mut down) => (&mut client, down.get(..read.unwrap_or_default())),
            };
            let bytes = bytes.unwrap_or_default();
            if bytes.is_empty() || self.breaks() || to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }
}

#[async_trait]
impl Dial for UnsteadyDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        let mut outages = self.outages.subscribe();
        let (is_away, times) = *outages.borrow_and_update();
        if is_away {
            return Err(Error::unreachable(Stage::Connect, "the local platform restarts"));
        }
        let (near, far) = tokio::io::duplex(4 * CHUNK);
        let carrying = self.clone().carry(far, self.gateway.dial());
        tokio::spawn(async move {
            tokio::select! {
                () = carrying => {}
                _ = outages.wait_for(|(_, now)| *now != times) => {}
            }
        });
        Ok(Box::new(near))
    }
}
