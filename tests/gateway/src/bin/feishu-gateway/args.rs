//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use feishu_gateway::{Builder, Gateway, Settings};

pub(crate) const HELP: &str = "\
A local stand-in for the Feishu / Lark platform: endpoint call, long connection, tokens, card updates.

Usage: feishu-gateway [options]

  --port N               port to listen on (default 0: a free one)
  --host ADDRESS         address to listen on (default 127.0.0.1; 0.0.0.0 for containers)
  --app-id ID            app id that may connect (default cli_10ca1ba5e0000001)
  --app-secret SECRET    its secret (default local-secret)
  --click-every TIME     a click every 2s, 500ms, 1m
  --ping-interval N      PingInterval in seconds (default 120)
  --reconnect-nonce N    ReconnectNonce in seconds (default 30)
  --max-connections N    connections an app may have (default 50)
  --help                 this text

Commands on standard input are listed by the command help.
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
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut args = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_id: APP_ID.into(),
            app_secret: "local-secret".into(),
            click_every: None,
            settings: Settings::default(),
            max_connections: 50,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            if name == "--help" || name == "-h" {
                return Ok(None);
            }
            if !NAMES.contains(&&*name) {
                return Err(format!("unknown option {name}"));
            }
            let value = inline.or_else(|| words.next()).ok_or_else(|| format!("{name} needs a value"))?;
            args.set(&name, value)?;
        }
        Ok(Some(args))
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--port" => self.address.set_port(number(name, &value)?),
            "--host" => {
                let ip: IpAddr = value.parse().map_err(|_| format!("--host: {value:?} is no IP address"))?;
                self.address.set_ip(ip);
            }
            "--app-id" => self.app_id = value,
            "--app-secret" => self.app_secret = value,
            "--click-every" => self.click_every = Some(duration(&value)?),
            "--ping-interval" => self.settings = self.settings.clone().ping_interval(number(name, &value)?),
            "--reconnect-nonce" => {
                self.settings = self.settings.clone().reconnect_nonce(number(name, &value)?);
            }
            _ => self.max_connections = number(name, &value)?,
        }
        Ok(())
    }

    pub(crate) fn builder(self) -> Builder {
        Gateway::builder()
            .address(self.address)
            .app(&self.app_id, &self.app_secret)
            .settings(self.settings)
            .max_connections(self.max_connections)
    }
}

const NAMES: [&str; 8] = [
    "--port",
    "--host",
    "--app-id",
    "--app-secret",
    "--click-every",
    "--ping-interval",
    "--reconnect-nonce",
    "--max-connections",
];

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: {value:?} is no usable number"))
}

/// `2s`, `500ms`, `1m`; a bare number is seconds. Never zero.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || format!("{text:?} is no time; try 2s, 500ms or 1m");
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
        Args::parse(line.split_whitespace().map(String::from))
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
            ("--prot 1", "unknown option --prot"),
            ("extra", "unknown option extra"),
            ("--port", "--port needs a value"),
            ("--port 70000", "70000"),
            ("--host example.com", "no IP address"),
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
