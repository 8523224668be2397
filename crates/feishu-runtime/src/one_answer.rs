//! A way for the answer to one delivery that stays in the process.

use std::sync::{Arc, Mutex, PoisonError};

use feishu_transport::{Answer, Confirm, Received, ReplyPath};
use tokio::sync::oneshot;

/// A path, and where its answer comes out.
pub(crate) fn one_answer() -> (Arc<dyn ReplyPath>, oneshot::Receiver<Answer>) {
    let (sender, receiver) = oneshot::channel();
    (Arc::new(OneAnswer(Mutex::new(Some(sender)))), receiver)
}

struct OneAnswer(Mutex<Option<oneshot::Sender<Answer>>>);

impl ReplyPath for OneAnswer {
    fn send(&self, _received: &Arc<Received>, answer: &Answer, confirm: Option<Confirm>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let taken = sender.is_some_and(|sender| sender.send(answer.clone()).is_ok());
        if let Some(confirm) = confirm.filter(|_| taken) {
            confirm.written();
        }
    }
}
