//! The table of codes: class, source and advice of each, and the advice that differs by call.

use super::call_kind::CallKind;
use super::code_kind::ApiCodeKind;

/// Where a code is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeSource {
    /// Pages of the Feishu documentation: common error codes, or those of a call.
    Documentation,
    /// Reports of users only. The platform may mean something else by it.
    Users,
}

/// One code.
pub(super) struct Entry {
    pub(super) code: i64,
    pub(super) kind: ApiCodeKind,
    pub(super) source: CodeSource,
    pub(super) advice: &'static str,
}

/// What a code means for one call, where that differs.
pub(super) struct ByCall {
    pub(super) code: i64,
    pub(super) call: CallKind,
    pub(super) kind: ApiCodeKind,
    pub(super) advice: &'static str,
}

/// The entry of a code.
pub(super) fn find(code: i64) -> Option<&'static Entry> {
    let at = CODES.binary_search_by_key(&code, |entry| entry.code).ok()?;
    CODES.get(at)
}

/// The entry of a code for one call.
pub(super) fn find_by_call(code: i64, call: CallKind) -> Option<&'static ByCall> {
    BY_CALL.iter().find(|entry| entry.code == code && entry.call == call)
}

macro_rules! codes {
    ($($code:literal $kind:ident $source:ident $advice:literal;)+) => {
        &[$(Entry { code: $code, kind: ApiCodeKind::$kind, source: CodeSource::$source, advice: $advice },)+]
    };
}

macro_rules! by_call {
    ($($code:literal $call:ident $kind:ident $advice:literal;)+) => {
        &[$(ByCall { code: $code, call: CallKind::$call, kind: ApiCodeKind::$kind, advice: $advice },)+]
    };
}

/// Sorted by code.
pub(super) const CODES: &[Entry] = codes! {
    429 RateLimited Documentation "wait as long as the response says, then call again";
    2_200 RateLimited Users "wait a few seconds, then call again";
    10_002 BadParameter Documentation "compare the request with the call's page; a card must be JSON of its dialect";
    10_003 BadParameter Documentation "compare the request with the call's page";
    10_012 AppNotUsable Documentation "this app needs a ticket of the app store; a custom app asks at `tenant_access_token/internal`";
    10_013 AppNotUsable Documentation "this app needs a ticket of the app store; a custom app asks at `tenant_access_token/internal`";
    10_014 WrongCredentials Documentation "compare the app secret with \"Credentials & Basic Info\" in the console, and see that the app is enabled";
    10_015 WrongCredentials Documentation "compare the app secret with \"Credentials & Basic Info\" in the console";
    11_232 RateLimited Users "wait a few seconds, then call again, and send to this chat more slowly";
    11_310 BadContent Users "use fewer tables in the card: five at most, as users found";
    11_311 BadContent Documentation "run `validate()` on the card and compare its JSON with the documentation";
    20_002 WrongCredentials Documentation "compare app id, app secret and domain with \"Credentials & Basic Info\" in the console";
    100_000 TooLarge Documentation "make the card smaller: it has more than 100 KB after conversion";
    100_030 BadContent Documentation "send JSON; the card is not";
    100_290 BadContent Documentation "use user ids of this app in the card";
    200_000 MessageGone Documentation "the message with the card was recalled; there is nothing left to update";
    200_220 BadContent Documentation "run `validate()` on the card, or send its text instead";
    200_310 NotOurCard Documentation "only the app that sent a card can update it";
    200_320 BadOpenIds Documentation "give the `open_ids` of members that have the card, as this app knows them";
    200_380 BadContent Documentation "publish the template, and compare its id and version";
    200_381 BadContent Documentation "allow this app to use the template in the card tool";
    200_510 StreamClosed Documentation "switch `streaming_mode` on again by settings, once, or finish the card with one full update";
    200_550 BadContent Documentation "compare the chart of the card with the documentation";
    200_570 BadContent Documentation "upload the image with this app, and use the `image_key` that it gives";
    200_610 BadContent Users "create card entities of JSON 2.0 only; users saw this for a card of 1.0";
    200_621 BadContent Documentation "send a card as JSON in a string; an entity as {\"type\":\"card\",\"data\":{\"card_id\":…}}";
    200_732 BadContent Documentation "give each variable of the template a value of its type";
    200_740 NoSuchCard Documentation "compare the card id; if the entity is gone, create a new one and send it anew";
    200_750 TooOld Documentation "create a new entity and send it: one can be changed for 14 days";
    200_770 AlreadyDone Documentation "take it as done if this was a retry; else give each call a `uuid` of its own";
    200_810 CardBusy Documentation "wait until the click is answered, then send the newest state with a higher `sequence`";
    200_850 StreamClosed Documentation "the ten minutes are over: switch `streaming_mode` on again by settings, once, or finish the card";
    200_860 TooLarge Documentation "shorten the card or go on in another one: a card has at most 30 KB";
    200_861 BadContent Documentation "leave out the component that JSON 2.0 does not have";
    200_914 BadContent Documentation "compare the rows of the table with the documentation";
    200_915 BadContent Documentation "compare the rows of the table with the documentation";
    230_001 BadParameter Documentation "compare the request with the call's page; ids must be of the kind that the call names";
    230_002 BotNotAllowed Documentation "add the bot to the chat";
    230_006 BotNotAllowed Documentation "switch the bot on under \"Features\", and publish a version of the app";
    230_009 TooOld Documentation "the time for recalls that the tenant's administrator allows is over";
    230_011 MessageGone Documentation "the message was recalled; there is nothing left to do with it";
    230_013 BotNotAllowed Documentation "let the user be in the app's availability range, and publish a version of the app";
    230_018 NotPossible Documentation "the settings of the group forbid this; ask its owner to let the bot speak";
    230_019 NotPossible Documentation "the topic is gone; send to the chat instead";
    230_020 RateLimited Documentation "wait as long as the response says, then call again with the newest state only";
    230_022 ContentRefused Documentation "change the words: they did not pass the platform's review";
    230_025 TooLarge Documentation "make it smaller: a card has at most 30 KB, a text message 150 KB";
    230_026 NotPossible Documentation "the bot can recall its own messages only, unless it owns or administrates the group";
    230_027 BotNotAllowed Documentation "add the scope that the message names, or let the bot into the chat";
    230_028 ContentRefused Documentation "change the words: they did not pass the platform's review";
    230_031 TooOld Documentation "send a new card: one can be updated for 14 days";
    230_035 BotNotAllowed Documentation "the chat is muted for the bot, or it is blocked; ask the group's owner";
    230_038 NotPossible Documentation "a one-to-one chat with a user of another tenant takes no messages by this call";
    230_049 InProgress Documentation "the message is still being sent: wait a moment, then call again";
    230_050 BotNotAllowed Documentation "the bot cannot see the message: it was sent before the bot came, or is for others";
    230_054 NotPossible Documentation "this kind of message does not support the call";
    230_055 BadParameter Documentation "send an uploaded `mp4` as `media`, any other file as `file`";
    230_071 NotPossible Documentation "for an edit: only the sender can edit; for a reply: the group has no topics";
    230_072 NotPossible Documentation "for an edit: the 20 edits are used up; for a reply: this message cannot have a topic";
    230_073 NotPossible Documentation "for an edit: the chat is secret; for a list: the bot cannot see the topic until it is mentioned there";
    230_074 NotPossible Documentation "the chat is encrypted: its messages cannot be edited";
    230_075 NotPossible Documentation "for an edit: the time for edits is over; for a reply: the chat is encrypted";
    230_099 BadContent Documentation "the card is wrong: look up the `ErrCode` in the platform's message, and run `validate()` on it";
    230_110 MessageGone Documentation "the message was deleted; there is nothing left to do with it";
    230_111 NotPossible Documentation "the message destroys itself; it cannot be replied to";
    231_001 BadParameter Documentation "write the emoji as in the platform's list: names have mixed case, such as `Typing`";
    231_002 BotNotAllowed Documentation "add the bot to the chat of the message";
    231_003 MessageGone Documentation "the message is gone; there is nothing to react to";
    231_007 NotPossible Documentation "the bot can delete its own reactions only";
    231_008 BotNotAllowed Documentation "add the bot to the chat of the message";
    231_010 BadParameter Documentation "compare the id of the reaction";
    231_011 BadParameter Documentation "compare the id of the message";
    231_015 InProgress Documentation "the same request is being worked on: wait a moment, then look whether it is done";
    231_017 NotPossible Documentation "this kind of message takes no reactions";
    231_019 NotPossible Documentation "the settings of the chat or tenant forbid reactions here";
    231_020 NotPossible Documentation "the settings of the chat or tenant forbid reactions here";
    231_021 NotPossible Documentation "the settings of the chat or tenant forbid reactions here";
    231_022 NotPossible Documentation "the settings of the chat or tenant forbid reactions here";
    231_203 NotPossible Documentation "the settings of the group forbid reading its messages, as its restricted mode does";
    231_204 NotPossible Documentation "an app that is shared with other tenants cannot make this call for a user";
    232_009 MessageGone Documentation "the chat was dissolved; nothing can be sent to it";
    232_096 ServerFault Documentation "wait some seconds, then call again";
    234_001 BadParameter Documentation "compare the request with the call's page";
    234_002 MissingScope Documentation "add the scope `im:resource`, or that of messages for a download, and publish a version of the app";
    234_003 BadParameter Documentation "give the key together with the id of the message it came in; for a forward, with the forward's id";
    234_004 BotNotAllowed Documentation "add the bot to the chat of the message";
    234_006 TooLarge Documentation "make it smaller: an image has at most 10 MB, a file 30 MB";
    234_007 BotNotAllowed Documentation "switch the bot on under \"Features\", and publish a version of the app";
    234_009 BotNotAllowed Documentation "the bot cannot read files of a group with members of other tenants";
    234_010 BadFile Documentation "send an image or file that is not empty";
    234_011 BadFile Documentation "send JPG, PNG, WEBP, GIF, BMP, ICO, TIFF or HEIC as an image";
    234_019 ServerFault Documentation "the platform could not read the app's scopes: call again";
    234_037 TooLarge Documentation "files of more than 100 MB cannot be downloaded";
    234_038 NotPossible Documentation "the message is confidential; its files cannot be downloaded";
    234_039 TooLarge Documentation "make the image smaller: at most 12000×12000 pixels, a GIF 2000×2000";
    234_040 BotNotAllowed Documentation "the bot cannot see the message: it was sent before the bot came";
    234_041 StorageFull Documentation "have the tenant's administrator make room: its storage is full";
    234_042 StorageFull Documentation "have the tenant's administrator make room: its storage is full";
    234_043 NotPossible Documentation "files of cards, stickers and forwarded messages cannot be downloaded";
    300_020 BadCallbackToken Documentation "give `event.token` of the click as it came";
    300_030 CallbackTokenExpired Documentation "update the card by its message id instead: the token lives 30 minutes";
    300_040 CallbackTokenUsedUp Documentation "update the card by its message id instead: the token is good for two updates";
    300_090 BadOpenIds Documentation "give `open_ids` for an exclusive card of 1.0, and for no other";
    300_120 ServerFault Documentation "see that `sequence` rises, wait some seconds, then send the newest state";
    300_121 StateUnknown Documentation "an element was not replaced: replace the whole card";
    300_122 StateUnknown Documentation "the settings were not changed: replace the whole card";
    300_301 BadContent Documentation "give each element of the card an `element_id` of its own";
    300_302 BadContent Documentation "leave `config.update_multi` out of the card, or set it to true";
    300_303 BadContent Documentation "use a card of JSON 2.0, or a template marked as new in the card tool";
    300_304 BadContent Documentation "no page explains this error of an element: read the platform's message";
    300_305 BadContent Documentation "go on in another card: one has at most 200 elements";
    300_306 BadContent Documentation "no page explains this error of an element: read the platform's message";
    300_307 BadContent Documentation "send a card that is not empty";
    300_308 BadContent Documentation "no page explains this error of an element: read the platform's message";
    300_309 StreamClosed Documentation "streaming is off: switch `streaming_mode` on by settings, once; after your own close drop the update";
    300_310 BadContent Documentation "stream into a `plain_text` or `markdown` element; in a template into `markdown` only";
    300_311 NotOurCard Documentation "only the app that created an entity can send or change it";
    300_312 BadContent Documentation "replace the element instead: a change cannot give it another `tag`";
    300_313 StateUnknown Documentation "the element may be missing: add it, or replace the whole card; the same call fails again";
    300_314 StateUnknown Documentation "an element was not deleted: replace the whole card";
    300_315 StateUnknown Documentation "an element was not added: replace the whole card";
    300_316 BadContent Documentation "no page explains this error of an element: read the platform's message";
    300_317 SequenceNotRising Documentation "call again, once, with a `sequence` well above the last; only one writer may count for a card";
    99_991_400 RateLimited Documentation "wait as long as the response says, then call again";
    99_991_401 AddressNotAllowed Documentation "add this machine's address to the app's IP allowlist";
    99_991_403 QuotaUsedUp Documentation "calls work again next month, or after the quota was raised";
    99_991_543 WrongCredentials Documentation "compare app id, app secret and domain with \"Credentials & Basic Info\" in the console";
    99_991_661 BadAccessToken Documentation "send a tenant access token with the call";
    99_991_662 AppNotUsable Documentation "have the app enabled in the tenant";
    99_991_663 BadAccessToken Documentation "ask for a new tenant access token and call again, once";
    99_991_664 BadAccessToken Documentation "use a tenant access token; this one is of another kind";
    99_991_665 BadAccessToken Documentation "use a tenant access token; this one is of another kind";
    99_991_668 BadAccessToken Documentation "ask for a new tenant access token and call again, once";
    99_991_671 BadAccessToken Documentation "send the token as it was issued: it begins with `t-` or `u-`";
    99_991_672 MissingScope Documentation "add the scope that the message names under \"Permissions & Scopes\", and publish a version of the app";
    99_991_673 AppNotUsable Documentation "publish the app, and have it enabled in the tenant";
    99_992_354 BadParameter Users "the id is of the wrong kind: a message is `om_…`; a topic (`omt_…`) or a token (`c-…`) does not go here";
};

/// For each code and call at most once.
pub(super) const BY_CALL: &[ByCall] = by_call! {
    10_002 CardUpdate BadContent "run `validate()` on the card; it goes in as an object, without `type: raw` around it";
    10_002 CardCreate BadParameter "give `type` and `data`; a card of JSON 2.0, or a template marked as new in the card tool";
    10_002 StreamText BadParameter "send 1 to 100000 characters, a `sequence` from 1 to 2147483647 and a `uuid` of at most 64 characters";
    99_991_672 CardCreate MissingScope "add the scope `cardkit:card:write` and publish a version of the app; until then send a message and patch it";
    300_313 StreamText StateUnknown "the card has no element with this `element_id`: add it, or replace the whole card; the same call fails again";
    230_001 PreviewRefresh BadParameter "give 1 to 10 preview tokens and at most 100 users";
    230_001 MessageSend BadParameter "compare `receive_id` with `receive_id_type`, and the content with the kind of message";
    230_011 MessageReply MessageGone "the message was recalled: send the answer to its chat instead, or leave it";
    230_011 MessagePatch MessageGone "the message with the card was recalled: there is nothing left to update; send a new card";
    230_110 MessageReply MessageGone "the message was deleted: send the answer to its chat instead, or leave it";
    230_110 MessagePatch MessageGone "the message with the card was deleted: there is nothing left to update; send a new card";
    230_110 ResourceGet MessageGone "the message was deleted, and its files with it";
    230_020 MessagePatch RateLimited "update a card at most five times a second; wait, then send the newest state only";
    230_020 MessageSend RateLimited "send at most five messages a second to one chat or user; wait, then call again";
    230_020 MessageReply RateLimited "send at most five messages a second to one chat or user; wait, then call again";
    230_020 CardReplace RateLimited "change one card at most ten times a second; wait, then send the newest state only";
    230_020 CardSettings RateLimited "change one card at most ten times a second; wait, then send the newest state only";
    230_020 CardBatch RateLimited "change one card at most ten times a second; wait, then send the newest state only";
    230_020 CardElement RateLimited "change one card at most ten times a second; wait, then send the newest state only";
    230_020 StreamText RateLimited "change one card at most ten times a second; wait, then send the newest state only";
    230_071 MessageEdit NotPossible "only the sender can edit a message: send a new one";
    230_071 MessageReply NotPossible "the group has no topics: reply with `in_thread` false";
    230_072 MessageEdit NotPossible "the 20 edits of this message are used up: send a new one";
    230_072 MessageReply NotPossible "this message cannot have a topic: reply with `in_thread` false";
    230_075 MessageEdit NotPossible "the time for edits that the administrator allows is over: send a new message";
    230_075 MessageReply NotPossible "the chat is encrypted: the bot cannot reply there";
    231_001 ReactionDelete NotPossible "the reaction is another tenant's: the bot can delete its own only";
    234_006 ImageUpload TooLarge "make the image smaller: at most 10 MB";
    234_006 FileUpload TooLarge "make the file smaller: at most 30 MB";
    99_992_354 MessageReply BadParameter "reply to the message's own id, `om_…`; a topic (`omt_…`) or a token (`c-…`) is none";
};

#[cfg(test)]
mod tests {
    use super::{BY_CALL, CODES, find_by_call};

    #[test]
    fn code_table_has_each_code_once_in_order_and_advice_for_each() {
        assert!(CODES.is_sorted_by(|one, next| one.code < next.code));
        for entry in CODES {
            assert!(entry.advice.len() > 10 && !entry.advice.ends_with('.'), "{}", entry.code);
        }
        for entry in BY_CALL {
            let first = find_by_call(entry.code, entry.call).map(|found| found.advice);
            assert_eq!(first, Some(entry.advice), "{} {:?} comes twice", entry.code, entry.call);
            let general = super::find(entry.code).map(|general| general.advice);
            assert!(
                general.is_some_and(|general| general != entry.advice),
                "{} {:?}",
                entry.code,
                entry.call
            );
        }
    }
}
