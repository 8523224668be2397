//! What is printed at the start: the address of the page, and the lines that connect a bot.

use feishu_gateway::{Gateway, Value, json};

use crate::args::Args;

/// An address that can be called from this machine, also when the platform listens on all of them.
fn reachable(gateway: &Gateway) -> String {
    gateway.base_url().replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
}

/// The address of the page, with the token if there is one.
pub(crate) fn page(gateway: &Gateway, args: &Args) -> String {
    let base = reachable(gateway);
    match &args.token {
        Some(token) => format!("{base}/?token={token}"),
        None => format!("{base}/"),
    }
}

/// The first line with `--json`.
pub(crate) fn json_line(gateway: &Gateway, args: &Args) -> Value {
    json!({"event": "started", "data": {
        "base_url": reachable(gateway),
        "page": page(gateway, args),
        "app_id": gateway.app_id(),
        "app_secret": gateway.app_secret(),
        "token": args.token,
        "ca": args.tls.then(|| args.ca.display().to_string()),
    }})
}

/// The text for people.
pub(crate) fn text(gateway: &Gateway, args: &Args) -> String {
    let (url, id, secret) = (reachable(gateway), gateway.app_id(), gateway.app_secret());
    let lang = args.lang;
    let mut lines = vec![
        format!("{}{}", lang.of("listening on ", "监听于 "), gateway.base_url()),
        format!("  {}{}", lang.of("page       ", "页面       "), page(gateway, args)),
        format!("  app id     {id}"),
        format!("  app secret {secret}"),
    ];
    if let Some(token) = &args.token {
        lines.push(format!("  {}{token}", lang.of("token      ", "令牌       ")));
    }
    if args.tls {
        lines.push(format!("  {}{}", lang.of("root cert  ", "根证书     "), args.ca.display()));
    }
    lines.push(String::new());
    lines.push(lang.of("Connect a bot with one of these lines:", "用下面任意一行连接机器人：").into());
    lines.extend([
        format!("  Rust    FEISHU_APP_ID={id} FEISHU_APP_SECRET={secret} FEISHU_DOMAIN={url} cargo run"),
        format!("  Go      larkws.NewClient(\"{id}\", \"{secret}\", larkws.WithEventHandler(handler), larkws.WithDomain(\"{url}\")).Start(ctx)"),
        format!("  Java    new Client.Builder(\"{id}\", \"{secret}\").eventHandler(handler).domain(\"{url}\").build().start();"),
        format!("  Python  lark.ws.Client(\"{id}\", \"{secret}\", event_handler=handler, domain=\"{url}\").start()"),
        format!("  Node    new lark.WSClient({{appId: \"{id}\", appSecret: \"{secret}\", domain: \"{url}\"}}).start({{eventDispatcher}})"),
    ]);
    if args.tls {
        lines.extend(trust(args));
    }
    lines.extend([
        String::new(),
        lang.of("Then press a button on the page, or from a shell:", "然后在页面上点击按钮，或在终端执行：")
            .into(),
        format!("  {}", curl(&url, args)),
        String::new(),
    ]);
    lines.join("\n")
}

/// How a bot in each language trusts the root certificate.
fn trust(args: &Args) -> Vec<String> {
    // A bot starts in a folder of its own.
    let file = std::path::absolute(&args.ca).unwrap_or_else(|_| args.ca.clone());
    let file = file.display();
    let head = args.lang.of("so that it trusts the root certificate:", "并让它信任根证书：");
    vec![
        head.into(),
        format!("  Rust    Tls::with_root_pem, {file}"),
        format!("  Go      SSL_CERT_FILE={file}"),
        format!(
            "  Java    keytool -importcert -noprompt -storepass changeit -file {file} -keystore trust.p12; java -Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
        ),
        format!("  Python  SSL_CERT_FILE={file} REQUESTS_CA_BUNDLE={file}"),
        format!("  Node    NODE_EXTRA_CA_CERTS={file}"),
    ]
}

fn curl(url: &str, args: &Args) -> String {
    let token = args.token.as_ref().map(|token| format!(" -H 'Authorization: Bearer {token}'"));
    let ca = args.tls.then(|| format!(" --cacert {}", args.ca.display()));
    format!(
        "curl -s{}{} -H 'Content-Type: application/json' -d '{{\"name\": \"approve\"}}' {url}/local/click",
        ca.unwrap_or_default(),
        token.unwrap_or_default()
    )
}
