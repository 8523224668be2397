//! Replies read back from JSON, members that the crate does not know, and the traits that every text-like type has.

use std::collections::HashMap;

use feishu_callbacks::{
    ActionTag, CardError, CardReply, ChatId, DecodeError, FieldError, OddField, PickedError, PreviewLanguage,
    PreviewReply, PreviewUrls, RawCard, ReplyError, Template, TimestampError, Toast, ToastKind,
    ToastLanguage, TokenSpent, UnknownLanguage, VerificationToken,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(reply: &T) {
    let text = serde_json::to_string(reply).unwrap();
    let again: T = serde_json::from_str(&text).unwrap();
    assert_eq!(&again, reply, "{text}");
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn card_reply_is_read_back_from_its_json() {
    let toast = Toast::success("Saved").lang(ToastLanguage::ZhCn, "已保存").extra("duration", 3);
    let card = RawCard::new(json!({"schema": "2.0", "body": {"elements": []}})).unwrap();
    let template = Template::new("AAq7").version("1.0.0").variable("n", 1).extra("later", true);
    round_trip(&toast);
    for reply in [
        CardReply::empty(),
        CardReply::toast(toast.clone()),
        CardReply::card(card),
        CardReply::template(template).with_toast(toast).extra("next", json!({"a": [1]})),
        CardReply::raw_unchecked(json!("anything")),
        CardReply::raw_unchecked(json!({"card": 7})),
    ] {
        round_trip(&reply);
    }
}

#[test]
fn preview_reply_is_read_back_from_its_json() {
    for reply in [
        PreviewReply::empty(),
        PreviewReply::title("Order 42"),
        PreviewReply::title("Order 42")
            .lang(PreviewLanguage::EnUs, "Order")
            .image_key("img_v3_7")
            .url(PreviewUrls::new().pc("https://shop.example/42").web("https://shop.example/w"))
            .inline_extra("i18n_summary", json!({"zh_cn": "订单"}))
            .extra("expire_strategy", "1day"),
        PreviewReply::card(Template::new("AAq7")),
    ] {
        round_trip(&reply);
    }
}

#[test]
fn extra_members_never_replace_the_documented_members_of_a_reply() {
    let reply = CardReply::toast(Toast::info("a").extra("type", "error").extra("x", 1)).extra("toast", 2);
    assert_eq!(
        serde_json::to_value(&reply).unwrap(),
        json!({"toast": {"type": "info", "content": "a", "x": 1}})
    );
    let reply = PreviewReply::title("a").extra("inline", 1).inline_extra("title", 2).extra("x", 3);
    assert_eq!(serde_json::to_value(&reply).unwrap(), json!({"inline": {"title": "a"}, "x": 3}));
    let template = Template::new("AAq7").extra("template_id", "AAq8");
    assert_eq!(serde_json::to_value(&template).unwrap(), json!({"template_id": "AAq7"}));
}

#[test]
fn undocumented_language_is_kept_when_a_reply_is_read_back() {
    let json = json!({"type": "info", "content": "a", "i18n": {"zh-CN": "甲", "tlh_qo": "nuqneH"}});
    let toast: Toast = serde_json::from_value(json).unwrap();
    assert_eq!(toast.translation(ToastLanguage::ZhCn), Some("甲"));
    assert_eq!(serde_json::to_value(&toast).unwrap()["i18n"], json!({"zh_cn": "甲", "tlh_qo": "nuqneH"}));
}

#[test]
fn toast_and_preview_languages_parse_every_spelling() {
    for name in ["zh_cn", "zh-CN", "zh_CN", " ZH-cn "] {
        assert_eq!(name.parse::<ToastLanguage>().unwrap(), ToastLanguage::ZhCn, "{name}");
    }
    assert_eq!(ToastLanguage::try_from("pt-BR").unwrap(), "pt_br");
    let error = "tlh".parse::<PreviewLanguage>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`tlh` is not a language that the platform shows here; use one of zh_cn")
    );
    for language in ToastLanguage::ALL {
        round_trip(language);
        assert_eq!(language.as_ref(), language.to_string());
    }
    assert_eq!(ToastKind::Warning.to_string(), "warning");
}

#[test]
fn ids_and_open_enums_compare_and_convert_like_strings() {
    let id: ChatId = "oc_1".parse().unwrap();
    assert_eq!((id.as_ref(), id.to_string()), ("oc_1", "oc_1".to_owned()));
    assert_eq!(id, "oc_1");
    assert_eq!("oc_1", id);
    assert_eq!(id, String::from("oc_1"));
    assert_ne!(id, *"oc_2");
    assert_eq!(HashMap::from([(id.clone(), 1)]).get("oc_1"), Some(&1));
    assert_eq!(String::from(id), "oc_1");

    let tag: ActionTag = "button".parse().unwrap();
    assert_eq!(tag, ActionTag::Button);
    assert_eq!(tag, "button");
    assert_eq!("button", tag);
    let other = ActionTag::from("hologram".to_owned());
    assert!(matches!(&other, ActionTag::Other(name) if name.as_str() == "hologram"));
    assert_eq!(format!("{other} {other:?}"), r#"hologram Other("hologram")"#);
    round_trip(&other);
    round_trip(&tag);
}

#[test]
fn verification_token_is_compared_and_never_shown() {
    let token = VerificationToken::from("v-secret");
    assert!(token.matches("v-secret") && !token.matches("v-secreT") && !token.matches(""));
    assert_eq!(
        (token.expose(), format!("{token:?}").as_str()),
        ("v-secret", "VerificationToken([redacted])")
    );
    assert_eq!(token, serde_json::from_value::<VerificationToken>(json!("v-secret")).unwrap());
}

/// A handler's body: `?` works on both errors.
fn handler(json: &str) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let value: feishu_callbacks::ActionValue = serde_json::from_str(json)?;
    Ok(value.parse::<HashMap<String, Value>>().map(|map| json!(map))?)
}

/// `?` works on each of them in a function that returns a boxed error, and they cross threads.
#[test]
fn every_error_type_implements_error_send_and_sync() {
    fn check<E: std::error::Error + Send + Sync + 'static>() {}
    check::<CardError>();
    check::<DecodeError>();
    check::<FieldError>();
    check::<OddField>();
    check::<PickedError>();
    check::<ReplyError>();
    check::<TimestampError>();
    check::<TokenSpent>();
    check::<UnknownLanguage>();
    check::<feishu_callbacks::openapi::ApiError>();
    check::<feishu_callbacks::openapi::PreviewRefreshError>();

    assert_eq!(handler(r#"{"a":1}"#).unwrap(), json!({"a": 1}));
    assert_eq!(
        handler("7").unwrap_err().to_string(),
        "action.value: expected a map, found integer; compare the type with the component's `value` in the card"
    );
}
