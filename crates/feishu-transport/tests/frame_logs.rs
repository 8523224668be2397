//! The WebSocket library prints whole frames at `trace`: the client warns of it once, and the filter it names helps.

mod support;

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use feishu_gateway::{Click, Gateway};
use feishu_transport::{Answer, AppSecret, LongConnection};
use support::{Client, answering};

/// In the click's value.
const CLICKED: &str = "canary-value-Zq7";
/// In the answer.
const ANSWERED: &str = "canary-answer-Zq7";
const SECRET: &str = "canary-app-secret-Zq7";

/// What was logged, and whether the filter `tungstenite=info` is on.
#[derive(Default)]
struct Logs {
    text: Mutex<String>,
    filtered: AtomicBool,
}

static LOGS: OnceLock<Arc<Logs>> = OnceLock::new();

impl Logs {
    fn add(&self, line: &str) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(text, "{line}").unwrap();
    }

    fn take(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Receives what the libraries log by way of `log`.
struct Logger(Arc<Logs>);

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let is_frame = metadata.target().starts_with("tungstenite");
        !(self.0.filtered.load(SeqCst) && is_frame && metadata.level() > log::Level::Info)
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.add(&format!("{} {} {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Receives what is logged by way of `tracing`.
struct Writer(Arc<Logs>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn capture() -> Arc<Logs> {
    let logs = LOGS.get_or_init(|| {
        let logs = Arc::new(Logs::default());
        let writer = Arc::clone(&logs);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || Writer(Arc::clone(&writer)))
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log::set_boxed_logger(Box::new(Logger(Arc::clone(&logs)))).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        logs
    });
    Arc::clone(logs)
}

/// The text, what its runs of hexadecimal digits mean, and what the base64 in all of that means.
fn decoded(text: &str) -> String {
    let mut all = text.to_owned();
    for run in text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 16) {
        for start in 0..2 {
            let digits: Vec<u8> = run
                .get(start..)
                .unwrap_or_default()
                .chars()
                .filter_map(|c| c.to_digit(16))
                .filter_map(|digit| u8::try_from(digit).ok())
                .collect();
            let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            writeln!(all, "{}", String::from_utf8_lossy(&bytes)).unwrap();
        }
    }
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&STANDARD, lenient);
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let mut more = String::new();
    for run in all.split(|c: char| !is_base64(c)).filter(|run| run.len() >= 16) {
        for start in 0..4 {
            let part = run.get(start..).unwrap_or_default();
            let whole = part.get(..part.len() / 4 * 4).unwrap_or_default();
            let bytes = engine.decode(whole).unwrap_or_default();
            writeln!(more, "{}", String::from_utf8_lossy(&bytes)).unwrap();
        }
    }
    all + &more
}

/// One click with its answer, over a new connection.
async fn click_once() {
    let gateway = Gateway::builder().app("cli_a", SECRET).start().await.unwrap();
    let builder = LongConnection::builder("cli_a", AppSecret::new(SECRET)).domain(gateway.base_url());
    let answer = Answer::ok(format!(r#"{{"toast":{{"content":"{ANSWERED}"}}}}"#));
    let client = Client::start(builder, answering(answer));
    client.handle.ready().await.unwrap();
    gateway.connected(1).await;
    assert_eq!(gateway.click(Click::button(CLICKED)).await.unwrap().code(), 200);
    client.stop.stop(support::SECOND);
    client.ended().await.unwrap();
}

#[tokio::test]
async fn frames_at_trace_are_warned_of_once_and_the_named_filter_keeps_contents_out_of_the_logs() {
    let logs = capture();
    click_once().await;
    click_once().await;
    let unfiltered = logs.take();
    let warnings = unfiltered.lines().filter(|line| line.contains("tungstenite=info")).count();
    assert_eq!(warnings, 1, "the warning names the filter, once");
    let shown = decoded(&unfiltered);
    assert!(shown.contains(CLICKED) && shown.contains(ANSWERED), "this test reads hex and base64");
    assert!(!shown.contains(SECRET));
    assert!(unfiltered.contains("connected to ws://127.0.0.1:"), "{unfiltered}");

    logs.filtered.store(true, SeqCst);
    click_once().await;
    let filtered = logs.take();
    assert!(filtered.contains("TRACE") && filtered.contains("connected"), "the rest is still captured");
    let shown = decoded(&filtered);
    for secret in [CLICKED, ANSWERED, SECRET] {
        let found = shown.lines().find(|line| line.contains(secret));
        assert_eq!(found, None, "{secret}");
    }
}
