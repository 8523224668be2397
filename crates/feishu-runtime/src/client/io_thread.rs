//! The transport on a thread of its own, which handlers cannot block.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use feishu_transport::{Delivery, Error, Inbox, Shutdown, Transport};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::call::Call;
use crate::dispatch::Intake;

/// How often unanswered calls are looked at: they are answered so much after their deadline at most.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a transport on a thread of its own, with a runtime of its own; handlers run on the current runtime. Dropping the
/// future ends the thread.
pub(super) async fn run(
    transport: Box<dyn Transport>,
    intake: Arc<Intake>,
    stop: Shutdown,
) -> Result<(), Error> {
    let watch = Arc::new(Watch::default());
    let inbox = Arc::new(Aside { intake, handlers: Handle::current(), watch: Arc::clone(&watch) });
    let (sender, ended) = oneshot::channel();
    let cancelled = CancellationToken::new();
    let _cancel = cancelled.clone().drop_guard();
    let span = Span::current();
    let work = move || {
        let _entered = span.enter();
        let ended = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = cancelled.cancelled() => Ok(()),
                    ended = transport.run(inbox, stop) => ended,
                    never = watch.answer_late() => match never {},
                }
            }),
            Err(error) => Err(Error::misuse(format!("cannot create the runtime of `io_thread`: {error}"))),
        };
        let _ = sender.send(ended);
    };
    thread::Builder::new()
        .name("feishu-io".to_owned())
        .spawn(work)
        .map_err(|error| Error::misuse(format!("cannot start the thread of `io_thread`: {error}")))?;
    ended.await.unwrap_or_else(|_| Err(Error::lost("the thread of `io_thread` panicked")))
}

/// An inbox on the transport's thread, which gives each delivery to the handlers' runtime.
struct Aside {
    intake: Arc<Intake>,
    handlers: Handle,
    watch: Arc<Watch>,
}

impl Inbox for Aside {
    fn deliver(&self, delivery: Delivery) {
        let call = {
            let _entered = self.handlers.enter();
            self.intake.take(delivery, None, false)
        };
        if let Some(call) = call.filter(|call| self.intake.answers_late(call)) {
            self.watch.add(call);
        }
    }
}

/// The calls that are to be answered at their deadline, should all threads of the handlers' runtime be blocked.
#[derive(Default)]
struct Watch {
    new: Mutex<Vec<Arc<Call>>>,
    added: Notify,
}

impl Watch {
    fn add(&self, call: Arc<Call>) {
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        new.push(call);
        if new.len() == 1 {
            self.added.notify_one();
        }
    }

    async fn answer_late(&self) -> std::convert::Infallible {
        let mut unanswered = Vec::new();
        loop {
            if unanswered.is_empty() {
                self.added.notified().await;
            }
            sleep(LOOK).await;
            unanswered.append(&mut self.new.lock().unwrap_or_else(PoisonError::into_inner));
            unanswered.retain(|call: &Arc<Call>| !call.is_answered());
            for call in &unanswered {
                call.answer_if_late();
            }
        }
    }
}
