//! Encodes a push into frames.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Method, header_name};

use crate::envelope::{self, id};
use crate::inflight::InFlight;
use crate::outgoing::{Content, Edit};
use crate::peer::Peer;
use crate::verdict::Purpose;
use crate::{Error, ErrorKind, Outgoing};

/// A push that is ready to be written.
pub(crate) struct Encoded {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) push: InFlight,
    pub(crate) preview_token: Option<String>,
}

impl Outgoing {
    /// Makes the frames for one connection.
    pub(crate) fn encode(self, peer: &Peer, now: Duration) -> Result<Encoded, Error> {
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
            sent_at: OnceLock::new(),
        };
        let mut preview_token = None;
        let at = envelope::Purpose::Push(&peer.app, now);
        let payload: Bytes = match &self.content {
            Content::Frame(frame) => return Ok(as_it_is(frame, push)),
            Content::Payload(payload) => {
                push.label = self.kind.clone().unwrap_or_else(|| "event".into());
                payload.clone()
            }
            Content::Click(click) => {
                push.label = "card.action.trigger".into();
                push.purpose = Purpose::Click;
                let (payload, token, message) = click.make(at);
                (push.card_token, push.card_message) = (token, message);
                payload.into()
            }
            Content::Preview(preview) => {
                push.label = "url.preview.get".into();
                push.purpose = Purpose::Preview;
                let (payload, token) = preview.make(at);
                preview_token = token;
                payload.into()
            }
            Content::Event(event) => {
                push.label = event.label().into();
                event.make(at).into()
            }
        };
        let frames = self.frames(&payload, peer, now, &mut push)?;
        if let Some(completes) = &push.completes {
            // The caller may have edited the header.
            push.message_id = completes.message_id().unwrap_or_default().into();
        }
        Ok(Encoded { frames, push, preview_token })
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

fn as_it_is(frame: &Frame, mut push: InFlight) -> Encoded {
    push.label = format!("frame of type {:?}", frame.kind().as_str());
    push.message_id = frame.message_id().unwrap_or_default().into();
    push.completes = Some(Frame { payload: None, ..frame.clone() });
    Encoded { frames: vec![frame.encode_to_vec().into()], push, preview_token: None }
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
