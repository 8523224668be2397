//! SOCKS5 proxies on real sockets: for both legs, with credentials, and refusing.

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, Domain, Error, ErrorKind, LongConnection, LongConnectionBuilder, ProxyPolicy, Stage,
    State,
};
use support::{Client, SECOND, answering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Copy)]
enum Manner {
    Open,
    /// Requires `user:pa55word`.
    WantsCredentials,
    /// Permits no host.
    Refuses,
    /// Speaks HTTP only.
    Http,
}

/// A small SOCKS5 proxy, which remembers whereto tunnels were asked for, and connects to `upstream` whatever it was.
struct Proxy {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(manner: Manner, upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, upstream.clone(), Arc::clone(&log)));
            }
        });
        Self { address, asked }
    }
}

async fn bytes(stream: &mut TcpStream, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A byte that says how many follow, and those.
async fn counted(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let count = stream.read_u8().await?;
    bytes(stream, usize::from(count)).await
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    upstream: String,
    log: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    if matches!(manner, Manner::Http) {
        return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    }
    assert_eq!(stream.read_u8().await?, 5, "the version");
    let methods = counted(&mut stream).await?;
    if matches!(manner, Manner::WantsCredentials) {
        if !methods.contains(&2) {
            return stream.write_all(&[5, 0xff]).await;
        }
        stream.write_all(&[5, 2]).await?;
        assert_eq!(stream.read_u8().await?, 1);
        let right = counted(&mut stream).await? == b"user" && counted(&mut stream).await? == b"pa55word";
        stream.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
    } else {
        stream.write_all(&[5, 0]).await?;
    }
    let head = bytes(&mut stream, 4).await?;
    assert_eq!(head[..3], [5, 1, 0], "connect");
    let host = match head[3] {
        1 => bytes(&mut stream, 4).await?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        3 => String::from_utf8(counted(&mut stream).await?).unwrap(),
        other => panic!("address type {other}"),
    };
    let port = stream.read_u16().await?;
    log.lock().unwrap().push(format!("{host}:{port}"));
    let refused = u8::from(matches!(manner, Manner::Refuses)) * 2;
    stream.write_all(&[5, refused, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    if refused > 0 {
        return Ok(());
    }
    let mut upstream = TcpStream::connect(upstream).await?;
    copy_bidirectional(&mut stream, &mut upstream).await.map(drop)
}

fn authority(gateway: &Gateway) -> String {
    gateway.base_url().split("://").nth(1).unwrap().to_owned()
}

/// A client of a platform whose name only the proxy can look up.
fn client(gateway: &Gateway, proxy: String) -> LongConnectionBuilder {
    LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::insecure_url("http://platform.invalid:8080").unwrap())
        .rewrite_gateway("ws://gateway.invalid:8081")
        .proxy(ProxyPolicy::Url(proxy))
}

async fn first_failure(client: &Client) -> Error {
    match client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await {
        State::Waiting { cause: Some(cause), .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn both_legs_go_through_a_socks_proxy_that_looks_the_names_up() {
    for (manner, user, scheme) in [
        (Manner::Open, "", "socks5h"),
        (Manner::Open, "", "socks5"),
        (Manner::WantsCredentials, "user:pa55word@", "socks5h"),
    ] {
        let gateway = Gateway::start().await.unwrap();
        let proxy = Proxy::start(manner, authority(&gateway)).await;
        let url = format!("{scheme}://{user}{}", proxy.address);
        let client = Client::start(client(&gateway, url), answering(Answer::empty()));
        client.handle.ready().await.unwrap();
        gateway.connected(1).await;
        assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
        assert_eq!(*proxy.asked.lock().unwrap(), ["platform.invalid:8080", "gateway.invalid:8081"]);
        client.stop.stop(SECOND);
        client.ended().await.unwrap();
    }
}

#[tokio::test]
async fn a_socks_proxy_that_opens_no_tunnel_is_named_with_the_reason() {
    let gateway = Gateway::start().await.unwrap();
    for (manner, user, part) in [
        (Manner::WantsCredentials, "", "authentication"),
        (Manner::WantsCredentials, "user:wrong@", "credentials not accepted"),
        (Manner::Refuses, "", "socks5h://user:password@"),
        (Manner::Http, "", "check that it is a SOCKS5 proxy"),
    ] {
        let proxy = Proxy::start(manner, authority(&gateway)).await;
        let url = format!("socks5h://{user}{}", proxy.address);
        let client = Client::start(client(&gateway, url), answering(Answer::empty()));
        let error = first_failure(&client).await;
        assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Proxy, .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(part) && text.contains(&proxy.address) && !text.contains("wrong"), "{text}");
        client.running.abort();
    }
    assert!(gateway.log().is_empty());
}

/// Runs in a separate process with its own environment, started by the test below: connects to the gateway by an address
/// that is this machine without being called so.
#[tokio::test]
async fn as_the_environment_says() {
    let Ok(address) = std::env::var("SOCKS_TEST_GATEWAY") else { return };
    let connection = LongConnection::builder("cli_local", AppSecret::new("local-secret"))
        .domain(Domain::insecure_url(format!("http://{address}")).unwrap())
        .rewrite_gateway(format!("ws://{address}"));
    let client = Client::start(connection, answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    client.stop.stop(SECOND);
    client.ended().await.unwrap();
}

#[tokio::test]
async fn all_proxy_of_the_environment_may_be_a_socks_proxy() {
    let gateway = Gateway::start().await.unwrap();
    let proxy = Proxy::start(Manner::WantsCredentials, authority(&gateway)).await;
    let address = authority(&gateway).replace("127.0.0.1", "0.0.0.0");
    let ended = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_the_environment_says", "--nocapture"])
        .env("ALL_PROXY", format!("socks5h://user:pa55%77ord@{}", proxy.address))
        .env("SOCKS_TEST_GATEWAY", &address)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .await
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(*proxy.asked.lock().unwrap(), [address.clone(), address]);
}
