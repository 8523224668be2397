//! Files and large answers: [`Download`](feishu_runtime::Download), uploads, and the token for a client of one's own.
#![cfg(feature = "openapi")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use feishu_gateway::{Gateway, json};
use feishu_kit::GatewayDial;
use feishu_runtime::OpenApi;
use feishu_runtime::callbacks::openapi::{
    ApiCode, ApiCodeKind, FileUpload, ImageUpload, MessageGet, MessageList, MessageRecall, MessageSend,
    OutgoingMessage, ReactionAdd, ReactionDelete, Receiver, ResourceGet,
};
use feishu_runtime::testing::FakeApi;
use feishu_runtime::transport::{AppSecret, BoxStream, Dial, Domain, Error, HttpClient, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A site that answers each call by its path, in memory, and counts connections.
#[derive(Clone)]
struct Site {
    opened: Arc<AtomicUsize>,
    answer: fn(&str) -> Answer,
}

struct Answer {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    /// The header promises so many bytes more, which never come.
    missing: usize,
}

fn answer(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, content_type, body: body.into(), missing: 0 }
}

#[async_trait]
impl Dial for Site {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        let (ours, theirs) = duplex(1 << 16);
        self.opened.fetch_add(1, SeqCst);
        tokio::spawn(self.clone().serve(theirs));
        Ok(Box::new(ours))
    }
}

impl Site {
    fn new(answer: fn(&str) -> Answer) -> Self {
        Self { opened: Arc::default(), answer }
    }

    fn api(&self) -> OpenApi {
        let client = HttpClient::new(Domain::insecure_url("http://site.invalid").unwrap()).dial(self.clone());
        OpenApi::with_client(client, "cli_1", AppSecret::new("s")).unwrap()
    }

    async fn serve(self, mut stream: DuplexStream) -> Option<()> {
        let mut request = Vec::new();
        loop {
            let header = loop {
                if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                    break String::from_utf8(request.drain(..end + 4).collect()).unwrap();
                }
                stream.read_buf(&mut request).await.ok().filter(|read| *read > 0)?;
            };
            let lower = header.to_lowercase();
            let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            while request.len() < length {
                stream.read_buf(&mut request).await.ok().filter(|read| *read > 0)?;
            }
            request.drain(..length);
            let path = header.split(' ').nth(1).unwrap();
            let answer = if path.contains("tenant_access_token") {
                let token = json!({"code": 0, "tenant_access_token": "t-1", "expire": 7200});
                answer(200, "application/json", token.to_string())
            } else {
                (self.answer)(path)
            };
            let head = format!(
                "HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\nX-Tt-Logid: log-7\r\n\r\n",
                answer.status,
                answer.content_type,
                answer.body.len() + answer.missing
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&answer.body).await.ok()?;
            if answer.missing > 0 {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("feishu-downloads-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

fn image() -> ResourceGet {
    ResourceGet::image("om_1", "img_v3_1")
}

#[tokio::test]
async fn download_gives_a_png_that_arrives_well_as_it_is() {
    let site = Site::new(|_| answer(200, "image/png", PNG));
    let api = site.api();
    let download = api.download(&image()).await.unwrap();
    assert_eq!((download.content_type(), download.length()), (Some("image/png"), Some(8)));
    assert_eq!(download.log_id(), Some("log-7"));
    assert_eq!(&*download.bytes(8).await.unwrap(), PNG);
    let mut writer = Vec::new();
    assert_eq!(api.download(&image()).await.unwrap().copy_to(&mut writer, 100).await.unwrap(), 8);
    assert_eq!(writer, PNG);
    let error = api.call("GET", "/open-apis/x", "").await.unwrap_err().to_string();
    assert!(error.contains("HTTP 200 with image/png") && error.contains("OpenApi::download"), "{error}");
    assert_eq!(site.opened.load(SeqCst), 1, "one connection for the token and all calls");
}

#[tokio::test]
async fn download_of_a_file_of_ones_own_call_may_be_json() {
    let site = Site::new(|_| answer(200, "application/json", r#"{"code":7}"#));
    let file = site.api().download("/open-apis/drive/v1/medias/m/download").await.unwrap();
    assert_eq!(&*file.bytes(100).await.unwrap(), br#"{"code":7}"#);
}

#[tokio::test]
async fn download_save_replaces_the_file_when_it_is_complete() {
    let site = Site::new(|_| answer(200, "application/pdf", vec![7; 3 << 20]));
    let folder = Folder::new();
    let path = folder.as_ref().join("plan.pdf");
    std::fs::write(&path, "old").unwrap();
    let file = site.api().download(&ResourceGet::file("om_1", "file_v3_1")).await.unwrap();
    assert_eq!(file.save(&path, ResourceGet::MAX_BYTES).await.unwrap(), 3 << 20);
    assert_eq!(std::fs::read(&path).unwrap(), vec![7; 3 << 20]);
    assert_eq!(folder.names(), ["plan.pdf"]);
}

#[tokio::test(start_paused = true)]
async fn download_that_fails_or_is_dropped_leaves_the_file_as_it_was() {
    let folder = Folder::new();
    let path = folder.as_ref().join("a.png");
    let saved = |site: Site, limit| {
        let path = path.clone();
        async move { site.api().download(&image()).await?.save(path, limit).await }
    };
    let error = saved(Site::new(|_| answer(200, "image/png", PNG)), 7).await.unwrap_err();
    assert!(error.to_string().contains("larger than 7 bytes"), "{error}");
    assert_eq!(folder.names(), [""; 0]);

    let half = || Site::new(|_| Answer { missing: 100, ..answer(200, "image/png", PNG) });
    let dropped = tokio::time::timeout(Duration::from_millis(200), saved(half(), 1000)).await;
    assert!(dropped.is_err());
    assert_eq!(folder.names(), [""; 0]);
    let slow = half().api().with_timeout(Duration::from_millis(200));
    let error = slow.download(&image()).await.unwrap().save(&path, 1000).await.unwrap_err();
    assert!(error.to_string().contains("Timeouts::call"), "{error}");
    assert_eq!(folder.names(), [""; 0]);

    let site = Site::new(|_| answer(200, "image/png", PNG));
    let nowhere = folder.as_ref().join("no such folder").join("a.png");
    let error = site.api().download(&image()).await.unwrap().save(nowhere, 1000).await.unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn download_bound_holds_for_a_length_that_is_not_announced() {
    let fake = FakeApi::new().answer_bytes("/resources/", "image/png", PNG);
    let mut download = fake.api().download(&image()).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().as_deref(), Some(PNG));
    assert_eq!(download.chunk().await.unwrap(), None);
    assert!(fake.api().download(&image()).await.unwrap().bytes(7).await.is_err());
    assert!(fake.api().download(&image()).await.unwrap().copy_to(&mut tokio::io::sink(), 7).await.is_err());
}

#[tokio::test]
async fn download_refusal_with_http_400_has_the_platforms_code() {
    let refusal = r#"{"code":234003,"msg":"File not in msg."}"#;
    let site = Site::new(|path| match path {
        _ if path.contains("busy") => answer(502, "text/html", "<html>"),
        _ => answer(400, "application/json", r#"{"code":234003,"msg":"File not in msg."}"#),
    });
    let error = site.api().download(&image()).await.unwrap_err();
    assert_eq!((error.code(), error.log_id()), (Some(ApiCode(234_003)), Some("log-7")), "{refusal}");
    assert!(error.to_string().contains("the id of the message it came in"), "{error}");
    let error = site.api().download("/open-apis/busy").await.unwrap_err();
    assert_eq!(error.code(), Some(ApiCode(502)));
    let fake = FakeApi::new().answer("/resources/", json!({"code": 234_037, "msg": "too big"}));
    assert_eq!(fake.api().download(&image()).await.unwrap_err().kind(), Some(ApiCodeKind::TooLarge));
}

async fn platform() -> (Gateway, OpenApi) {
    let gateway = Gateway::builder().in_memory().start().await.unwrap();
    let client = HttpClient::new(Domain::url(gateway.base_url()).unwrap()).dial(GatewayDial(gateway.clone()));
    let api = OpenApi::with_client(client, gateway.app_id(), AppSecret::new(gateway.app_secret())).unwrap();
    (gateway, api)
}

#[tokio::test]
async fn uploaded_image_comes_back_from_the_message_that_it_was_sent_with() {
    let (_gateway, api) = platform().await;
    let png: Vec<u8> = PNG.iter().copied().chain((0..=255).cycle().take(3 << 20)).collect();
    let key = api.send(&ImageUpload::new(&*png)).await.unwrap().image_key;
    let message = OutgoingMessage::image(&key);
    let sent = api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await.unwrap();
    let id = sent.message_id.unwrap();
    let read = api.send(&MessageGet::new(id.clone())).await.unwrap();
    let resource = read.items[0].resources().remove(0);
    let image = api.download(&ResourceGet::new(id.clone(), &resource)).await.unwrap();
    assert_eq!(image.content_type(), Some("image/png"));
    assert!(image.bytes(ImageUpload::MAX_BYTES).await.unwrap() == png);
    let refused = api.send(&ImageUpload::new(*b"no image")).await.unwrap_err();
    assert_eq!(refused.kind(), Some(ApiCodeKind::BadFile), "{refused}");

    let typing = ReactionAdd { message: id.clone(), emoji: ReactionAdd::TYPING.into() };
    let reaction_id = api.send(&typing).await.unwrap().reaction_id.unwrap();
    api.send(&ReactionDelete { message: id.clone(), reaction_id }).await.unwrap();
    api.send(&MessageRecall { message: id.clone() }).await.unwrap();
    let gone = api.download(&ResourceGet::new(id, &resource)).await.unwrap_err();
    assert_eq!(gone.kind(), Some(ApiCodeKind::MessageGone), "{gone}");
}

#[tokio::test]
async fn download_renews_a_bad_token_once_and_calls_again() {
    let (gateway, api) = platform().await;
    let message = OutgoingMessage::image("img_v3_1");
    let sent = api.send(&MessageSend { to: Receiver::Chat("oc_1".into()), message }).await.unwrap();
    let first = api.token().await.unwrap();
    gateway.revoke_tokens();
    let image = ResourceGet::image(sent.message_id.unwrap(), "img_v3_1");
    let picture = api.download(&image).await.unwrap();
    assert_eq!(picture.content_type(), Some("image/png"));
    let second = api.token().await.unwrap();
    assert_ne!(first.token, second.token);
    api.drop_token(&first.token).await;
    assert_eq!(api.token().await.unwrap().token, second.token, "it was replaced already");
    api.drop_token(&second.token).await;
    assert!(api.token().await.unwrap().valid_for > Duration::from_secs(600));
    assert!(!format!("{second:?}").contains(second.token.expose()), "{second:?}");
}

#[tokio::test]
async fn send_reads_a_page_of_messages_of_more_than_a_quarter_of_a_mebibyte() {
    let site = Site::new(|_| {
        let text = json!({"text": "x".repeat(10_000)}).to_string();
        let items: Vec<_> = (0..100)
            .map(|n| json!({"message_id": format!("om_{n}"), "msg_type": "text", "body": {"content": text}}))
            .collect();
        answer(200, "application/json", json!({"code": 0, "data": {"items": items}}).to_string())
    });
    let api = site.api();
    assert_eq!(api.send(&MessageList::chat("oc_1")).await.unwrap().items.len(), 100);
    assert!(api.call("GET", "/open-apis/im/v1/messages", "").await.unwrap().body.len() > 1_000_000);
    let error = api.with_response_bytes(1 << 18).send(&MessageList::chat("oc_1")).await.unwrap_err();
    assert!(error.to_string().contains("larger than 262144 bytes"), "{error}");
}

#[tokio::test]
async fn send_uploads_a_form() {
    let fake = FakeApi::new()
        .answer("/im/v1/images", json!({"code": 0, "data": {"image_key": "img_v3_1"}}))
        .answer("/im/v1/files", json!({"code": 0, "data": {"file_key": "file_v3_1"}}));
    let api = fake.api();
    assert_eq!(api.send(&ImageUpload::new(PNG)).await.unwrap().image_key, "img_v3_1");
    assert_eq!(api.send(&FileUpload::new("a.pdf", *b"%PDF")).await.unwrap().file_key, "file_v3_1");
    let bytes = &fake.calls()[0].bytes;
    assert!(bytes.windows(PNG.len()).any(|part| part == PNG));
}
