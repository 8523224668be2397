//! The result of a push, and everything about a delivery.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Failed;
use super::schema::Wrong;
use crate::record::{Asked, State, VerdictView};
use crate::shared::{Shared, lock};
use crate::verdict::Purpose;
use crate::{Outgoing, Verdict};

/// Sends a push and waits for its answer; the number of the delivery.
pub(super) async fn send(shared: &Arc<Shared>, outgoing: Outgoing) -> Result<u64, Failed> {
    shared.deliver(outgoing).await.map_err(|error| Wrong::whole(error.to_string()).into())
}

/// How long a request waits for the answer.
pub(super) fn wait(outgoing: Outgoing, milliseconds: Option<u64>) -> Outgoing {
    match milliseconds {
        Some(milliseconds) => outgoing.wait(Duration::from_millis(milliseconds)),
        None => outgoing,
    }
}

/// `Outcome` of the interface.
pub(super) fn outcome(shared: &Shared, id: u64) -> Result<Value, Failed> {
    let record = shared.journal.record();
    let row = record.and_then(|record| record.delivery(id, |it| (it.row.clone(), it.data.clone())));
    let (Some(record), Some((row, data))) = (record, row) else {
        return Err(Failed::NotFound(format!("delivery {id} was forgotten")));
    };
    let verdict = row.verdict.unwrap_or_else(|| {
        let purpose = match row.kind {
            "click" => Purpose::Click,
            "preview" => Purpose::Preview,
            _ => Purpose::Event,
        };
        VerdictView::new(&Verdict::missed(purpose, "no answer so far"), State::Unanswered)
    });
    let card = row.open_message_id.as_deref().and_then(|id| {
        let mut messages = lock(&shared.messages);
        messages.get(id).filter(|it| it.msg_type == "interactive").map(|it| it.content.clone())
    });
    Ok(json!({
        "delivery": row.id,
        "message_id": row.message_id,
        "event_id": row.event_id,
        "connection": row.connection,
        "code": row.code,
        "data": data,
        "verdict": verdict,
        "elapsed_ms": row.elapsed_ms,
        "handler_ms": row.handler_ms,
        "findings": record.findings(&row.findings),
        "open_message_id": row.open_message_id,
        "card": card,
        "next_attempt_at": row.next_attempt_at,
    }))
}

/// `DeliveryDetail` of the interface.
pub(super) fn detail(shared: &Shared, id: u64) -> Result<Value, Failed> {
    let read = shared.journal.record().and_then(|record| {
        record.delivery(id, |it| {
            (it.detail(), it.pushed_json(), it.outgoing.asked.clone(), it.row.kind, it.row.verdict.clone())
        })
    });
    let Some((mut detail, pushed, asked, kind, verdict)) = read else {
        return Err(Failed::NotFound(format!("there is no delivery {id}, or it was forgotten")));
    };
    let Asked { path, body } = asked.map_or_else(|| request_of(kind, &pushed), |asked| *asked);
    let rust = rust(kind, &pushed, verdict.as_ref());
    let quoted = body.to_string().replace('\'', "'\\''");
    let curl = format!(
        "curl -s -H 'Content-Type: application/json' -d '{quoted}' {}{path}",
        shared.config.base_url()
    );
    let json = serde_json::to_string_pretty(&body).unwrap_or_default();
    let copies = json!({"request": {"path": path, "body": body}, "as_test": {"rust": rust, "json": json, "curl": curl}});
    crate::envelope::merge(&mut detail, copies);
    Ok(detail)
}

/// The request of this interface that makes such a push.
fn request_of(kind: &str, pushed: &Value) -> Asked {
    let at = |pointer: &str| pushed.pointer(pointer).cloned().filter(|value| !value.is_null());
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.into(), value);
        }
    };
    let path = match kind {
        "click" => {
            let names = "name tag value option options checked input_value form_value timezone";
            for name in names.split(' ') {
                put(name, at(&format!("/event/action/{name}")));
            }
            put("free", Some(true.into()));
            "/local/click"
        }
        "preview" => {
            put("url", at("/event/context/url"));
            "/local/preview"
        }
        "message" | "event" => {
            put("type", at("/header/event_type").or_else(|| at("/event/type")));
            put("event", at("/event"));
            "/local/event"
        }
        _ => {
            let mut payload = pushed.clone();
            crate::record::hide(&mut payload);
            put("payload", Some(payload));
            "/local/raw"
        }
    };
    Asked { path, body: body.into() }
}

/// Lines for a Rust test.
fn rust(kind: &str, pushed: &Value, verdict: Option<&VerdictView>) -> String {
    let text = |pointer: &str| pushed.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let push = match kind {
        "click" => {
            let mut click = format!(
                "Click::component({:?}, {:?})",
                text("/event/action/tag"),
                text("/event/action/name")
            );
            let action = pushed.pointer("/event/action").and_then(Value::as_object);
            for (name, value) in action.into_iter().flatten() {
                let _ = match &**name {
                    "tag" | "name" => Ok(()),
                    "value" => write!(click, "\n    .value(json!({value}))"),
                    _ => write!(click, "\n    .action({name:?}, json!({value}))"),
                };
            }
            format!("gateway.click({click}).await?")
        }
        "preview" => format!("gateway.preview({:?}).await?", text("/event/context/url")),
        "message" | "event" => {
            let event = pushed.get("event").cloned().unwrap_or_default();
            format!("gateway.event({:?}, json!({event})).await?", text("/header/event_type"))
        }
        _ => {
            let mut payload = pushed.clone();
            crate::record::hide(&mut payload);
            format!("gateway.push(Outgoing::event(json!({payload}).to_string())).await?")
        }
    };
    let mut lines = format!("let answer = {push};\n");
    if let Some(verdict) = verdict.filter(|verdict| verdict.ok) {
        lines.push_str("assert_eq!(answer.code(), 200);\n");
        let _ = writeln!(lines, "assert_eq!(answer.verdict().to_string(), {:?});", verdict.text);
    }
    lines
}
