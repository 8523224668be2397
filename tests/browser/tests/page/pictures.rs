//! The pictures of the guide: `cargo test -p feishu-browser -- --ignored pictures`.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use feishu_browser::desk::Desk;

/// All pictures together, in bytes.
const MAX_BYTES: usize = 400_000;

#[tokio::test]
#[ignore = "writes docs/pictures; run it when the page has changed its looks"]
async fn pictures_of_the_guide_are_made() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    fs::create_dir_all(&folder).unwrap();
    let mut bytes = 0;
    for (language, light) in [("en", "light"), ("zh", "dark")] {
        let Some(desk) = Desk::sized(language, light, 1240, 800, true).await else { return };
        let page = &desk.browser;
        let mut keep = async |name: &str| {
            let picture = STANDARD.decode(page.small_picture().await).unwrap();
            bytes += picture.len();
            fs::write(folder.join(format!("{name}.{language}.webp")), picture).unwrap();
        };
        page.keys("#words", "@bot https://example.com/orders/42").await;
        page.until("document.querySelector('.typing .preview')").await;
        page.press("\u{e007}").await;
        page.until("document.querySelector('#feed .mine .preview')").await;
        desk.gallery_card("approval").await;
        keep("chat").await;
        desk.action(page.click("[data-name=approve]")).await;
        page.until("document.querySelector('.cardhead').innerText.match(/approved|已同意/)").await;
        desk.gallery_card("classic").await;
        desk.action(page.click("[data-name=take]")).await;
        page.until("document.querySelector('.problem')").await;
        page.js("document.querySelectorAll('.toast').forEach((it) => it.remove())").await;
        page.js("document.querySelector('.problem').scrollIntoView()").await;
        page.click("#rows .w-d").await;
        page.until("document.querySelector('#detail pre')").await;
        keep("timeline").await;
        page.click("#go-connections").await;
        page.click("[data-fault=unpublished]").await;
        page.until("document.querySelector('#active .chip')").await;
        page.js("document.querySelectorAll('.toast').forEach((it) => it.remove())").await;
        keep("connections").await;
    }
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
}
