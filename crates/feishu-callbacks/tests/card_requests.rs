//! Every documented kind of click, read field by field.

mod support;

use feishu_callbacks::{ActionTag, CardActionTrigger, DeliveryType, Host, OpenId, decode};
use serde_json::json;
use support::fixture;

fn click(name: &str) -> CardActionTrigger {
    let click: CardActionTrigger = decode(fixture(name).as_bytes()).unwrap();
    assert_eq!(click.odd_fields(), [], "{name}");
    assert_eq!(click.header.odd_fields(), [], "{name}");
    click
}

#[test]
fn card_action_event_of_a_button_has_operator_context_and_value() {
    let click = click("card_button");
    assert_eq!(click.header.event_id.as_ref().unwrap(), &"ev-7f3a");
    assert_eq!(click.header.app_id.as_ref().unwrap(), &"cli_teahouse");
    assert_eq!(click.header.tenant_key.as_ref().unwrap(), &"tenant-teahouse");
    assert_eq!(click.header.create_time.unwrap().as_micros(), 1_765_432_100_123_456);
    let event = &click.event;
    assert_eq!(event.operator.tenant_key.as_ref().unwrap(), &"tenant-guest");
    assert_eq!(event.operator.user_id.as_ref().unwrap(), &"guest-12");
    assert_eq!(event.operator.open_id.as_ref().unwrap(), &"ou_guest");
    assert_eq!(event.operator.union_id.as_ref().unwrap(), &"on_guest");
    assert_eq!(event.token.as_ref().unwrap().expose(), "c-kettle-1");
    assert_eq!(event.action.tag, Some(ActionTag::Button));
    assert_eq!(event.action.value.text("do"), Some("brew"));
    assert_eq!(event.action.value.get("cup"), Some(&json!(3)));
    assert_eq!(event.host, Some(Host::ImMessage));
    assert_eq!(event.delivery_type, None);
    assert_eq!(event.context.open_message_id.as_ref().unwrap(), &"om_menu");
    assert_eq!(event.context.open_chat_id.as_ref().unwrap(), &"oc_hall");
    assert!(event.action.form_value.is_empty());
}

#[test]
fn card_action_event_is_read_without_token_user_id_and_value() {
    let click = click("card_button_bare");
    assert!(click.header.token.is_none());
    assert!(click.event.operator.user_id.is_none());
    assert_eq!(click.event.action.value.raw(), None);
    assert!(click.event.action.value.as_value().is_null());
    assert_eq!(click.event.action.form_value.text("note").unwrap_or_default(), "");
}

#[test]
fn action_value_may_be_a_string_or_json_in_a_string() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Brew {
        r#do: String,
        cup: u8,
    }

    let text = click("card_button_string_value");
    assert_eq!(text.event.action.value.as_str(), Some("brew"));
    assert_eq!(text.event.action.value_as::<String>().unwrap(), "brew");
    assert_eq!(text.event.action.name.as_deref(), Some("brew_button"));
    let brew = Brew { r#do: "brew".into(), cup: 3 };
    assert_eq!(click("card_button_json_in_string").event.action.value_as::<Brew>().unwrap(), brew);
    assert_eq!(click("card_button").event.action.value_as::<Brew>().unwrap(), brew);
    let error = text.event.action.value_as::<Brew>().unwrap_err();
    assert_eq!((error.found(), error.expected()), ("string", "struct Brew"));
}

#[test]
fn action_of_each_component_outside_a_form_fills_its_own_member() {
    assert_eq!(click("card_input").event.action.input_value.as_deref(), Some("less sugar\nmore milk"));
    assert_eq!(click("card_select").event.action.option.as_deref(), Some("oolong"));
    assert_eq!(click("card_multi_select").event.action.options, ["oolong", "sencha"]);
    assert_eq!(click("card_person").event.action.choice(), Some("ou_waiter"));
    assert_eq!(click("card_people").event.action.options, ["ou_waiter", "ou_cook"]);
    assert_eq!(click("card_overflow").event.action.choice(), Some("archive"));
    assert_eq!(click("card_checker").event.action.checked, Some(false));
    assert_eq!(click("card_button").event.action.checked, None, "absent is not false");
    assert_eq!(click("card_date").event.action.date().unwrap().to_string(), "2026-03-01 +0800");
    assert_eq!(click("card_time").event.action.time().unwrap().offset.unwrap().minutes, -210);
    assert_eq!(click("card_date_time").event.action.date_time().unwrap().time.hour, 7);
    assert_eq!(click("card_date_time").event.action.timezone.as_deref(), Some("8"));
    assert!(click("card_button").event.action.date().is_err());
}

#[test]
fn action_options_read_one_string_as_a_list_of_one() {
    let image = click("card_image");
    assert_eq!(image.event.action.options, ["pot_blue"]);
    assert_eq!(image.event.action.choice(), Some("pot_blue"));
}

#[test]
fn card_action_event_takes_host_and_context_from_beside_the_event() {
    for name in ["card_people", "card_checker", "card_date", "card_image"] {
        let click = click(name);
        assert_eq!(click.event.host, Some(Host::ImMessage), "{name}");
        assert_eq!(click.event.context.open_message_id.as_ref().unwrap(), &"om_menu", "{name}");
        assert_eq!(click.event.context.open_chat_id.as_ref().unwrap(), &"oc_hall", "{name}");
    }
}

#[test]
fn card_action_event_prefers_members_inside_the_event() {
    let payload = br#"{"header":{"event_type":"card.action.trigger"},"host":"beside","context":{"open_chat_id":"beside","open_message_id":"beside"},"event":{"host":"inside","context":{"open_chat_id":"inside"}}}"#;
    let click: CardActionTrigger = decode(payload).unwrap();
    assert_eq!(click.event.host.unwrap(), *"inside");
    assert_eq!(click.event.context.open_chat_id.unwrap(), "inside");
    assert_eq!(click.event.context.open_message_id.unwrap(), "beside");
}

#[test]
fn open_enums_keep_undocumented_names() {
    let click = click("card_new_component");
    assert_eq!(click.event.action.tag.as_ref().unwrap().as_str(), "hologram");
    assert_eq!(click.event.host.as_ref().unwrap().as_str(), "im_hologram");
    assert_eq!(click.event.action.value.as_value(), &json!([1, 2]));
    assert_eq!(self::click("card_container").event.action.tag, Some(ActionTag::InteractiveContainer));
}

#[test]
fn card_action_event_of_a_link_preview_has_url_and_preview_token() {
    let event = click("card_link_preview").event;
    assert_eq!(event.delivery_type, Some(DeliveryType::UrlPreview));
    assert_eq!(event.context.url.as_deref(), Some("https://tea.example/42"));
    assert_eq!(event.context.preview_token.unwrap(), "pt-42");
}

#[test]
fn decode_reads_null_members_as_none() {
    let event = click("card_nulls").event;
    assert_eq!(event.operator.open_id, Some(OpenId::from("ou_guest")));
    assert!(event.operator.user_id.is_none() && event.token.is_none() && event.action.tag.is_none());
    assert!(event.action.options.is_empty() && event.action.value.raw().is_none());
    assert!(event.action.form_value.is_empty() && event.action.form_value.raw().is_none());
    assert!(event.context.open_message_id.is_none() && event.context.url.is_none());
}

#[test]
fn form_value_has_a_getter_for_every_component() {
    let event = click("card_form").event;
    let form = &event.action.form_value;
    assert_eq!(event.action.name.as_deref(), Some("send"));
    assert_eq!(form.text("note"), Some("no lemon"));
    assert_eq!(form.text("empty"), None);
    assert_eq!(form.choice("tea"), Some("oolong"));
    assert_eq!(form.choices("snacks"), ["nuts", "cake"]);
    assert_eq!((form.choice("pots"), form.choices("tea")), (Some("pot_blue"), vec!["oolong"]));
    assert_eq!(form.person("waiter"), Some(OpenId::from("ou_waiter")));
    assert_eq!(form.people("guests"), [OpenId::from("ou_guest"), OpenId::from("ou_friend")]);
    assert_eq!(form.checked("terms"), Some(true));
    assert_eq!(form.checked("nothing"), None);
    assert_eq!(form.date("day").unwrap().month, 3);
    assert_eq!(form.time("hour").unwrap().minute, 45);
    assert_eq!(form.date_time("moment").unwrap().time.offset.unwrap().minutes, 480);
    assert_eq!(form.as_map().len(), 11);
}

#[test]
fn field_error_of_a_form_names_the_field_and_both_kinds() {
    let form = click("card_form").event.action.form_value;
    let told = |error: feishu_callbacks::FieldError| {
        (error.path().to_owned(), error.found().to_owned(), error.is_missing())
    };
    assert_eq!(told(form.date("tea").unwrap_err()), ("tea".into(), "other text".into(), false));
    assert_eq!(told(form.time("nothing").unwrap_err()), ("nothing".into(), "nothing".into(), true));
    assert_eq!(
        told(form.require_text("empty").unwrap_err()),
        ("empty".into(), "an empty string".into(), false)
    );
    assert_eq!(told(form.require_text("terms").unwrap_err()), ("terms".into(), "a bool".into(), false));
    assert_eq!(told(form.require_checked("snacks").unwrap_err()), ("snacks".into(), "a list".into(), false));
    assert_eq!(told(form.field::<u32>("note").unwrap_err()), ("note".into(), "other text".into(), false));
    let message = form.date("note").unwrap_err().to_string();
    assert!(message.contains("`note`") && message.contains("2025-06-10 +0800"), "{message}");
    assert!(!message.contains("lemon"), "what the user entered stays out of errors: {message}");
}

#[test]
fn form_value_parses_into_a_user_defined_type() {
    #[derive(Debug, serde::Deserialize)]
    struct Order {
        tea: String,
        snacks: Vec<String>,
        sugar: Option<u8>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Missing {
        #[allow(dead_code, reason = "its absence is the point")]
        milk: String,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Wrong {
        #[allow(dead_code, reason = "its kind is the point")]
        snacks: Vec<u8>,
    }

    let form = click("card_form").event.action.form_value;
    let order: Order = form.parse().unwrap();
    assert_eq!((order.tea.as_str(), order.snacks.len(), order.sugar), ("oolong", 2, None));
    let missing = form.parse::<Missing>().unwrap_err();
    assert_eq!((missing.path(), missing.is_missing()), ("milk", true));
    let wrong = form.parse::<Wrong>().unwrap_err();
    assert_eq!((wrong.path(), wrong.expected(), wrong.found()), ("snacks[0]", "u8", "string"));
    let empty = click("card_button").event.action.form_value;
    assert!(empty.parse::<Missing>().unwrap_err().is_missing());
    assert!(click("card_form_empty").event.action.form_value.is_empty());
}

#[test]
fn action_value_and_form_value_keep_the_raw_json_byte_for_byte() {
    let value = r#"{ "z":1, "a" : {"new":[1.50, "\u00e9"]} }"#;
    let form = r#"{"field of tomorrow" : {"x":1e2}}"#;
    let payload = format!(
        r#"{{"header":{{"event_type":"card.action.trigger"}},"event":{{"action":{{"value":{value},"form_value":{form}}}}}}}"#
    );
    let click: CardActionTrigger = decode(payload.as_bytes()).unwrap();
    assert_eq!(click.event.action.value.raw(), Some(value));
    assert_eq!(click.event.action.form_value.raw(), Some(form));
    assert_eq!(format!("{:?}", click.event.action.form_value), format!("FormValue({form})"));
}

#[test]
fn header_age_is_counted_from_the_create_time() {
    use std::time::{Duration, UNIX_EPOCH};
    let header = click("card_button").header;
    let now = UNIX_EPOCH + Duration::from_micros(1_765_432_103_123_456);
    assert_eq!(header.age(now), Some(Duration::from_secs(3)));
    assert_eq!(header.age(UNIX_EPOCH), Some(Duration::ZERO), "a clock behind the platform's gives no age");
}
