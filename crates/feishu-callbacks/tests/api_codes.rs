//! Every code of the OpenAPI that a bot meets: its class, whether a retry makes sense, and what to do.

use ApiCodeKind as K;
use feishu_callbacks::openapi::{
    ApiCode, ApiCodeKind, ApiError, Call, CallKind, CodeSource, MessageReply, MessageSend, Retry,
};

/// All codes by class.
const CODES: &[(ApiCodeKind, Retry, &[i64])] = &[
    (K::WrongCredentials, Retry::No, &[10_014, 10_015, 20_002, 99_991_543]),
    (
        K::BadAccessToken,
        Retry::AfterNewToken,
        &[99_991_661, 99_991_663, 99_991_664, 99_991_665, 99_991_668, 99_991_671],
    ),
    (K::MissingScope, Retry::No, &[99_991_672, 234_002]),
    (K::AppNotUsable, Retry::No, &[10_012, 10_013, 99_991_662, 99_991_673]),
    (K::RateLimited, Retry::AfterWait, &[429, 2_200, 11_232, 230_020, 99_991_400]),
    (K::ServerFault, Retry::AfterWait, &[232_096, 300_120]),
    (K::AddressNotAllowed, Retry::No, &[99_991_401]),
    (K::QuotaUsedUp, Retry::No, &[99_991_403]),
    (K::StorageFull, Retry::No, &[234_041, 234_042]),
    (
        K::BadParameter,
        Retry::No,
        &[10_002, 10_003, 230_001, 230_055, 231_001, 231_010, 231_011, 234_001, 234_003, 99_992_354],
    ),
    (
        K::BadContent,
        Retry::No,
        &[
            11_310, 11_311, 100_030, 100_290, 200_220, 200_380, 200_381, 200_550, 200_570, 200_610, 200_621,
            200_732, 200_861, 200_914, 200_915, 230_099, 300_301, 300_302, 300_303, 300_304, 300_305,
            300_306, 300_307, 300_308, 300_310, 300_312, 300_316,
        ],
    ),
    (K::TooLarge, Retry::No, &[100_000, 200_860, 230_025, 234_006, 234_037, 234_039]),
    (K::BadFile, Retry::No, &[234_010, 234_011]),
    (K::MessageGone, Retry::No, &[200_000, 230_011, 230_110, 231_003, 232_009]),
    (K::TooOld, Retry::No, &[200_750, 230_031]),
    (K::NotOurCard, Retry::No, &[200_310, 300_311]),
    (K::BadOpenIds, Retry::No, &[200_320, 300_090]),
    (K::BadCallbackToken, Retry::No, &[300_020]),
    (K::CallbackTokenExpired, Retry::No, &[300_030]),
    (K::CallbackTokenUsedUp, Retry::No, &[300_040]),
    (
        K::BotNotAllowed,
        Retry::No,
        &[230_006, 230_013, 230_027, 230_035, 231_002, 231_008, 234_004, 234_007, 234_009, 234_040],
    ),
    (K::ContentRefused, Retry::No, &[230_028]),
    (
        K::NotPossible,
        Retry::No,
        &[
            230_019, 230_054, 230_071, 230_072, 230_075, 230_111, 231_007, 231_017, 231_019, 231_020,
            231_021, 231_022, 234_038, 234_043,
        ],
    ),
    (K::CardBusy, Retry::AfterWait, &[200_810]),
    (K::InProgress, Retry::AfterWait, &[230_049, 231_015]),
    (K::StreamClosed, Retry::AfterChange, &[200_510, 200_850, 300_309]),
    (K::SequenceNotRising, Retry::AfterChange, &[300_317]),
    (K::StateUnknown, Retry::AfterChange, &[300_121, 300_122, 300_313, 300_314, 300_315]),
    (K::AlreadyDone, Retry::No, &[200_770]),
    (K::NoSuchCard, Retry::No, &[200_740]),
];

/// The codes that no page of the documentation has.
const REPORTED: &[i64] = &[2_200, 11_232, 11_310, 200_610, 99_992_354];

#[test]
fn api_code_has_a_class_a_retry_and_advice_for_every_known_code() {
    for (kind, retry, codes) in CODES {
        for code in codes.iter().copied().map(ApiCode) {
            assert_eq!((code.kind(), code.retry()), (*kind, *retry), "{code:?}");
            assert_eq!(code.is_rate_limit(), *kind == K::RateLimited, "{code:?}");
            assert_eq!(code.is_bad_token(), *kind == K::BadAccessToken, "{code:?}");
            assert!(!code.advice().contains("look the code up"), "{code:?}");
            let source =
                if REPORTED.contains(&code.0) { CodeSource::Users } else { CodeSource::Documentation };
            assert_eq!(code.source(), Some(source), "{code:?}");
        }
    }
    let unknown = ApiCode(7);
    assert_eq!((unknown.kind(), unknown.retry(), unknown.source()), (K::Unknown, Retry::No, None));
    assert_eq!(ApiError::new(7, "?").kind(), Some(K::Unknown));
}

#[test]
fn api_code_advice_fits_the_call_that_was_made() {
    for (code, call, words) in [
        (230_011, CallKind::MessageReply, "send the answer to its chat"),
        (230_011, CallKind::MessagePatch, "nothing left to update"),
        (230_011, CallKind::Other, "was recalled"),
        (300_309, CallKind::StreamText, "streaming is off"),
        (200_850, CallKind::StreamText, "ten minutes are over"),
        (300_317, CallKind::CardElement, "`sequence` well above the last"),
        (230_071, CallKind::MessageEdit, "only the sender can edit"),
        (230_071, CallKind::MessageReply, "no topics"),
        (230_072, CallKind::MessageEdit, "20 edits"),
        (230_072, CallKind::MessageReply, "`in_thread` false"),
        (230_075, CallKind::MessageReply, "encrypted"),
        (231_001, CallKind::ReactionAdd, "emoji"),
        (231_001, CallKind::ReactionDelete, "its own"),
        (230_020, CallKind::MessagePatch, "five times a second"),
        (230_020, CallKind::StreamText, "ten times a second"),
        (99_992_354, CallKind::MessageReply, "`om_…`"),
    ] {
        assert!(
            ApiCode(code).advice_for(call).contains(words),
            "{code} {call:?}: {}",
            ApiCode(code).advice_for(call)
        );
    }
    assert_eq!(ApiCode(231_001).kind_for(CallKind::ReactionDelete), K::NotPossible);
    let error = MessageReply::read_answer(br#"{"code":230011,"msg":"recalled"}"#).unwrap_err();
    assert!(error.to_string().contains("send the answer to its chat"), "{error}");
}

#[test]
fn api_error_names_the_code_inside_of_the_message() {
    let refused = r#"{"code":230099,"msg":"Failed to create card content, ext=ErrCode: 11310; ErrMsg: card table number over limit; "}"#;
    let error = MessageSend::read_answer(refused.as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.inner_code()), (Some(ApiCode(230_099)), Some(ApiCode(11_310))));
    assert!(error.to_string().contains("fewer tables"), "{error}");
    for (message, inner) in
        [("ErrCode:200621;", Some(200_621)), ("ErrCode: x", None), ("", None), ("ErrCode: 0", None)]
    {
        assert_eq!(ApiCode::inside(message), inner.map(ApiCode), "{message}");
    }
    let unknown = ApiError::new(230_099, "ErrCode: 7").to_string();
    assert!(unknown.contains("look up the `ErrCode`"), "{unknown}");
}
