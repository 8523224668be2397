//! Telling the program what happens, on a thread that nobody waits for.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use feishu_callbacks::Header;
use feishu_transport::{Answer, Received};

use crate::stats::Outcome;

/// Calls that wait for a slow hook. More than these are left out and counted.
const BACKLOG: usize = 1024;

/// A delivery, as a hook sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryInfo {
    /// What the payload says about itself; `None` when it says nothing readable.
    pub header: Option<Arc<Header>>,
    /// The payload and everything that came beside it.
    pub received: Arc<Received>,
    /// The name of the handler; `None` when none was found.
    pub handler: Option<Arc<str>>,
}

/// An answered delivery, as a hook sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswerInfo {
    /// What was answered.
    pub seen: DeliveryInfo,
    /// Its outcome.
    pub outcome: Outcome,
    /// The answer.
    pub answer: Answer,
    /// Time from the arrival to the answer.
    pub took: Duration,
}

type Hook<T> = Box<dyn FnMut(&T) + Send>;

/// The hooks of a dispatcher, before they run.
#[derive(Default)]
pub(crate) struct HookSet {
    pub(crate) callback: Option<Hook<DeliveryInfo>>,
    pub(crate) unhandled: Option<Hook<DeliveryInfo>>,
    pub(crate) reply: Option<Hook<AnswerInfo>>,
}

enum Told {
    Callback(DeliveryInfo),
    Unhandled(DeliveryInfo),
    Reply(AnswerInfo),
}

/// The sending end: it never blocks.
pub(crate) struct Hooks {
    sender: Option<mpsc::SyncSender<Told>>,
    wants_callback: bool,
    wants_unhandled: bool,
    wants_reply: bool,
}

impl HookSet {
    /// Starts the thread if there is a hook. It ends with the dispatcher, after what was waiting.
    pub(crate) fn start(mut self) -> std::io::Result<Hooks> {
        let mut hooks = Hooks {
            sender: None,
            wants_callback: self.callback.is_some(),
            wants_unhandled: self.unhandled.is_some(),
            wants_reply: self.reply.is_some(),
        };
        if hooks.wants_callback || hooks.wants_unhandled || hooks.wants_reply {
            let (sender, receiver) = mpsc::sync_channel(BACKLOG);
            std::thread::Builder::new().name("feishu-hooks".to_owned()).spawn(move || {
                for told in receiver {
                    self.call(&told);
                }
            })?;
            hooks.sender = Some(sender);
        }
        Ok(hooks)
    }

    fn call(&mut self, told: &Told) {
        let ended = crate::panics::caught(|| match told {
            Told::Callback(seen) => self.callback.as_mut().map(|hook| hook(seen)),
            Told::Unhandled(seen) => self.unhandled.as_mut().map(|hook| hook(seen)),
            Told::Reply(replied) => self.reply.as_mut().map(|hook| hook(replied)),
        });
        if let Err(panic) = ended {
            tracing::error!(%panic, "a hook panicked");
        }
    }
}

impl Hooks {
    /// False when the hook is too slow and this was left out.
    #[must_use]
    pub(crate) fn callback(&self, seen: impl FnOnce() -> DeliveryInfo) -> bool {
        !self.wants_callback || self.tell(Told::Callback(seen()))
    }

    #[must_use]
    pub(crate) fn unhandled(&self, seen: impl FnOnce() -> DeliveryInfo) -> bool {
        !self.wants_unhandled || self.tell(Told::Unhandled(seen()))
    }

    #[must_use]
    pub(crate) fn reply(&self, replied: impl FnOnce() -> AnswerInfo) -> bool {
        !self.wants_reply || self.tell(Told::Reply(replied()))
    }

    fn tell(&self, told: Told) -> bool {
        self.sender.as_ref().is_none_or(|sender| sender.try_send(told).is_ok())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.sender.is_some()).finish()
    }
}
