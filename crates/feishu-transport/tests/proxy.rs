//! HTTP CONNECT proxies on real sockets: for both legs, with credentials, refusing, and silent.

mod support;

use std::sync::{Arc, Mutex};

use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, Domain, Error, ErrorKind, LongConnection, LongConnectionBuilder, ProxyPolicy, Stage,
    State, Tls,
};
use support::{Client, SECOND, answering};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What a proxy does with a request for a tunnel.
#[derive(Clone, Copy)]
enum Manner {
    Open,
    /// Requires `user:pa55word`.
    WantsCredentials,
    Refuses(&'static str),
    Hangs,
}

/// A small CONNECT proxy, which remembers whereto tunnels were asked for.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, Arc::clone(&log)));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, manner: Manner, log: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let target =
        lines[0].strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    log.lock().unwrap().push(target.to_owned());
    let authorized = lines
        .iter()
        .any(|line| line.to_ascii_lowercase().starts_with("proxy-authorization: basic dxnlcjpwytu1d29yza=="));
    let refusal = match manner {
        Manner::Open => None,
        Manner::WantsCredentials if authorized => None,
        Manner::WantsCredentials => {
            Some("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"house\"")
        }
        Manner::Refuses(status) => Some(status),
        Manner::Hangs => std::future::pending().await,
    };
    if let Some(status) = refusal {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        return stream.write_all(answer.as_bytes()).await;
    }
    let mut upstream = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut upstream).await.map(drop)
}

fn client(gateway: &Gateway, policy: ProxyPolicy) -> LongConnectionBuilder {
    LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .proxy(policy)
}

async fn first_failure(client: &Client) -> Error {
    match client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await {
        State::Waiting { cause: Some(cause), .. } => cause,
        other => panic!("{other}"),
    }
}

fn authority(gateway: &Gateway) -> String {
    gateway.base_url().split("://").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn both_legs_go_through_the_proxy() {
    for (manner, user) in [(Manner::Open, ""), (Manner::WantsCredentials, "user:pa55word@")] {
        let gateway = Gateway::start().await.unwrap();
        let proxy = Proxy::start(manner).await;
        let policy = ProxyPolicy::Url(format!("http://{user}{}", proxy.address));
        let client = Client::start(client(&gateway, policy), answering(Answer::empty()));
        client.handle.ready().await.unwrap();
        gateway.connected(1).await;
        assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
        assert_eq!(proxy.asked(), [authority(&gateway), authority(&gateway)]);
    }
}

#[tokio::test]
async fn tls_goes_through_the_tunnel_to_the_platform_itself() {
    let gateway = Gateway::builder().tls().start().await.unwrap();
    let proxy = Proxy::start(Manner::Open).await;
    let tls = Tls::new().with_root_pem(gateway.root_pem()).unwrap();
    let policy = ProxyPolicy::Url(format!("http://{}", proxy.address));
    let client = Client::start(client(&gateway, policy).tls(tls), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    gateway.connected(1).await;
    assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
    assert_eq!(proxy.asked().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_told_as_such() {
    let gateway = Gateway::start().await.unwrap();
    let proxy = Proxy::start(Manner::WantsCredentials).await;
    for user in ["", "user:wrong@"] {
        let policy = ProxyPolicy::Url(format!("http://{user}{}", proxy.address));
        let client = Client::start(client(&gateway, policy), answering(Answer::empty()));
        let error = first_failure(&client).await;
        assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Proxy, .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains("407") && text.contains("user:password@") && text.contains(&proxy.address),
            "{text}"
        );
        assert!(!text.contains("wrong"), "{text}");
        client.running.abort();
    }
    assert!(gateway.log().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_is_named() {
    let gateway = Gateway::start().await.unwrap();
    for status in ["403 Forbidden", "502 Bad Gateway"] {
        let proxy = Proxy::start(Manner::Refuses(status)).await;
        let policy = ProxyPolicy::Url(format!("http://{}", proxy.address));
        let client = Client::start(client(&gateway, policy), answering(Answer::empty()));
        let error = first_failure(&client).await;
        assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Proxy, .. }), "{error:?}");
        assert!(error.to_string().contains(&status[..3]), "{error}");
        client.running.abort();
    }
}

#[tokio::test]
async fn a_proxy_that_wants_ntlm_or_serves_a_page_instead_of_a_tunnel_is_said_to() {
    let gateway = Gateway::start().await.unwrap();
    let table: [(&str, &[&str]); 5] = [
        (
            "407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate",
            &["NTLM, Negotiate", "407", "not supported", "cntlm"],
        ),
        (
            "200 OK\r\nContent-Type: text/html; charset=utf-8",
            &["a web page", "200 OK", "instead of a tunnel"],
        ),
        ("302 Found\r\nLocation: http://login.example/?token=s3cret", &["a web page", "302", "browser"]),
        ("403 Forbidden\r\nContent-Type: text/html", &["403 Forbidden and a web page", "NO_PROXY"]),
        (
            "407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic",
            &["user:password@"],
        ),
    ];
    for (answer, parts) in table {
        let proxy = Proxy::start(Manner::Refuses(answer)).await;
        let policy = ProxyPolicy::Url(format!("http://{}", proxy.address));
        let client = Client::start(client(&gateway, policy), answering(Answer::empty()));
        let error = first_failure(&client).await;
        assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Proxy, .. }), "{error:?}");
        let text = error.to_string();
        assert!(parts.iter().all(|part| text.contains(part)) && !text.contains("s3cret"), "{text}");
        client.running.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_hangs_is_left_after_its_deadline() {
    let gateway = Gateway::start().await.unwrap();
    let proxy = Proxy::start(Manner::Hangs).await;
    let policy = ProxyPolicy::Url(format!("http://{}", proxy.address));
    let client = Client::start(client(&gateway, policy), answering(Answer::empty()));
    let error = first_failure(&client).await;
    let ErrorKind::TimedOut { stage: Stage::Proxy, after } = error.kind() else { panic!("{error:?}") };
    assert_eq!(*after, 10 * SECOND);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let gateway = Gateway::start().await.unwrap();
    // Bound and dropped: nothing listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::start(
        client(&gateway, ProxyPolicy::Url(format!("http://{free}"))),
        answering(Answer::empty()),
    );
    let error = first_failure(&client).await;
    assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Proxy, .. }), "{error:?}");
    assert!(error.to_string().contains(&free.to_string()), "{error}");
}

#[tokio::test]
async fn this_machine_is_reached_directly_whatever_the_environment_says() {
    let gateway = Gateway::start().await.unwrap();
    let client = Client::start(client(&gateway, ProxyPolicy::Environment), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
}

/// Runs one of the tests below in a separate process with its own environment; returns what it printed.
async fn run_with(variable: &str, proxy: &str, gateway: &Gateway, no_proxy: &str) -> String {
    let ended = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_the_environment_says", "--nocapture"])
        .env(variable, proxy)
        .env("NO_PROXY", no_proxy)
        .env("PROXY_TEST_PORT", authority(gateway).split(':').nth(1).unwrap())
        .env_remove("REQUEST_METHOD")
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{printed}");
    printed
}

/// Connects to the gateway by an address that is this machine without being called so.
#[tokio::test]
async fn as_the_environment_says() {
    let Ok(port) = std::env::var("PROXY_TEST_PORT") else { return };
    tracing_subscriber::fmt().with_ansi(false).init();
    let connection = LongConnection::builder("cli_local", AppSecret::new("local-secret"))
        .domain(Domain::insecure_url(format!("http://0.0.0.0:{port}")).unwrap())
        .rewrite_gateway(format!("ws://0.0.0.0:{port}"));
    let client = Client::start(connection, answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    client.stop.stop(SECOND);
    client.ended().await.unwrap();
}

#[tokio::test]
async fn the_environment_names_the_proxy_of_both_legs() {
    let gateway = Gateway::start().await.unwrap();
    let proxy = Proxy::start(Manner::Open).await;
    run_with("HTTP_PROXY", &format!("http://{}", proxy.address), &gateway, "").await;
    assert_eq!(proxy.asked().len(), 2);
    assert!(proxy.asked().iter().all(|target| target.starts_with("0.0.0.0:")), "{:?}", proxy.asked());
}

#[tokio::test]
async fn the_environment_can_except_hosts() {
    let gateway = Gateway::start().await.unwrap();
    let proxy = Proxy::start(Manner::Refuses("403 Forbidden")).await;
    let address = format!("http://{}", proxy.address);
    run_with("HTTP_PROXY", &address, &gateway, "example.com,0.0.0.0").await;
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
    assert_eq!(gateway.handshakes(), 1);
}

#[tokio::test]
async fn an_unsupported_proxy_of_the_environment_is_left_out_with_a_warning() {
    let gateway = Gateway::start().await.unwrap();
    for variable in ["ALL_PROXY", "all_proxy", "HTTP_PROXY"] {
        let printed = run_with(variable, "socks4://user:pa55word@127.0.0.1:1080", &gateway, "").await;
        let warnings = printed.lines().filter(|line| line.contains("WARN")).collect::<Vec<_>>();
        assert_eq!(warnings.len(), 1, "{printed}");
        assert!(
            warnings[0].contains(variable) && warnings[0].contains("use an HTTP or a SOCKS5 proxy"),
            "{printed}"
        );
        assert!(!printed.contains("pa55word"), "{printed}");
    }
    assert_eq!(gateway.handshakes(), 3);
}
