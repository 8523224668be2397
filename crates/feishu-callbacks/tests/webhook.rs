//! Requests of a webhook: what is opened, and every way to be refused. The constants were made with openssl and Python.

use std::time::{Duration, SystemTime};

use feishu_callbacks::webhook::{EncryptKey, Opened, Webhook, WebhookError, WebhookErrorKind as Kind};
use feishu_callbacks::{CardActionTrigger, Reply as _, VerificationToken, decode};

const KEY: &str = "Barolo-0xEncryptKey";
const TOKEN: &str = "vt-91";
const SENT: &str = "1747740328";
const CLICK: &str = r#"{"encrypt":"AAECAwQFBgcICQoLDA0ODyd/WAcUYI5srmotju5c3y4vYhmQ3GZYTMd6dA+AI7RluSQngQBFYH6JEXEm/k5INaTuRawqn1HX89MzRw899a5Y6IKXRI5XQ5FRLcOAy+QwljG54tRSD6zdaDtTZHHpDKlI8wJH1lSqUsvYQIGGfM81+93h4UA8laWr5Ww9MctiUCqFwfgp3wKYQWQzPB6RcxPvaLW50/3+CsnxusysHHk="}"#;
const CLICK_SIGNATURE: &str = "9c725e918275678a430525500a83f2dab581ee10776af274444f8de04da7d6de";
const CHALLENGE: &str = r#"{"encrypt":"EBESExQVFhcYGRobHB0eH9Vj78zjJhDKNfzeOoRGdXU/OvnbqnUySMKM6APjr3nSOJUU5zeACj8PfhhJ9gOb8SLZ1FTKomC3DK1Mf35I4yPL8EH5vWrDtDm0xElGYoc0"}"#;
const CHALLENGE_SIGNATURE: &str = "169c1fa477e6734defbe830ab7b19b04b7169b5200b999cbd7312d1922bb99a8";
const CARD_V1: &str = r#"{"open_id":"ou_1","token":"c-7","action":{"tag":"button"}}"#;
const CARD_V1_SIGNATURE: &str = "4abf5184e7a550818996f6c70d8236bd7ef086c1";

fn webhook() -> Webhook {
    Webhook::new(KEY, TOKEN).unwrap()
}

/// This many seconds after the constants were sent.
fn after(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_747_740_328 + seconds)
}

fn headers<'a>(timestamp: &'a str, signature: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("X-Lark-Request-Timestamp", timestamp),
        ("x-lark-request-nonce", "n-1"),
        ("X-LARK-SIGNATURE", signature),
    ]
}

fn open(webhook: &Webhook, signature: &str, body: &str) -> Result<Opened, WebhookError> {
    webhook.open(headers(SENT, signature), body.as_bytes(), after(2))
}

fn refused(opened: Result<Opened, WebhookError>) -> Kind {
    opened.unwrap_err().kind()
}

/// Opens a payload that is signed and encrypted as it should be.
fn sealed(webhook: &Webhook, payload: &str) -> Result<Opened, WebhookError> {
    let key = EncryptKey::new(KEY);
    let body = key.seal(payload.as_bytes(), [3; 16]);
    open(webhook, &key.sign(SENT, "n-1", body.as_bytes()), &body)
}

/// Opens an encrypted payload without a signature.
fn unsigned(payload: &str) -> Result<Opened, WebhookError> {
    let body = EncryptKey::new(KEY).seal(payload.as_bytes(), [3; 16]);
    webhook().open([("", ""); 0], body.as_bytes(), after(2))
}

fn challenge(opened: Result<Opened, WebhookError>) -> String {
    let Ok(Opened::Challenge(challenge)) = opened else { panic!("no challenge: {opened:?}") };
    String::from_utf8(challenge.to_json().unwrap()).unwrap()
}

#[test]
fn open_verifies_and_decrypts_a_signed_click() {
    let Opened::Callback(json) = open(&webhook(), CLICK_SIGNATURE, CLICK).unwrap() else { panic!() };
    let click: CardActionTrigger = decode(&json).unwrap();
    assert_eq!(click.header.token, Some(VerificationToken::new(TOKEN)));
    assert_eq!(click.event.action.name.as_deref(), Some("send"));
}

#[test]
fn open_returns_the_challenge_with_and_without_a_signature() {
    let webhook = webhook();
    for _ in 0..2 {
        assert_eq!(
            challenge(open(&webhook, CHALLENGE_SIGNATURE, CHALLENGE)),
            r#"{"challenge":"say this"}"#,
            "the console may ask twice"
        );
    }
    assert_eq!(
        challenge(webhook.open([("", ""); 0], CHALLENGE.as_bytes(), after(0))),
        r#"{"challenge":"say this"}"#
    );
}

#[test]
fn encrypt_key_decrypts_the_documented_vector_and_its_own_output() {
    let key = EncryptKey::new("test key");
    assert_eq!(key.decrypt("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=").unwrap(), b"hello world");
    for length in [0, 15, 16, 17, 1000] {
        let payload = vec![b'x'; length];
        let body = key.seal(&payload, [7; 16]);
        let text = body.strip_prefix(r#"{"encrypt":""#).unwrap().strip_suffix(r#""}"#).unwrap();
        assert_eq!(key.decrypt(text).unwrap(), payload);
    }
    for noise in ["", "AAAA", "not base64!", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzgho="] {
        assert!(key.decrypt(noise).is_none(), "{noise}");
    }
}

#[test]
fn open_refuses_a_request_with_any_part_forged() {
    let forged = CLICK.replace("AAEC", "AAED");
    assert_eq!(refused(open(&webhook(), CLICK_SIGNATURE, &forged)), Kind::WrongSignature);
    assert_eq!(refused(open(&webhook(), &CLICK_SIGNATURE[..63], CLICK)), Kind::WrongSignature);
    assert_eq!(refused(open(&webhook(), CHALLENGE_SIGNATURE, CLICK)), Kind::WrongSignature);
    let other_key = Webhook::new("another key", TOKEN).unwrap();
    assert_eq!(refused(open(&other_key, CLICK_SIGNATURE, CLICK)), Kind::WrongSignature);
    let later = headers("1747740329", CLICK_SIGNATURE);
    assert_eq!(refused(webhook().open(later, CLICK.as_bytes(), after(2))), Kind::WrongSignature);
}

#[test]
fn open_refuses_unsigned_requests_with_the_same_error_for_all_reasons() {
    let click = r#"{"header":{"token":"vt-91"},"event":{}}"#;
    let wrong_token = r#"{"type":"url_verification","challenge":"x","token":"vt-92"}"#;
    let no_token = r#"{"type":"url_verification","challenge":"x"}"#;
    for payload in [click, wrong_token, no_token, "noise"] {
        assert_eq!(refused(unsigned(payload)), Kind::Unsigned, "{payload}");
    }
    for body in [r#"{"encrypt":"AAAA"}"#, "noise", no_token, wrong_token] {
        assert_eq!(
            refused(webhook().open([("", ""); 0], body.as_bytes(), after(2))),
            Kind::Unsigned,
            "{body}"
        );
    }
}

#[test]
fn window_refuses_requests_too_old_or_in_the_future() {
    let at = |webhook: Webhook, now| webhook.open(headers(SENT, CLICK_SIGNATURE), CLICK.as_bytes(), now);
    assert!(at(webhook(), after(300)).is_ok());
    assert_eq!(refused(at(webhook(), after(301))), Kind::OutsideWindow);
    assert!(at(webhook(), after(0) - Duration::from_secs(300)).is_ok());
    assert_eq!(refused(at(webhook(), after(0) - Duration::from_secs(301))), Kind::OutsideWindow);
    assert!(at(webhook().window(Duration::from_secs(3600)), after(3600)).is_ok());
    assert!(at(webhook().window(Duration::MAX), SystemTime::UNIX_EPOCH).is_ok());

    let key = EncryptKey::new(KEY);
    for timestamp in ["", "yesterday", "-5", "99999999999999999999"] {
        let signature = key.sign(timestamp, "n-1", CLICK.as_bytes());
        let opened = webhook().open(headers(timestamp, &signature), CLICK.as_bytes(), after(2));
        assert_eq!(refused(opened), Kind::OutsideWindow, "{timestamp}");
    }
}

#[test]
fn open_refuses_repeated_requests_within_the_window() {
    let webhook = webhook();
    assert!(open(&webhook, CLICK_SIGNATURE, CLICK).is_ok());
    assert_eq!(refused(open(&webhook, CLICK_SIGNATURE, CLICK)), Kind::Repeated);
    let key = EncryptKey::new(KEY);
    let again = [
        ("X-Lark-Request-Timestamp", SENT),
        ("X-Lark-Request-Nonce", "n-2"),
        ("X-Lark-Signature", &key.sign(SENT, "n-2", CLICK.as_bytes())),
    ];
    assert!(webhook.open(again, CLICK.as_bytes(), after(2)).is_ok(), "the platform pushed it again");
    let forgetful = self::webhook().remembered(0);
    assert!(
        open(&forgetful, CLICK_SIGNATURE, CLICK).is_ok() && open(&forgetful, CLICK_SIGNATURE, CLICK).is_ok()
    );
}

#[test]
fn remembered_requests_that_are_dropped_do_not_reopen_the_window_for_replays() {
    let webhook = webhook().remembered(1);
    let key = EncryptKey::new(KEY);
    let open_at = |timestamp: &str| {
        let signature = key.sign(timestamp, "n-1", CLICK.as_bytes());
        webhook.open(headers(timestamp, &signature), CLICK.as_bytes(), after(2))
    };
    assert!(open_at("1747740328").is_ok());
    assert!(open_at("1747740329").is_ok(), "drops the first request");
    assert_eq!(refused(open_at("1747740328")), Kind::OutsideWindow, "a replay of the dropped request");
    assert_eq!(refused(open_at("1747740329")), Kind::Repeated);
    assert!(open_at("1747740330").is_ok());
}

#[test]
fn open_refuses_a_repeat_with_a_digit_moved_from_the_nonce_to_the_timestamp() {
    // The signature covers both without a border between them.
    let signature = EncryptKey::new(KEY).sign(SENT, "91", CLICK.as_bytes());
    let webhook = webhook().window(Duration::MAX);
    let open = |timestamp: &str, nonce: &str| {
        let headers = [
            ("X-Lark-Request-Timestamp", timestamp),
            ("X-Lark-Request-Nonce", nonce),
            ("X-Lark-Signature", signature.as_str()),
        ];
        webhook.open(headers, CLICK.as_bytes(), after(2))
    };
    assert!(open(SENT, "91").is_ok());
    assert_eq!(refused(open("17477403289", "1")), Kind::Repeated);
}

#[test]
fn open_distinguishes_unencrypted_undecryptable_and_unreadable_bodies() {
    let key = EncryptKey::new(KEY);
    let signed = |body: &str| refused(open(&webhook(), &key.sign(SENT, "n-1", body.as_bytes()), body));
    assert_eq!(signed(r#"{"header":{"token":"vt-91"}}"#), Kind::NotEncrypted);
    assert_eq!(signed(r#"{"encrypt":"AAAA"}"#), Kind::Undecryptable);
    assert_eq!(signed(&EncryptKey::new("other").seal(b"{}", [3; 16])), Kind::Undecryptable);
    assert_eq!(signed("noise"), Kind::NotACallback);
    assert_eq!(refused(sealed(&webhook(), "[]")), Kind::NotACallback);
    assert_eq!(refused(sealed(&webhook(), "noise")), Kind::NotACallback);
}

#[test]
fn open_refuses_a_wrong_token_and_requires_one_unless_the_callback_is_signed() {
    for payload in [
        r#"{"header":{"token":"vt-92"}}"#,
        r#"{"type":"event_callback","token":"vt-9"}"#,
        r#"{"type":"url_verification","challenge":"x","token":"vt-92"}"#,
        r#"{"type":"url_verification","challenge":"x"}"#,
    ] {
        assert_eq!(refused(sealed(&webhook(), payload)), Kind::WrongToken, "{payload}");
    }
    assert!(sealed(&webhook(), r#"{"header":{"event_type":"x"}}"#).is_ok());
    assert!(sealed(&webhook(), r#"{"type":"event_callback","token":"vt-91"}"#).is_ok());
}

#[test]
fn without_encrypt_key_only_the_token_is_checked() {
    let webhook = Webhook::without_encrypt_key(TOKEN).unwrap();
    let open = |body: &str| webhook.open([("", ""); 0], body.as_bytes(), after(0));
    let click = r#"{"header":{"token":"vt-91"},"event":{}}"#;
    assert_eq!(open(click), Ok(Opened::Callback(click.as_bytes().to_vec())));
    assert_eq!(
        challenge(open(r#"{"type":"url_verification","challenge":"x","token":"vt-91"}"#)),
        r#"{"challenge":"x"}"#
    );
    assert_eq!(refused(open(r#"{"header":{"token":"vt-92"}}"#)), Kind::WrongToken);
    assert_eq!(refused(open(r#"{"header":{}}"#)), Kind::WrongToken);
    assert_eq!(refused(open(CLICK)), Kind::Encrypted);
    assert_eq!(refused(open("noise")), Kind::NotACallback);
}

#[test]
fn card_v1_is_signed_with_the_token() {
    let webhook = || Webhook::card_v1(TOKEN).unwrap();
    let opened = open(&webhook(), CARD_V1_SIGNATURE, CARD_V1);
    assert_eq!(opened, Ok(Opened::Callback(CARD_V1.as_bytes().to_vec())));
    assert_eq!(refused(open(&webhook(), CLICK_SIGNATURE, CARD_V1)), Kind::WrongSignature);
    assert_eq!(refused(webhook().open([("", ""); 0], CARD_V1.as_bytes(), after(2))), Kind::Unsigned);
    let asked = r#"{"type":"url_verification","challenge":"x","token":"vt-91"}"#;
    assert_eq!(challenge(webhook().open([("", ""); 0], asked.as_bytes(), after(2))), r#"{"challenge":"x"}"#);
}

#[test]
fn webhook_constructors_refuse_empty_secrets() {
    let kinds = [
        Webhook::new("", TOKEN),
        Webhook::new(KEY, ""),
        Webhook::without_encrypt_key(""),
        Webhook::card_v1(""),
    ]
    .map(|webhook| webhook.unwrap_err().kind());
    assert_eq!(kinds, [Kind::EmptySecret; 4]);
}

#[test]
fn webhook_debug_shows_no_secret_and_errors_say_what_to_check() {
    let shown = format!("{:?} {:?}", webhook(), EncryptKey::new(KEY));
    assert!(!shown.contains(KEY) && !shown.contains(TOKEN), "{shown}");
    let error = open(&webhook(), "00", CLICK).unwrap_err();
    assert_eq!(error.status(), 401);
    assert!(error.to_string().contains("\"Encryption strategy\" in the console"), "{error}");
}
