//! Replies: the exact documented JSON, and what the client would refuse.

use feishu_callbacks::build::{
    Button, Card, Checker, Column, Columns, DatePicker, DateTimePicker, Form, HeaderColor, Image, Input,
    MultiSelect, PeoplePicker, PersonPicker, Select, TimePicker,
};
use feishu_callbacks::webhook::CardReplyV1;
use feishu_callbacks::{
    CardErrorKind, CardReply, Dialect, Finding, MAX_CARD_BYTES, MAX_CARD_ELEMENTS, PreviewLanguage,
    PreviewReply, PreviewUrls, RawCard, Reply, Rule, Template, Toast, ToastLanguage,
};
use serde_json::{Value, json};

fn written(reply: &impl Reply) -> Value {
    serde_json::from_slice(&reply.to_json().unwrap()).unwrap()
}

fn card_v2() -> Value {
    json!({"schema": "2.0", "config": {"update_multi": true}, "body": {"elements": [{"tag": "hr"}]}})
}

#[test]
fn card_reply_is_written_in_the_documented_shape() {
    let raw = RawCard::new(card_v2()).unwrap();
    let template = Template::new("AAq1").version("1.0.3").variable("open_id", "ou_guest").variable("cups", 3);
    let cases = [
        (CardReply::empty(), json!({})),
        (CardReply::toast(Toast::info("Tea")), json!({"toast": {"type": "info", "content": "Tea"}})),
        (CardReply::toast(Toast::error("")), json!({"toast": {"type": "error", "content": ""}})),
        (CardReply::card(raw.clone()), json!({"card": {"type": "raw", "data": card_v2()}})),
        (
            CardReply::toast(Toast::warning("Hot").lang(ToastLanguage::MsMy, "Panas")).with_card(raw.clone()),
            json!({
                "toast": {"type": "warning", "content": "Hot", "i18n": {"ms_my": "Panas"}},
                "card": {"type": "raw", "data": card_v2()},
            }),
        ),
        (
            CardReply::template(template).with_toast(Toast::success("Done")),
            json!({
                "toast": {"type": "success", "content": "Done"},
                "card": {"type": "template", "data": {
                    "template_id": "AAq1", "template_version_name": "1.0.3",
                    "template_variable": {"open_id": "ou_guest", "cups": 3},
                }},
            }),
        ),
        (
            CardReply::template(Template::new("AAq1")),
            json!({"card": {"type": "template", "data": {"template_id": "AAq1"}}}),
        ),
        (CardReply::raw_unchecked(json!([1])), json!([1])),
    ];
    for (reply, documented) in cases {
        assert_eq!(written(&reply), documented);
        assert_eq!(serde_json::to_value(&reply).unwrap(), documented);
        assert_eq!(reply.findings(), []);
        assert_eq!(reply.into_card().is_some(), documented.get("card").is_some());
    }
}

#[test]
fn preview_reply_is_written_in_the_documented_shape() {
    let urls = PreviewUrls::new().copy_url("c").ios("i").android("a").pc("p").web("w");
    let cases = [
        (PreviewReply::empty(), json!({})),
        (PreviewReply::title("Order 42"), json!({"inline": {"title": "Order 42"}})),
        (
            PreviewReply::title("T").lang(PreviewLanguage::HiIn, "H").image_key("img_v3_1").url(urls),
            json!({"inline": {
                "title": "T", "i18n_title": {"hi_in": "H"}, "image_key": "img_v3_1",
                "url": {"copy_url": "c", "ios": "i", "android": "a", "pc": "p", "web": "w"},
            }}),
        ),
        (
            PreviewReply::title("T").with_card(Template::new("AAq1").variable("n", 1)),
            json!({"inline": {"title": "T"}, "card": {"type": "template", "data": {
                "template_id": "AAq1", "template_variable": {"n": 1},
            }}}),
        ),
        (
            PreviewReply::card(RawCard::new(card_v2()).unwrap()),
            json!({"card": {"type": "raw", "data": card_v2()}}),
        ),
    ];
    for (reply, documented) in cases {
        assert_eq!(written(&reply), documented);
        assert_eq!(reply.findings(), []);
    }
}

#[test]
fn card_reply_v1_is_written_with_the_card_at_the_top_level() {
    let card = RawCard::parse(r#"{"config":{"wide_screen_mode":true},"elements":[{"tag":"hr"}]}"#).unwrap();
    let cases = [
        (CardReplyV1::empty(), json!({})),
        (CardReplyV1::toast(Toast::info("Tea")), json!({"toast": {"type": "info", "content": "Tea"}})),
        (
            CardReplyV1::card(card).with_toast(Toast::info("Tea")),
            json!({
                "config": {"wide_screen_mode": true}, "elements": [{"tag": "hr"}],
                "toast": {"type": "info", "content": "Tea"},
            }),
        ),
        (
            CardReplyV1::template(Template::new("AAq1").variable("n", 1)),
            json!({"type": "template", "data": {"template_id": "AAq1", "template_variable": {"n": 1}}}),
        ),
    ];
    for (reply, documented) in cases {
        assert_eq!(written(&reply), documented);
        assert_eq!(reply.findings(), []);
    }
}

#[test]
fn unit_reply_is_written_as_an_empty_object() {
    assert_eq!(().to_json().unwrap(), b"{}");
    assert_eq!(json!({"own": 1}).to_json().unwrap(), br#"{"own":1}"#);
    const { assert!(!<() as Reply>::CALLBACK && <Value as Reply>::CALLBACK && <CardReply as Reply>::CALLBACK) };
}

#[test]
fn toast_and_preview_languages_are_the_documented_ones() {
    let toast =
        "zh_cn en_us zh_hk zh_tw ja_jp id_id vi_vn th_th pt_br es_es ko_kr de_de fr_fr it_it ru_ru ms_my";
    let preview =
        "zh_cn zh_tw zh_hk en_us ja_jp fr_fr hi_in id_id it_it ko_kr pt_br ru_ru th_th vi_vn de_de es_es";
    assert_eq!(
        ToastLanguage::ALL.iter().map(|language| language.code()).collect::<Vec<_>>().join(" "),
        toast
    );
    assert_eq!(
        PreviewLanguage::ALL.iter().map(|language| language.code()).collect::<Vec<_>>().join(" "),
        preview
    );
}

#[test]
fn raw_card_refuses_json_that_is_not_a_card() {
    let kind = |text: &str| RawCard::parse(text).unwrap_err().kind();
    assert_eq!(kind("{"), CardErrorKind::NotJson);
    assert_eq!(kind("[]"), CardErrorKind::NotAnObject);
    assert_eq!(kind("null"), CardErrorKind::NotAnObject);
    assert_eq!(kind(r#""{\"schema\":\"2.0\"}""#), CardErrorKind::JsonInString);
    assert_eq!(kind(r#"{"type":"raw","data":{"elements":[]}}"#), CardErrorKind::Wrapped);
    assert_eq!(kind(r#"{"toast":{"type":"info"}}"#), CardErrorKind::Wrapped);
    assert_eq!(RawCard::new("text").unwrap_err().kind(), CardErrorKind::JsonInString);
    assert_eq!(RawCard::parse(r#"{"elements":[]}"#).unwrap().dialect(), Dialect::V1);
    assert_eq!(
        RawCard::parse(r#" {"schema" : "2.0","body":{"elements":[]}} "#).unwrap().dialect(),
        Dialect::V2
    );
}

fn findings(card: Value) -> Vec<Finding> {
    CardReply::card(RawCard::new(card).unwrap()).findings()
}

#[test]
fn findings_name_the_code_and_the_place_of_each_rule() {
    let form = |elements: Value| json!({"schema": "2.0", "body": {"elements": [{"tag": "form", "name": "f", "elements": elements}]}});
    let submit = json!({"tag": "button", "name": "s", "form_action_type": "submit"});
    let cases = [
        (json!({"schema": "2.0", "header": {}}), Rule::NoElements, Some(200_673), "/card/data/body/elements"),
        (
            json!({"schema": "2.0", "body": {"elements": {}}}),
            Rule::NoElements,
            Some(200_673),
            "/card/data/body/elements",
        ),
        (json!({"header": {}}), Rule::NoElements, Some(200_673), "/card/data/elements"),
        (
            json!({"schema": "2.0", "config": {"update_multi": false}, "body": {"elements": []}}),
            Rule::NotShared,
            Some(200_673),
            "/card/data/config/update_multi",
        ),
        (
            json!({"schema": "2.0", "body": {"elements": []}, "elements": []}),
            Rule::DialectMix,
            Some(200_673),
            "/card/data/elements",
        ),
        (
            json!({"elements": [], "body": {"elements": []}}),
            Rule::DialectMix,
            Some(200_673),
            "/card/data/body",
        ),
        (json!({"schema": "3.0", "elements": []}), Rule::DialectMix, Some(200_673), "/card/data/schema"),
        (
            json!({"schema": "2.0", "body": {"elements": [{"tag": "hr"}, {"tag": "action"}]}}),
            Rule::DialectMix,
            Some(200_673),
            "/card/data/body/elements/1",
        ),
        (
            form(json!([{"tag": "input", "name": ""}, submit])),
            Rule::NamelessComponent,
            Some(200_530),
            "/card/data/body/elements/0/elements/0",
        ),
        (
            form(
                json!([{"tag": "column_set", "columns": [{"tag": "column", "elements": [{"tag": "checker"}]}]}, submit]),
            ),
            Rule::NamelessComponent,
            Some(200_530),
            "/card/data/body/elements/0/elements/0/columns/0/elements/0",
        ),
        (
            form(json!([{"tag": "input", "name": "s"}, submit])),
            Rule::DoubledName,
            Some(200_530),
            "/card/data/body/elements/0/elements/1/name",
        ),
        (form(json!([])), Rule::FormWithoutSubmit, Some(200_673), "/card/data/body/elements/0"),
        (
            json!({"schema": "2.0", "body": {"elements": [{"tag": "column", "elements": [
                {"elements": [submit], "tag": "form", "name": "f"},
            ]}]}}),
            Rule::MisplacedForm,
            Some(200_673),
            "/card/data/body/elements/0/elements/0",
        ),
        (
            json!({"schema": "2.0", "body": {"elements": [{"tag": "button", "value": {"do": "brew"}}]}}),
            Rule::ValueWithoutCallback,
            None,
            "/card/data/body/elements/0/value",
        ),
    ];
    for (card, rule, code, place) in cases {
        let found = findings(card.clone());
        let told: Vec<_> =
            found.iter().map(|finding| (finding.rule, finding.code(), finding.place.as_str())).collect();
        assert_eq!(told, [(rule, code, place)], "{card}");
        assert!(found[0].to_string().contains(place));
    }
}

#[test]
fn findings_are_empty_for_valid_cards() {
    let cards = [
        card_v2(),
        json!({"elements": []}),
        json!({"schema": "1.0", "elements": [{"tag": "action", "actions": [{"tag": "button", "value": {"tag": "form"}}]}]}),
        json!({"config": {"update_multi": false}, "i18n_elements": {
            "zh_cn": [{"tag": "input", "name": "n"}], "en_us": [{"tag": "input", "name": "n"}],
        }}),
        json!({"schema": "2.0", "body": {"elements": [
            {"tag": "button", "behaviors": [{"type": "callback", "value": {"tag": "note", "name": "x"}}]},
            {"tag": "chart", "chart_spec": {"tag": "action", "name": "x"}},
        ]}}),
    ];
    for card in cards {
        assert_eq!(findings(card.clone()), [], "{card}");
    }
}

#[test]
fn findings_report_a_card_over_30_kb() {
    let sized = |bytes: usize| {
        let empty = json!({"elements": [{"tag": "markdown", "content": ""}]}).to_string().len();
        json!({"elements": [{"tag": "markdown", "content": "x".repeat(bytes - empty)}]})
    };
    assert_eq!(findings(sized(MAX_CARD_BYTES)), []);
    let found = findings(sized(MAX_CARD_BYTES + 1));
    assert_eq!((found.len(), found[0].rule, found[0].code()), (1, Rule::CardTooLarge, Some(200_673)));
    let template = CardReply::template(Template::new("AAq1").variable("text", "x".repeat(MAX_CARD_BYTES)));
    assert_eq!(template.findings()[0].rule, Rule::CardTooLarge);
    assert_eq!(CardReply::template(Template::new(" ")).findings()[0].place, "/card/data/template_id");
}

#[test]
fn findings_report_a_card_of_2_0_with_over_200_elements() {
    let counted =
        |count: usize| json!({"schema": "2.0", "body": {"elements": vec![json!({"tag": "hr"}); count]}});
    assert_eq!(findings(counted(MAX_CARD_ELEMENTS)), []);
    assert_eq!(findings(counted(MAX_CARD_ELEMENTS + 1))[0].rule, Rule::TooManyElements);
    let with_texts = json!({"schema": "2.0", "body": {"elements":
        vec![json!({"tag": "div", "text": {"tag": "plain_text", "content": ""}}); MAX_CARD_ELEMENTS / 2 + 1],
    }});
    assert_eq!(findings(with_texts)[0].rule, Rule::TooManyElements);
    let of_v1 = json!({"elements": vec![json!({"tag": "hr"}); MAX_CARD_ELEMENTS + 1]});
    assert_eq!(findings(of_v1), []);
}

#[test]
fn validate_reports_a_change_of_dialect() {
    let (old, new) = (RawCard::parse(r#"{"elements":[]}"#).unwrap(), RawCard::new(card_v2()).unwrap());
    let rules = |sent, card: &RawCard| {
        let found = CardReply::card(card.clone()).validate_against(sent);
        found.iter().map(|finding| (finding.rule, finding.code())).collect::<Vec<_>>()
    };
    assert_eq!(rules(Dialect::V2, &old), [(Rule::DialectDowngrade, Some(200_830))]);
    assert_eq!(rules(Dialect::V1, &new), [(Rule::DialectMix, Some(200_673))]);
    assert_eq!(rules(Dialect::V1, &old), []);
    assert_eq!(rules(Dialect::V2, &new), []);
}

#[test]
fn findings_report_a_card_nested_too_deep_to_be_read() {
    let deep = format!(r#"{{"elements":{}{}}}"#, "[".repeat(1000), "]".repeat(1000));
    let found = CardReply::card(RawCard::parse(&deep).unwrap()).findings();
    assert!(found.iter().any(|finding| finding.rule == Rule::Unreadable), "{found:?}");
}

#[test]
fn built_card_is_card_json_2_0() {
    let form = Form::new("order", Button::submit("send", "Send").value(json!({"do": "order"})))
        .markdown("Your order")
        .push(Input::new("note").label("Note").placeholder("No lemon").multiline(3).max_length(200))
        .push(Select::new("tea").option("oolong", "Oolong").initial("oolong").required())
        .push(MultiSelect::new("snacks").option("nuts", "Nuts").initial(["nuts"]))
        .push(PersonPicker::new("waiter").candidate(&"ou_waiter".into()))
        .push(PeoplePicker::new("guests"))
        .push(DatePicker::new("day").initial("2026-03-01"))
        .push(TimePicker::new("hour").initial("07:45"))
        .push(DateTimePicker::new("moment").placeholder("When"))
        .push(Checker::new("terms").label("I agree").checked());
    let card = Card::new("Tea")
        .subtitle("Table 7")
        .color(HeaderColor::Green)
        .markdown("**Two** pots")
        .divider()
        .fields([("Waiter", "Ming"), ("Since", "19:20"), ("Guests", "2")])
        .push(Image::new("img_v3_1", "A pot").title("Pot"))
        .push(Columns::new([
            Column::new().weight(2).markdown("left"),
            Column::new().push(Button::plain("Page").link("https://tea.example")),
        ]))
        .push(
            Button::danger("Cancel").value(json!({"do": "cancel"})).confirm("Cancel?", "Really?").disabled(),
        )
        .push(json!({"tag": "chart", "chart_spec": {}}))
        .form(form);
    let reply = CardReply::card(card);
    assert_eq!(reply.findings(), []);
    let written = written(&reply);
    let data = &written["card"]["data"];
    assert_eq!(data["schema"], "2.0");
    assert_eq!(data["config"], json!({"update_multi": true}));
    assert_eq!(
        data["header"],
        json!({
            "title": {"tag": "plain_text", "content": "Tea"},
            "subtitle": {"tag": "plain_text", "content": "Table 7"},
            "template": "green",
        }),
    );
    let elements = data["body"]["elements"].as_array().unwrap();
    let tags: Vec<_> = elements.iter().map(|element| element["tag"].as_str().unwrap()).collect();
    assert_eq!(
        tags,
        ["markdown", "hr", "column_set", "column_set", "img", "column_set", "button", "chart", "form"]
    );
    assert_eq!(
        elements[6],
        json!({
            "tag": "button", "type": "danger", "text": {"tag": "plain_text", "content": "Cancel"}, "disabled": true,
            "confirm": {
                "title": {"tag": "plain_text", "content": "Cancel?"}, "text": {"tag": "plain_text", "content": "Really?"},
            },
            "behaviors": [{"type": "callback", "value": {"do": "cancel"}}],
        }),
    );
    let fields = elements[8]["elements"].as_array().unwrap();
    assert_eq!(
        fields[1],
        json!({
            "tag": "input", "name": "note", "label": {"tag": "plain_text", "content": "Note"},
            "placeholder": {"tag": "plain_text", "content": "No lemon"},
            "input_type": "multiline_text", "rows": 3, "max_length": 200,
        }),
    );
    assert_eq!(
        fields[2],
        json!({
            "tag": "select_static", "name": "tea", "initial_option": "oolong", "required": true,
            "options": [{"text": {"tag": "plain_text", "content": "Oolong"}, "value": "oolong"}],
        }),
    );
    assert_eq!(
        fields[4],
        json!({"tag": "select_person", "name": "waiter", "options": [{"value": "ou_waiter"}]})
    );
    assert_eq!(
        fields[10],
        json!({
            "tag": "button", "type": "primary", "text": {"tag": "plain_text", "content": "Send"}, "name": "send",
            "form_action_type": "submit", "behaviors": [{"type": "callback", "value": {"do": "order"}}],
        }),
    );
    assert!(serde_json::to_value(Card::untitled().color(HeaderColor::Red)).unwrap().get("header").is_none());
}
