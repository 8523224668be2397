//! The events that are offered, by their names: what the handler does with each can be read from it.

use std::time::Duration;

/// The type of all events.
pub(crate) const TYPE: &str = "order_v1";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Order {
    /// Events with one key are handled in order; those without one side by side.
    pub(crate) key: Option<u32>,
    pub(crate) number: u32,
}

/// What the handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Succeeds,
    /// At the first attempt.
    Fails,
    /// Always.
    Poison,
    /// Ends the process.
    Kills,
}

impl Order {
    pub(crate) fn id(&self) -> String {
        match self.key {
            Some(key) => format!("k{key}-{}", self.number),
            None => format!("u-{}", self.number),
        }
    }

    pub(crate) fn parse(id: &str) -> Option<Self> {
        let (key, number) = id.split_once('-')?;
        let key = match key {
            "u" => None,
            key => Some(key.strip_prefix('k')?.parse().ok()?),
        };
        Some(Self { key, number: number.parse().ok()? })
    }

    pub(crate) fn deed(&self) -> Deed {
        match (self.key, self.number) {
            (None, 5) => Deed::Kills,
            (Some(0..3), 4) | (None, 9) => Deed::Poison,
            (_, number) if number % 9 == 3 => Deed::Fails,
            _ => Deed::Succeeds,
        }
    }

    /// How long the handler takes.
    pub(crate) fn takes(&self) -> Duration {
        let number = u64::from(self.number);
        Duration::from_millis(if number % 17 == 0 { 400 } else { 2 + number % 29 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_what_id_writes() {
        for order in [Order { key: Some(7), number: 12 }, Order { key: None, number: 3 }] {
            assert_eq!(Order::parse(&order.id()), Some(order));
        }
    }
}
