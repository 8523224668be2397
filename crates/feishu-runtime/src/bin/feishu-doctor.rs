//! `feishu-doctor`: says what is right and what is wrong between an app and the platform.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use feishu_runtime::doctor::{Diagnosis, Doctor, Finding, Verdict};
use feishu_runtime::transport::{
    AppSecret, Domain, Error, Language, LongConnection, LongConnectionBuilder, ProxyPolicy, Tls,
};

const HELP_EN: &str = "\
feishu-doctor: what is right and what is wrong between an app and the Feishu / Lark platform

usage: feishu-doctor [OPTIONS]

The app is taken from FEISHU_APP_ID, FEISHU_APP_SECRET and, for Lark or a private deployment, FEISHU_DOMAIN.

  --app-id ID       instead of FEISHU_APP_ID; the secret is only taken from the environment
  --domain DOMAIN   feishu, lark, or a base URL
  --insecure        permits a domain without https on another machine
  --proxy URL       http://, https:// or socks5h://; by default as HTTPS_PROXY, ALL_PROXY and NO_PROXY say
  --no-proxy        no proxy, whatever the environment says
  --root FILE       also trusts the certificates in this PEM file
  --wait SECONDS    how long a click is waited for; 60 by default, 0 for not at all
  --types A,B       the types that the bot handles: lists what the app must subscribe to, and the scopes
  --lang en|zh      by default as LC_ALL or LANG say
  --json            writes each finding as a line of JSON
  --help

exit code: 0 all is right; 1 something is wrong; 2 wrong usage; 3 all is right, but no click came
";

const HELP_ZH: &str = "\
feishu-doctor：检查应用与飞书 / Lark 平台之间哪里正常、哪里有问题

用法：feishu-doctor [选项]

应用取自环境变量 FEISHU_APP_ID、FEISHU_APP_SECRET，以及 Lark 或私有化部署所需的 FEISHU_DOMAIN。

  --app-id ID       代替 FEISHU_APP_ID；Secret 只从环境变量读取
  --domain DOMAIN   feishu、lark 或基础 URL
  --insecure        允许其他机器上不带 https 的域名
  --proxy URL       http://、https:// 或 socks5h://；默认遵循 HTTPS_PROXY、ALL_PROXY 和 NO_PROXY
  --no-proxy        忽略环境变量，不使用代理
  --root FILE       额外信任该 PEM 文件中的证书
  --wait SECONDS    等待点击的秒数；默认 60，0 表示不等待
  --types A,B       机器人处理的类型：列出应用须订阅的内容及所需权限
  --lang en|zh      默认遵循 LC_ALL 或 LANG
  --json            每个结果输出一行 JSON
  --help

退出码：0 一切正常；1 有问题；2 用法错误；3 一切正常，但没有收到点击
";

/// What the command line asks for.
struct Options {
    app_id: String,
    domain: Option<String>,
    insecure: bool,
    proxy: ProxyPolicy,
    root: Option<String>,
    wait: Duration,
    types: Vec<String>,
    language: Language,
    json: bool,
    help: bool,
}

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let options = match parse(&arguments, &variable) {
        Ok(options) => options,
        Err(wrong) => return usage(&wrong),
    };
    if options.help {
        print(if options.language == Language::Chinese { HELP_ZH } else { HELP_EN });
        return ExitCode::SUCCESS;
    }
    let secret = variable("FEISHU_APP_SECRET").unwrap_or_default();
    let connection = match connection(&options, secret) {
        Ok(connection) => connection,
        Err(error) => return usage(&error.to_string()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return usage("the runtime cannot be started") };
    let mut doctor = Doctor::new(connection).wait_for_click(options.wait);
    if !options.types.is_empty() {
        doctor = doctor.subscriptions(options.types.iter().map(String::as_str).collect());
    }
    let diagnosis: Diagnosis = runtime.block_on(doctor.examine(|finding| show(finding, &options)));
    ExitCode::from(u8::try_from(diagnosis.exit_code()).unwrap_or(1))
}

fn parse(arguments: &[String], variable: &dyn Fn(&str) -> Option<String>) -> Result<Options, String> {
    let locale = variable("LC_ALL").or_else(|| variable("LANG")).unwrap_or_default();
    let mut options = Options {
        app_id: variable("FEISHU_APP_ID").unwrap_or_default(),
        domain: variable("FEISHU_DOMAIN"),
        insecure: false,
        proxy: ProxyPolicy::Environment,
        root: None,
        wait: Duration::from_secs(60),
        types: Vec::new(),
        language: if locale.starts_with("zh") { Language::Chinese } else { Language::English },
        json: false,
        help: false,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().cloned().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--app-id" => options.app_id = value()?,
            "--domain" => options.domain = Some(value()?),
            "--insecure" => options.insecure = true,
            "--proxy" => options.proxy = ProxyPolicy::Url(value()?),
            "--no-proxy" => options.proxy = ProxyPolicy::None,
            "--root" => options.root = Some(value()?),
            "--wait" => {
                let seconds = value()?;
                let seconds = seconds.parse().map_err(|_| format!("{seconds} is not a number of seconds"))?;
                options.wait = Duration::from_secs(seconds);
            }
            "--types" => options.types.extend(value()?.split(',').map(|name| name.trim().to_owned())),
            "--lang" => {
                options.language = match value()?.as_str() {
                    "en" => Language::English,
                    "zh" => Language::Chinese,
                    other => return Err(format!("--lang is en or zh, not {other}")),
                };
            }
            "--json" => options.json = true,
            "--help" | "-h" => options.help = true,
            other => return Err(format!("{other} is not an option")),
        }
    }
    Ok(options)
}

fn connection(options: &Options, secret: String) -> Result<LongConnectionBuilder, Error> {
    let mut connection = LongConnection::builder(options.app_id.clone(), AppSecret::new(secret));
    if let Some(domain) = &options.domain {
        connection = if options.insecure && domain.contains("://") {
            connection.domain(Domain::insecure_url(domain)?)
        } else {
            connection.domain(domain.as_str())
        };
    }
    if let Some(file) = &options.root {
        let pem = std::fs::read(file).map_err(|error| Error::misuse(format!("{file}: {error}")))?;
        connection = connection.tls(Tls::new().with_root_pem(pem)?);
    }
    Ok(connection.proxy(options.proxy.clone()))
}

fn show(finding: &Finding, options: &Options) {
    if options.json {
        if let Ok(line) = serde_json::to_string(finding) {
            print(&format!("{line}\n"));
        }
        return;
    }
    let chinese = options.language == Language::Chinese;
    let mark = match (finding.verdict, chinese) {
        (Verdict::Right, false) => "right  ",
        (Verdict::Warning, false) => "warning",
        (Verdict::Wrong, false) => "WRONG  ",
        (Verdict::Request, false) => "now    ",
        (_, false) => "unknown",
        (Verdict::Right, true) => "正常",
        (Verdict::Warning, true) => "注意",
        (Verdict::Wrong, true) => "错误",
        (Verdict::Request, true) => "现在",
        (_, true) => "未知",
    };
    print(&format!("{mark}  {}\n", finding.text(options.language)));
    if let Some(page) = &finding.page {
        print(&format!("         -> {page}\n"));
    }
}

fn usage(wrong: &str) -> ExitCode {
    // If this fails there is no reader.
    let _ = writeln!(io::stderr(), "feishu-doctor: {wrong}; see feishu-doctor --help");
    ExitCode::from(2)
}

/// Prints without failing when the reader is gone.
fn print(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
