//! Matches an answer with its push, checks it and applies its effects.

use std::sync::Arc;

use feishu_proto::Frame;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::answer::{Circumstances, Payload};
use crate::inflight::{InFlight, Match};
use crate::journal::Seen;
use crate::peer::Peer;
use crate::shared::{Shared, lock};
use crate::verdict::{Kind, Purpose};
use crate::{Answered, Finding, FindingKind, check, record};

/// Takes a data frame of a client.
pub(crate) fn answer(shared: &Shared, peer: &Peer, frame: Frame) {
    let now = Instant::now();
    let matched = match frame.message_id() {
        Some(id) => lock(&shared.pushes).answered(id),
        None => Match::Unknown,
    };
    let (push, waiter) = match matched {
        Match::Expected(push, waiter) => (push, waiter),
        Match::Repeated(push) => {
            let text = format!("the push of {} was answered more than once", push.label);
            return unexpected(shared, peer, frame, Finding::error(FindingKind::AnsweredTwice, text));
        }
        Match::Unknown => {
            let text = "a data frame that answers no push";
            return unexpected(shared, peer, frame, Finding::error(FindingKind::AnsweredUnknown, text));
        }
    };

    let elapsed = push.sent_at.get().map_or(Duration::ZERO, |sent| now.duration_since(*sent));
    let late = elapsed > shared.config.answer_limit;
    let mut findings = Vec::new();
    frame_findings(&push, peer, &frame, &mut findings);
    if late {
        let text = format!("answered after {elapsed:?}; the limit is {:?}", shared.config.answer_limit);
        findings.push(Finding::warning(FindingKind::AnsweredLate, text));
    }
    let read = Payload::read(frame.payload.as_deref().unwrap_or_default());
    let payload = check::payload(read, push.purpose, &mut findings);
    let findings =
        findings.into_iter().map(|finding| finding.on(peer.id).about(Some(&push.message_id))).collect();

    let is_click = push.purpose == Purpose::Click;
    let shown_is_v2 = if is_click { lock(&shared.messages).shown_is_v2(&push) } else { None };
    let connection = peer.id;
    let about = Circumstances { connection, elapsed, late, purpose: push.purpose, shown_is_v2, findings };
    let answered = Answered::new(Arc::new(frame), payload, about);
    if is_click {
        lock(&shared.messages).answered(&push, &answered);
    }
    if push.purpose == Purpose::Preview {
        linked(shared, &push, &answered);
    }
    shared.journal.add(Some(peer.id), Seen::Answered(answered.clone()));
    if let (Some(record), Some(delivery)) = (shared.journal.record(), push.delivery) {
        record.answered(delivery, record::Answer::new(&answered, record.at(now)));
    }
    for finding in answered.findings() {
        shared.journal.found(finding.clone());
    }
    if let Some(waiter) = waiter {
        // Fails if the caller no longer waits; the answer is in the log.
        let _ = waiter.send(answered);
    }
}

/// Shows a good preview in its message.
fn linked(shared: &Shared, push: &InFlight, answered: &Answered) {
    let (Some(record), Some(delivery)) = (shared.journal.record(), push.delivery) else { return };
    if answered.verdict().kind != Kind::Preview {
        return;
    }
    let read = record.delivery(delivery, |delivery| {
        (delivery.row.open_message_id.clone(), delivery.pushed_json().pointer("/event/context/url").cloned())
    });
    let (Some((Some(message), url)), Some(Value::Object(mut preview))) = (read, answered.data()) else {
        return;
    };
    preview.insert("url".into(), url.unwrap_or_default());
    lock(&shared.messages).linked(&message, preview.into());
}

/// What is wrong with the frame around the payload.
fn frame_findings(push: &InFlight, peer: &Peer, frame: &Frame, findings: &mut Vec<Finding>) {
    if let Some(completes) = &push.completes {
        let sent = check::echoed(completes, &push.fragments, frame, findings);
        check::echo(sent, frame, findings);
    } else {
        let text = "the message was answered although fragments of it were missing";
        findings.push(Finding::error(FindingKind::AnsweredEarly, text));
    }
    if push.connection != peer.id {
        let text = format!("pushed on connection {}, answered on {}", push.connection, peer.id);
        findings.push(Finding::warning(FindingKind::AnsweredElsewhere, text));
    }
}

fn unexpected(shared: &Shared, peer: &Peer, frame: Frame, finding: Finding) {
    shared.journal.found(finding.on(peer.id).about(frame.message_id()));
    shared.journal.add(Some(peer.id), Seen::Received(Arc::new(frame)));
}
