//! [`HttpClient`]: connections that are kept, limits, and the site's clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use feishu_transport::{BoxStream, Dial, Domain, Error, HttpClient, HttpRequest, Limits, Target, Timeouts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// What the site does with the next request.
#[derive(Clone)]
enum Act {
    Answer(String),
    /// Closes the connection after the answer, as an idle connection is.
    AnswerAndClose,
    /// Closes the connection without an answer.
    Close,
    Hang,
    /// Begins an answer of so many bytes, and hangs.
    Begin(usize, String),
}

/// A site in memory, which counts connections.
#[derive(Clone, Default)]
struct Site {
    opened: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    script: Arc<Mutex<VecDeque<Act>>>,
}

#[async_trait]
impl Dial for Site {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        let (ours, theirs) = duplex(1 << 20);
        self.opened.fetch_add(1, SeqCst);
        self.open.fetch_add(1, SeqCst);
        let site = self.clone();
        tokio::spawn(async move {
            site.serve(theirs).await;
            site.open.fetch_sub(1, SeqCst);
        });
        Ok(Box::new(ours))
    }
}

impl Site {
    fn script(acts: impl IntoIterator<Item = Act>) -> Self {
        let site = Self::default();
        site.script.lock().unwrap().extend(acts);
        site
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(Domain::insecure_url("http://site.invalid").unwrap()).dial(self.clone())
    }

    async fn serve(&self, mut stream: DuplexStream) {
        let mut request = Vec::new();
        loop {
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            request.clear();
            self.requests.fetch_add(1, SeqCst);
            let act = self.script.lock().unwrap().pop_front();
            let close = matches!(act, Some(Act::AnswerAndClose));
            let answer = match act {
                Some(Act::Answer(answer)) => answer,
                None | Some(Act::AnswerAndClose) => answer("", "{}"),
                Some(Act::Close) => return,
                Some(Act::Hang) => std::future::pending().await,
                Some(Act::Begin(length, begin)) => {
                    let header = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{begin}");
                    stream.write_all(header.as_bytes()).await.unwrap();
                    std::future::pending().await
                }
            };
            stream.write_all(answer.as_bytes()).await.unwrap();
            if close {
                return;
            }
        }
    }

    fn opened(&self) -> usize {
        self.opened.load(SeqCst)
    }
}

fn answer(header: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn call(method: &str) -> HttpRequest {
    HttpRequest::new(method, "/open-apis/x")
}

#[tokio::test(start_paused = true)]
async fn send_uses_one_connection_for_calls_one_after_the_other() {
    let site = Site::default();
    let client = site.client();
    for _ in 0..32 {
        assert_eq!(client.send(call("POST")).await.unwrap().status, 200);
    }
    assert_eq!(site.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn send_keeps_at_most_eight_connections_and_each_for_keep_alive() {
    let site = Site::default();
    let client = Arc::new(site.client());
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.send(call("GET")).await.unwrap().status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    sleep(SECOND).await;
    assert!((1..=8).contains(&site.open.load(SeqCst)), "{} are open", site.open.load(SeqCst));
    sleep(40 * SECOND).await;
    assert_eq!(site.open.load(SeqCst), 0);
    let before = site.opened();
    client.send(call("GET")).await.unwrap();
    assert_eq!(site.opened(), before + 1);
    drop(client);
    sleep(SECOND).await;
    assert_eq!(site.open.load(SeqCst), 0, "a client that is gone leaves nothing open");
}

#[tokio::test(start_paused = true)]
async fn keep_alive_zero_keeps_no_connection() {
    let site = Site::default();
    let client = site.client().timeouts(Timeouts::default().keep_alive(Duration::ZERO));
    for _ in 0..3 {
        client.send(call("POST")).await.unwrap();
    }
    assert_eq!(site.opened(), 3);
}

#[tokio::test(start_paused = true)]
async fn send_is_not_disturbed_by_a_site_that_closes_idle_connections() {
    let site = Site::script([Act::AnswerAndClose, Act::AnswerAndClose]);
    let client = site.client();
    for _ in 0..3 {
        assert_eq!(client.send(call("POST")).await.unwrap().status, 200);
    }
    assert_eq!(site.opened(), 3);
}

#[tokio::test(start_paused = true)]
async fn send_repeats_a_call_that_met_the_close_only_if_it_may_be_carried_out_twice() {
    let ok = || Act::Answer(answer("", "{}"));
    let site = Site::script([ok(), Act::Close, ok()]);
    let client = site.client();
    client.send(call("GET")).await.unwrap();
    assert_eq!(client.send(call("GET")).await.unwrap().status, 200);
    assert_eq!(site.requests.load(SeqCst), 3);

    let site = Site::script([ok(), Act::Close, ok()]);
    let client = site.client();
    client.send(call("GET")).await.unwrap();
    client.send(call("POST")).await.unwrap_err();
    assert_eq!(site.requests.load(SeqCst), 2, "a message must not be sent twice");
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_limit_that_was_hit_and_the_call_may_set_it() {
    let large = || Act::Answer(answer("", &"x".repeat(300 << 10)));
    let wide = Act::Answer(answer(&format!("X-Wide: {}\r\n", "x".repeat(70 << 10)), "{}"));
    let site = Site::script([large(), large(), wide, Act::Hang, Act::Hang]);
    let client = site.client();
    let error = client.send(call("GET")).await.unwrap_err().to_string();
    assert!(error.contains("262144 bytes (Limits::response_bytes"), "{error}");
    client.send(call("GET").response_bytes(1 << 20)).await.unwrap();
    let error = client.send(call("GET")).await.unwrap_err().to_string();
    assert!(error.contains("65536 bytes (Limits::header_bytes)"), "{error}");

    let error = client.send(call("GET")).await.unwrap_err().to_string();
    assert!(error.contains("10s (Timeouts::call"), "{error}");
    let start = Instant::now();
    client.send(call("GET").timeout(2 * SECOND)).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn open_reads_a_large_answer_piece_by_piece_and_keeps_its_connection() {
    let large = || Act::Answer(answer("Content-Type: image/png\r\n", &"x".repeat(700 << 10)));
    let site = Site::script([large(), large(), Act::Begin(700 << 10, "half".into())]);
    let client = site.client();
    let mut stream = client.open(call("GET")).await.unwrap();
    assert_eq!((stream.status, stream.header("content-type")), (200, Some("image/png")));
    let mut bytes = 0;
    while let Some(piece) = stream.chunk().await.unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, 700 << 10);
    drop(stream);
    let dropped = client.open(call("GET")).await.unwrap();
    assert_eq!(site.opened(), 1, "the connection of an answer that was read is kept");
    drop(dropped);
    let mut stuck = client.open(call("GET").timeout(2 * SECOND)).await.unwrap();
    assert_eq!(site.opened(), 2, "that of one that was dropped is not");
    assert_eq!(&*stuck.chunk().await.unwrap().unwrap(), b"half");
    let start = Instant::now();
    let error = stuck.chunk().await.unwrap_err().to_string();
    assert!(error.contains("2s (Timeouts::call"), "{error}");
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn send_has_one_deadline_for_header_and_body() {
    let site = Site::script([Act::Begin(100, "half".into())]);
    let start = Instant::now();
    let error = site.client().send(call("GET")).await.unwrap_err().to_string();
    assert!(error.contains("10s (Timeouts::call"), "{error}");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn header_bytes_can_be_raised() {
    let wide = Act::Answer(answer(&format!("X-Wide: {}\r\n", "x".repeat(70 << 10)), "{}"));
    let site = Site::script([wide]);
    let client = site.client().limits(Limits::default().header_bytes(1 << 20));
    client.send(call("GET")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn clock_ahead_is_read_from_the_date_of_answers() {
    let site = Site::script([
        Act::Answer(answer("", "{}")),
        Act::Answer(answer("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "{}")),
    ]);
    let client = site.client();
    client.send(call("GET")).await.unwrap();
    assert_eq!(client.clock_ahead(), None);
    client.send(call("GET")).await.unwrap();
    assert!(client.clock_ahead().unwrap() > 30 * 365 * 86_400);
}
