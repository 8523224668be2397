//! Offers events, as the platform does: again until they are acknowledged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feishu_gateway::{Event, Gateway};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::order::{Order, TYPE};

/// Keys with events in order.
const KEYS: u32 = 24;
/// Events without a key that are offered side by side.
const LOOSE: u32 = 8;

/// What was offered so far.
#[derive(Default)]
pub(crate) struct Offers {
    acknowledged: Mutex<BTreeSet<Order>>,
    /// Pushes without an acknowledgement.
    pub(crate) repeated: AtomicU64,
    enough: AtomicBool,
    loose: AtomicU32,
}

impl Offers {
    /// Starts to offer.
    pub(crate) fn start(self: &Arc<Self>, gateway: &Arc<Gateway>, seed: u64) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for lane in 0..KEYS + LOOSE {
            let (offers, gateway) = (Arc::clone(self), Arc::clone(gateway));
            let random = fastrand::Rng::with_seed(seed ^ u64::from(lane));
            tasks.spawn(async move { offers.lane((lane < KEYS).then_some(lane), &gateway, random).await });
        }
        tasks
    }

    /// Offers the events of one key, the next when the one before is acknowledged: so the order is known.
    async fn lane(&self, key: Option<u32>, gateway: &Gateway, mut random: fastrand::Rng) {
        let mut next = 0;
        while !self.enough.load(Relaxed) {
            let number = if key.is_some() { next } else { self.loose.fetch_add(1, Relaxed) };
            next += 1;
            let order = Order { key, number };
            let event = Event::new(TYPE, json!({})).event_id(&order.id());
            while !gateway.push(event.clone()).await.is_ok_and(|answer| answer.code() == 200) {
                self.repeated.fetch_add(1, Relaxed);
                sleep(Duration::from_millis(random.u64(20..200))).await;
            }
            self.acknowledged().insert(order);
            sleep(Duration::from_millis(random.u64(5..120))).await;
        }
    }

    /// No new events from now on.
    pub(crate) fn enough(&self) {
        self.enough.store(true, Relaxed);
    }

    pub(crate) fn acknowledged(&self) -> MutexGuard<'_, BTreeSet<Order>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
