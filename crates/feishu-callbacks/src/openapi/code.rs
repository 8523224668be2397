//! Error codes of the OpenAPI: what they mean and what to do.

/// A code of an answer. Sources: "Common error codes" and the pages of each call in the Feishu documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i64);

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// App id and secret do not match.
    WrongCredentials,
    /// The tenant access token is missing, expired or wrong. Drop it and ask for another, once.
    BadAccessToken,
    /// The app lacks a scope; the message names it.
    MissingScope,
    /// The app is not in use in the tenant.
    AppNotUsable,
    /// Too many calls. Wait as told.
    RateLimited,
    /// The caller's address is not on the app's list.
    AddressNotAllowed,
    /// The month's calls are used up.
    QuotaUsedUp,
    /// A parameter is wrong.
    BadParameter,
    /// The card or message content is wrong.
    BadContent,
    /// The card or message is too large.
    TooLarge,
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
    /// The card is being used or streamed right now.
    CardBusy,
    /// No such card.
    NoSuchCard,
    /// Not in the tables.
    Unknown,
}

impl ErrorCode {
    /// What the code means.
    pub fn kind(self) -> CodeKind {
        match self.0 {
            10_014 | 10_015 | 20_002 | 99_991_543 => CodeKind::WrongCredentials,
            99_991_661 | 99_991_663 | 99_991_664 | 99_991_665 | 99_991_668 | 99_991_671 => {
                CodeKind::BadAccessToken
            }
            99_991_672 => CodeKind::MissingScope,
            10_012 | 10_013 | 99_991_662 | 99_991_673 => CodeKind::AppNotUsable,
            99_991_400 | 230_020 => CodeKind::RateLimited,
            99_991_401 => CodeKind::AddressNotAllowed,
            99_991_403 => CodeKind::QuotaUsedUp,
            10_003 | 230_001 => CodeKind::BadParameter,
            10_002
            | 11_310
            | 11_311
            | 100_030
            | 100_290
            | 200_380
            | 200_381
            | 230_099
            | 300_301..=300_317 => CodeKind::BadContent,
            100_000 | 200_860 | 230_025 => CodeKind::TooLarge,
            200_000 | 230_011 | 230_110 | 232_009 => CodeKind::MessageGone,
            200_750 | 230_031 => CodeKind::TooOld,
            200_310 => CodeKind::NotOurCard,
            200_320 | 300_090 => CodeKind::BadOpenIds,
            300_020 => CodeKind::BadCallbackToken,
            300_030 => CodeKind::CallbackTokenExpired,
            300_040 => CodeKind::CallbackTokenUsedUp,
            230_006 | 230_013 | 230_027 => CodeKind::BotNotAllowed,
            230_028 => CodeKind::ContentRefused,
            200_510 | 200_810 | 200_850 => CodeKind::CardBusy,
            200_740 => CodeKind::NoSuchCard,
            _ => CodeKind::Unknown,
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self.kind() {
            CodeKind::WrongCredentials => {
                "compare app id, app secret and domain with \"Credentials & Basic Info\" in the console"
            }
            CodeKind::BadAccessToken => "ask for a new tenant access token and call again, once",
            CodeKind::MissingScope => {
                "add the scope under \"Permissions & Scopes\" and publish a version of the app"
            }
            CodeKind::AppNotUsable => "publish the app, and have it enabled in the tenant",
            CodeKind::RateLimited => "wait as long as the response says, then call again",
            CodeKind::AddressNotAllowed => "add this machine's address to the app's IP allowlist",
            CodeKind::QuotaUsedUp => "calls work again next month, or after the quota was raised",
            CodeKind::BadParameter => "compare the request with the call's page",
            CodeKind::BadContent => {
                "run `validate()` on the card and compare its JSON with the documentation"
            }
            CodeKind::TooLarge => "make it smaller: a card has at most 30 KB, a text message 150 KB",
            CodeKind::MessageGone => "there is nothing left to update",
            CodeKind::TooOld => "send a new card: one can be updated for 14 days",
            CodeKind::NotOurCard => "only the app that sent a card can update it",
            CodeKind::BadOpenIds => "give `open_ids` for an exclusive card of 1.0, and for no other",
            CodeKind::BadCallbackToken => "give `event.token` of the click as it came",
            CodeKind::CallbackTokenExpired | CodeKind::CallbackTokenUsedUp => {
                "update the card by its message id instead"
            }
            CodeKind::BotNotAllowed => {
                "switch the bot on, add it to the chat, and let the user be in the app's range"
            }
            CodeKind::ContentRefused => "change the words",
            CodeKind::CardBusy => {
                "wait until the click is answered or the streaming has ended, then call again"
            }
            CodeKind::NoSuchCard => "compare the card id",
            CodeKind::Unknown => "look the code up in the platform's documentation",
        }
    }
}
