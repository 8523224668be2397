//! The platform: offers events, again until they are acknowledged.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{Stage, TROUBLE, lock};

/// An event. Key 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    pub(super) key: u64,
    pub(super) number: u64,
}

/// What its handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Succeeds,
    /// At the first attempt.
    Fails,
    /// At the first attempt.
    Hangs,
    /// Always.
    Poison,
}

impl Order {
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (key, number) = id.split_once('-')?;
        Some(Self { key: key.parse().ok()?, number: number.parse().ok()? })
    }

    pub(super) fn payload(self) -> String {
        let Self { key, number } = self;
        format!(
            r#"{{"schema":"2.0","header":{{"event_id":"{key}-{number}","event_type":"order_v1"}},"event":{{"key":{key}}}}}"#
        )
    }

    pub(super) fn deed(self) -> Deed {
        match self.number {
            11 => Deed::Poison,
            number if number % 7 == 3 => Deed::Fails,
            number if number % 13 == 12 => Deed::Hangs,
            _ => Deed::Succeeds,
        }
    }
}

/// Offers the events of one key, the next one when the one before is acknowledged.
pub(super) async fn offers(stage: Arc<Stage>, key: u64) {
    let most = stage.roll(|dice| 5 + dice.below(25));
    for number in 0..most {
        let order = Order { key, number };
        loop {
            let platform = {
                let processes = lock(&stage.processes);
                let chosen = stage.roll(|dice| usize::try_from(dice.below(64)).unwrap_or(0));
                (!processes.is_empty()).then(|| processes[chosen % processes.len()].platform.clone())
            };
            let acknowledged = match platform {
                Some(platform) => platform.push(order.payload()).await.code() == 200,
                None => false,
            };
            if acknowledged {
                break;
            }
            let pause = stage.roll(|dice| dice.millis(200, 5_000));
            sleep(pause).await;
        }
        lock(&stage.acknowledged).push(order);
        let pause =
            stage.roll(|dice| dice.millis(0, 2 * u64::try_from(TROUBLE.as_millis()).unwrap_or(0) / most));
        sleep(pause.min(Duration::from_secs(30))).await;
    }
}
