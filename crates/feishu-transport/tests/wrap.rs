//! Custom parts that wrap the default ones.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, BoxStream, ClientAssertion, Connect, ConnectUrl, Dial, Domain, Endpoint,
    EndpointSource, Error, ErrorKind, HttpClient, HttpEndpoint, HttpRequest, Link, LongConnection,
    NetworkDial, ProxyPolicy, Target, WebSocketConnect,
};
use support::{Client, answering};

/// Notes each target, and lets the default dial it.
struct LoggingDial {
    inner: NetworkDial,
    targets: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Dial for LoggingDial {
    async fn dial(&self, target: &Target) -> Result<BoxStream, Error> {
        self.targets.lock().unwrap().push(target.to_string());
        self.inner.dial(target).await
    }
}

/// Dials one address for every host.
struct PinnedDial {
    inner: NetworkDial,
    address: Target,
}

#[async_trait]
impl Dial for PinnedDial {
    async fn dial(&self, _: &Target) -> Result<BoxStream, Error> {
        self.inner.dial(&self.address).await
    }
}

/// Counts the endpoint calls, and lets the default make them.
struct CountingEndpoint {
    inner: HttpEndpoint,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl EndpointSource for CountingEndpoint {
    async fn endpoint(&self) -> Result<Endpoint, Error> {
        self.calls.fetch_add(1, SeqCst);
        self.inner.endpoint().await
    }
}

/// Counts the connections, and lets the default open them.
struct CountingConnect {
    inner: WebSocketConnect,
    opened: Arc<AtomicUsize>,
}

#[async_trait]
impl Connect for CountingConnect {
    async fn connect(&self, url: &ConnectUrl) -> Result<Box<dyn Link>, Error> {
        self.opened.fetch_add(1, SeqCst);
        self.inner.connect(url).await
    }
}

fn secret(gateway: &Gateway) -> AppSecret {
    AppSecret::new(gateway.app_secret())
}

fn authority(gateway: &Gateway) -> String {
    gateway.base_url().split("://").nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_dial_around_network_dial_logs_both_legs() {
    let gateway = Gateway::start().await.unwrap();
    let targets = Arc::default();
    let dial = LoggingDial { inner: NetworkDial::new(), targets: Arc::clone(&targets) };
    let builder = LongConnection::builder(gateway.app_id(), secret(&gateway));
    let client = Client::start(builder.domain(gateway.base_url()).dial(dial), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    assert_eq!(*targets.lock().unwrap(), [authority(&gateway), authority(&gateway)]);
}

#[tokio::test]
async fn a_dial_around_network_dial_pins_a_host() {
    let gateway = Gateway::start().await.unwrap();
    let port = authority(&gateway).split(':').nth(1).unwrap().parse().unwrap();
    let inner = NetworkDial::new().proxy(&ProxyPolicy::None);
    let dial = PinnedDial { inner, address: Target::new("127.0.0.1", port, false) };
    let builder = LongConnection::builder(gateway.app_id(), secret(&gateway))
        .domain(Domain::insecure_url("http://pinned.invalid").unwrap())
        .dial(dial);
    let client = Client::start(builder, answering(Answer::empty()));
    client.handle.ready().await.unwrap();
}

#[tokio::test]
async fn default_endpoint_and_websocket_work_inside_others_and_need_no_credentials_of_the_builder() {
    let gateway = Gateway::start().await.unwrap();
    let (calls, opened) = (Arc::default(), Arc::default());
    let domain: Domain = gateway.base_url().parse().unwrap();
    let endpoint = HttpEndpoint::new(gateway.app_id(), secret(&gateway)).domain(domain);
    let source = CountingEndpoint { inner: endpoint, calls: Arc::clone(&calls) };
    let connect = CountingConnect { inner: WebSocketConnect::new(), opened: Arc::clone(&opened) };
    let builder = LongConnection::with_endpoints(source).connect(connect);
    let client = Client::start(builder, answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    gateway.connected(1).await;
    assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
    assert_eq!((calls.load(SeqCst), opened.load(SeqCst)), (1, 1));
}

#[tokio::test]
async fn http_client_sends_one_request() {
    let gateway = Gateway::start().await.unwrap();
    let client = HttpClient::new(gateway.base_url().parse().unwrap());
    let body = format!(r#"{{"AppID":"{}","AppSecret":"{}"}}"#, gateway.app_id(), gateway.app_secret());
    let request = HttpRequest::new("POST", "/callback/ws/endpoint");
    let response = client.send(request.header("content-type", "application/json").body(body)).await.unwrap();
    assert_eq!(response.status, 200);
    assert!(response.header("content-type").is_some());
    assert!(String::from_utf8_lossy(&response.body).contains("ticket="), "{response:?}");
    assert!(!format!("{response:?}").contains("ticket="));
    for wrong in [
        HttpRequest::new("GET", "no-slash"),
        HttpRequest::new("G T", "/"),
        HttpRequest::new("GET", "/a b"),
        HttpRequest::new("GET", "/").header("a b", "c"),
    ] {
        let error = client.send(wrong).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Misuse(_)), "{error}");
    }
}

#[tokio::test]
async fn a_mistake_in_the_settings_of_a_part_is_reported_by_its_first_use() {
    let misuse = |error: &Error| matches!(error.kind(), ErrorKind::Misuse(_));
    let dial = NetworkDial::new().proxy(&ProxyPolicy::Url("socks4://h".into()));
    let Err(error) = dial.dial(&Target::new("127.0.0.1", 9, false)).await else { panic!("dialled") };
    assert!(misuse(&error), "{error}");
    let endpoint = HttpEndpoint::new("cli_a", AppSecret::new("s")).header("a b", "c");
    assert!(misuse(&endpoint.endpoint().await.unwrap_err()));
    assert!(misuse(&HttpEndpoint::new("", AppSecret::new("s")).endpoint().await.unwrap_err()));
}

#[test]
fn domain_takes_a_text_and_build_reports_what_is_none() {
    let builder = || LongConnection::builder("cli_a", AppSecret::new("s"));
    for good in ["feishu", "lark", "https://open.example.com"] {
        assert!(builder().domain(good).build().is_ok(), "{good}");
    }
    let error = builder().domain("open.feishu.cn").build().unwrap_err();
    assert!(error.to_string().contains("https://"), "{error}");
    assert!(builder().domain(Domain::Lark).build().is_ok());
}

#[test]
fn a_client_assertion_needs_no_secret() {
    let source = ClientAssertion::new(|| async { Ok(AppSecret::new("signed")) });
    assert!(LongConnection::builder("cli_a", source).build().is_ok());
}

#[test]
fn error_types_are_errors_that_travel() {
    fn check<E: std::error::Error + Send + Sync + 'static>() {}
    check::<Error>();
    check::<<Domain as std::str::FromStr>::Err>();
    check::<<ConnectUrl as std::str::FromStr>::Err>();
    check::<<AppSecret as std::str::FromStr>::Err>();
}
