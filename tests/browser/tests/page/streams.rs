//! Answers that stream into a card on the page, and images that a bot uploaded.

use feishu_browser::desk::Desk;
use feishu_runtime::OpenApi;
use feishu_runtime::callbacks::openapi::{ImageUpload, MessageSend, OutgoingMessage, Receiver};
use feishu_runtime::callbacks::{ChatId, RawCard};
use feishu_runtime::transport::{AppSecret, Domain};
use serde_json::json;

const ENTER: &str = "\u{e007}";
/// The newest card in the conversation.
const CARD: &str = "[...document.querySelectorAll('#feed .card')].at(-1)";
/// A picture of one grey pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63,
    0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
    0x60, 0x82,
];

#[tokio::test]
async fn a_streamed_card_grows_on_the_page_and_ends() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    page.keys("#words", "count").await;
    page.press(ENTER).await;
    for number in [2, 4] {
        let number = format!("{CARD}?.innerText.includes('number {number}')");
        page.until(&format!("{number} && {CARD}.classList.contains('streaming')")).await;
    }
    // In one step, as the card is drawn anew with each piece.
    page.js("document.querySelector('#feed [data-name=end]').click()").await;
    page.until(&format!(
        "{CARD}.innerText.includes('That is all.') && !{CARD}.classList.contains('streaming')"
    ))
    .await;
    let whole = page.js(&format!("{CARD}.innerText")).await;
    let whole = whole.as_str().unwrap();
    let numbers: Vec<_> = whole.lines().filter_map(|line| line.strip_prefix("number ")).collect();
    let wanted: Vec<_> = (1..=numbers.len()).map(|number| number.to_string()).collect();
    assert!(numbers.len() >= 4 && numbers == wanted, "each number once, in order: {whole}");
    page.until("![...document.querySelectorAll('#feed .chip')].some((it) => it.innerText === 'streaming')")
        .await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn a_button_of_a_streamed_card_stops_it() {
    let Some(desk) = Desk::open("en", "dark").await else { return };
    let page = &desk.browser;
    page.keys("#words", "count").await;
    page.press(ENTER).await;
    page.until(&format!("{CARD}?.innerText.includes('number 3')")).await;
    page.picture("streams-dark").await;
    // In one step, as the card is drawn anew with each piece.
    page.js("document.querySelector('#feed [data-name=stop]').click()").await;
    page.until(&format!("{CARD}.innerText.includes('Stopped.') && !{CARD}.classList.contains('streaming')"))
        .await;
    page.until("!document.querySelector('#feed [data-name=stop]')").await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn images_that_a_bot_uploaded_are_shown_in_messages_and_cards() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    let (app, secret) = (desk.gateway.app_id(), AppSecret::new(desk.gateway.app_secret()));
    let api = OpenApi::new(app, secret, Domain::url(desk.gateway.base_url()).unwrap()).unwrap();
    let key = api.send(&ImageUpload::new(PNG)).await.unwrap().image_key;
    let chat = page.js("document.querySelector('#pick-chat').value").await;
    let chat = || Receiver::Chat(ChatId::from(chat.as_str().unwrap()));
    let image = OutgoingMessage::image(key.clone());
    api.send(&MessageSend { to: chat(), message: image }).await.unwrap();
    let unknown = json!({"tag": "img", "img_key": "img_v3_elsewhere", "alt": {"tag": "plain_text", "content": "elsewhere"}});
    let shown = json!({"tag": "img", "img_key": key, "alt": {"tag": "plain_text", "content": "a pixel"}});
    let line = json!({"tag": "markdown", "content": format!("A ![pixel]({}) in a line", key.as_str())});
    let card = RawCard::new(json!({"schema": "2.0", "body": {"elements": [shown, line, unknown]}})).unwrap();
    api.send(&MessageSend { to: chat(), message: OutgoingMessage::card(card) }).await.unwrap();
    page.until("document.querySelectorAll('#feed img.photo').length === 3").await;
    page.until("[...document.querySelectorAll('#feed img.photo')].every((it) => it.complete && it.naturalWidth === 1)")
        .await;
    let names = page.js("[...document.querySelectorAll('#feed .card img.photo')].map((it) => it.alt)").await;
    assert_eq!(names, json!(["a pixel", "pixel"]));
    page.until("document.querySelector('#feed .card .picture')?.innerText.includes('elsewhere')").await;
    assert_eq!(page.js("fetch('/page/images/img_v3_0').then((it) => it.status)").await, 404);
    assert_eq!(desk.complaints().await, json!([]));
}
