//! The same situations for every SDK, in the order of the table.

mod everyday;
mod frames;
mod outages;
mod process;
mod slow;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use feishu_gateway::{Seen, Severity, Value, json};

use crate::cell::Cell;
use crate::lab::Lab;
use crate::sdk::Sdk;
use crate::table::Table;

/// No scenario takes longer; one that does is given up.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs the main job with one SDK: it connects and pings, and a click, a preview and an event are answered with what the
/// handlers returned. How many of these failed.
pub(crate) async fn quick(sdk: Sdk, table: &mut Table) -> Result<usize> {
    let mut lab = Lab::open(sdk).await?;
    let mut column = Column { lab: &mut lab, table, bad: 0 };
    column.row("click", everyday::click).await;
    column.row("link preview", everyday::preview).await;
    column.row("event acknowledged", everyday::event).await;
    column.row("pings", pings).await;
    Ok(column.bad)
}

/// The Java SDK sends its first ping two seconds after its start.
async fn pings(lab: &mut Lab) -> Cell {
    let count =
        |lab: &Lab| lab.gateway.log().iter().filter(|entry| matches!(entry.seen, Seen::Ping(_))).count();
    for _ in 0..50 {
        if count(lab) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Cell::good_if(count(lab) > 0, format!("{} seen", count(lab)))
}

/// Runs every scenario with one SDK; the words for what has no place in a table.
pub(crate) async fn run(sdk: Sdk, table: &mut Table) -> Result<Vec<String>> {
    let mut lab = Lab::open(sdk).await?;
    let mut column = Column { lab: &mut lab, table, bad: 0 };

    column.fresh("start to connected", process::start).await;
    column.row("click", everyday::click).await;
    column.row("link preview", everyday::preview).await;
    column.row("event acknowledged", everyday::event).await;
    column.row("3 fragments, last first", frames::last_first).await;
    column.row("3 fragments, any order", frames::any_order).await;
    column.row("a fragment again, after all", frames::late_fragment).await;
    column.row("frame of type `card`", frames::card_frame).await;
    column.row("`action.value` is a string", everyday::string_value).await;
    column.row("`action.options` is a string", everyday::string_options).await;
    column.row("nulls in `action`", everyday::nulls).await;
    column.row("event without handler", everyday::unregistered).await;
    column.row("handler returns an error", everyday::failure).await;
    column.row("handler panics or throws", everyday::panic).await;
    column.row("click after a noise frame", frames::after_noise).await;
    column.row("click after a text frame", frames::after_text).await;
    column.row("click beside a 4 s event", slow::beside).await;
    column.row("click that takes 4 s", slow::late).await;
    column.row("20 clicks of 0.5 s at once", slow::together).await;
    column.row("same event pushed twice", everyday::redelivery).await;
    column.row("message of 2 MiB", frames::large).await;
    column.row("LogID of 63 bits echoed", frames::log_id).await;
    column.row("cut, connected again", outages::cut).await;
    column.row("cut while a handler runs", outages::cut_in_handler).await;
    column.row("2 clicks with the 101", frames::with_handshake).await;
    column.row("silent peer, connected again", outages::mute).await;
    column.row("secrets in output (info)", process::secrets).await;
    let notes = findings(sdk, column.lab);
    column.row("secrets in output (debug)", process::debug_secrets).await;
    column.fresh("stop (SIGTERM) mid-handler", process::stop).await;
    column.fresh("pong with `{}` as settings", outages::empty_settings).await;
    column.fresh("connection limit, then free", outages::connection_limit).await;
    column.fresh("403 at a reconnect", outages::forbidden).await;
    column.fresh("wrong app secret", process::wrong_secret).await;
    Ok(notes)
}

struct Column<'a> {
    lab: &'a mut Lab,
    table: &'a mut Table,
    /// Scenarios that went otherwise than a bot's author would want.
    bad: usize,
}

impl Column<'_> {
    /// One scenario with its own platform and bot, for scenarios that leave either unusable.
    async fn fresh(&mut self, scenario: &'static str, play: impl AsyncFnOnce(&mut Lab) -> Cell) {
        match self.lab.fresh().await {
            Ok(()) => self.row(scenario, play).await,
            Err(error) => self.table.put(scenario, Cell::bad(error.to_string())),
        }
    }

    /// One scenario, with the bot connected before it starts and no fault left after it.
    async fn row(&mut self, scenario: &'static str, play: impl AsyncFnOnce(&mut Lab) -> Cell) {
        let cell = if self.lab.ready().await {
            tokio::time::timeout(LIMIT, play(self.lab)).await.unwrap_or_else(|_| Cell::bad("no end"))
        } else {
            Cell::bad("not connected")
        };
        self.lab.gateway.heal();
        eprintln!("  {scenario}: {cell}");
        self.bad += usize::from(cell.is_bad());
        self.table.put(scenario, cell);
    }
}

/// What the platform had to say about the client so far, by rule.
fn findings(sdk: Sdk, lab: &Lab) -> Vec<String> {
    let mut rules: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for finding in lab.gateway.findings() {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let (count, _) = rules
            .entry(format!("{:?} ({severity})", finding.kind))
            .or_insert_with(|| (0, finding.text.clone()));
        *count += 1;
    }
    if rules.is_empty() {
        return vec![format!("{}: no findings", sdk.name())];
    }
    rules
        .into_iter()
        .map(|(rule, (count, text))| format!("{}: {rule} × {count}, first: {text}", sdk.name()))
        .collect()
}

/// The body of a text message from a user.
fn message(text: &str) -> Value {
    json!({
        "sender": {"sender_id": {"open_id": "ou_1"}, "sender_type": "user", "tenant_key": "t1"},
        "message": {
            "message_id": "om_1", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "text",
            "create_time": "1700000000000", "content": json!({"text": text}).to_string(),
        },
    })
}
