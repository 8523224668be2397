//! From a delivery to the handler's future and back to bytes, with the types erased at the edge.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use feishu_callbacks::{DecodeError, Header, Reply};
use feishu_transport::Answer;

use super::Serve;
use super::registration::{KeyOf, LateResult};
use crate::call::Call;
use crate::{Context, HandlerError};

/// A handler without its types.
pub(crate) trait Invoke: Send + Sync {
    /// Reads the delivery and makes the handler's future, which does nothing before it is polled.
    fn prepare(self: Arc<Self>, call: &Arc<Call>) -> Result<Prepared, DecodeError>;

    /// Whether deliveries must be prepared in the order of their arrival.
    fn is_ordered(&self) -> bool;

    /// Whether the platform waits for the reply to such a delivery.
    fn is_callback(&self, header: &Header) -> bool;
}

/// A call that can start.
pub(crate) struct Prepared {
    /// The key of an ordered handler.
    pub(crate) key: Option<u64>,
    pub(crate) future: Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send>>,
}

/// Why a call has no reply.
pub(crate) enum Fault {
    /// The payload cannot be read as the type asked for.
    Undecodable(DecodeError),
    /// The handler said so.
    Handler(HandlerError),
    /// The reply cannot be sent.
    Reply(String),
    /// There was no room, for the reason given.
    Shed(&'static str),
    /// Another process has handled it, or is about to.
    Duplicate(Answer),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(error) => error.fmt(f),
            Self::Handler(error) => {
                error.fmt(f)?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Reply(why) => f.write_str(why),
            Self::Shed(why) => f.write_str(why),
            Self::Duplicate(_) => f.write_str("handled elsewhere"),
        }
    }
}

/// A handler with its types.
pub(crate) struct Typed<E, R, H> {
    pub(crate) decode: fn(&Arc<Header>, &Bytes) -> Result<E, DecodeError>,
    pub(crate) handler: H,
    /// `None` when the name of the type tells.
    pub(crate) callback: Option<bool>,
    pub(crate) key_of: Option<KeyOf<E>>,
    pub(crate) late_result: Option<LateResult<R>>,
    pub(crate) reply: PhantomData<fn() -> R>,
}

impl<E, R, H> Invoke for Typed<E, R, H>
where
    E: Send + 'static,
    R: Reply,
    H: Serve<E, R>,
{
    fn prepare(self: Arc<Self>, call: &Arc<Call>) -> Result<Prepared, DecodeError> {
        let event = (self.decode)(&call.header, call.received.payload())?;
        let key = self.key_of.as_ref().map(|key_of| key_of(&event));
        let call = Arc::clone(call);
        let future = Box::pin(async move {
            let cx = Context::new(Arc::clone(&call));
            let reply = self.handler.serve(event, cx).await.map_err(Fault::Handler)?;
            let answer = encode(&reply, &call)?;
            if call.is_answered() {
                if let Some(take) = &self.late_result {
                    take(reply, Context::new(call)).await.map_err(Fault::Handler)?;
                }
            } else {
                call.keep_typed(reply);
            }
            Ok(answer)
        });
        Ok(Prepared { key, future })
    }

    fn is_ordered(&self) -> bool {
        self.key_of.is_some()
    }

    fn is_callback(&self, header: &Header) -> bool {
        self.callback.unwrap_or_else(|| header.event_type.is_callback())
    }
}

/// Writes a reply as JSON, after a look at what the user's client would refuse.
pub(crate) fn encode<R: Reply>(reply: &R, call: &Call) -> Result<Answer, Fault> {
    for finding in reply.findings() {
        if call.plan().strict_replies {
            return Err(Fault::Reply(finding.to_string()));
        }
        tracing::warn!(
            handler = %call.route().name,
            trace_id = call.received.trace_id(),
            %finding,
            "the user's client will not show this reply as meant",
        );
    }
    let json = reply.to_json().map_err(|error| Fault::Reply(error.to_string()))?;
    Ok(Answer::ok(json))
}
