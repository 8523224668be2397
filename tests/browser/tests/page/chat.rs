//! A conversation with the bot: messages, mentions, previews of links, cards of one's own, errors with cause and remedy.

use feishu_browser::desk::Desk;
use feishu_gateway::Fault;
use serde_json::json;

const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn a_message_with_a_mention_reaches_the_bot_and_is_shown() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    page.keys("#words", "hello @").await;
    page.until("document.querySelector('.offers:not([hidden]) [aria-selected=true]')").await;
    page.press("bo").await;
    page.press(ENTER).await;
    page.press("how are you").await;
    page.press(ENTER).await;
    page.until("document.querySelector('.mine .mention')").await;
    let sent = page.js("fetch('/local/messages').then((it) => it.json()).then((it) => it.at(-1))").await;
    assert_eq!(sent["mentions"].as_array().map(Vec::len), Some(1), "{sent}");
    assert_eq!(sent["content"]["text"], "hello @_user_1 how are you", "{sent}");
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_link_has_its_preview_while_typing_and_after_sending() {
    let Some(desk) = Desk::open("zh", "dark").await else { return };
    let page = &desk.browser;
    page.keys("#words", "看看 https://example.com/orders/42").await;
    page.until("document.querySelector('.typing .preview')?.innerText.includes('Order 42')").await;
    page.picture("preview-zh-dark").await;
    page.press(ENTER).await;
    page.until("document.querySelector('#feed .mine .preview')?.innerText.includes('Order 42')").await;
    let types = page
        .js("fetch('/local/deliveries').then((it) => it.json()).then((it) => it.map((each) => each.kind))")
        .await;
    assert_eq!(types, json!(["preview", "message", "preview"]));
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn the_card_of_a_preview_is_clicked_with_its_link() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    page.keys("#words", "https://example.com/card").await;
    page.press(ENTER).await;
    page.until("document.querySelector('#feed .preview .card')").await;
    let action = desk.action(page.click("#feed [data-name=press]")).await;
    assert_eq!(action, json!({"tag": "button", "name": "press", "value": {"from": "preview"}}));
    let event = page
        .js("fetch('/local/deliveries').then((it) => it.json()).then((it) => fetch(`/local/deliveries/${it.at(-1).id}`)).then((it) => it.json()).then((it) => it.payload.event)")
        .await;
    assert_eq!(event["delivery_type"], "url_preview", "{event}");
    assert_eq!(event["context"]["url"], "https://example.com/card", "{event}");
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_pasted_card_is_sent_and_bad_json_is_named() {
    let Some(desk) = Desk::open("en", "dark").await else { return };
    let page = &desk.browser;
    page.click("#gallery").await;
    page.until("document.querySelectorAll('.examples button').length >= 8").await;
    page.picture("gallery-en-dark").await;
    page.js("document.querySelector('dialog textarea').select()").await;
    page.keys("dialog textarea", "\u{e003}not json").await;
    page.click("#send-card").await;
    assert_eq!(page.text("dialog .wrong").await, "This is not the JSON of a card.");
    page.js("document.querySelector('dialog textarea').value = JSON.stringify({schema: '2.0', body: {elements: [{tag: 'markdown', content: 'my **own** card'}]}})").await;
    page.click("#send-card").await;
    page.until("document.querySelector('#feed .card')?.innerText.includes('my own card')").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn an_error_shows_code_cause_and_remedy_in_the_language_of_the_page() {
    let Some(desk) = Desk::sized("zh", "light", 1400, 900, false).await else { return };
    let page = &desk.browser;
    page.until("document.querySelector('.guide')").await;
    page.picture("empty-zh-light").await;
    desk.gallery_card("approval").await;
    page.click("[data-name=approve]").await;
    page.until("document.querySelector('.problem')?.innerText.includes('200341')").await;
    let words = page.text(".problem").await;
    assert!(words.contains("原因") && words.contains("处理"), "{words}");
    page.click(".problem button.small").await;
    page.until("document.querySelector('#detail:not([hidden])') && document.querySelector('#rows [aria-selected=true]')").await;
    page.picture("error-zh-light").await;
}

#[tokio::test]
async fn a_button_waits_for_three_seconds_and_ends_as_an_error() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    desk.gallery_card("approval").await;
    desk.gateway.fault(Fault::Stall);
    page.click("[data-name=approve]").await;
    page.until("document.querySelector('[data-name=approve][aria-busy=true]')").await;
    page.until("document.querySelector('.row-item.waiting')").await;
    page.until("document.querySelector('.problem')?.innerText.includes('200341')").await;
    page.until("document.querySelector('[data-name=approve][aria-busy=true]') === null").await;
}

#[tokio::test]
async fn an_update_of_the_message_appears_as_it_comes() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    desk.gallery_card("approval").await;
    desk.action(page.click("[data-name=approve]")).await;
    page.until("document.querySelector('#feed .who').innerText.includes('version 2')").await;
    page.until("document.querySelector('.cardhead').innerText.includes('approved')").await;
    // What the page shows survives a reload.
    desk.reload("en", "light").await;
    page.until("document.querySelector('.cardhead').innerText.includes('approved')").await;
}

#[tokio::test]
async fn updates_over_the_openapi_and_streamed_text_appear_as_they_come() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    let secret = desk.gateway.app_secret();
    page.js(&format!(
        "fetch('/open-apis/auth/v3/tenant_access_token/internal', {{method: 'POST', body: JSON.stringify({{app_id: '{}', app_secret: '{secret}'}})}}).then((it) => it.json()).then((it) => {{ window.token = it.tenant_access_token; }})",
        desk.gateway.app_id()
    ))
    .await;
    let send = |method: &str, path: &str, body: &serde_json::Value| {
        format!(
            "fetch('/open-apis/{path}', {{method: '{method}', headers: {{Authorization: `Bearer ${{token}}`, 'Content-Type': 'application/json'}}, body: JSON.stringify({body})}}).then((it) => it.json())"
        )
    };
    desk.gallery_card("languages").await;
    let id = page.js("document.querySelector('#feed .message').dataset.id").await;
    for words in ["One", "One two", "One two three"] {
        let card = json!({"schema": "2.0", "config": {"update_multi": true}, "body": {"elements": [{"tag": "markdown", "content": words}]}});
        let path = format!("im/v1/messages/{}", id.as_str().unwrap());
        let done = page.js(&send("PATCH", &path, &json!({"content": card.to_string()}))).await;
        assert_eq!(done["code"], 0, "{done}");
        page.until(&format!("document.querySelector('#feed .cardbody').innerText === '{words}'")).await;
    }
    assert!(page.text("#feed .who").await.contains("version 4"));
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn the_connections_view_cuts_mutes_and_heals() {
    let Some(desk) = Desk::open("en", "dark").await else { return };
    let page = &desk.browser;
    page.click("#go-connections").await;
    page.until("document.querySelector('#connections-table tbody tr')").await;
    page.click("[data-fault=unpublished]").await;
    page.until("document.querySelector('#active .chip')").await;
    page.until("!document.getElementById('unwell').hidden").await;
    page.picture("connections-en-dark").await;
    page.click("#heal").await;
    page.until("document.querySelector('#active .chip') === null").await;
    page.click("[data-fault=cut]").await;
    page.until("document.querySelector('#connections-table tr.ended')").await;
    desk.gateway.heal();
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn the_page_comes_back_when_the_platform_was_away() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    desk.gateway.fault(Fault::Cut);
    page.until("document.querySelectorAll('#connections-table tr.ended').length > 0 || document.getElementById('live').innerText !== ''").await;
    page.click("#reset").await;
    page.click("dialog button.primary").await;
    page.until(
        "document.querySelector('#stream.live') && document.querySelectorAll('#feed .message').length === 0",
    )
    .await;
}

#[tokio::test]
async fn a_sample_of_an_event_is_found_changed_and_pushed() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    page.click("#events").await;
    page.until("document.querySelectorAll('dialog .examples li').length > 200").await;
    page.keys("dialog input[type=search]", "user.created").await;
    page.until("document.querySelectorAll('dialog .examples li:not([hidden])').length === 1").await;
    page.click("[data-event='contact.user.created_v3']").await;
    page.js("(() => { const area = document.querySelector('dialog textarea'); area.value = area.value.replace('name of the sample', 'Ann'); })()").await;
    page.click("#send-event").await;
    page.until("document.querySelector('#toasts')?.innerText.includes('contact.user.created_v3')").await;
    let pushed = page
        .js("fetch('/local/deliveries').then((it) => it.json()).then((all) => fetch(`/local/deliveries/${all.at(-1).id}`)).then((it) => it.json()).then((it) => JSON.stringify(it))")
        .await;
    assert!(pushed.as_str().is_some_and(|it| it.contains("Ann")), "{pushed}");
    page.js("document.querySelector('dialog').close()").await;
    assert_eq!(desk.complaints().await, json!([]));
}
