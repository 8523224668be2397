//! The permit of an accepted delivery, and its wait for a running slot.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Admission;

/// An accepted delivery; dropping it frees its place.
#[derive(Debug)]
pub(crate) struct Permit {
    pub(super) admission: Arc<Admission>,
    pub(super) route: usize,
    pub(super) bytes: usize,
    pub(super) stage: Stage,
}

/// The stage of an accepted delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waiting for its turn in an ordered handler.
    Later,
    Queued,
    Running,
}

/// A running slot granted to a waiting delivery; dropping it passes the slot to the next one.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) admission: Arc<Admission>,
    pub(super) route: usize,
    pub(super) taken: bool,
}

/// A permit to run, at once or after a wait.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(super) permit: Permit,
    pub(super) wait: Option<oneshot::Receiver<Grant>>,
}

impl Permit {
    /// Requests a running slot. An accepted delivery is not refused because of a full queue.
    pub(crate) fn ready(mut self) -> Pass {
        let admission = Arc::clone(&self.admission);
        let mut queue = admission.queue();
        queue.leave_later();
        self.stage = Stage::Queued;
        Admission::line_up(&mut queue, self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut queue = self.admission.queue();
        queue.release(self.bytes);
        match self.stage {
            Stage::Later => queue.leave_later(),
            Stage::Queued => {}
            Stage::Running => {
                queue.end(self.route);
                self.admission.pass_on(queue);
            }
        }
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if !self.taken {
            let mut queue = self.admission.queue();
            queue.end(self.route);
            self.admission.pass_on(queue);
        }
    }
}

impl Pass {
    /// Whether the running slot was granted already.
    pub(crate) fn is_running(&self) -> bool {
        self.wait.is_none()
    }

    /// The permit of a slot that was granted already.
    pub(crate) fn into_permit(self) -> Permit {
        self.permit
    }

    /// Waits for the running slot. `None` if a delivery of another type took the place in the queue.
    pub(crate) async fn granted(self) -> Option<Permit> {
        let Self { mut permit, wait } = self;
        if let Some(wait) = wait {
            let mut grant = wait.await.ok()?;
            grant.taken = true;
            permit.stage = Stage::Running;
        }
        Some(permit)
    }
}
