//! Error codes of the OpenAPI: what they mean and what to do.

/// A code of an answer. Sources: "Common error codes" and the pages of each call in the Feishu documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiCode(pub i64);

/// What a code means.
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
    /// A code that this crate does not know.
    Unknown,
}

impl ApiCode {
    /// What the code means.
    pub fn kind(self) -> ApiCodeKind {
        match self.0 {
            10_014 | 10_015 | 20_002 | 99_991_543 => ApiCodeKind::WrongCredentials,
            99_991_661 | 99_991_663 | 99_991_664 | 99_991_665 | 99_991_668 | 99_991_671 => {
                ApiCodeKind::BadAccessToken
            }
            99_991_672 => ApiCodeKind::MissingScope,
            10_012 | 10_013 | 99_991_662 | 99_991_673 => ApiCodeKind::AppNotUsable,
            429 | 2_200 | 11_232 | 230_020 | 99_991_400 => ApiCodeKind::RateLimited,
            99_991_401 => ApiCodeKind::AddressNotAllowed,
            99_991_403 => ApiCodeKind::QuotaUsedUp,
            10_003 | 230_001 => ApiCodeKind::BadParameter,
            10_002
            | 11_310
            | 11_311
            | 100_030
            | 100_290
            | 200_380
            | 200_381
            | 230_099
            | 300_301..=300_317 => ApiCodeKind::BadContent,
            100_000 | 200_860 | 230_025 => ApiCodeKind::TooLarge,
            200_000 | 230_011 | 230_110 | 232_009 => ApiCodeKind::MessageGone,
            200_750 | 230_031 => ApiCodeKind::TooOld,
            200_310 => ApiCodeKind::NotOurCard,
            200_320 | 300_090 => ApiCodeKind::BadOpenIds,
            300_020 => ApiCodeKind::BadCallbackToken,
            300_030 => ApiCodeKind::CallbackTokenExpired,
            300_040 => ApiCodeKind::CallbackTokenUsedUp,
            230_006 | 230_013 | 230_027 => ApiCodeKind::BotNotAllowed,
            230_028 => ApiCodeKind::ContentRefused,
            200_510 | 200_810 | 200_850 => ApiCodeKind::CardBusy,
            200_740 => ApiCodeKind::NoSuchCard,
            _ => ApiCodeKind::Unknown,
        }
    }

    /// Whether the call was one of too many: it succeeds after a wait.
    pub fn is_rate_limit(self) -> bool {
        self.kind() == ApiCodeKind::RateLimited
    }

    /// Whether the tenant access token is to blame: the call succeeds with a new one.
    pub fn is_bad_token(self) -> bool {
        self.kind() == ApiCodeKind::BadAccessToken
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self.kind() {
            ApiCodeKind::WrongCredentials => {
                "compare app id, app secret and domain with \"Credentials & Basic Info\" in the console"
            }
            ApiCodeKind::BadAccessToken => "ask for a new tenant access token and call again, once",
            ApiCodeKind::MissingScope => {
                "add the scope under \"Permissions & Scopes\" and publish a version of the app"
            }
            ApiCodeKind::AppNotUsable => "publish the app, and have it enabled in the tenant",
            ApiCodeKind::RateLimited => "wait as long as the response says, then call again",
            ApiCodeKind::AddressNotAllowed => "add this machine's address to the app's IP allowlist",
            ApiCodeKind::QuotaUsedUp => "calls work again next month, or after the quota was raised",
            ApiCodeKind::BadParameter => "compare the request with the call's page",
            ApiCodeKind::BadContent => {
                "run `validate()` on the card and compare its JSON with the documentation"
            }
            ApiCodeKind::TooLarge => "make it smaller: a card has at most 30 KB, a text message 150 KB",
            ApiCodeKind::MessageGone => "there is nothing left to update",
            ApiCodeKind::TooOld => "send a new card: one can be updated for 14 days",
            ApiCodeKind::NotOurCard => "only the app that sent a card can update it",
            ApiCodeKind::BadOpenIds => "give `open_ids` for an exclusive card of 1.0, and for no other",
            ApiCodeKind::BadCallbackToken => "give `event.token` of the click as it came",
            ApiCodeKind::CallbackTokenExpired | ApiCodeKind::CallbackTokenUsedUp => {
                "update the card by its message id instead"
            }
            ApiCodeKind::BotNotAllowed => {
                "switch the bot on, add it to the chat, and let the user be in the app's range"
            }
            ApiCodeKind::ContentRefused => "change the text",
            ApiCodeKind::CardBusy => {
                "wait until the click is answered or the streaming has ended, then call again"
            }
            ApiCodeKind::NoSuchCard => "compare the card id",
            ApiCodeKind::Unknown => "look the code up in the platform's documentation",
        }
    }
}
