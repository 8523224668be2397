//! Each component of a card is operated once, by pointer and by keyboard, and the bot gets what the platform would send.

use feishu_browser::desk::Desk;
use serde_json::{Value, json};

const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";
const TAB: &str = "\u{e004}";

fn named(name: &str) -> String {
    format!("[data-name='{name}']")
}

#[tokio::test]
async fn a_button_shows_its_toast_and_the_new_card() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    desk.gallery_card("approval").await;
    let action = desk.action(desk.browser.click(&named("approve"))).await;
    assert_eq!(action["tag"], "button");
    assert_eq!(action["value"], json!({"order": 42}));
    assert_eq!(desk.browser.text(".toast .said").await, "Approved");
    assert_eq!(desk.browser.text(".toast .kind").await, "Success");
    desk.browser.until("document.querySelector('.cardhead').innerText.includes('approved')").await;
    desk.browser.picture("button-en-light").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_confirm_is_asked_first_and_can_be_refused() {
    let Some(desk) = Desk::open("zh", "dark").await else { return };
    desk.gallery_card("approval").await;
    desk.browser.click(&named("reject")).await;
    assert_eq!(desk.browser.text("dialog h2").await, "拒绝申请？");
    desk.browser.picture("confirm-zh-dark").await;
    desk.browser.click("dialog button:not(.primary)").await;
    desk.browser.until("document.querySelector('dialog') === null").await;
    assert_eq!(desk.browser.js("fetch('/local/deliveries').then((it) => it.json())").await, json!([]));
    desk.browser.click(&named("reject")).await;
    let action = desk.action(desk.browser.press(ENTER)).await;
    assert_eq!(action["value"], json!({"order": 42, "reject": true}));
    assert_eq!(desk.browser.text(".toast .said").await, "已拒绝");
}

#[tokio::test]
async fn an_overflow_menu_gives_its_option() {
    let Some(desk) = Desk::open("en", "dark").await else { return };
    desk.gallery_card("approval").await;
    desk.browser.click("[aria-haspopup=menu]").await;
    desk.browser.press(DOWN).await;
    let action = desk.action(desk.browser.press(ENTER)).await;
    assert_eq!((&action["tag"], &action["option"]), (&json!("overflow"), &json!("forward")));
}

#[tokio::test]
async fn inputs_and_choices_outside_a_form_are_sent_at_once() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    desk.gallery_card("choices").await;
    let page = &desk.browser;
    let action = desk
        .action(async {
            page.keys(&named("comment"), "well done").await;
            page.keys(&named("comment"), ENTER).await;
        })
        .await;
    assert_eq!((&action["tag"], &action["input_value"]), (&json!("input"), &json!("well done")));

    let action = desk
        .action(async {
            page.click(&named("size")).await;
            page.press(DOWN).await;
            page.press(ENTER).await;
        })
        .await;
    assert_eq!((&action["tag"], &action["option"]), (&json!("select_static"), &json!("l")));

    let action = desk
        .action(async {
            page.click(&named("toppings")).await;
            page.press("bas").await;
            page.press(ENTER).await;
            page.press(TAB).await;
            page.press(ENTER).await;
        })
        .await;
    assert_eq!(action["tag"], "multi_select_static");
    assert_eq!(action["options"], json!(["cheese", "basil"]));

    let action = desk
        .action(async {
            page.click(&named("owner")).await;
            page.press(DOWN).await;
            page.press(ENTER).await;
        })
        .await;
    assert_eq!(action["tag"], "select_person");
    assert!(action["option"].as_str().unwrap().starts_with("ou_"), "{action}");

    let action = desk
        .action(async {
            page.click(&named("team")).await;
            page.press(ENTER).await;
            page.press(DOWN).await;
            page.press(ENTER).await;
            page.click(".popup:popover-open button.primary").await;
        })
        .await;
    assert_eq!(action["tag"], "multi_select_person");
    assert_eq!(action["options"].as_array().map(Vec::len), Some(2), "{action}");

    let action = desk.action(page.click(&named("done"))).await;
    assert_eq!((&action["tag"], &action["checked"]), (&json!("checker"), &json!(true)));

    let action = desk.action(page.click("[data-name=picture][data-value=hills]")).await;
    assert_eq!(action["tag"], "select_img");
    assert_eq!(action["option"], "hills", "{action}");
    page.picture("choices-en-light").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn dates_are_sent_with_the_offset_and_the_zone() {
    let Some(desk) = Desk::open("zh", "light").await else { return };
    desk.gallery_card("dates").await;
    let page = &desk.browser;
    for (name, keys, expected) in [
        ("date", "06102025", "2025-06-10 +0800"),
        ("time", "0505AM", "05:05 +0800"),
        ("datetime", "06102025\u{e004}0719PM", "2025-06-10 19:19 +0800"),
    ] {
        let action = desk
            .action(async {
                page.keys(&named(name), keys).await;
                page.keys(&named(name), ENTER).await;
            })
            .await;
        assert_eq!(action["option"], expected, "{name}: {action}");
        assert_eq!(action["timezone"], "Asia/Shanghai", "{name}");
    }
    page.picture("dates-zh-light").await;
}

#[tokio::test]
async fn a_container_is_pressed_as_a_whole_and_its_inner_button_alone() {
    let Some(desk) = Desk::open("zh", "dark").await else { return };
    desk.gallery_card("containers").await;
    let action = desk.action(desk.browser.click(&named("row_1"))).await;
    assert_eq!((&action["tag"], &action["value"]), (&json!("interactive_container"), &json!({"row": 1})));
    desk.browser.click(".panel summary").await;
    let action = desk.action(desk.browser.click(&named("inside"))).await;
    assert_eq!(action["value"], json!({"where": "panel"}));
    // A button without a callback sends nothing, and the page says why.
    desk.browser.click(&named("silent")).await;
    desk.browser.until("document.getElementById('toasts').innerText.includes('callback')").await;
    desk.browser.picture("containers-zh-dark").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_form_is_filled_by_keyboard_alone_in_chinese_and_dark() {
    let Some(desk) = Desk::open("zh", "dark").await else { return };
    desk.gallery_card("form").await;
    let page = &desk.browser;
    page.js("document.querySelector('#feed input').focus()").await;
    // Submitting at once names what is missing, and goes there.
    page.js("document.querySelector('[data-name=submit]').focus()").await;
    page.press(ENTER).await;
    page.until("document.activeElement.dataset.name === 'title'").await;
    assert_eq!(page.text(".wrong").await, "必填项。");

    page.press("上海出差").await;
    page.press(TAB).await;
    page.press("带样品").await;
    page.press(TAB).await;
    for keys in [SPACE, DOWN, ENTER, TAB] {
        page.press(keys).await; // transport: plane
    }
    for keys in [SPACE, SPACE, DOWN, DOWN, SPACE, TAB, ENTER, TAB] {
        page.press(keys).await; // needs: hotel, advance, done
    }
    for keys in [SPACE, ENTER, TAB] {
        page.press(keys).await; // deputy: the first person
    }
    for keys in [SPACE, ENTER, DOWN, ENTER, TAB, ENTER, TAB] {
        page.press(keys).await; // informed: two people
    }
    page.press("06102025").await;
    page.js("document.querySelector('[data-name=time]').focus()").await;
    page.press("0505AM").await;
    page.js("document.querySelector('[data-name=seat]').focus()").await;
    for keys in [SPACE, TAB, SPACE] {
        page.press(keys).await; // window, then agree
    }
    page.picture("form-zh-dark").await;
    page.press(TAB).await;
    let action = desk.action(page.press(ENTER)).await;
    let form = &action["form_value"];
    assert_eq!((&action["tag"], &action["name"]), (&json!("button"), &json!("submit")));
    assert_eq!((&form["title"], &form["note"]), (&json!("上海出差"), &json!("带样品")));
    assert_eq!((&form["transport"], &form["needs"]), (&json!("plane"), &json!(["hotel", "advance"])));
    assert!(form["deputy"].as_str().unwrap().starts_with("ou_"), "{form}");
    assert_eq!(form["informed"].as_array().map(Vec::len), Some(2), "{form}");
    assert_eq!((&form["date"], &form["time"]), (&json!("2025-06-10 +0800"), &json!("05:05 +0800")));
    assert_eq!(form["meeting"], "2026-12-01 10:00 +0800");
    assert_eq!((&form["seat"], &form["agree"]), (&json!("window"), &json!(true)));
    page.until("document.querySelector('.toast .said')?.innerText === '已收到'").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_card_of_json_1_has_its_buttons_choices_and_languages() {
    let Some(desk) = Desk::open("zh", "light").await else { return };
    desk.gallery_card("classic").await;
    let page = &desk.browser;
    assert_eq!(page.text(".cardhead").await, "告警：磁盘已满");
    // The handler of this button fails.
    desk.action(page.click(&named("take"))).await;
    page.until("document.querySelector('.problem')?.innerText.includes('200671')").await;
    let action = desk
        .action(async {
            page.click(&named("level")).await;
            page.press(DOWN).await;
            page.press(ENTER).await;
        })
        .await;
    assert_eq!((&action["option"], &action["value"]), (&json!("high"), &json!({"alarm": 7})));
    page.picture("classic-zh-light").await;

    desk.gallery_card("classic-form").await;
    let form = "#feed .message:last-child ";
    page.keys(&format!("{form}{}", named("words")), "很好").await;
    let action = desk.action(page.click(&format!("{form}{}", named("send")))).await;
    assert_eq!(action["form_value"]["words"], "很好", "{action}");
    desk.reload("en", "light").await;
    page.until("document.querySelector('#feed').innerText.includes('How was it?')").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_card_of_fifty_components_is_drawn() {
    let Some(desk) = Desk::open("en", "dark").await else { return };
    let elements: Vec<Value> = (0..50)
        .map(|number| json!({"tag": "button", "name": format!("b{number}"), "text": {"tag": "plain_text", "content": format!("Button {number}")}, "behaviors": [{"type": "callback", "value": {"number": number}}]}))
        .collect();
    desk.card(&json!({"schema": "2.0", "body": {"elements": elements}})).await;
    assert_eq!(desk.browser.js("document.querySelectorAll('#feed .cardbutton').length").await, 50);
    let action = desk.action(desk.browser.click(&named("b37"))).await;
    assert_eq!(action["value"], json!({"number": 37}));
}
