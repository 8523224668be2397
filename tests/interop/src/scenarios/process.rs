//! The bot as a process: its start, its end, and what it prints.

use std::time::Duration;

use feishu_gateway::{Click, Outgoing, Seen};
use tokio::time::sleep;

use crate::cell::{Cell, time};
use crate::lab::{APP_SECRET, Lab};
use crate::secrets::leaked;

/// With a warm disk cache: a second start.
pub(super) async fn start(lab: &mut Lab) -> Cell {
    Cell::neutral(time(lab.bot.age()))
}

/// All that the bot printed at its usual level.
pub(super) async fn secrets(lab: &mut Lab) -> Cell {
    said(&leaked(&lab.bot.output(), APP_SECRET))
}

/// The level that one switches on to find a problem, and pastes into an issue.
pub(super) async fn debug_secrets(lab: &mut Lab) -> Cell {
    let before = lab.gateway.handshakes();
    if lab.restart(APP_SECRET, true).is_err()
        || lab.reconnected(before, Duration::from_secs(20)).await.is_none()
    {
        return Cell::bad("not connected");
    }
    let _ = lab.gateway.click(Click::button("approve")).await;
    sleep(Duration::from_millis(300)).await;
    said(&leaked(&lab.bot.output(), APP_SECRET))
}

fn said(leaks: &[&str]) -> Cell {
    if leaks.is_empty() { Cell::good("none") } else { Cell::bad(leaks.join(", ")) }
}

/// A deployment replaces the bot while a user waits. SDKs that offer a way to stop are stopped that way.
pub(super) async fn stop(lab: &mut Lab) -> Cell {
    sleep(Duration::from_millis(300)).await;
    let click = Outgoing::from(Click::button("wait-1000")).wait(Duration::from_secs(3));
    let Ok(sent) = lab.gateway.send(click).await else { return Cell::bad("not connected") };
    sleep(Duration::from_millis(300)).await;
    if lab.bot.terminate().is_err() {
        return Cell::neutral("no SIGTERM on this system");
    }
    let answer = sent.answer().await;
    let ended = lab.bot.end_within(Duration::from_secs(10)).await;
    let said_goodbye = lab.seen(|seen| matches!(seen, Seen::Closed { .. })) > 0;
    let answered = answer.is_ok_and(|answer| answer.verdict().is_ok());
    let words = [
        if answered { "answered" } else { "no answer" },
        if said_goodbye { "close frame" } else { "no close frame" },
        match ended {
            None => "process goes on",
            Some(status) if status.success() => "ends with 0",
            Some(status) if status.code().is_some() => "ends with an error",
            Some(_) => "killed",
        },
    ];
    Cell::good_if(answered && said_goodbye && ended.is_some_and(|status| status.success()), words.join(", "))
}

/// A bot that can never connect should end, because a running process looks healthy.
pub(super) async fn wrong_secret(lab: &mut Lab) -> Cell {
    let calls = |lab: &Lab| lab.seen(|seen| matches!(seen, Seen::EndpointCall { .. }));
    let before = calls(lab);
    if lab.restart("another-secret", false).is_err() {
        return Cell::bad("not started");
    }
    let ended = lab.bot.end_within(Duration::from_secs(8)).await;
    let tries = calls(lab) - before;
    match ended {
        Some(status) => {
            Cell::good_if(!status.success(), format!("ends with {}", status.code().unwrap_or(-1)))
        }
        None => Cell::bad(format!("process goes on, {tries} calls in 8 s")),
    }
}
