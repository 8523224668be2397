//! The handlers of the simulated bot: quick, slow, late, and ones that do not answer.

use std::time::Duration;

use feishu_transport::{Answer, Delivery, Inbox};
use tokio::time::{sleep, timeout};

use crate::messages::number_of;
use crate::world::World;

/// A receipt must have spoken by then: a write that is not taken is given up after 10 s, a slow uplink takes 4 s for each of
/// the four messages that are before it, an answer waits 3 s for a connection, and both are looked at twice a second.
const RECEIPT: Duration = Duration::from_millis(13_600 + 16_000);

pub(crate) struct Handlers(pub(crate) World);

impl Inbox for Handlers {
    fn deliver(&self, delivery: Delivery) {
        let received = delivery.received();
        let number = received.message_id().and_then(number_of);
        let mut state = self.0.lock();
        // A data frame without an id of ours is noise that the client rightly handed on.
        let Some(number) = number else { return state.fail("something was handled that is no message") };
        state.note(format_args!("m{number} handled"));
        if let Some(wrong) = state.ledger.handled(number, received.payload()) {
            state.fail(wrong);
        }
        let delay = match state.dice.below(10) {
            0..=4 => Duration::ZERO,
            5..=7 => state.dice.millis(0, 2_400),
            8 => state.dice.millis(2_400, 6_000),
            _ => {
                // Forgets it: the drop answers 500.
                drop(state);
                return drop(delivery);
            }
        };
        let wants_receipt = state.dice.one_in(2);
        let large = state.dice.one_in(10);
        if delay.is_zero() && !wants_receipt {
            drop(state);
            return delivery.answer(&answer(large));
        }
        state.handlers += 1;
        drop(state);
        tokio::spawn(handle(self.0.clone(), number, delivery, delay, answer(large)));
    }
}

async fn handle(world: World, number: u64, delivery: Delivery, delay: Duration, answer: Answer) {
    sleep(delay).await;
    match timeout(RECEIPT, delivery.answer_with_receipt(&answer)).await {
        Ok(true) => {}
        Ok(false) => world.lock().ledger.told_lost += 1,
        Err(_) => world.fail(format_args!("the author of the answer to m{number} waits for ever")),
    }
    world.lock().handlers -= 1;
}

fn answer(large: bool) -> Answer {
    if large { Answer::ok(vec![b' '; 20_000]) } else { Answer::empty() }
}
