//! Handlers that take their time.

use std::time::Duration;

use feishu_gateway::{Click, Event, Outgoing};
use tokio::time::sleep;

use super::message;
use crate::cell::{Cell, time};
use crate::lab::Lab;

/// A user clicks while the bot is busy with something else.
pub(super) async fn beside(lab: &mut Lab) -> Cell {
    let slow = Outgoing::from(Event::new("im.message.receive_v1", message("wait-4000")))
        .wait(Duration::from_secs(10));
    let Ok(slow) = lab.gateway.send(slow).await else { return Cell::bad("not connected") };
    sleep(Duration::from_millis(200)).await;
    let result =
        lab.gateway.push(Outgoing::from(Click::button("approve")).wait(Duration::from_secs(8))).await;
    // A bot that is still busy would disturb the next scenario.
    let _ = slow.answer().await;
    Cell::answer(&result)
}

/// The handler takes longer than the platform waits.
pub(super) async fn late(lab: &mut Lab) -> Cell {
    let click = Outgoing::from(Click::button("wait-4000")).wait(Duration::from_secs(8));
    let result = lab.gateway.push(click).await;
    sleep(Duration::from_secs(2)).await;
    match &result {
        Ok(answer) if answer.verdict().is_ok() => {
            Cell::good(format!("{}: {}", time(answer.elapsed()), answer.verdict().text()))
        }
        _ => Cell::bad(crate::cell::words(&result)),
    }
}

/// How many of many users are answered in time.
pub(super) async fn together(lab: &mut Lab) -> Cell {
    const CLICKS: usize = 20;
    let mut sent = Vec::new();
    for _ in 0..CLICKS {
        let click = Outgoing::from(Click::button("wait-500")).wait(Duration::from_secs(15));
        match lab.gateway.send(click).await {
            Ok(click) => sent.push(click),
            Err(_) => return Cell::bad("not connected"),
        }
    }
    let (mut in_time, mut slowest) = (0, Duration::ZERO);
    for click in sent {
        if let Ok(answer) = click.answer().await {
            in_time += usize::from(answer.verdict().is_ok());
            slowest = slowest.max(answer.elapsed());
        }
    }
    Cell::good_if(in_time == CLICKS, format!("{in_time} in time, last {}", time(slowest)))
}
