//! A push with full control over its frames.

use std::time::Duration;

use bytes::Bytes;
use feishu_proto::Frame;

use crate::record::{Asked, Attempt};
use crate::{Click, ConnectionId, Event, Preview};

/// A push: what it carries, and how its frames look. Made from a [`Click`], a [`Preview`], an [`Event`] or any bytes.
///
/// ```
/// use feishu_gateway::{Click, Outgoing};
///
/// // Three fragments that arrive out of order, the middle one twice.
/// let torn = Outgoing::from(Click::button("approve")).fragments(3).order([2, 1, 1, 0]);
/// // A frame of type `card` with an unknown header and a payload that is not JSON.
/// let odd = Outgoing::card("not json").header("x-new", "1");
/// # let _ = (torn, odd);
/// ```
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) content: Content,
    pub(crate) kind: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) message_id: Option<String>,
    pub(crate) seq_id: Option<u64>,
    pub(crate) log_id: Option<u64>,
    pub(crate) log_id_new: Option<String>,
    pub(crate) payload_encoding: Option<String>,
    pub(crate) payload_type: Option<String>,
    pub(crate) headers: Vec<Edit>,
    pub(crate) fragments: usize,
    pub(crate) order: Option<Vec<usize>>,
    pub(crate) wait: Option<Duration>,
    /// The request of the interface that made it.
    pub(crate) asked: Option<Box<Asked>>,
    /// Its rung on the ladder of repeats.
    pub(crate) attempt: Option<Attempt>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Payload(Bytes),
    Frame(Box<Frame>),
    Click(Box<Click>),
    Preview(Box<Preview>),
    Event(Box<Event>),
}

#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Add(String, String),
    Set(String, String),
    Remove(String),
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
            asked: None,
            attempt: None,
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

    pub(crate) fn is_callback(&self) -> bool {
        matches!(self.content, Content::Click(_) | Content::Preview(_))
    }

    /// The type header when the caller named none.
    pub(crate) fn default_kind(&mut self, kind: &str) {
        self.kind.get_or_insert_with(|| kind.into());
    }

    pub(crate) fn wanted_preview(&self) -> Option<&Preview> {
        match &self.content {
            Content::Preview(preview) => Some(preview),
            _ => None,
        }
    }
}

impl From<Click> for Outgoing {
    fn from(click: Click) -> Self {
        Self::new(Content::Click(Box::new(click)))
    }
}
