//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use feishu_gateway::{Builder, Gateway, Settings};
use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt as _};

pub(crate) const HELP: &str = "\
The Feishu / Lark platform on this machine, for tests: endpoint call, long connection, tokens, card updates.

Usage: feishu-gateway [options]

  --port N               the port to listen on (default: a free one)
  --host ADDRESS         the address to listen on (default 127.0.0.1; 0.0.0.0 for containers)
  --app-id ID            the app id that may connect (default cli_10ca1ba5e0000001)
  --app-secret SECRET    the secret of this app (default local-secret)
  --click-every TIME     presses a button at this interval, such as 2s, 500ms or 1m
  --ping-interval N      the setting PingInterval, in seconds (default 120)
  --reconnect-nonce N    the setting ReconnectNonce, in seconds (default 30)
  --max-connections N    how many connections the app may have (default 50)
  --help                 prints this text

While it runs, it reads commands from standard input. The command `help` lists them.
";

/// 16 hex digits, as the official Node SDK starts with no other.
const APP_ID: &str = "cli_10ca1ba5e0000001";

#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    address: SocketAddr,
    app_id: String,
    app_secret: String,
    pub(crate) click_every: Option<Duration>,
    settings: Settings,
    max_connections: usize,
}

impl Args {
    /// Reads the command line; `None` when help was asked for.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        let mut args = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_id: APP_ID.into(),
            app_secret: "local-secret".into(),
            click_every: None,
            settings: Settings::default(),
            max_connections: 50,
        };
        let mut parser = Parser::from_args(words);
        while let Some(option) = parser.next()? {
            match option {
                Short('h') | Long("help") => return Ok(None),
                Long("port") => args.address.set_port(parser.value()?.parse()?),
                Long("host") => args.address.set_ip(parser.value()?.parse::<IpAddr>()?),
                Long("app-id") => args.app_id = parser.value()?.string()?,
                Long("app-secret") => args.app_secret = parser.value()?.string()?,
                Long("click-every") => args.click_every = Some(parser.value()?.parse_with(duration)?),
                Long("ping-interval") => {
                    args.settings = args.settings.ping_interval(parser.value()?.parse()?);
                }
                Long("reconnect-nonce") => {
                    args.settings = args.settings.reconnect_nonce(parser.value()?.parse()?);
                }
                Long("max-connections") => args.max_connections = parser.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(args))
    }

    pub(crate) fn builder(self) -> Builder {
        Gateway::builder()
            .address(self.address)
            .app(&self.app_id, &self.app_secret)
            .settings(self.settings)
            .max_connections(self.max_connections)
    }
}

/// `2s`, `500ms`, `1m`; a bare number is seconds. Never zero.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || format!("{text:?} is not a duration; try 2s, 500ms or 1m");
    let amount: u32 = digits.parse().map_err(|_| wrong())?;
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => Duration::from_millis(1),
        "" | "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return Err(wrong()),
    };
    if amount == 0 { Err(wrong()) } else { Ok(unit * amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Args>, String> {
        Args::parse(line.split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let spaced = parse("--port 8080 --app-id cli_1 --click-every 500ms").unwrap().unwrap();
        let joined = parse("--port=8080 --app-id=cli_1 --click-every=500ms").unwrap().unwrap();
        assert_eq!(spaced, joined);
        assert_eq!(spaced.address.to_string(), "127.0.0.1:8080");
        assert_eq!(spaced.click_every, Some(Duration::from_millis(500)));
        assert_eq!(parse("").unwrap().unwrap().click_every, None);
        assert_eq!(parse("--port 1 --help").unwrap(), None);
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("--prot 1", "--prot"),
            ("extra", "extra"),
            ("--port", "--port"),
            ("--port 70000", "70000"),
            ("--host example.com", "example.com"),
            ("--click-every 0s", "0s"),
            ("--click-every soon", "soon"),
            ("--click-every 2h", "2h"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
    }
}
