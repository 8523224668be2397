//! What the user sees, rule by rule.

mod common;

use common::{Client, in_memory, payload};
use feishu_gateway::{Bytes, Click, Outgoing, Preview, Value, Verdict, json};

async fn verdict(push: impl Into<Outgoing>, answer: Bytes) -> Verdict {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let sent = gateway.send(push).await.unwrap();
    let frame = client.push().await.into_answer(answer, 0);
    client.send_frame(&frame).await;
    sent.answer().await.unwrap().verdict()
}

async fn clicked(data: Value) -> Verdict {
    verdict(Click::button("x"), payload(200, Some(data))).await
}

#[tokio::test(start_paused = true)]
async fn good_answers_to_a_click_are_shown() {
    let card = json!({"type": "raw", "data": {"schema": "2.0", "body": {"elements": []}}});
    for (data, text) in [
        (json!({}), "nothing changes"),
        (json!({"toast": null, "card": null}), "nothing changes"),
        (json!({"toast": {"type": "warning", "content": "Careful"}}), "a toast (warning) \"Careful\""),
        (json!({"toast": {"i18n": {"zh_cn": "好"}}}), "a toast (info) \"好\""),
        (json!({"card": card}), "the card is replaced"),
        (json!({"card": {"type": "raw", "data": {"elements": []}}}), "the card is replaced"),
        (json!({"card": {"type": "raw", "data": {"i18n_elements": {}}}}), "the card is replaced"),
        (json!({"card": {"type": "template", "data": {"template_id": "AAq1"}}}), "the card is replaced"),
        (json!({"toast": {"content": "x"}, "card": card}), "a toast (info) \"x\", the card is replaced"),
    ] {
        let verdict = clicked(data.clone()).await;
        assert!(verdict.is_ok(), "{data}: {verdict}");
        assert_eq!(verdict.text(), text);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_click_without_data_is_the_error_that_users_reported() {
    let verdict = verdict(Click::button("x"), payload(200, None)).await;
    assert_eq!((verdict.is_ok(), verdict.code()), (false, Some(108_002)), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn every_documented_refusal_has_its_code() {
    let raw = |data: Value| json!({"card": {"type": "raw", "data": data}});
    for (data, code, part) in [
        (json!([]), 200_672, "an array"),
        (json!("no handler"), 200_672, "a string"),
        (json!({"toast": "Saved"}), 200_672, "toast is a string"),
        (json!({"toast": {"type": "fine"}}), 200_672, "toast.type"),
        (json!({"toast": {"content": 7}}), 200_672, "toast.content"),
        (json!({"toast": {"i18n": {"zh_cn": 7}}}), 200_672, "toast.i18n"),
        (json!({"card": "{}"}), 200_673, "card is a string"),
        (json!({"card": {"data": {"elements": []}}}), 200_673, "card.type is missing"),
        (json!({"card": {"type": "card_json", "data": {}}}), 200_673, "card_json"),
        (json!({"card": {"type": "raw"}}), 200_673, "card.data is missing"),
        (raw(json!("{\"elements\":[]}")), 200_673, "card.data is a string"),
        (raw(json!({})), 200_673, "needs elements"),
        (raw(json!({"elements": {}})), 200_673, "elements is an object"),
        (raw(json!({"body": {"elements": []}})), 200_673, "schema"),
        (raw(json!({"schema": "2.0", "elements": []})), 200_673, "in body"),
        (raw(json!({"schema": "2.0"})), 200_673, "body.elements"),
        (
            raw(json!({"schema": "2.0", "config": {"update_multi": false}, "body": {"elements": []}})),
            200_673,
            "update_multi",
        ),
        (raw(json!({"elements": [{"tag": "div", "text": "x".repeat(31_000)}]})), 200_673, "bytes"),
        (json!({"card": {"type": "template", "data": {}}}), 200_673, "template_id"),
        (
            json!({"card": {"type": "template", "data": {"template_id": "A", "template_variable": []}}}),
            200_673,
            "template_variable",
        ),
    ] {
        let verdict = clicked(data.clone()).await;
        assert_eq!(verdict.code(), Some(code), "{data}: {verdict}");
        assert!(verdict.text().contains(part), "{data}: {verdict}");
        assert!(!verdict.is_ok());
    }
    for (payload, code) in [
        (payload(500, None), 200_671),
        (payload(0, Some(json!({}))), 200_671),
        (Bytes::from_static(b""), 200_672),
        (Bytes::from_static(b"{\"data\":\"e30=\"}"), 200_672),
        (Bytes::from_static(b"{\"code\":200,\"data\":\"{}\"}"), 200_672),
        (Bytes::from_static(b"{\"code\":200,\"data\":[1]}"), 200_672),
    ] {
        let verdict = verdict(Click::button("x"), payload.clone()).await;
        assert_eq!(verdict.code(), Some(code), "{payload:?}: {verdict}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_of_json_2_cannot_become_one_of_json_1() {
    let gateway = in_memory().await;
    let mut client = Client::connect(&gateway).await;
    gateway.connected(1).await;
    let second = json!({"schema": "2.0", "body": {"elements": []}});
    let message = gateway.post_card(second.clone());
    let mut answer = async |data: Value| {
        let click = gateway.click(Click::button("x").message(&message));
        let (answered, _) = tokio::join!(click, client.answer(data));
        answered.unwrap().verdict()
    };
    let first = json!({"card": {"type": "raw", "data": {"elements": []}}});
    assert_eq!(answer(first).await.code(), Some(200_830));
    assert_eq!(gateway.card(&message), Some(second), "a refused card changes nothing");
    let next = json!({"schema": "2.0", "body": {"elements": [{"tag": "hr"}]}});
    assert!(answer(json!({"card": {"type": "raw", "data": next}})).await.is_ok());
    assert_eq!(gateway.card(&message), Some(next));
    let template = json!({"type": "template", "data": {"template_id": "AAq1"}});
    assert!(answer(json!({"card": template})).await.is_ok());
    assert_eq!(gateway.card(&message), Some(template));
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_fails_leaves_the_plain_link() {
    let url = || Preview::new("https://example.com/42");
    for (answer, ok, text) in [
        (payload(200, Some(json!({}))), true, "the plain link"),
        (payload(200, None), true, "the plain link"),
        (payload(200, Some(json!({"inline": {"title": "T"}}))), true, "the link as \"T\""),
        (
            payload(200, Some(json!({"inline": {"title": "T", "i18n_title": {"zh_cn": "题"}}}))),
            true,
            "the link as \"题\"",
        ),
        (
            payload(
                200,
                Some(json!({"inline": {"title": "T"}, "card": {"type": "raw", "data": {"elements": []}}})),
            ),
            true,
            "the link as \"T\" with a card",
        ),
        (payload(500, None), false, "the plain link: the answer has code 500, not 200"),
        (
            payload(200, Some(json!({"inline": []}))),
            false,
            "the plain link: inline is an array, not an object",
        ),
        (payload(200, Some(json!({"card": {"type": "raw"}}))), false, "the plain link: card.data is missing"),
    ] {
        let verdict = verdict(url(), answer).await;
        assert_eq!((verdict.is_ok(), verdict.text()), (ok, text));
        assert_eq!(verdict.code(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_done_or_comes_again() {
    let event = || Outgoing::event("{}");
    assert!(verdict(event(), payload(200, None)).await.is_ok());
    assert!(verdict(event(), payload(200, Some(json!("anything")))).await.is_ok());
    let failed = verdict(event(), payload(500, None)).await;
    assert_eq!(failed.to_string(), "the answer has code 500: the event is pushed again");
    assert!(!verdict(event(), Bytes::from_static(b"ok")).await.is_ok());
}
