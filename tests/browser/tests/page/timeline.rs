//! The timeline: lines with their bars, details, filter, pause, replay, and how much it holds.

use feishu_browser::desk::Desk;
use feishu_gateway::Click;
use serde_json::json;

/// Deliveries of the load test.
const MANY: u32 = 10_000;
/// Lines that the page keeps; the rest is forgotten.
const KEPT: f64 = 5_000.0 + 500.0 + 1_000.0;
/// Bytes of JavaScript objects that the page may hold after them. Measured: 7 MB.
const HEAP: f64 = 30e6;

#[tokio::test]
async fn a_line_opens_its_details_and_is_replayed_and_copied() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    desk.gallery_card("approval").await;
    desk.action(page.click("[data-name=approve]")).await;
    page.click("#rows .w-d").await;
    page.until("document.querySelector('#detail pre')?.innerText.includes('card.action.trigger')").await;
    let words = page.text("#detail").await;
    for part in [
        "pushed",
        "answered",
        "handler took",
        "What was pushed",
        "What was answered",
        "To the client",
        "From the client",
        "Copy as Rust test",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let secrets =
        page.js("document.getElementById('detail').textContent.match(/\"token\": \"c-[0-9a-f]{8}/)").await;
    assert!(secrets.is_null(), "{secrets}");
    page.picture("detail-en-light").await;
    let before = page.js("document.querySelectorAll('#rows .w-d:not([hidden])').length").await;
    page.js("document.querySelector('#detail button.small').click()").await;
    page.until(&format!("document.querySelectorAll('#rows .w-d:not([hidden])').length > {before}")).await;
    assert_eq!(desk.complaints().await, json!([]));
}

#[tokio::test]
async fn lines_are_filtered_and_stopped() {
    let Some(desk) = Desk::open("zh", "dark").await else { return };
    let page = &desk.browser;
    let shown = "document.querySelectorAll('#rows .row-item:not([hidden])').length";
    for name in ["red", "green", "blue"] {
        desk.gateway.click(Click::button(name)).await.unwrap();
    }
    page.until(&format!("{shown} >= 3")).await;
    page.keys("#find", "green").await;
    page.until(&format!("{shown} === 1")).await;
    page.js("document.getElementById('find').value = '', document.getElementById('find').dispatchEvent(new Event('input'))").await;
    page.click("#pause").await;
    let before = page.js(shown).await;
    desk.gateway.click(Click::button("later")).await.unwrap();
    page.until("document.getElementById('count').innerText.includes('新增 1')").await;
    assert_eq!(page.js(shown).await, before);
    page.picture("timeline-zh-dark").await;
    page.click("#pause").await;
    page.until(&format!("{shown} > {before}")).await;
}

#[tokio::test]
async fn ten_thousand_deliveries_leave_few_nodes_and_little_memory() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let page = &desk.browser;
    for _ in 0..MANY / 50 {
        let clicks = (0..50).map(|_| {
            let gateway = desk.gateway.clone();
            tokio::spawn(async move { gateway.click(Click::button("many")).await })
        });
        for answered in clicks.collect::<Vec<_>>() {
            answered.await.unwrap().unwrap();
        }
    }
    desk.gateway.click(Click::button("the last")).await.unwrap();
    page.until("document.querySelector('#rows').innerText.includes('the last')").await;
    // Only the lines in sight are nodes, wherever the reader is.
    let lines = page.js("document.getElementById('rows').firstElementChild.offsetHeight / 44").await;
    assert!(lines.as_f64().unwrap() <= KEPT, "{lines}");
    assert!(lines.as_f64().unwrap() >= 1000.0, "{lines}");
    for place in [0.0, 0.25, 0.5, 0.75, 1.0] {
        page.js(&format!("document.getElementById('rows').scrollTop = document.getElementById('rows').scrollHeight * {place}")).await;
        page.until("document.querySelectorAll('#rows .row-item:not([hidden])').length >= 8").await;
        let nodes = page.js("document.querySelectorAll('#rows .row-item').length").await;
        assert!(nodes.as_u64().unwrap() < 60, "{nodes} at {place}");
    }
    // It still answers: a click by the user goes out and comes back.
    page.js("document.getElementById('rows').scrollTop = 0").await;
    desk.gallery_card("approval").await;
    desk.action(page.click("[data-name=approve]")).await;
    page.until("document.querySelector('.cardhead').innerText.includes('approved')").await;
    let heap = page.js("(gc(), new Promise((done) => setTimeout(done, 50)).then(() => (gc(), performance.memory.usedJSHeapSize)))").await;
    assert!(heap.as_f64().unwrap() < HEAP, "{heap} bytes");
    assert_eq!(desk.complaints().await, json!([]));
}
