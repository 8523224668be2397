//! The doctor on real sockets: each fault of a name, a port, a TLS box and a proxy has its own finding; and its program.

use std::sync::Arc;
use std::time::Duration;

use feishu_gateway::Gateway;
use feishu_runtime::doctor::{Diagnosis, Doctor, Finding, Verdict};
use feishu_runtime::transport::{
    AppSecret, Domain, LongConnection, LongConnectionBuilder, ProxyPolicy, Timeouts, Tls,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const SOON: Duration = Duration::from_secs(2);

fn connection(base: &str) -> LongConnectionBuilder {
    LongConnection::builder("cli_local", AppSecret::new("local-secret"))
        .domain(Domain::insecure_url(base).unwrap())
        .timeouts(Timeouts::default().connect(SOON).proxy(SOON).tls(SOON))
        .proxy(ProxyPolicy::None)
}

async fn examine(connection: LongConnectionBuilder) -> Diagnosis {
    Doctor::new(connection).wait_for_click(Duration::ZERO).examine(|_| {}).await
}

fn last(diagnosis: &Diagnosis) -> &Finding {
    diagnosis.findings.last().unwrap()
}

/// A listener that answers each connection with these bytes, and then waits.
async fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    address
}

/// An address where nothing listens.
async fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_platform_on_a_socket_is_found_right() {
    let gateway = Gateway::start().await.unwrap();
    let diagnosis = examine(connection(&gateway.base_url())).await;
    let codes: Vec<_> = diagnosis.findings.iter().map(|finding| finding.code).collect();
    let site = ["name_found", "tcp_open", "tls_none"];
    let wanted = [
        &["configuration"][..],
        &site,
        &["endpoint", "clock_right"],
        &site,
        &["connected", "pong", "only_connection"],
    ];
    assert_eq!(codes, wanted.concat());
    assert_eq!(diagnosis.exit_code(), 0);
}

#[tokio::test]
async fn a_box_in_between_is_named_by_the_issuer_of_its_certificate() {
    let gateway = Gateway::builder().tls().start().await.unwrap();
    let unknown = examine(connection(&gateway.base_url())).await;
    let found = last(&unknown);
    assert_eq!((found.code, found.verdict), ("tls_unknown_root", Verdict::Wrong), "{found:?}");
    assert!(found.english.contains("CN=") && found.english.contains("--root"), "{found:?}");

    let tls = Tls::new().with_root_pem(gateway.root_pem()).unwrap();
    let trusted = examine(connection(&gateway.base_url()).tls(tls)).await;
    let found: Vec<_> =
        trusted.findings.iter().filter(|finding| finding.code == "tls_private_root").collect();
    assert_eq!(found.len(), 2, "on both legs: {trusted:?}");
    assert!(
        found.iter().all(|finding| finding.verdict == Verdict::Warning && finding.english.contains("CN="))
    );
    assert_eq!(trusted.exit_code(), 0);
}

/// A TLS server with a certificate made from these parameters, and the root above it in PEM.
async fn with_certificate(leaf: CertificateParams) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &root).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(acceptor.accept(stream));
        }
    });
    let root: &rcgen::Certificate = root.as_ref();
    (base, root.pem())
}

#[tokio::test]
async fn a_certificate_of_another_time_or_host_has_its_own_finding() {
    let leaf = |name: &str| CertificateParams::new(vec![name.to_owned()]).unwrap();
    let (mut old, mut early) = (leaf("127.0.0.1"), leaf("127.0.0.1"));
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    early.not_before = rcgen::date_time_ymd(2999, 1, 1);
    for (leaf, code, part) in [
        (old, "tls_time", "clock"),
        (early, "tls_time", "clock"),
        (leaf("other.example"), "tls_other_name", "another host"),
    ] {
        let (base, root) = with_certificate(leaf).await;
        let tls = Tls::new().with_root_pem(root).unwrap();
        let diagnosis = examine(connection(&base).tls(tls)).await;
        let found = last(&diagnosis);
        assert_eq!((found.code, found.verdict), (code, Verdict::Wrong), "{found:?}");
        assert!(found.english.contains(part), "{found:?}");
    }
}

#[tokio::test]
async fn each_fault_on_the_way_has_its_own_finding() {
    let page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let table = [
        (format!("https://{}", answering(page).await), "tls_not_spoken"),
        (format!("https://{}", answering(b"").await), "tls_no_answer"),
        (format!("https://{}", nobody().await), "tcp_refused"),
        (format!("http://{}", answering(page).await), "web_page"),
        ("https://platform.invalid".to_owned(), "name_unknown"),
    ];
    for (base, code) in table {
        let diagnosis = examine(connection(&base)).await;
        let found = last(&diagnosis);
        assert_eq!((found.code, found.verdict), (code, Verdict::Wrong), "{base}: {found:?}");
        assert_eq!(diagnosis.exit_code(), 1);
    }
}

#[tokio::test]
async fn each_fault_of_a_proxy_has_its_own_sentence() {
    let ntlm = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    let login = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let table = [
        (answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await, "proxy_refuses", "403"),
        (answering(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await, "proxy_refuses", "user:password@"),
        (answering(ntlm).await, "proxy_refuses", "NTLM"),
        (answering(login).await, "proxy_refuses", "web page"),
        (answering(b"").await, "proxy_no_answer", "did not finish"),
        (nobody().await, "proxy_refuses", "refused"),
    ];
    let mut sentences = std::collections::BTreeSet::new();
    for (address, code, part) in table {
        let proxy = ProxyPolicy::Url(format!("http://user:canary@{address}"));
        let diagnosis = examine(connection("https://open.feishu.cn").proxy(proxy)).await;
        let found = last(&diagnosis);
        assert_eq!((found.code, found.verdict), (code, Verdict::Wrong), "{part}: {found:?}");
        assert!(found.english.contains(&address) && !format!("{found:?}").contains("canary"), "{found:?}");
        assert!(found.english.contains(part) || code == "proxy_no_answer", "{part}: {found:?}");
        sentences.insert(found.english.replace(&address, ""));
    }
    assert_eq!(sentences.len(), 6, "{sentences:#?}");
}
