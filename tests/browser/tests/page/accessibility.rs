//! axe finds nothing, in both languages and both lights, with every component in sight; all words are in both languages.

use feishu_browser::axe;
use feishu_browser::desk::Desk;
use serde_json::json;

const CARDS: &[&str] =
    &["approval", "form", "choices", "dates", "containers", "table", "classic", "classic-form", "odd"];

#[tokio::test]
async fn axe_finds_nothing_in_any_view_language_and_light() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let Some(script) = axe::script().await else { return };
    let page = &desk.browser;
    for card in CARDS {
        desk.gallery_card(card).await;
    }
    desk.action(page.click("[data-name=approve]")).await;
    for (language, light) in [("en", "light"), ("zh", "dark"), ("en", "dark"), ("zh", "light")] {
        desk.reload(language, light).await;
        page.until("document.querySelectorAll('#feed .card').length >= 9").await;
        page.js("document.querySelectorAll('#feed details').forEach((it) => { it.open = true; })").await;
        page.click("#rows .w-d").await;
        page.until("document.querySelector('#detail pre')").await;
        let found = axe::findings(page, &script).await;
        assert!(found.is_empty(), "{language} {light}, timeline:\n{}", found.join("\n"));
        page.click("#go-connections").await;
        page.js("document.querySelectorAll('#connections details').forEach((it) => { it.open = true; })")
            .await;
        let found = axe::findings(page, &script).await;
        assert!(found.is_empty(), "{language} {light}, connections:\n{}", found.join("\n"));
        page.picture(&format!("connections-{language}-{light}")).await;
        page.click("#gallery").await;
        page.until("document.querySelector('dialog .card')").await;
        let found = axe::findings(page, &script).await;
        assert!(found.is_empty(), "{language} {light}, gallery:\n{}", found.join("\n"));
        page.js("document.querySelector('dialog').close()").await;
        page.click("#events").await;
        page.until("document.querySelector('dialog .examples li')").await;
        let found = axe::findings(page, &script).await;
        assert!(found.is_empty(), "{language} {light}, events:\n{}", found.join("\n"));
        page.js("document.querySelector('dialog').close()").await;
        page.js("document.querySelector('[data-name=toppings]').scrollIntoView()").await;
        page.click("[data-name=toppings]").await;
        let found = axe::findings(page, &script).await;
        assert!(found.is_empty(), "{language} {light}, list:\n{}", found.join("\n"));
    }
}

#[tokio::test]
async fn both_languages_have_the_same_words() {
    let Some(desk) = Desk::open("en", "light").await else { return };
    let difference = desk
        .browser
        .js("Promise.all([import('/page/words-en.js'), import('/page/words-zh.js')]).then(([{en}, {zh}]) => [...Object.keys(en).filter((it) => !(it in zh)), ...Object.keys(zh).filter((it) => !(it in en)), ...Object.keys(en).filter((it) => (en[it].match(/\\{\\w+\\}/g) ?? []).sort().join() !== (zh[it]?.match(/\\{\\w+\\}/g) ?? []).sort().join())])")
        .await;
    assert_eq!(difference, json!([]));
    // Nothing on the page shows the name of its words.
    let bare = desk
        .browser
        .js("document.body.innerText.match(/\\b(card|chat|timeline|faults|row|detail|outcome)\\.[a-z]+\\b/g)")
        .await;
    assert!(bare.is_null(), "{bare}");
}

#[tokio::test]
async fn a_narrow_window_has_one_view_at_a_time() {
    let Some(desk) = Desk::sized("zh", "light", 520, 900, true).await else { return };
    let page = &desk.browser;
    let seen =
        "['chat', 'timeline', 'connections'].filter((it) => document.getElementById(it).offsetHeight > 0)";
    assert_eq!(page.js(seen).await, json!(["chat"]));
    desk.gallery_card("form").await;
    page.picture("narrow-zh-light").await;
    page.click("#go-timeline").await;
    assert_eq!(page.js(seen).await, json!(["timeline"]));
    assert_eq!(page.js("document.documentElement.scrollWidth <= innerWidth").await, true);
}
