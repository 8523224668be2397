//! Classes of codes, and whether a call is worth repeating.

/// The class of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiCodeKind {
    /// App id and secret do not match.
    WrongCredentials,
    /// The tenant access token is missing, expired or wrong. Drop it and ask for another, once.
    BadAccessToken,
    /// The app lacks a scope; the message names it.
    MissingScope,
    /// The app is not in use in the tenant.
    AppNotUsable,
    /// Too many calls. Wait as long as the response says.
    RateLimited,
    /// The platform failed. The call may succeed later.
    ServerFault,
    /// The caller's address is not on the app's list.
    AddressNotAllowed,
    /// The month's calls are used up.
    QuotaUsedUp,
    /// The tenant's storage is full.
    StorageFull,
    /// A parameter is wrong.
    BadParameter,
    /// The card or message content is wrong.
    BadContent,
    /// The card, message or file is too large.
    TooLarge,
    /// The image or file is empty or of a wrong format.
    BadFile,
    /// The message is recalled or deleted, or its chat is gone.
    MessageGone,
    /// The card or message is too old to be updated.
    TooOld,
    /// The card is another app's.
    NotOurCard,
    /// `open_ids` of the card are wrong or missing.
    BadOpenIds,
    /// The callback token is malformed.
    BadCallbackToken,
    /// The callback token is older than 30 minutes.
    CallbackTokenExpired,
    /// The callback token was used twice.
    CallbackTokenUsedUp,
    /// The bot may not do this: off, not in the chat, or out of the user's sight.
    BotNotAllowed,
    /// The content did not pass the platform's review.
    ContentRefused,
    /// This is not possible with this message, chat or element, for any app.
    NotPossible,
    /// A user's click on the card is being handled right now.
    CardBusy,
    /// The same request, or the message it is about, is still being worked on.
    InProgress,
    /// The streaming mode of the card is off, or its ten minutes are over.
    StreamClosed,
    /// The `sequence` of the change is not higher than the last one of this card.
    SequenceNotRising,
    /// A change failed in part: what the card holds now is not known.
    StateUnknown,
    /// The `uuid` was used before: the call was carried out, or another one with the same value.
    AlreadyDone,
    /// No such card.
    NoSuchCard,
    /// A code that this crate does not know.
    Unknown,
}

/// Whether a refused call is worth repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// No: the same call fails again.
    No,
    /// Yes, as it is, after a wait.
    AfterWait,
    /// Yes, once, with a new access token.
    AfterNewToken,
    /// Yes, once, after what the advice says was done first; not as it is.
    AfterChange,
}

impl ApiCodeKind {
    /// Whether a call that was refused for this is worth repeating.
    pub fn retry(self) -> Retry {
        match self {
            Self::RateLimited | Self::ServerFault | Self::CardBusy | Self::InProgress => Retry::AfterWait,
            Self::BadAccessToken => Retry::AfterNewToken,
            Self::StreamClosed | Self::SequenceNotRising | Self::StateUnknown => Retry::AfterChange,
            _ => Retry::No,
        }
    }
}
