//! Catches panics of handlers, with message and location.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static CHAIN: Once = Once::new();

/// Makes log lines of handler panics include file and line; otherwise they have only the message.
///
/// The standard library passes a panic's location only to the process-wide panic hook. This function sets a hook that
/// records the location and then calls the previous hook. Call it early in `main`; a hook set later replaces it.
pub fn capture_panic_locations() {
    CHAIN.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            let _ = PLACE.try_with(|slot| slot.try_borrow_mut().map(|mut slot| *slot = place));
            before(info);
        }));
    });
}

/// A caught panic.
#[derive(Debug)]
pub(crate) struct Panic {
    message: String,
    place: Option<String>,
}

impl Panic {
    fn caught(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self {
            message: text.unwrap_or_else(|| "a value that is not text".to_owned()),
            place: PLACE.try_with(|slot| slot.try_borrow_mut().ok()?.take()).ok().flatten(),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " (at {place})"))
    }
}

/// Runs `work` and catches a panic in it. After a panic, values it borrowed must not be used.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panic::caught(&*payload))
}

/// Polls `future` and catches a panic in it. After a panic it must not be polled again.
pub(crate) fn poll_caught<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    match caught(|| future.poll(cx)) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    }
}
