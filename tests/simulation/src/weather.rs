//! The conditions of the platform and the network for some time.

use std::time::Duration;

use feishu_transport::{CONNECTION_LIMIT, SettingsUpdate};

use crate::world::Dice;

/// What an attempt to connect meets, and what the links that are open suffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// One message of thirty is late, by up to 2.4 s each way; what follows waits for it. With pings each second, the
    /// shortest interval, a connection may be silent for 7 s.
    Lossy,
    Unreachable,
    EndpointHangs,
    EndpointRefuses(i64),
    HandshakeHangs,
    HandshakeRefuses(i64, Option<i64>),
    /// Connections are made and cut after this many seconds.
    Cuts(u64),
}

impl Weather {
    /// Any; a refusal that would end the client for good only where it has been connected before.
    pub(crate) fn draw(dice: &mut Dice, has_connected: bool) -> Self {
        let passing = [1, 1_000_040_343, 503, 77, CONNECTION_LIMIT];
        let fatal = [1_000_040_345, 403, 514, 1_000_040_351];
        match dice.below(12) {
            0..=2 => Self::Clear,
            3 | 4 => Self::Lossy,
            5 | 6 => Self::Unreachable,
            7 => Self::EndpointHangs,
            8 if has_connected => Self::EndpointRefuses(dice.pick(&fatal)),
            8 => Self::EndpointRefuses(dice.pick(&passing)),
            9 => Self::HandshakeHangs,
            10 => {
                let refusals = [(514, Some(CONNECTION_LIMIT)), (514, None), (502, None), (9_999, None)];
                let (code, sub_code) = dice.pick(&refusals);
                Self::HandshakeRefuses(code, sub_code)
            }
            _ => Self::Cuts(dice.pick(&[0, 0, 1, 5, 25])),
        }
    }

    /// Whether a connection that was made can be kept.
    pub(crate) fn is_fair(self) -> bool {
        matches!(self, Self::Clear | Self::Lossy)
    }

    /// How long a message is on its way.
    pub(crate) fn latency(self, dice: &mut Dice) -> Duration {
        let usual = dice.millis(0, 120);
        if self == Self::Lossy && dice.one_in(30) { usual + dice.millis(0, 2_400) } else { usual }
    }
}

/// What the platform says in endpoint answers and pongs: mostly sense, sometimes not.
pub(crate) fn draw_settings(dice: &mut Dice) -> SettingsUpdate {
    let hostile = [Some(0), Some(-1), Some(i64::MIN), Some(i64::MAX), None];
    let mut update = SettingsUpdate::default();
    let mut field = |usual: &[i64]| {
        if dice.one_in(12) { dice.pick(&hostile) } else { Some(dice.pick(usual)) }
    };
    update.ping_interval = field(&[1, 5, 10, 30, 60, 120]);
    update.reconnect_interval = field(&[1, 5, 20, 60]);
    update.reconnect_nonce = field(&[0, 1, 5, 20]);
    // A finite limit of attempts would end the client; that has its own test.
    update.reconnect_count = field(&[-1, 1_000_000]);
    update
}
