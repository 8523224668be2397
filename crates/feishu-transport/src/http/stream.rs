//! The answer to a call, whose body is read piece by piece.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::pool::{Open, Pool};
use super::request::HttpResponse;
use crate::{Error, Stage};

/// The answer to an [`HttpRequest`](super::HttpRequest) whose body is read piece by piece, for large ones.
///
/// Read to its end, it leaves its connection to the next calls; dropped before, it closes it.
pub struct HttpStream {
    /// The HTTP status.
    pub status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
    pub(super) stage: Stage,
    /// The deadline of each piece.
    pub(super) time: Duration,
    /// The deadline of the whole answer, where it is read at once.
    pub(super) ends: Option<Instant>,
    pub(super) back: Option<Back>,
}

/// The connection of an answer, and the pool that keeps it afterwards.
pub(super) struct Back {
    pub(super) open: Open,
    pub(super) pool: Pool,
    pub(super) keep: Duration,
}

impl HttpStream {
    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The next piece of the body; `None` after the last one.
    ///
    /// # Errors
    ///
    /// If the answer broke off, or no piece came within the deadline of the call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call returns the piece.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = timeout(self.time, next(self.stage, &mut self.body)).await;
        let piece = piece.unwrap_or_else(|_| Err(Error::timed_out(self.stage, self.time)))?;
        if piece.is_none() {
            self.give_back();
        }
        Ok(piece)
    }

    /// Reads the whole body up to a limit, within the deadline of the call. Memory is not reserved by `Content-Length`.
    pub(super) async fn collect(mut self, limit: usize) -> Result<HttpResponse, Error> {
        let stage = self.stage;
        let whole = async {
            let mut whole = BytesMut::new();
            while let Some(data) = next(stage, &mut self.body).await? {
                if whole.len() + data.len() > limit {
                    return Err(Error::protocol(
                        stage,
                        format_args!(
                            "the answer is larger than {limit} bytes (Limits::response_bytes, or that of the call)"
                        ),
                    ));
                }
                whole.extend_from_slice(&data);
            }
            Ok(whole.freeze())
        };
        let body = match self.ends {
            Some(ends) => {
                timeout_at(ends, whole).await.unwrap_or_else(|_| Err(Error::timed_out(stage, self.time)))?
            }
            None => whole.await?,
        };
        self.give_back();
        Ok(HttpResponse { status: self.status, headers: self.headers, body })
    }

    fn give_back(&mut self) {
        if let Some(Back { open, pool, keep }) = self.back.take() {
            pool.put(open, keep);
        }
    }
}

/// The next data of a body; trailers are passed over.
async fn next(stage: Stage, body: &mut Incoming) -> Result<Option<Bytes>, Error> {
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Error::protocol(stage, format_args!("the answer broke off: {error}")))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Shows the status.
impl fmt::Debug for HttpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStream").field("status", &self.status).finish_non_exhaustive()
    }
}
