//! The answers of a call, at its end or at the deadline, and their log lines.

use std::sync::Arc;

use feishu_callbacks::EventId;
use feishu_transport::Answer;

use super::unhandled::code_500_shows;
use crate::Failure;
use crate::call::Call;
use crate::dedup::Claim;
use crate::stats::{Incident, Outcome};

/// The end of a call.
pub(crate) enum Ended {
    Answered(Answer),
    Failed(Failure),
    /// Another process has handled the event or is handling it.
    Duplicate(Answer),
    /// It came while the client was stopping, and is not handled.
    Refused,
    /// The deadline passed, and the route cancels late handlers.
    Cancelled,
    /// The client ended.
    Killed,
}

impl Ended {
    /// The end of a handler.
    pub(super) fn of(result: Result<Answer, Failure>) -> Self {
        result.map_or_else(Self::Failed, Self::Answered)
    }
}

impl Call {
    /// Answers at the deadline. `Some` if this ends the call.
    pub(super) fn late(self: &Arc<Self>, claim: Option<&Claim>, queued: bool) -> Option<Ended> {
        let route = self.route();
        let ended = || route.cancel_when_late.then_some(Ended::Cancelled);
        if self.is_answered() {
            return ended();
        }
        if queued {
            return Some(Ended::Failed(Failure::Busy(
                "no running slot became free before the deadline; see `Limits::running`",
            )));
        }
        let answer = self.handler.late_answer(self);
        if self.answer_early(&answer, Outcome::Late) {
            self.log_late(&answer);
            if let Some(claim) = claim {
                claim.interim(&answer);
            }
        }
        ended()
    }

    fn log_late(&self, answer: &Answer) {
        let event_type = &self.header.event_type;
        let advice = if answer.is_ok() {
            String::new()
        } else if self.is_callback() {
            let effect = code_500_shows(event_type);
            format!("; {effect}: choose a reply with `on_late`, or answer first with `reply_now`")
        } else {
            "; the platform sends the event again".to_owned()
        };
        tracing::warn!(
            handler = %self.route().name,
            registered_at = %self.route().at,
            %event_type,
            event_id = self.header.event_id.as_ref().map(EventId::as_str),
            trace_id = self.received.trace_id(),
            deadline = ?self.route().deadline,
            code = answer.code(),
            "handler not done at its deadline{advice}",
        );
    }

    /// Sends the final answer if none was sent, then records, caches and logs the outcome.
    pub(crate) fn settle(self: &Arc<Self>, ended: Ended, claim: Option<Claim>) {
        match ended {
            Ended::Answered(answer) => self.succeed(&answer, claim),
            Ended::Failed(failure) => self.fail(&failure, claim),
            Ended::Duplicate(answer) => {
                self.answer(&answer, Outcome::Duplicate);
                if let Some(claim) = claim.filter(|_| answer.is_ok()) {
                    claim.complete(&answer);
                }
            }
            Ended::Refused => {
                let answer = self.stopping_answer();
                self.answer(&answer, Outcome::Refused);
            }
            Ended::Killed | Ended::Cancelled if self.is_answered() => {
                self.core.incident(Incident::CutOff);
            }
            Ended::Killed | Ended::Cancelled => self.abandon(),
        }
    }

    fn succeed(self: &Arc<Self>, answer: &Answer, claim: Option<Claim>) {
        if !self.answer(answer, Outcome::Answered) {
            self.core.incident(Incident::LateCompleted);
            let took = self.received.received_at().elapsed();
            let (handler, trace_id) = (&self.route().name, self.received.trace_id());
            tracing::debug!(%handler, trace_id, ?took, "the handler ended after its delivery was answered");
        }
        if let Some(claim) = claim {
            claim.complete(answer);
        }
    }

    fn fail(self: &Arc<Self>, failure: &Failure, claim: Option<Claim>) {
        let outcome = match failure {
            Failure::Undecodable(_) => Outcome::Undecodable,
            Failure::Busy(_) => Outcome::Shed,
            Failure::Panicked(_) => Outcome::Panicked,
            Failure::Error(_) | Failure::InvalidReply(_) => Outcome::Failed,
        };
        self.keep_failure(failure);
        let answer = if self.is_answered() {
            None
        } else {
            Some(self.handler.error_answer(self, failure).unwrap_or_else(Answer::failed))
        };
        let answer = answer.filter(|answer| self.answer(answer, outcome));
        if answer.is_none() {
            self.core.incident(Incident::LateFailed);
        }
        // Dropping the claim lets a repeat run the handler again.
        drop(claim);
        let effect = match &answer {
            None => "after its delivery was answered",
            Some(answer) if answer.is_ok() => "the reply of `on_error` was sent",
            Some(_) if self.is_callback() => code_500_shows(&self.header.event_type),
            Some(_) => "the platform sends the event again",
        };
        tracing::error!(
            handler = %self.route().name,
            registered_at = %self.route().at,
            event_type = %self.header.event_type,
            event_id = self.header.event_id.as_ref().map(EventId::as_str),
            message_id = self.received.message_id(),
            trace_id = self.received.trace_id(),
            outcome = outcome.as_str(),
            code = answer.map(|answer| answer.code()),
            error = %failure,
            "{}; {effect}", said(failure),
        );
    }
}

/// The log text of a failure.
fn said(failure: &Failure) -> &'static str {
    match failure {
        Failure::Error(_) => "the handler failed",
        Failure::Panicked(_) => "the handler panicked",
        Failure::Undecodable(_) => "the payload cannot be decoded as the handler's type",
        Failure::InvalidReply(_) => "the handler's reply cannot be sent",
        Failure::Busy(_) => "a limit was reached, so the handler did not run",
    }
}
