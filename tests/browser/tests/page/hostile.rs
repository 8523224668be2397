//! Hostile JSON is text: no script runs, no link leads astray, the page goes on.

use feishu_browser::desk::Desk;
use serde_json::{Value, json};

#[tokio::test]
async fn hostile_cards_are_text_and_the_page_goes_on() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    desk.gallery_card("odd").await;
    let deep =
        (0..40).fold(json!("bottom"), |inner, _| json!({"tag": "collapsible_panel", "elements": [inner]}));
    let wide: Vec<Value> = (0..3000).map(|_| json!({"tag": "hr"})).collect();
    let stars = "*_~`[<".repeat(4000);
    for elements in [
        json!([deep]),
        json!(wide),
        json!([{"tag": "markdown", "content": stars}]),
        json!([{"tag": "markdown", "content": "<at id=\"><img src=x onerror=alert(1)>\"></at>\n|a|\n|-|\n|<svg/onload=alert(1)>|\n```\n</code><script>alert(1)</script>"}]),
        json!({"length": 5}),
        json!([[[[]]], {"tag": ["button"]}, {"tag": "constructor"}, {"tag": "__proto__"}, {"tag": "toString"}]),
        json!([{"tag": "table", "columns": [{"name": "__proto__"}], "rows": [{"__proto__": {"polluted": 1}}]}]),
        json!([{"tag": "select_static", "options": [null, 7, {"value": {"a": 1}}, {"text": []}], "initial_index": 1e300}]),
        json!([{"tag": "picker_datetime", "initial_datetime": "\"><script>"}, {"tag": "date_picker", "initial_date": {}}, {"tag": "input", "max_length": -5, "rows": "many"}]),
    ] {
        desk.card(&json!({"schema": "2.0", "body": {"elements": elements}})).await;
    }
    for card in [
        json!({"elements": "none", "i18n_elements": {"__proto__": [], "constructor": 7}}),
        json!({"type": "template", "data": {"template_id": "<b>", "template_variable": {"a": "<script>"}}}),
        json!({"header": {"title": {"content": {"a": 1}}, "template": "blue\" onclick=\"alert(1)"}, "elements": []}),
        json!({"card_link": {"url": "javascript:alert(1)"}, "elements": [{"tag": "button", "text": 7, "url": "data:text/html,<script>alert(1)</script>"}]}),
    ] {
        desk.card(&card).await;
    }
    assert_eq!(desk.complaints().await, json!([]));
    let strange = page
        .js("[document.querySelectorAll('#feed script, #feed img, #feed svg:not(.icon), #feed iframe').length, [...document.querySelectorAll('#feed a')].filter((it) => !/^(https?|lark|feishu):/.test(it.href)).length, [...document.querySelectorAll('#feed *')].filter((it) => [...it.attributes].some((each) => each.name.startsWith('on'))).length, ({}).polluted ?? 0]")
        .await;
    assert_eq!(strange, json!([0, 0, 0, 0]));
    // A field without a name is what the client itself refuses.
    page.js("[...document.querySelectorAll('.cardbutton')].find((it) => it.innerText === 'Nameless field').click()").await;
    page.until("document.querySelector('.problem')?.innerText.includes('200530')").await;
    // Nested deeper than the interface reads it, in the box for one's own JSON.
    page.click("#gallery").await;
    page.until("document.querySelector('dialog .card')").await;
    page.js("(() => { const area = document.querySelector('dialog textarea'); area.value = '{\"schema\":\"2.0\",\"body\":{\"elements\":' + '[{\"tag\":\"collapsible_panel\",\"elements\":'.repeat(1500) + '[]' + '}]'.repeat(1500) + '}}'; area.dispatchEvent(new Event('input')); })()").await;
    page.until("document.querySelector('dialog .example .unknown')").await;
    page.js("(() => { const area = document.querySelector('dialog textarea'); area.value = '['.repeat(200000); area.dispatchEvent(new Event('input')); })()").await;
    page.until("document.querySelector('dialog .wrong').innerText !== ''").await;
    page.js("document.querySelector('dialog').close()").await;
    assert_eq!(desk.complaints().await, json!([]));
    // The page goes on.
    desk.gallery_card("approval").await;
    desk.action(page.click("#feed .message:last-child [data-name=approve]")).await;
    page.picture("hostile-en-light").await;
}
