//! Connections that end, fall silent, or are refused.

use std::time::{Duration, Instant};

use feishu_gateway::{Click, Fault, HandshakeRefusal, Outgoing, Seen};
use tokio::time::sleep;

use crate::cell::{Cell, time, words};
use crate::lab::Lab;

pub(super) async fn cut(lab: &mut Lab) -> Cell {
    let before = lab.gateway.handshakes();
    lab.gateway.fault(Fault::Cut);
    let Some(took) = lab.reconnected(before, Duration::from_secs(20)).await else {
        return Cell::bad("not within 20 s");
    };
    sleep(Duration::from_millis(300)).await;
    let result = lab.gateway.click(Click::button("approve")).await;
    match &result {
        Ok(answer) if answer.verdict().is_ok() => Cell::good(format!("after {}, click answered", time(took))),
        _ => Cell::bad(format!("after {}, click: {}", time(took), words(&result))),
    }
}

/// The connection is lost between a click and its answer; a new one is there before the user gives up.
pub(super) async fn cut_in_handler(lab: &mut Lab) -> Cell {
    let click = Outgoing::from(Click::button("wait-2000")).wait(Duration::from_secs(6));
    let Ok(sent) = lab.gateway.send(click).await else { return Cell::bad("not connected") };
    let first = sent.connection();
    sleep(Duration::from_millis(200)).await;
    lab.gateway.fault(Fault::Cut);
    match sent.answer().await {
        Ok(answer) if answer.verdict().is_ok() && answer.connection() != first => {
            Cell::good(format!("answered on the new one, {}", time(answer.elapsed())))
        }
        result => Cell::bad(words(&result)),
    }
}

/// The peer keeps the stream open and says nothing; ping interval 2 s.
pub(super) async fn mute(lab: &mut Lab) -> Cell {
    const PATIENCE: Duration = Duration::from_secs(60);
    let before = lab.gateway.handshakes();
    lab.gateway.fault(Fault::Stall);
    if let Some(took) = lab.reconnected(before, PATIENCE).await {
        return Cell::good(format!("after {}", time(took)));
    }
    lab.gateway.fault(Fault::Cut);
    Cell::bad("not within 60 s")
}

/// A pong may carry settings; one with none of them must change none of them.
pub(super) async fn empty_settings(lab: &mut Lab) -> Cell {
    const WATCHED: Duration = Duration::from_secs(5);
    /// So many are a busy loop; the log holds no more of them than 4096.
    const FLOOD: usize = 1000;
    lab.gateway.fault(Fault::PongPayload("{}".into()));
    // Until two pings were answered so.
    sleep(Duration::from_secs(5)).await;
    lab.gateway.clear_log();
    let since = Instant::now();
    let mut pings = 0;
    while since.elapsed() < WATCHED && pings < FLOOD {
        sleep(Duration::from_millis(20)).await;
        pings = lab.seen(|seen| matches!(seen, Seen::Ping(_)));
    }
    let watched = time(since.elapsed());
    let lost = if lab.gateway.connections().is_empty() { ", connection lost" } else { "" };
    Cell::good_if((2..=4).contains(&pings), format!("{pings} pings in {watched}{lost}"))
}

/// After a wake-up or a crash the platform still counts the old connection for a while.
pub(super) async fn connection_limit(lab: &mut Lab) -> Cell {
    const PATIENCE: Duration = Duration::from_secs(40);
    let before = lab.gateway.handshakes();
    lab.gateway.fault_times(2, Fault::HandshakeRefused(HandshakeRefusal::connection_limit()));
    lab.gateway.fault(Fault::Cut);
    match lab.reconnected(before, PATIENCE).await {
        Some(took) => Cell::good(format!("connected after {}", time(took))),
        None => Cell::bad(format!("not within 40 s, {}", outcome(lab))),
    }
}

/// The app is disabled, and enabled again some seconds later. A bot may end, so that its operator notices, or keep retrying;
/// it must not be there without ever coming back, and it must say why.
pub(super) async fn forbidden(lab: &mut Lab) -> Cell {
    lab.gateway.fault(Fault::HandshakeRefused(HandshakeRefusal::status(403)));
    lab.gateway.fault(Fault::Cut);
    let ended = lab.bot.end_within(Duration::from_secs(6)).await.is_some();
    let before = lab.gateway.handshakes();
    lab.gateway.heal();
    let back = !ended && lab.reconnected(before, Duration::from_secs(15)).await.is_some();
    let output = lab.bot.output().to_lowercase();
    let said = output.contains("forbidden") || output.contains("403");
    let outcome = if back { "back when enabled".to_owned() } else { outcome(lab) };
    Cell::good_if(
        (ended || back) && said,
        format!("{outcome}, {}", if said { "says why" } else { "says no reason" }),
    )
}

/// Whether the bot's process is still there.
fn outcome(lab: &mut Lab) -> String {
    match lab.bot.ended() {
        Some(status) => match status.code() {
            Some(code) => format!("ends with {code}"),
            None => "killed".into(),
        },
        None => "process goes on, offline".into(),
    }
}
