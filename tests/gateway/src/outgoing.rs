//! A push with every detail in the caller's hand.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use feishu_proto::{Frame, Header, Message as _, Method, key};

use crate::inflight::InFlight;
use crate::peer::Peer;
use crate::push::{Event, Preview, id, since_epoch};
use crate::verdict::Purpose;
use crate::{Click, ConnectionId, Error, ErrorKind};

/// A push: what it carries, and how its frames look. Made from a [`Click`], a [`Preview`], an [`Event`] or any bytes.
///
/// ```
/// use feishu_gateway::{Click, Outgoing};
///
/// // Three fragments that arrive out of order, the middle one twice.
/// let torn = Outgoing::from(Click::button("approve")).fragments(3).order([2, 1, 1, 0]);
/// // A frame of type `card` with a header that nobody knows, and a payload that is no JSON.
/// let odd = Outgoing::card("not json").header("x-new", "1");
/// # let _ = (torn, odd);
/// ```
#[derive(Clone, Debug)]
pub struct Outgoing {
    content: Content,
    kind: Option<String>,
    app: Option<String>,
    connection: Option<ConnectionId>,
    message_id: Option<String>,
    seq_id: Option<u64>,
    log_id: Option<u64>,
    log_id_new: Option<String>,
    payload_encoding: Option<String>,
    payload_type: Option<String>,
    headers: Vec<Edit>,
    fragments: usize,
    order: Option<Vec<usize>>,
    wait: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Content {
    Payload(Bytes),
    Frame(Box<Frame>),
    Click(Box<Click>),
    Preview(Box<Preview>),
    Event(Box<Event>),
}

#[derive(Clone, Debug)]
enum Edit {
    Add(String, String),
    Set(String, String),
    Remove(String),
}

/// A push that is ready to be written.
pub(crate) struct Encoded {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) push: InFlight,
}

impl Outgoing {
    /// These bytes in a frame of type `event`.
    pub fn event(payload: impl Into<Bytes>) -> Self {
        Self::new(Content::Payload(payload.into()))
    }

    /// These bytes in a frame of type `card`.
    pub fn card(payload: impl Into<Bytes>) -> Self {
        Self::event(payload).kind("card")
    }

    /// Exactly this frame, once. Nothing is added; of the methods below only those about the way it goes count.
    pub fn frame(frame: Frame) -> Self {
        Self::new(Content::Frame(Box::new(frame)))
    }

    pub(crate) fn preview(preview: Preview) -> Self {
        Self::new(Content::Preview(Box::new(preview)))
    }

    pub(crate) fn from_event(event: Event) -> Self {
        Self::new(Content::Event(Box::new(event)))
    }

    fn new(content: Content) -> Self {
        Self {
            content,
            kind: None,
            app: None,
            connection: None,
            message_id: None,
            seq_id: None,
            log_id: None,
            log_id_new: None,
            payload_encoding: None,
            payload_type: None,
            headers: Vec::new(),
            fragments: 1,
            order: None,
            wait: None,
        }
    }

    /// Header `type`: `event` by default.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// The app it is for; the gateway's first one by default.
    pub fn app(mut self, app_id: &str) -> Self {
        self.app = Some(app_id.into());
        self
    }

    /// The connection it goes to; a random one of the app by default, as the platform does.
    pub fn to(mut self, connection: ConnectionId) -> Self {
        self.connection = Some(connection);
        self
    }

    /// Header `message_id`; a new one by default.
    pub fn message_id(mut self, id: &str) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// `SeqID` of the first frame; the next fragments count on.
    pub fn seq_id(mut self, number: u64) -> Self {
        self.seq_id = Some(number);
        self
    }

    /// `LogID`; random over the whole range by default.
    pub fn log_id(mut self, number: u64) -> Self {
        self.log_id = Some(number);
        self
    }

    /// `LogIDNew`; absent by default.
    pub fn log_id_new(mut self, text: &str) -> Self {
        self.log_id_new = Some(text.into());
        self
    }

    /// `payload_encoding`; absent by default.
    pub fn payload_encoding(mut self, text: &str) -> Self {
        self.payload_encoding = Some(text.into());
        self
    }

    /// `payload_type`; absent by default.
    pub fn payload_type(mut self, text: &str) -> Self {
        self.payload_type = Some(text.into());
        self
    }

    /// One more header at the end, also when the name is there already.
    pub fn header(mut self, key: &str, value: &str) -> Self {
        self.headers.push(Edit::Add(key.into(), value.into()));
        self
    }

    /// Another value for the header of this name on every fragment, or a new header at the end.
    pub fn set_header(mut self, key: &str, value: &str) -> Self {
        self.headers.push(Edit::Set(key.into(), value.into()));
        self
    }

    /// No header of this name.
    pub fn without_header(mut self, key: &str) -> Self {
        self.headers.push(Edit::Remove(key.into()));
        self
    }

    /// The payload in this many fragments of about equal size. The cuts fall anywhere, also inside of a character.
    pub fn fragments(mut self, count: usize) -> Self {
        self.fragments = count.max(1);
        self
    }

    /// The order in which fragments go out. An index may come twice (a duplicate) or not at all (a gap).
    pub fn order(mut self, indices: impl IntoIterator<Item = usize>) -> Self {
        self.order = Some(indices.into_iter().collect());
        self
    }

    /// The whole message this many times, one after the other, under one `message_id`.
    pub fn copies(mut self, count: usize) -> Self {
        let once: Vec<usize> = self.order.take().unwrap_or_else(|| (0..self.fragments).collect());
        self.order = Some(once.repeat(count));
        self
    }

    /// How long to wait for the answer instead of 3 s. What the user sees after 3 s does not change.
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = Some(limit);
        self
    }

    pub(crate) fn wanted_app(&self) -> Option<&str> {
        self.app.as_deref()
    }

    pub(crate) fn wanted_connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    pub(crate) fn wait_limit(&self) -> Option<Duration> {
        self.wait
    }

    pub(crate) fn is_callback(&self) -> bool {
        matches!(self.content, Content::Click(_) | Content::Preview(_))
    }

    pub(crate) fn has_kind(&self) -> bool {
        self.kind.is_some()
    }

    /// Makes the frames for one connection.
    pub(crate) fn encode(self, peer: &Peer) -> Result<Encoded, Error> {
        let Self { content, kind, message_id, headers: edits, fragments, order, .. } = self;
        let mut push = InFlight {
            message_id: message_id.unwrap_or_else(|| id("")),
            label: String::new(),
            completes: None,
            copies: 1,
            purpose: Purpose::Event,
            connection: peer.id,
            card_token: None,
            card_message: None,
            sent_at: OnceLock::new(),
        };
        let kind = kind.unwrap_or_else(|| "event".into());
        let payload: Bytes = match content {
            Content::Payload(payload) => {
                push.label.clone_from(&kind);
                payload
            }
            Content::Click(click) => {
                let (payload, token, message) = click.payload(&peer.app);
                push.label = "card.action.trigger".into();
                push.purpose = Purpose::Click;
                push.card_token = token;
                push.card_message = message;
                payload.into()
            }
            Content::Preview(preview) => {
                push.label = "url.preview.get".into();
                push.purpose = Purpose::Preview;
                preview.payload(&peer.app).0.into()
            }
            Content::Event(event) => {
                push.label = event.label().into();
                event.payload(&peer.app).into()
            }
            Content::Frame(mut frame) => {
                push.label = format!("frame of type {:?}", frame.kind().as_str());
                push.message_id = frame.message_id().unwrap_or_default().into();
                let frames = vec![frame.encode_to_vec().into()];
                frame.payload = None;
                push.completes = Some(*frame);
                return Ok(Encoded { frames, push });
            }
        };

        let order = order.unwrap_or_else(|| (0..fragments).collect());
        if let Some(index) = order.iter().find(|index| **index >= fragments) {
            let text = format!("the order names fragment {index}, but there are {fragments}");
            return Err(Error::new(ErrorKind::Misuse, text));
        }
        let trace_id = id("");
        let timestamp = since_epoch().as_millis().to_string();
        let first_seq = self.seq_id.unwrap_or_else(|| peer.next_seq(fragments));
        let log_id = self.log_id.unwrap_or_else(|| fastrand::u64(..));
        let fragment = |index: usize| {
            let mut headers = vec![
                Header::new(key::TYPE, &*kind),
                Header::new(key::MESSAGE_ID, &*push.message_id),
                Header::new(key::SUM, fragments.to_string()),
                Header::new(key::SEQ, index.to_string()),
                Header::new(key::TRACE_ID, &*trace_id),
                Header::new(key::TIMESTAMP, &*timestamp),
                Header::new(key::INSTANCE_ID, &*peer.instance_id),
            ];
            edits.iter().for_each(|edit| edit.apply(&mut headers));
            Frame {
                seq_id: first_seq.wrapping_add(index as u64),
                log_id,
                service: peer.service_id,
                method: Method::Data.into(),
                headers,
                payload_encoding: self.payload_encoding.clone(),
                payload_type: self.payload_type.clone(),
                payload: Some(payload.slice(cut(payload.len(), fragments, index))),
                log_id_new: self.log_id_new.clone(),
            }
        };

        let mut frames = Vec::with_capacity(order.len());
        let mut missing: HashSet<usize> = (0..fragments).collect();
        let mut copies = 0;
        for index in order {
            let mut frame = fragment(index);
            frames.push(frame.encode_to_vec().into());
            missing.remove(&index);
            if missing.is_empty() {
                copies += 1;
                missing.extend(0..fragments);
                if push.completes.is_none() {
                    frame.payload = None;
                    push.completes = Some(frame);
                }
            }
        }
        push.copies = copies.max(1);
        if let Some(completes) = &push.completes {
            // The caller may have edited the header.
            push.message_id = completes.message_id().unwrap_or_default().into();
        }
        Ok(Encoded { frames, push })
    }
}

/// The bytes of one fragment among `count` of about equal size.
fn cut(len: usize, count: usize, index: usize) -> std::ops::Range<usize> {
    let at = |index: usize| len / count * index + (len % count).min(index);
    at(index)..at(index + 1)
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

impl From<Click> for Outgoing {
    fn from(click: Click) -> Self {
        Self::new(Content::Click(Box::new(click)))
    }
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
