//! What a refused call means for a streamed card.

use std::time::Duration;

use feishu_callbacks::openapi::{ApiCode, ApiCodeKind};

use crate::CallError;

/// What to do after a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No answer, or a fault of the server: the same call again, after a pause.
    Again,
    /// Too many calls: the newest state, when the rates allow it.
    Slower(Option<Duration>),
    /// A click on the card is not answered yet: the newest state, after it was.
    Busy,
    /// Streaming is off.
    Closed,
    /// The number of the change was not higher than the last one.
    Behind,
    /// The `uuid` was used before: done, if it was a repeat.
    Used,
    /// The card has too many bytes or elements: less in it, and the rest in another one.
    TooLarge,
    /// The card has too many tables.
    Tables,
    /// What the card shows is not known: all of it is set anew.
    Unsure,
    /// There is no such card any more.
    NoCard,
    /// There is no such message to reply to, or no topic.
    NoPlace,
    /// The app lacks the scope.
    NoScope,
    /// Nothing helps.
    Fatal,
}

impl Verdict {
    pub(crate) fn of(error: &CallError) -> Self {
        if error.is_rate_limit() || error.is_crowded() {
            return Self::Slower(error.retry_after());
        }
        let Some(code) = error.code() else {
            return if error.has_no_answer() { Self::Again } else { Self::Fatal };
        };
        // A card that is sent or patched is refused with 230099, and what is wrong stands inside.
        let inner = error.inner_code().filter(|inner| inner.source().is_some());
        let kind = inner.map(ApiCode::kind).or(error.kind()).unwrap_or(ApiCodeKind::Unknown);
        Self::of_code(inner.unwrap_or(code).0, kind)
    }

    fn of_code(code: i64, kind: ApiCodeKind) -> Self {
        match (code, kind) {
            (300_305, _) => Self::TooLarge,
            (300_301, _) => Self::Unsure,
            (11_310, _) => Self::Tables,
            (230_019 | 230_071 | 230_072, _) => Self::NoPlace,
            (500..=599, _) | (_, ApiCodeKind::ServerFault | ApiCodeKind::BadAccessToken) => Self::Again,
            (_, ApiCodeKind::RateLimited) => Self::Slower(None),
            (_, ApiCodeKind::CardBusy | ApiCodeKind::InProgress) => Self::Busy,
            (_, ApiCodeKind::StreamClosed) => Self::Closed,
            (_, ApiCodeKind::SequenceNotRising) => Self::Behind,
            (_, ApiCodeKind::AlreadyDone) => Self::Used,
            (_, ApiCodeKind::TooLarge) => Self::TooLarge,
            (_, ApiCodeKind::StateUnknown) => Self::Unsure,
            (_, ApiCodeKind::NoSuchCard | ApiCodeKind::TooOld) => Self::NoCard,
            (_, ApiCodeKind::MessageGone) => Self::NoPlace,
            (_, ApiCodeKind::MissingScope) => Self::NoScope,
            _ => Self::Fatal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_of_each_code_of_a_card_is_what_helps() {
        for (code, verdict) in [
            (230_020, Verdict::Slower(None)),
            (99_991_400, Verdict::Slower(None)),
            (200_810, Verdict::Busy),
            (200_850, Verdict::Closed),
            (200_510, Verdict::Closed),
            (300_309, Verdict::Closed),
            (300_317, Verdict::Behind),
            (200_770, Verdict::Used),
            (200_860, Verdict::TooLarge),
            (300_305, Verdict::TooLarge),
            (11_310, Verdict::Tables),
            (300_313, Verdict::Unsure),
            (300_314, Verdict::Unsure),
            (300_121, Verdict::Unsure),
            (300_122, Verdict::Unsure),
            (300_301, Verdict::Unsure),
            (200_740, Verdict::NoCard),
            (200_750, Verdict::NoCard),
            (230_011, Verdict::NoPlace),
            (230_110, Verdict::NoPlace),
            (230_071, Verdict::NoPlace),
            (99_991_672, Verdict::NoScope),
            (300_120, Verdict::Again),
            (502, Verdict::Again),
            (10_002, Verdict::Fatal),
            (200_220, Verdict::Fatal),
            (300_311, Verdict::Fatal),
            (99_991_403, Verdict::Fatal),
        ] {
            assert_eq!(Verdict::of_code(code, ApiCode(code).kind()), verdict, "{code}");
        }
    }
}
