//! How frames come: torn, odd, large, early.

use std::time::Duration;

use feishu_gateway::{Click, Event, Fault, FindingKind, Outgoing, Seen};
use tokio::time::sleep;

use super::message;
use crate::cell::{Cell, time, words};
use crate::lab::Lab;

/// A click whose bytes have something to tear: the cuts fall inside of characters.
fn long_click() -> Outgoing {
    let note = "一张很长的卡片".repeat(40);
    Outgoing::from(Click::form("approve", serde_json::json!({"note": note})))
}

pub(super) async fn last_first(lab: &mut Lab) -> Cell {
    Cell::answer(&lab.gateway.push(long_click().fragments(3).order([2, 1, 0])).await)
}

pub(super) async fn any_order(lab: &mut Lab) -> Cell {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let (mut good, mut tries) = (0, 0);
    // Fragments that come together are a race in some clients: each order fifty times.
    for order in orders.repeat(50) {
        tries += 1;
        let result =
            lab.gateway.push(long_click().fragments(3).order(order).wait(Duration::from_secs(1))).await;
        good += usize::from(result.is_ok_and(|answer| answer.verdict().is_ok()));
        if tries - good >= 5 {
            break;
        }
    }
    Cell::good_if(good == tries, format!("{good} of {tries}"))
}

/// What repeats a frame must not repeat the order.
pub(super) async fn late_fragment(lab: &mut Lab) -> Cell {
    const CLICKS: usize = 10;
    let name = "again";
    for _ in 0..CLICKS {
        let torn = Outgoing::from(Click::button(name)).fragments(2).order([0, 1, 1]);
        let result = lab.gateway.push(torn).await;
        if result.is_err() {
            return Cell::bad(words(&result));
        }
        sleep(Duration::from_millis(50)).await;
    }
    let runs = lab.bot.count(&format!("handled click {name}"));
    Cell::good_if(runs == CLICKS, format!("{CLICKS} clicks handled {runs} ×"))
}

pub(super) async fn card_frame(lab: &mut Lab) -> Cell {
    lab.gateway.fault(Fault::Unpublished);
    Cell::answer(&lab.gateway.click(Click::button("approve")).await)
}

pub(super) async fn after_noise(lab: &mut Lab) -> Cell {
    after(lab, Fault::Noise(vec![0xff; 40].into())).await
}

pub(super) async fn after_text(lab: &mut Lab) -> Cell {
    after(lab, Fault::Text("hello".into())).await
}

async fn after(lab: &mut Lab, fault: Fault) -> Cell {
    let before = lab.gateway.handshakes();
    lab.gateway.fault(fault);
    sleep(Duration::from_millis(300)).await;
    let result = lab.gateway.click(Click::button("approve")).await;
    match lab.gateway.handshakes() - before {
        0 => Cell::answer(&result),
        n => Cell::bad(format!("{}, connection lost {n} ×", words(&result))),
    }
}

pub(super) async fn large(lab: &mut Lab) -> Cell {
    let before = lab.gateway.handshakes();
    let event = Event::new("im.message.receive_v1", message(&"x".repeat(2 << 20)));
    let result = lab.gateway.push(event).await;
    sleep(Duration::from_millis(500)).await;
    if lab.gateway.handshakes() > before || lab.gateway.connections().is_empty() {
        return Cell::bad(format!("{}, connection lost", words(&result)));
    }
    Cell::answer(&result)
}

pub(super) async fn log_id(lab: &mut Lab) -> Cell {
    const ODD: u64 = (1 << 62) + 1;
    let result = lab.gateway.push(Outgoing::from(Click::button("approve")).log_id(ODD)).await;
    match &result {
        Ok(answer) => {
            let kept = !answer.findings().iter().any(|finding| finding.kind == FindingKind::AnswerEcho);
            Cell::good_if(kept, if kept { "exact" } else { "changed" })
        }
        Err(_) => Cell::bad(words(&result)),
    }
}

/// A platform that has something to say says it at once: the frames come in the segment of the 101 answer.
pub(super) async fn with_handshake(lab: &mut Lab) -> Cell {
    let ids = ["with-the-101-a", "with-the-101-b"];
    let clicks = ids.map(|id| Outgoing::from(Click::button("approve")).message_id(id));
    lab.gateway.fault_times(1, Fault::FramesWithHandshake(clicks.into()));
    let before = lab.gateway.handshakes();
    lab.gateway.fault(Fault::Cut);
    if lab.reconnected(before, Duration::from_secs(10)).await.is_none() {
        return Cell::bad("not connected");
    }
    sleep(Duration::from_secs(2)).await;
    let of_ours = |seen: &Seen| matches!(seen, Seen::Answered(answer) if ids.contains(&answer.message_id()));
    let answered = lab.seen(of_ours);
    let slowest = lab.gateway.log().into_iter().filter_map(|entry| match entry.seen {
        Seen::Answered(answer) if ids.contains(&answer.message_id()) => Some(answer.elapsed()),
        _ => None,
    });
    match slowest.max() {
        Some(slowest) => {
            Cell::good_if(answered == 2, format!("{answered} answered, within {}", time(slowest)))
        }
        None => Cell::bad("0 answered"),
    }
}
