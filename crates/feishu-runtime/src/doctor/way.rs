//! Settings, and the way to a host: name look-up, proxy, TCP, TLS; the clock.

use feishu_transport::{Error, ErrorKind, LongConnectionBuilder, Probe, Stage};

use super::Failed;
use super::finding::{Finding, Findings, Step, Verdict};
use super::refused::{credentials_page, settings, why};

/// A difference of the clocks from which on it is worth a warning, in seconds.
const CLOCK: u64 = 60;

/// What can be said before anything is sent.
pub(super) fn configuration<T: FnMut(&Finding)>(
    connection: &LongConnectionBuilder,
    findings: &mut Findings<T>,
) -> Result<(), Failed> {
    let page = credentials_page(connection);
    let id = connection.app_id();
    if id.is_empty() || connection.secret().is_some_and(|secret| secret.expose().trim().is_empty()) {
        return findings.fail(
            Finding::wrong(
                Step::Configuration,
                "credentials_missing",
                "App ID or App Secret is empty. Copy both from the page 'Credentials & Basic Info' of the developer console",
                "App ID 或 App Secret 为空。请从开发者后台的「凭证与基础信息」页复制",
            )
            .page(page),
        );
    }
    if let Err(error) = connection.http() {
        return findings.fail(settings(&error));
    }
    let site = connection.site().map(ToString::to_string).unwrap_or_default();
    if id.starts_with("cli_") {
        findings.add(Finding::right(
            Step::Configuration,
            "configuration",
            format!("The settings can be used: app {id} on {site}"),
            format!("配置可用：应用 {id}，站点 {site}"),
        ));
    } else {
        findings.add(
            Finding::warning(
                Step::Configuration,
                "odd_app_id",
                format!("The App ID {id:?} does not begin with cli_, as all known ones do; compare it with the console"),
                format!("App ID {id:?} 不以 cli_ 开头，与已知的 App ID 不同，请与后台核对"),
            )
            .page(page),
        );
    }
    Ok(())
}

/// What is said of the way to a host.
pub(super) fn judge<T: FnMut(&Finding)>(
    probe: Result<Probe, Error>,
    findings: &mut Findings<T>,
) -> Result<(), Failed> {
    let probe = match probe {
        Ok(probe) => probe,
        Err(error) => return findings.fail(settings(&error)),
    };
    let (target, way) = (&probe.target, Way(&probe));
    if !probe.addresses.is_empty() {
        let (of, first) = (way.first_host(), probe.addresses.first().map(ToString::to_string));
        let first = first.unwrap_or_default();
        findings.add(Finding::right(
            Step::NameLookup,
            "name_found",
            format!("{of} has an address: {first}"),
            format!("{of} 可以解析：{first}"),
        ));
    }
    if probe.is_open {
        match &probe.proxy {
            Some(proxy) => findings.add(Finding::right(
                Step::Proxy,
                "proxy_used",
                format!("The proxy {proxy} opens a tunnel to {target}"),
                format!("代理 {proxy} 已打开到 {target} 的隧道"),
            )),
            None if probe.is_own_dial => findings.add(Finding::new(
                Step::Tcp,
                Verdict::Unknown,
                "own_dial",
                "The program opens its connections itself (LongConnectionBuilder::dial): name look-up, proxy, TCP and TLS are \
                 not examined",
                "程序自行建立连接（LongConnectionBuilder::dial）：未检查域名解析、代理、TCP 和 TLS",
            )),
            None => findings.add(Finding::right(
                Step::Tcp,
                "tcp_open",
                format!("{target} is reached directly, without a proxy"),
                format!("可以直接连接 {target}，未经代理"),
            )),
        }
    }
    way.certificate(findings);
    match &probe.result {
        Ok(()) => Ok(()),
        Err(error) => findings.fail(way.failure(error)),
    }
}

/// The words for one way.
struct Way<'a>(&'a Probe);

impl Way<'_> {
    /// The host whose name is looked up: the proxy, if there is one.
    fn first_host(&self) -> String {
        self.0.proxy.clone().unwrap_or_else(|| self.0.target.host.clone())
    }

    fn certificate<T: FnMut(&Finding)>(&self, findings: &mut Findings<T>) {
        let Probe { target, certificate, result, is_own_dial, .. } = self.0;
        if result.is_err() || *is_own_dial {
            return;
        }
        match certificate {
            Some(certificate) if certificate.is_public => findings.add(Finding::right(
                Step::Tls,
                "tls",
                format!("{target} has a certificate of a public authority: {}", certificate.issuer),
                format!("{target} 的证书由公共机构签发：{}", certificate.issuer),
            )),
            Some(certificate) => findings.add(Finding::warning(
                Step::Tls,
                "tls_private_root",
                format!(
                    "{target} has a certificate of a private authority, which you trust: {}. In front of the public platform \
                     this is a box of your network that reads along",
                    certificate.issuer
                ),
                format!(
                    "{target} 的证书由您信任的私有机构签发：{}。若对方是公共平台，说明网络中间有设备在解密流量",
                    certificate.issuer
                ),
            )),
            None => findings.add(Finding::warning(
                Step::Tls,
                "tls_none",
                format!("The way to {target} is not encrypted; only a local or private platform should be reached so"),
                format!("到 {target} 的连接未加密；仅本地或私有平台可以如此"),
            )),
        }
    }

    fn failure(&self, error: &Error) -> Finding {
        let (target, why) = (&self.0.target, why(error));
        match error.kind() {
            ErrorKind::Unreachable { stage: Stage::Tls, .. } => self.tls_failure(error),
            ErrorKind::TimedOut { stage: Stage::Tls, .. } => Finding::wrong(
                Step::Tls,
                "tls_no_answer",
                format!(
                    "{target} accepts connections, but does not answer the TLS handshake; a firewall may filter it: {why}"
                ),
                format!("{target} 接受连接，但不应答 TLS 握手，可能被防火墙过滤：{why}"),
            ),
            ErrorKind::Unreachable { stage: Stage::Proxy, .. } => Finding::wrong(
                Step::Proxy,
                "proxy_refuses",
                format!("The way through the proxy to {target} is closed: {why}"),
                format!("无法通过代理到达 {target}：{why}"),
            ),
            ErrorKind::TimedOut { stage: Stage::Proxy, .. } => Finding::wrong(
                Step::Proxy,
                "proxy_no_answer",
                format!("The proxy {} does not answer; check its address and port: {why}", self.first_host()),
                format!("代理 {} 没有应答，请检查其地址和端口：{why}", self.first_host()),
            ),
            ErrorKind::Misuse(_) => settings(error),
            _ if self.0.addresses.is_empty() && !self.0.is_own_dial => Finding::wrong(
                Step::NameLookup,
                "name_unknown",
                format!(
                    "The name {} cannot be looked up; check the domain, and the name servers of this machine: {why}",
                    self.first_host()
                ),
                format!("无法解析 {}，请检查域名和本机的 DNS：{why}", self.first_host()),
            ),
            ErrorKind::TimedOut { .. } => Finding::wrong(
                Step::Tcp,
                "tcp_no_answer",
                format!(
                    "{target} does not answer; a firewall may drop the packets, or a proxy be needed (HTTPS_PROXY): {why}"
                ),
                format!("{target} 没有应答，可能被防火墙丢弃，或需要代理（HTTPS_PROXY）：{why}"),
            ),
            _ => Finding::wrong(
                Step::Tcp,
                "tcp_refused",
                format!(
                    "{target} cannot be reached; check the address, the firewall, and whether a proxy is needed: {why}"
                ),
                format!("无法到达 {target}，请检查地址、防火墙以及是否需要代理：{why}"),
            ),
        }
    }

    fn tls_failure(&self, error: &Error) -> Finding {
        let (target, why) = (&self.0.target, why(error));
        let issuer = self.0.certificate.as_ref().map_or("-", |certificate| certificate.issuer.as_str());
        let text = error.to_string().to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if has(&["unknownissuer", "badsignature"]) {
            return Finding::wrong(
                Step::Tls,
                "tls_unknown_root",
                format!(
                    "The certificate of {target} was signed by {issuer}, which is not trusted: a box of your network opens TLS. \
                     Add its root certificate with Tls::with_root_pem (feishu-doctor: --root FILE), or enable platform-roots"
                ),
                format!(
                    "{target} 的证书由不受信任的 {issuer} 签发：网络中有设备在解密 TLS。请用 Tls::with_root_pem 添加其根证书\
                     （feishu-doctor：--root 文件），或启用 platform-roots"
                ),
            );
        }
        if has(&["expired", "not valid yet", "notvalidyet"]) {
            return Finding::wrong(
                Step::Tls,
                "tls_time",
                format!(
                    "The certificate of {target} is not valid today; check this machine's clock first: {why}"
                ),
                format!("{target} 的证书当前不在有效期内，请先检查本机时钟：{why}"),
            );
        }
        if has(&["not valid for name", "notvalidforname"]) {
            return Finding::wrong(
                Step::Tls,
                "tls_other_name",
                format!(
                    "What answers for {target} has the certificate of another host; check name servers and proxy: {why}"
                ),
                format!("应答 {target} 的主机持有其他主机的证书，请检查 DNS 和代理：{why}"),
            );
        }
        Finding::wrong(
            Step::Tls,
            "tls_not_spoken",
            format!(
                "What answers at {target} does not speak TLS as it should; a login page or a filter may answer: {why}"
            ),
            format!("应答 {target} 的不是正常的 TLS，可能是登录页面或过滤设备：{why}"),
        )
    }
}

/// What is said of the host's clock, by the same value as `Health::clock_ahead`.
pub(super) fn clock<T: FnMut(&Finding)>(ahead: Option<i64>, findings: &mut Findings<T>) {
    findings.add(match ahead {
        None => Finding::new(
            Step::Clock,
            Verdict::Unknown,
            "clock_unknown",
            "The platform's answer had no time to compare this machine's clock with",
            "平台的应答没有时间，无法核对本机时钟",
        ),
        Some(ahead) => {
            let (by, is_right) = (ahead.unsigned_abs(), ahead.unsigned_abs() < CLOCK);
            let (side, chinese) = if ahead < 0 { ("behind", "慢") } else { ("ahead of", "快") };
            if is_right {
                Finding::right(
                    Step::Clock,
                    "clock_right",
                    format!("This machine's clock is right: {by} s {side} the platform's"),
                    format!("本机时钟准确：比平台{chinese} {by} 秒"),
                )
            } else {
                Finding::warning(
                    Step::Clock,
                    "clock_wrong",
                    format!("This machine's clock is {by} s {side} the platform's; set it with NTP"),
                    format!("本机时钟比平台{chinese} {by} 秒，请用 NTP 校准"),
                )
            }
        }
    });
}
