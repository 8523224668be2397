//! TLS on real sockets: trusted roots, and the errors without one.

mod support;

use feishu_gateway::{Click, Gateway};
use feishu_transport::{
    Answer, AppSecret, Domain, Error, ErrorKind, LongConnection, LongConnectionBuilder, ProxyPolicy, Stage,
    State, Tls,
};
use support::{Client, answering};

fn client(gateway: &Gateway, tls: Tls) -> LongConnectionBuilder {
    LongConnection::builder(gateway.app_id(), AppSecret::new(gateway.app_secret()))
        .domain(Domain::url(gateway.base_url()).unwrap())
        .proxy(ProxyPolicy::None)
        .tls(tls)
}

fn trusting(gateway: &Gateway) -> Tls {
    Tls::new().with_root_pem(gateway.root_pem()).unwrap()
}

async fn with_tls() -> Gateway {
    Gateway::builder().tls().start().await.unwrap()
}

async fn first_failure(client: &Client) -> Error {
    match client.state(|state| matches!(state, State::Waiting { cause: Some(_), .. })).await {
        State::Waiting { cause: Some(cause), .. } => cause,
        other => panic!("{other}"),
    }
}

fn assert_unknown_root(error: &Error) {
    assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Tls, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1") && text.contains("with_root_pem"), "{text}");
    assert!(std::error::Error::source(error).is_some());
}

#[tokio::test]
async fn an_added_root_is_trusted_on_both_legs() {
    let gateway = with_tls().await;
    assert!(gateway.base_url().starts_with("https://"));
    for tls in [trusting(&gateway), trusting(&gateway).only_added_roots()] {
        let client = Client::start(client(&gateway, tls), answering(Answer::empty()));
        client.handle.ready().await.unwrap();
        gateway.connected(1).await;
        assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
        client.stop.stop(support::SECOND);
        client.ended().await.unwrap();
        gateway.connected(0).await;
    }
    assert!(gateway.findings().is_empty(), "{:?}", gateway.findings());
}

#[tokio::test]
async fn an_unknown_root_is_refused_on_the_endpoint_leg_with_advice() {
    let gateway = with_tls().await;
    let other = with_tls().await;
    for tls in [Tls::new(), trusting(&other), trusting(&other).only_added_roots()] {
        let client = Client::start(client(&gateway, tls), answering(Answer::empty()));
        assert_unknown_root(&first_failure(&client).await);
        client.running.abort();
    }
    assert!(gateway.log().is_empty(), "nothing was sent to an untrusted peer");
}

#[tokio::test]
async fn an_unknown_root_is_refused_on_the_websocket_leg_with_advice() {
    let endpoint = with_tls().await;
    let gateway = with_tls().await;
    let address = gateway.base_url().replace("https://", "wss://");
    let client = client(&endpoint, trusting(&endpoint)).rewrite_gateway(address);
    let client = Client::start(client, answering(Answer::empty()));
    assert_unknown_root(&first_failure(&client).await);
    assert!(gateway.log().is_empty());
}

#[tokio::test]
async fn a_name_that_the_certificate_does_not_have_is_refused() {
    let gateway = with_tls().await;
    // The certificate is for localhost and the loopback addresses; this is loopback as well, by another name.
    let domain = gateway.base_url().replace("127.0.0.1", "127.0.0.2");
    let listens_there = std::net::TcpStream::connect(domain.trim_start_matches("https://")).is_ok();
    let connection = client(&gateway, trusting(&gateway)).domain(Domain::url(&domain).unwrap());
    let client = Client::start(connection, answering(Answer::empty()));
    let error = first_failure(&client).await;
    let stage = if listens_there { Stage::Tls } else { Stage::Connect };
    assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: at, .. } if *at == stage), "{error:?}");
}

#[tokio::test]
async fn a_plain_peer_where_tls_is_expected_is_no_platform() {
    let gateway = Gateway::start().await.unwrap();
    let domain = gateway.base_url().replace("http://", "https://");
    let connection = client(&gateway, Tls::new()).domain(Domain::url(domain).unwrap());
    let client = Client::start(connection, answering(Answer::empty()));
    let error = first_failure(&client).await;
    assert!(matches!(error.kind(), ErrorKind::Unreachable { stage: Stage::Tls, .. }), "{error:?}");
}

#[test]
fn a_root_that_is_none_is_refused_at_once() {
    for pem in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        assert!(Tls::new().with_root_pem(pem).is_err(), "{pem:?}");
    }
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn the_other_cryptography_works_the_same() {
    let gateway = with_tls().await;
    let client = Client::start(client(&gateway, trusting(&gateway).aws_lc_rs()), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
    gateway.connected(1).await;
    assert_eq!(gateway.click(Click::button("b")).await.unwrap().code(), 200);
}

#[cfg(feature = "platform-roots")]
#[tokio::test]
async fn the_systems_roots_take_an_added_one() {
    let gateway = with_tls().await;
    let tls = trusting(&gateway).platform_roots();
    let client = Client::start(client(&gateway, tls), answering(Answer::empty()));
    client.handle.ready().await.unwrap();
}
