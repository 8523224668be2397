//! The program `feishu-gateway`: what it prints, its options, its exit codes, and that it can be driven over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use feishu_gateway::Value;

struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feishu-gateway"))
            .args(args)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "no line with {part}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Waits for its end: the exit code and all that it wrote.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), rest + &errors)
    }
}

fn request(address: &str, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_prints_how_to_connect_a_bot_and_is_driven_over_http() {
    let mut program = Program::start(&["--port", "0", "--app-id", "cli_mine", "--app-secret", "mine"]);
    let address = program.line_with("listening on").replace("listening on http://", "");
    assert!(program.line_with("page").ends_with(&format!("http://{address}/")));
    assert_eq!(program.line_with("app id").trim(), "app id     cli_mine");
    assert!(program.line_with("app secret").ends_with(" mine"));
    for (language, part) in [
        ("Rust", "FEISHU_DOMAIN=http://"),
        ("Go", "larkws.WithDomain(\"http://"),
        ("Java", ".domain(\"http://"),
        ("Python", "domain=\"http://"),
        ("Node", "domain: \"http://"),
    ] {
        let line = program.line_with(language);
        assert!(line.contains(part) && line.contains("cli_mine"), "{line}");
    }

    let fault = r#"{"fault": "refuse", "code": 1000040343, "times": 1}"#;
    assert!(request(&address, "POST /local/faults", "", fault).contains("\"left\":1"));
    let body = r#"{"AppID":"cli_mine","AppSecret":"mine"}"#;
    let answer = request(&address, "POST /callback/ws/endpoint", "locale: zh\r\n", body);
    assert!(answer.contains("1000040343"), "{answer}");
    assert!(program.line_with("endpoint call").ends_with("cli_mine: refused with code 1000040343"));
    let answer = request(&address, "POST /local/click", "", r#"{"name": "approve"}"#);
    assert!(answer.contains("\"code\":200341") && answer.contains("No client of this app"), "{answer}");
}

#[test]
fn json_makes_each_event_a_line() {
    let mut program = Program::start(&["--port", "0", "--json"]);
    let started: Value = serde_json::from_str(&program.line_with("started")).unwrap();
    let address = started["data"]["base_url"].as_str().unwrap().replace("http://", "");
    request(&address, "POST /local/click", "", r#"{"name": "approve"}"#);
    let line: Value = serde_json::from_str(&program.line_with("delivery")).unwrap();
    assert_eq!((&line["event"], &line["data"]["state"]), (&"delivery".into(), &"not_connected".into()));
    assert_eq!(line["data"]["app_id"], started["data"]["app_id"]);
}

#[test]
fn another_host_asks_for_the_token_that_was_printed() {
    let mut program = Program::start(&["--port", "0", "--host", "0.0.0.0"]);
    let address = program.line_with("listening on").replace("listening on http://0.0.0.0", "127.0.0.1");
    let page = program.line_with("page");
    let token = page.split("?token=").nth(1).unwrap_or_else(|| panic!("no token in {page}")).to_owned();
    assert!(request(&address, "GET /local/health", "", "").starts_with("HTTP/1.1 403"));
    let header = format!("Authorization: Bearer {token}\r\n");
    assert!(request(&address, "GET /local/health", &header, "").starts_with("HTTP/1.1 200"));
}

#[test]
fn faults_of_a_file_are_active_from_the_start() {
    let file = std::env::temp_dir().join(format!("feishu-gateway-faults-{}.json", std::process::id()));
    std::fs::write(
        &file,
        r#"{"seed": 7, "script": [{"fault": "no_pongs"}, {"fault": "limit", "times": 2}]}"#,
    )
    .unwrap();
    let mut program = Program::start(&["--port", "0", "--faults", file.to_str().unwrap()]);
    let address = program.line_with("listening on").replace("listening on http://", "");
    program.line_with("curl");
    let mut answer = String::new();
    for _ in 0..100 {
        answer = request(&address, "GET /local/faults", "", "");
        if answer.contains("no_pongs") {
            break;
        }
    }
    assert!(answer.contains("no_pongs") && answer.contains("\"left\":2"), "{answer}");

    std::fs::write(&file, r#"{"script": [{"fault": "explode"}]}"#).unwrap();
    let (code, text) = Program::start(&["--port", "0", "--faults", file.to_str().unwrap()]).end();
    assert_eq!(code, Some(2));
    assert!(text.contains("script[0].fault"), "{text}");
    std::fs::remove_file(file).unwrap();
}

#[cfg(feature = "tls")]
#[test]
fn tls_writes_its_root_certificate_and_serves_nothing_in_the_clear() {
    let file = std::env::temp_dir().join(format!("feishu-gateway-ca-{}.pem", std::process::id()));
    let mut program = Program::start(&["--port", "0", "--tls", "--ca", file.to_str().unwrap(), "--json"]);
    let started: Value = serde_json::from_str(&program.line_with("started")).unwrap();
    let address = started["data"]["base_url"].as_str().unwrap().replace("https://", "");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(started["data"]["ca"], file.to_str().unwrap());
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /local/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // An alert of TLS, or a reset.
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut program = Program::start(&["--port", "0", "--tls", "--ca", file.to_str().unwrap()]);
    program.line_with("trusts the root certificate");
    for part in [
        "Tls::with_root_pem",
        "Go      SSL_CERT_FILE=",
        "keytool",
        "REQUESTS_CA_BUNDLE=",
        "NODE_EXTRA_CA_CERTS=",
    ] {
        let line = program.line_with(part);
        assert!(line.contains(file.to_str().unwrap()), "{line}");
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn help_is_in_both_languages_and_mistakes_end_with_code_2() {
    let (code, text) = Program::start(&["--help"]).end();
    assert_eq!(code, Some(0));
    assert!(text.contains("Usage: feishu-gateway"), "{text}");
    let (code, text) = Program::start(&["--help", "--lang", "zh"]).end();
    assert_eq!(code, Some(0));
    assert!(text.contains("用法：feishu-gateway"), "{text}");
    let (code, text) = Program::start(&["--prot", "1"]).end();
    assert_eq!(code, Some(2));
    assert_eq!(text, "feishu-gateway: invalid option '--prot'\nTry feishu-gateway --help.\n");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, text) = Program::start(&["--port", &port]).end();
    assert_eq!(code, Some(1));
    assert!(
        text.contains(&format!("cannot listen on 127.0.0.1:{port}")) && text.contains("--port 0"),
        "{text}"
    );
}
