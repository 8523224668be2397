//! Encodes a push into frames.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Method, header_name};
use serde_json::Value;

use crate::envelope::{self, id};
use crate::inflight::InFlight;
use crate::outgoing::{Content, Edit};
use crate::peer::Peer;
use crate::verdict::Purpose;
use crate::{Error, ErrorKind, Outgoing};

/// A push that is ready to be written.
pub(crate) struct Encoded {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) payload: Bytes,
    pub(crate) push: InFlight,
    pub(crate) preview_token: Option<String>,
}

impl Outgoing {
    /// Makes the frames for one connection.
    pub(crate) fn encode(&self, peer: &Peer, now: Duration) -> Result<Encoded, Error> {
        let mut push = InFlight {
            message_id: self.message_id.clone().unwrap_or_else(|| id("")),
            label: String::new(),
            completes: None,
            fragments: Vec::new(),
            copies: 1,
            purpose: Purpose::Event,
            connection: peer.id,
            card_token: None,
            card_message: None,
            delivery: None,
            sent_at: OnceLock::new(),
        };
        let Made { payload, label, purpose, card_token, card_message, preview_token } =
            self.make(&peer.app, now);
        push.label = label;
        push.purpose = purpose;
        (push.card_token, push.card_message) = (card_token, card_message);
        if let Content::Frame(frame) = &self.content {
            return Ok(as_it_is(frame, payload, push));
        }
        let frames = self.frames(&payload, peer, now, &mut push)?;
        if let Some(completes) = &push.completes {
            // The caller may have edited the header.
            push.message_id = completes.message_id().unwrap_or_default().into();
        }
        Ok(Encoded { frames, payload, push, preview_token })
    }

    /// The payload for an app, and what it is.
    pub(crate) fn make(&self, app: &Arc<str>, now: Duration) -> Made {
        let at = envelope::Purpose::Push(app, now);
        match &self.content {
            Content::Frame(frame) => {
                let label = format!("frame of type {:?}", frame.kind().as_str());
                Made::of_bytes(frame.payload.clone().unwrap_or_default(), label)
            }
            Content::Payload(payload) => {
                let label = self.kind.clone().unwrap_or_else(|| "event".into());
                Made::of_bytes(payload.clone(), label)
            }
            Content::Click(click) => {
                let (payload, card_token, card_message) = click.make(at);
                let label = "card.action.trigger".into();
                Made { card_token, card_message, ..Made::new(payload, label, Purpose::Click) }
            }
            Content::Preview(preview) => {
                let (payload, preview_token) = preview.make(at);
                Made { preview_token, ..Made::new(payload, "url.preview.get".into(), Purpose::Preview) }
            }
            Content::Event(event) => Made::new(event.make(at), event.label().into(), Purpose::Event),
        }
    }

    /// The fragments in their order, and in `push` which of them makes the message whole.
    fn frames(
        &self,
        payload: &Bytes,
        peer: &Peer,
        now: Duration,
        push: &mut InFlight,
    ) -> Result<Vec<Bytes>, Error> {
        let count = self.fragments;
        let maker = Maker {
            outgoing: self,
            peer,
            payload,
            message_id: push.message_id.clone(),
            trace_id: id(""),
            timestamp: now.as_millis().to_string(),
            first_seq: self.seq_id.unwrap_or_else(|| peer.next_seq(count)),
            log_id: self.log_id.unwrap_or_else(|| fastrand::u64(..)),
        };
        if count == 1 && self.order.is_none() {
            let mut frame = maker.fragment(0);
            let bytes = frame.encode_to_vec().into();
            frame.payload = None;
            push.completes = Some(frame);
            return Ok(vec![bytes]);
        }

        let in_turn: Vec<usize> = (0..count).collect();
        let order = self.order.as_deref().unwrap_or(&in_turn);
        if let Some(index) = order.iter().find(|index| **index >= count) {
            let text = format!("the order names fragment {index}, but there are {count}");
            return Err(Error::new(ErrorKind::Misuse, text));
        }
        let mut frames = Vec::with_capacity(order.len());
        let mut missing: HashSet<usize> = in_turn.iter().copied().collect();
        let mut copies = 0;
        for index in order {
            let mut frame = maker.fragment(*index);
            frames.push(frame.encode_to_vec().into());
            frame.payload = None;
            missing.remove(index);
            if missing.is_empty() {
                copies += 1;
                missing.extend(&in_turn);
                push.completes.get_or_insert_with(|| frame.clone());
            }
            push.fragments.push(frame);
        }
        push.copies = copies.max(1);
        Ok(frames)
    }
}

fn as_it_is(frame: &Frame, payload: Bytes, mut push: InFlight) -> Encoded {
    push.message_id = frame.message_id().unwrap_or_default().into();
    push.completes = Some(Frame { payload: None, ..frame.clone() });
    Encoded { frames: vec![frame.encode_to_vec().into()], payload, push, preview_token: None }
}

/// A payload, and what decides how its answer is judged.
pub(crate) struct Made {
    pub(crate) payload: Bytes,
    /// The event type or the type header, for people.
    pub(crate) label: String,
    pub(crate) purpose: Purpose,
    pub(crate) card_token: Option<String>,
    pub(crate) card_message: Option<String>,
    preview_token: Option<String>,
}

impl Made {
    fn new(payload: impl Into<Bytes>, label: String, purpose: Purpose) -> Self {
        let payload = payload.into();
        Self { payload, label, purpose, card_token: None, card_message: None, preview_token: None }
    }

    /// Bytes of a caller: a callback when they say so.
    fn of_bytes(payload: Bytes, label: String) -> Self {
        let made = Self::new(payload, label, Purpose::Event);
        let Some((label, purpose)) = CALLBACKS.iter().find(|(name, _)| names(&made.payload, name)) else {
            return made;
        };
        let event: Value = serde_json::from_slice(&made.payload).unwrap_or_default();
        let text = |pointer| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        if text("/header/event_type").as_deref() != Some(label) {
            return made;
        }
        let (token, message) = (text("/event/token"), text("/event/context/open_message_id"));
        let is_click = *purpose == Purpose::Click;
        Self {
            label: (*label).into(),
            purpose: *purpose,
            card_token: token.filter(|_| is_click),
            card_message: message.filter(|id| is_click && !id.is_empty()),
            preview_token: text("/event/context/preview_token").filter(|_| !is_click),
            ..made
        }
    }
}

/// The callbacks, whose answer a user waits for.
const CALLBACKS: [(&str, Purpose); 2] =
    [("card.action.trigger", Purpose::Click), ("url.preview.get", Purpose::Preview)];

/// Whether the bytes hold the text. Most payloads of events do not, and need not be parsed.
fn names(payload: &[u8], text: &str) -> bool {
    payload.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What the fragments of one message have in common.
struct Maker<'a> {
    outgoing: &'a Outgoing,
    peer: &'a Peer,
    payload: &'a Bytes,
    message_id: String,
    trace_id: String,
    timestamp: String,
    first_seq: u64,
    log_id: u64,
}

impl Maker<'_> {
    fn fragment(&self, index: usize) -> Frame {
        let Outgoing { kind, headers: edits, fragments: count, .. } = self.outgoing;
        let mut headers = Vec::with_capacity(8 + edits.len());
        headers.extend([
            Header::new(header_name::TYPE, kind.as_deref().unwrap_or("event")),
            Header::new(header_name::MESSAGE_ID, &*self.message_id),
            Header::new(header_name::SUM, count.to_string()),
            Header::new(header_name::SEQ, index.to_string()),
            Header::new(header_name::TRACE_ID, &*self.trace_id),
            Header::new(header_name::TIMESTAMP, &*self.timestamp),
            Header::new(header_name::INSTANCE_ID, &*self.peer.instance_id),
        ]);
        for edit in edits {
            edit.apply(&mut headers);
        }
        Frame {
            seq_id: self.first_seq.wrapping_add(index as u64),
            log_id: self.log_id,
            service: self.peer.service_id,
            method: Method::Data.into(),
            headers,
            payload_encoding: self.outgoing.payload_encoding.clone(),
            payload_type: self.outgoing.payload_type.clone(),
            payload: Some(self.payload.slice(cut(self.payload.len(), *count, index))),
            log_id_new: self.outgoing.log_id_new.clone(),
        }
    }
}

impl Edit {
    fn apply(&self, headers: &mut Vec<Header>) {
        match self {
            Self::Add(key, value) => headers.push(Header::new(&**key, &**value)),
            Self::Set(key, value) => match headers.iter_mut().find(|header| header.key == *key) {
                Some(header) => header.value.clone_from(value),
                None => headers.push(Header::new(&**key, &**value)),
            },
            Self::Remove(key) => headers.retain(|header| header.key != *key),
        }
    }
}

/// The bytes of one fragment among `count` of about equal size.
fn cut(len: usize, count: usize, index: usize) -> Range<usize> {
    let at = |index: usize| len / count * index + (len % count).min(index);
    at(index)..at(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_cover_the_payload_without_overlap() {
        for len in [0, 1, 2, 7, 1024] {
            for count in [1, 2, 3, 7, 9] {
                let ranges: Vec<_> = (0..count).map(|index| cut(len, count, index)).collect();
                assert_eq!(ranges.first().map(|range| range.start), Some(0));
                assert_eq!(ranges.last().map(|range| range.end), Some(len));
                for pair in ranges.windows(2) {
                    assert_eq!(pair[0].end, pair[1].start, "{len} in {count}");
                }
            }
        }
    }
}
