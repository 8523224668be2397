//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use feishu_gateway::{Builder, Gateway, Settings};
use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt as _};

use crate::lang::Lang;

/// The port without `--port`.
const PORT: u16 = 8765;
/// 16 hex digits, as the official Node SDK starts with no other.
const APP_ID: &str = "cli_10ca1ba5e0000001";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Task {
    Run(Box<Args>),
    Help(Lang),
    Version,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    address: SocketAddr,
    app_id: String,
    app_secret: String,
    settings: Settings,
    max_connections: usize,
    keep: usize,
    clock: f64,
    pub(crate) token: Option<String>,
    pub(crate) faults: Option<PathBuf>,
    pub(crate) tls: bool,
    pub(crate) ca: PathBuf,
    pub(crate) open: bool,
    pub(crate) json: bool,
    pub(crate) lang: Lang,
}

impl Args {
    /// Reads the command line; `lang` is that of the environment.
    pub(crate) fn parse(
        words: impl IntoIterator<Item = OsString>,
        lang: Lang,
    ) -> Result<Task, lexopt::Error> {
        let mut args = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
            app_id: APP_ID.into(),
            app_secret: "local-secret".into(),
            settings: Settings::default(),
            max_connections: 50,
            keep: 1000,
            clock: 1.0,
            token: None,
            faults: None,
            tls: false,
            ca: "feishu-gateway-ca.pem".into(),
            open: false,
            json: false,
            lang,
        };
        let mut help = false;
        let mut parser = Parser::from_args(words);
        while let Some(option) = parser.next()? {
            match option {
                Short('h') | Long("help") => help = true,
                Short('V') | Long("version") => return Ok(Task::Version),
                Long("port") => args.address.set_port(parser.value()?.parse()?),
                Long("host") => args.address.set_ip(parser.value()?.parse::<IpAddr>()?),
                Long("token") => args.token = Some(parser.value()?.parse_with(token)?),
                Long("app-id") => args.app_id = parser.value()?.string()?,
                Long("app-secret") => args.app_secret = parser.value()?.string()?,
                Long("ping-interval") => {
                    args.settings = args.settings.ping_interval(parser.value()?.parse()?);
                }
                Long("reconnect-nonce") => {
                    args.settings = args.settings.reconnect_nonce(parser.value()?.parse()?);
                }
                Long("max-connections") => args.max_connections = parser.value()?.parse()?,
                Long("keep") => args.keep = parser.value()?.parse()?,
                Long("clock") => args.clock = parser.value()?.parse_with(clock)?,
                Long("faults") => args.faults = Some(parser.value()?.into()),
                Long("tls") => args.tls = true,
                Long("ca") => args.ca = parser.value()?.into(),
                Long("open") => args.open = true,
                Long("json") => args.json = true,
                Long("lang") => args.lang = parser.value()?.parse_with(Lang::parse)?,
                other => return Err(other.unexpected()),
            }
        }
        if help {
            return Ok(Task::Help(args.lang));
        }
        if args.token.is_none() && !args.address.ip().is_loopback() {
            args.token = Some(format!("{:032x}", fastrand::u128(..)));
        }
        Ok(Task::Run(Box::new(args)))
    }

    pub(crate) fn builder(&self) -> Builder {
        let builder = Gateway::builder()
            .address(self.address)
            .app(&self.app_id, &self.app_secret)
            .settings(self.settings.clone())
            .max_connections(self.max_connections)
            .clock(self.clock)
            .rate_limits()
            .keep(self.keep);
        match &self.token {
            Some(token) => builder.token(token),
            None => builder,
        }
    }
}

/// `60x` or `60`: how much faster.
fn clock(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text).parse::<f64>();
    let good = number.ok().filter(|number| number.is_finite() && *number > 0.0);
    good.ok_or_else(|| format!("{text:?} is not how much faster the clock goes; try 60x"))
}

/// A token goes into a cookie and an address as it is.
fn token(text: &str) -> Result<String, String> {
    let is_good = text.len() >= 8 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if is_good { Ok(text.into()) } else { Err("a token has 8 or more letters, digits, - and _".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, String> {
        let words = line.split_whitespace().map(OsString::from);
        Args::parse(words, Lang::En).map_err(|error| error.to_string())
    }

    fn args(line: &str) -> Box<Args> {
        match parse(line) {
            Ok(Task::Run(args)) => args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let spaced = args("--port 8080 --app-id cli_1 --clock 60x --lang zh");
        assert_eq!(spaced, args("--port=8080 --app-id=cli_1 --clock=60 --lang=zh-CN"));
        assert_eq!(spaced.address.to_string(), "127.0.0.1:8080");
        assert_eq!(args("").address.port(), 8765);
        assert_eq!(parse("--port 1 --help --lang zh"), Ok(Task::Help(Lang::Zh)));
        assert_eq!(parse("-V"), Ok(Task::Version));
    }

    #[test]
    fn another_host_than_loopback_gets_a_token() {
        assert_eq!(args("--host 127.0.0.2").token, None);
        let token = args("--host 0.0.0.0").token;
        assert!(token.as_ref().is_some_and(|token| token.len() == 32), "{token:?}");
        assert_ne!(token, args("--host 0.0.0.0").token);
        assert_eq!(args("--host :: --token my-own-token").token.as_deref(), Some("my-own-token"));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("--prot 1", "--prot"),
            ("extra", "extra"),
            ("--port", "--port"),
            ("--port 70000", "70000"),
            ("--host example.com", "example.com"),
            ("--clock fast", "60x"),
            ("--clock 0", "60x"),
            ("--lang fr", "fr"),
            ("--token short", "8 or more"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
