//! The stream of everything that happens, as server-sent events that can be resumed.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::Record;

/// Events that a reader may lag behind; one past it the reader gets `missed`.
const EVENTS_LIMIT: usize = 8192;
/// Bytes of these events.
const BYTES_LIMIT: usize = 16 << 20;
/// Bytes that leave in one piece.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const PIECES_LIMIT: usize = 2;
/// A comment at this interval keeps proxies from closing a quiet stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The newest events.
#[derive(Default)]
pub(super) struct Events {
    ring: VecDeque<(u64, Bytes)>,
    bytes: usize,
    newest: u64,
    forgotten: u64,
}

/// What follows behind an id.
pub(super) enum Next {
    Nothing,
    Piece(Bytes, u64),
    /// The reader's place was forgotten.
    Missed(u64),
}

impl Events {
    /// Adds an event; its id.
    pub(super) fn add(&mut self, name: &str, data: &impl Serialize) -> u64 {
        // Fails for maps with keys that are no strings, which none of the rows has.
        let data = serde_json::to_string(data).unwrap_or_default();
        self.newest += 1;
        let mut text = String::with_capacity(data.len() + 48);
        let _ = write!(text, "id: {}\nevent: {name}\ndata: {data}\n\n", self.newest);
        self.bytes += text.len();
        self.ring.push_back((self.newest, text.into()));
        while self.ring.len() > EVENTS_LIMIT || self.bytes > BYTES_LIMIT {
            let Some((_, oldest)) = self.ring.pop_front() else { break };
            self.bytes -= oldest.len();
            self.forgotten += 1;
        }
        self.newest
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn kept(&self) -> serde_json::Value {
        serde_json::json!({"limit": EVENTS_LIMIT, "forgotten": self.forgotten})
    }

    pub(super) fn after(&self, id: u64) -> Next {
        if id == self.newest {
            return Next::Nothing;
        }
        let oldest = self.ring.front().map_or(self.newest + 1, |(id, _)| *id);
        // An id from the future is one of another run of the program.
        if id + 1 < oldest || id > self.newest {
            return Next::Missed(self.newest);
        }
        let skipped = usize::try_from(id + 1 - oldest).unwrap_or(usize::MAX);
        let (mut piece, mut last) = (BytesMut::new(), id);
        for (id, text) in self.ring.iter().skip(skipped) {
            if !piece.is_empty() && piece.len() + text.len() > PIECE {
                break;
            }
            piece.extend_from_slice(text);
            last = *id;
        }
        Next::Piece(piece.freeze(), last)
    }
}

/// Follows the stream behind an id until the reader leaves or the gateway ends. A slow reader waits for nothing: it gets
/// what it missed, or is told that it missed too much.
pub(crate) fn follow(
    record: &Arc<Record>,
    after: Option<u64>,
    mut closed: watch::Receiver<bool>,
) -> mpsc::Receiver<Bytes> {
    let (pieces, reader) = mpsc::channel(PIECES_LIMIT);
    let record = Arc::clone(record);
    tokio::spawn(async move {
        let mut newest = record.newest();
        let mut place = after.unwrap_or_else(|| *newest.borrow());
        // The answer begins at once, also when nothing happens for long.
        let mut piece = Bytes::from_static(b": the stream of the local platform\n\n");
        loop {
            tokio::select! {
                sent = pieces.send(piece) => if sent.is_err() { return },
                _ = closed.wait_for(|closed| *closed) => return,
            }
            piece = loop {
                newest.borrow_and_update();
                match record.after(place) {
                    Next::Piece(piece, last) => {
                        place = last;
                        break piece;
                    }
                    Next::Missed(now) => {
                        place = now;
                        break Bytes::from(format!("id: {now}\nevent: missed\ndata: {{}}\n\n"));
                    }
                    Next::Nothing => {}
                }
                tokio::select! {
                    changed = newest.changed() => if changed.is_err() { return },
                    () = pieces.closed() => return,
                    _ = closed.wait_for(|closed| *closed) => return,
                    () = tokio::time::sleep(HEARTBEAT) => break Bytes::from_static(b":\n\n"),
                }
            };
        }
    });
    reader
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(next: Next) -> String {
        match next {
            Next::Piece(piece, last) => format!("{last}: {}", String::from_utf8_lossy(&piece)),
            Next::Nothing => "nothing".into(),
            Next::Missed(now) => format!("missed {now}"),
        }
    }

    #[test]
    fn events_resume_behind_an_id_and_say_what_was_missed() {
        let mut events = Events::default();
        assert_eq!(text(events.after(0)), "nothing");
        events.add("call", &1);
        events.add("call", &2);
        assert_eq!(text(events.after(1)), "2: id: 2\nevent: call\ndata: 2\n\n");
        assert_eq!(text(events.after(2)), "nothing");
        assert_eq!(text(events.after(9)), "missed 2", "an id of another run");
        for number in 0..EVENTS_LIMIT {
            events.add("call", &number);
        }
        assert_eq!(text(events.after(1)), format!("missed {}", EVENTS_LIMIT + 2));
        assert!(matches!(events.after(2), Next::Piece(..)), "the oldest that is kept");
    }

    #[test]
    fn events_that_hold_line_breaks_stay_one_event() {
        let mut events = Events::default();
        events.add("message", &"a\n\nevent: reset\ndata: x");
        let text = text(events.after(0));
        assert_eq!(text.matches('\n').count(), 4, "{text}");
    }
}
