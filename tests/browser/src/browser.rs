//! A headless Chromium, driven by its `WebDriver`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// Longer than anything in the page takes; what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one window. Dropping it ends the driver, and with it the browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    port: u16,
    _driver: Child,
}

/// Collects what goes wrong in a page, before its own scripts run.
const COLLECT: &str = "window.complaints = [];
    addEventListener('error', (it) => complaints.push(`error: ${it.message ?? it.target?.src}`), true);
    addEventListener('unhandledrejection', (it) => complaints.push(`rejection: ${it.reason}`));
    addEventListener('securitypolicyviolation', (it) => complaints.push(`policy: ${it.violatedDirective} ${it.blockedURI}`));
    for (const kind of ['error', 'warn']) console[kind] = (...words) => complaints.push(`${kind}: ${words.join(' ')}`);
    window.alert = () => complaints.push('alert');";

impl Browser {
    /// Starts one, with a window of this size; `None`, with a note, where there is none.
    pub async fn start(width: u32, height: u32) -> Option<Self> {
        let Ok(version) = Command::new("chromium").arg("--version").output().await else {
            say("left out: there is no chromium; Debian's packages are chromium and chromium-driver");
            return None;
        };
        assert!(version.status.success(), "chromium --version failed");
        let port = free_port().await;
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(driver) = driver else {
            say("left out: there is no chromedriver; Debian's package is chromium-driver");
            return None;
        };
        listening(port).await;
        // The pipe makes the browser end with its driver, however that ends.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
            "--enable-precise-memory-info",
            "--js-flags=--expose-gc",
            "--force-device-scale-factor=1",
            "--lang=en-US",
            &format!("--window-size={width},{height}"),
        ];
        let mut wanted = Map::new();
        wanted.insert("goog:chromeOptions".into(), json!({"args": arguments, "binary": "/usr/bin/chromium"}));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromedriver starts a browser");
        client.set_window_size(width, height).await.unwrap();
        let browser = Self { client, port, _driver: driver };
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({"source": COLLECT})).await;
        browser.devtools("Emulation.setTimezoneOverride", &json!({"timezoneId": "Asia/Shanghai"})).await;
        let calm = json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]});
        browser.devtools("Emulation.setEmulatedMedia", &calm).await;
        Some(browser)
    }

    /// A command of Chromium's own, which `WebDriver` does not have, and its result.
    pub async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let body = json!({"cmd": command, "params": parameters}).to_string();
        let length = body.len();
        let head = format!(
            "POST /session/{session}/goog/cdp/execute HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        // The driver keeps the connection, so the length says where its answer ends.
        let mut answer = Vec::new();
        let (head, length) = loop {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{command}: no answer");
            let text = String::from_utf8_lossy(&answer);
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let lines = head.lines().filter_map(|line| line.split_once(':'));
                let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                break (head.len() + 4, lengths.next().unwrap().1.trim().parse::<usize>().unwrap());
            }
        };
        while answer.len() < head + length {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{command}: half an answer");
        }
        let mut answer: Value = serde_json::from_slice(&answer[head..]).unwrap();
        assert!(answer["value"].get("error").is_none(), "{command}: {answer}");
        answer["value"].take()
    }

    /// Opens an address.
    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Another size of the window.
    pub async fn size(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// The value of a JavaScript expression; a promise is waited for.
    pub async fn js(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; Promise.resolve().then(async () => ({expression})).then((it) => done({{value: it ?? null}}), (error) => done({{error: String(error)}}))"
        );
        let mut result = self.client.execute_async(&script, Vec::new()).await.unwrap();
        assert!(result.get("error").is_none(), "{expression}: {result}");
        result.get_mut("value").map(Value::take).unwrap_or_default()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        while self.js(&format!("Boolean({expression})")).await != true {
            if begun.elapsed() > PATIENCE {
                self.picture("failed").await;
                panic!("not within {PATIENCE:?}: {expression}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Clicks, as a user does: what lies over the element gets the click.
    pub async fn click(&self, css: &str) {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await.expect(css);
        if let Err(error) = element.click().await {
            self.picture("failed").await;
            panic!("{css}: {error}");
        }
    }

    /// Types into an element.
    pub async fn keys(&self, css: &str, keys: &str) {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await.expect(css);
        element.send_keys(keys).await.expect(css);
    }

    /// Types into what has the focus.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// The text of the first element, as it is shown.
    pub async fn text(&self, css: &str) -> String {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await.expect(css);
        element.text().await.unwrap()
    }

    /// A picture of the window in base64, small enough for a document.
    pub async fn small_picture(&self) -> String {
        let wanted = json!({"format": "webp", "quality": 80});
        self.devtools("Page.captureScreenshot", &wanted).await["data"].as_str().unwrap().to_owned()
    }

    /// Keeps a picture of the window as `target/browser/NAME.png`.
    pub async fn picture(&self, name: &str) {
        let png = self.client.screenshot().await.unwrap();
        std::fs::write(folder().join(format!("{name}.png")), png).unwrap();
    }
}

/// The folder for pictures and for what is fetched: `target/browser`.
pub fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let folder = target.join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Says something that is also seen when the test passes.
pub fn say(words: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "{test}: {words}");
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn listening(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "chromedriver does not listen");
        sleep(Duration::from_millis(10)).await;
    }
}
