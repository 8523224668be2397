//! The same over TLS, with the root that the gateway made.
#![cfg(feature = "tls")]

mod common;

use std::sync::Arc;

use common::Client;
use feishu_gateway::{Click, Gateway, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    gateway: &Gateway,
    name: &'static str,
    io: S,
) -> std::io::Result<TlsStream<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(gateway.root_der().to_vec().into()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(name.try_into().unwrap(), io).await
}

#[tokio::test]
async fn a_click_goes_over_tls_by_tcp_and_in_memory() {
    let gateway = Gateway::builder().tls().start().await.unwrap();
    assert!(gateway.base_url().starts_with("https://127.0.0.1:"), "{}", gateway.base_url());
    assert!(gateway.root_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    let body = json!({"AppID": gateway.app_id(), "AppSecret": gateway.app_secret()}).to_string();
    let headers = [("Content-Type", "application/json"), ("locale", "zh")];
    let path = "/callback/ws/endpoint";
    let url = async || {
        let io = secured(&gateway, "localhost", gateway.dial()).await.unwrap();
        let reply = common::request(io, "POST", path, &headers, &body).await;
        reply.json()["data"]["URL"].as_str().unwrap().to_owned()
    };

    let target = url().await;
    assert!(target.starts_with("wss://localhost/"), "{target}");
    let io = secured(&gateway, "localhost", gateway.dial()).await.unwrap();
    let mut client = Client::handshake_on(io, &target.replacen("wss", "ws", 1)).await.unwrap();
    gateway.connected(1).await;
    let (answer, _) = tokio::join!(gateway.click(Click::button("a")), client.answer(json!({})));
    assert_eq!(answer.unwrap().code(), 200);

    let target = url().await;
    let address = gateway.base_url().trim_start_matches("https://").to_owned();
    let tcp = tokio::net::TcpStream::connect(&address).await.unwrap();
    let io = secured(&gateway, "127.0.0.1", tcp).await.unwrap();
    let mut second = Client::handshake_on(io, &target.replacen("wss", "ws", 1)).await.unwrap();
    gateway.connected(2).await;
    second.ping().await;
    assert_eq!(second.frame().await.header("type"), Some("pong"));
}

#[tokio::test]
async fn another_root_is_not_trusted() {
    let (gateway, other) = (Gateway::builder().tls().start().await, Gateway::builder().tls().start().await);
    let (gateway, other) = (gateway.unwrap(), other.unwrap());
    let error = secured(&other, "localhost", gateway.dial()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn certificate_has_another_name_than_its_authority() {
    // OpenSSL, and with it Python and Node, would take it for self-signed otherwise.
    let gateway = Gateway::builder().tls().start().await.unwrap();
    let io = secured(&gateway, "localhost", gateway.dial()).await.unwrap();
    let leaf = io.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let names = |der: &[u8]| {
        let authority = b"feishu-gateway local authority";
        der.windows(authority.len()).filter(|window| window == authority).count()
    };
    assert_eq!((names(&leaf), names(gateway.root_der())), (1, 2), "issuer; issuer and subject");
}
