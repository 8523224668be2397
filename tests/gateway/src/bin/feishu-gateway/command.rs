//! The commands that are typed while the program runs.

use feishu_gateway::{
    Bytes, Click, Event, Fault, HandshakeRefusal, Outgoing, Preview, Refusal, Settings, Value, json,
};

pub(crate) const HELP: &str = "\
Pushes, each with its answer:
  click NAME [VALUE]        presses a button; VALUE is JSON
  form NAME VALUES          submits a form; VALUES is a JSON object
  select NAME OPTION        chooses an option
  preview URL               asks for the preview of a link
  event TYPE [BODY]         pushes an event; BODY is the JSON under `event`
  replay                    pushes the last event once more, under a new event id
  deliver TYPE [BODY]       pushes an event, again after 15 s, 5 min, 1 h and 6 h while it fails
  torn N NAME               presses a button, in N fragments
  raw JSON                  pushes exactly this payload
Faults of the live connections, at once:
  stall                     they stay open and silent
  cut                       they break
  close [CODE]              they are closed with a close frame
  noise   text              send a message that is not a frame, a text message
  wsping                    they get a ping of WebSocket
Faults of what comes next, until heal (with a number at the end: this many times):
  refuse CODE               403 and 514 refuse the handshake, other codes the endpoint call
  limit                     the handshake is refused: too many connections
  html   hang   nodata   emptyurl   status CODE
                            the endpoint call gives HTML, no answer, no data, an empty URL, an HTTP status
  nohandshake               the handshake is never answered
  nopongs                   pings are not answered
  unpublished               clicks come in frames of type card
  heal                      ends all faults
And:
  settings JSON             sets another ClientConfig for later endpoint calls and pongs
  card MESSAGE_ID           prints the current card of a message
  connections   findings    lists the connections, the mistakes of clients
  help   quit               lists the commands, ends the program after the outstanding answers
";

#[derive(Debug)]
pub(crate) enum Command {
    Push(Box<Outgoing>),
    Event(Event),
    Replay,
    Deliver(Event),
    /// How often (until healed without a number), and what.
    Fault(Option<u32>, Fault),
    Heal,
    Settings(Settings),
    Card(String),
    Connections,
    Findings,
    Help,
    Quit,
}

impl Command {
    /// Reads one line; `None` for an empty one.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, String> {
        let (word, rest) = split(line);
        Ok(Some(match word {
            "" => return Ok(None),
            "click" => {
                let (name, value) = split(rest);
                let click = Click::button(if name.is_empty() { "approve" } else { name });
                Self::push(match optional_json(value)? {
                    Some(value) => click.value(value),
                    None => click,
                })
            }
            "form" => {
                let (name, values) = split(rest);
                let values = optional_json(values)?.unwrap_or_else(|| json!({}));
                Self::push(Click::form(needed("form", name)?, values))
            }
            "select" => {
                let (name, option) = split(rest);
                Self::push(Click::select(needed("select", name)?, needed("select", option)?))
            }
            "torn" => {
                let (count, name) = split(rest);
                let count = count.parse().map_err(|_| format!("{count:?} is not a number of fragments"))?;
                Self::push(Click::button(name).fragments(count))
            }
            "preview" => Self::push(Preview::new(needed("preview", rest)?)),
            "event" => Self::Event(event(rest)?),
            "replay" => Self::Replay,
            "deliver" => Self::Deliver(event(rest)?),
            "raw" => Self::push(Outgoing::event(rest.to_owned())),
            "heal" | "resume" => Self::Heal,
            "settings" => {
                let settings = optional_json(rest)?;
                Self::Settings(settings.map_or_else(Settings::default, Settings::raw))
            }
            "card" => Self::Card(rest.to_owned()),
            "connections" => Self::Connections,
            "findings" => Self::Findings,
            "help" | "?" => Self::Help,
            "quit" | "exit" => Self::Quit,
            word => fault(word, rest)?,
        }))
    }

    fn push(push: impl Into<Outgoing>) -> Self {
        Self::Push(Box::new(push.into()))
    }
}

fn fault(word: &str, rest: &str) -> Result<Command, String> {
    let (first, second) = split(rest);
    let code = || first.parse::<u16>().map_err(|_| format!("{first:?} is not a code"));
    let (times, fault) = match word {
        "stall" => ("", Fault::Stall),
        "cut" => ("", Fault::Cut),
        "close" => ("", Fault::Close(if first.is_empty() { 1000 } else { code()? }, second.to_owned())),
        "noise" => ("", Fault::Noise(Bytes::from_static(b"\xff\x00 this is no frame"))),
        "text" => ("", Fault::Text("this is no frame".into())),
        "wsping" => ("", Fault::WebSocketPing),
        "refuse" => (second, refusal(first)?),
        "limit" => (first, Fault::HandshakeRefused(HandshakeRefusal::connection_limit())),
        "html" => (first, Fault::EndpointHtml),
        "hang" => (first, Fault::EndpointHangs),
        "nodata" => (first, Fault::EndpointNoData),
        "emptyurl" => (first, Fault::EndpointUrl(String::new())),
        "status" => (second, Fault::EndpointStatus(code()?, "{}".into())),
        "nohandshake" => (first, Fault::HandshakeHangs),
        "nopongs" => (first, Fault::NoPongs),
        "unpublished" => (first, Fault::Unpublished),
        other => return Err(format!("unknown command {other:?}")),
    };
    let times = match times {
        "" => None,
        times => Some(times.parse().map_err(|_| format!("{times:?} is not a number of times"))?),
    };
    Ok(Command::Fault(times, fault))
}

fn refusal(code: &str) -> Result<Fault, String> {
    match code.parse::<i64>().map_err(|_| format!("{code:?} is not a code"))? {
        status @ (403 | 514) => Ok(Fault::HandshakeRefused(HandshakeRefusal::status(status))),
        code => Ok(Fault::EndpointRefuses(Refusal::code(code))),
    }
}

fn event(rest: &str) -> Result<Event, String> {
    let (event_type, body) = split(rest);
    let body = optional_json(body)?.unwrap_or_else(|| json!({}));
    Ok(Event::new(needed("event", event_type)?, body))
}

/// The first word of a line, and the rest.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim_start())
}

fn needed<'a>(command: &str, word: &'a str) -> Result<&'a str, String> {
    if word.is_empty() { Err(format!("{command} needs one more word")) } else { Ok(word) }
}

fn optional_json(text: &str) -> Result<Option<Value>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|error| format!("{text} is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_help_is_understood() {
        for line in [
            "click approve",
            "click approve {\"order\": 42}",
            "form submit {\"note\": \"x\"}",
            "select size L",
            "preview https://example.com/42",
            "event im.message.receive_v1 {\"a\": 1}",
            "replay",
            "deliver im.message.receive_v1",
            "torn 3 approve",
            "raw {\"schema\":\"2.0\"}",
            "stall",
            "cut",
            "close",
            "close 1001 bye",
            "noise",
            "text",
            "wsping",
            "refuse 514",
            "refuse 1000040345 2",
            "limit",
            "html 1",
            "hang",
            "nodata",
            "emptyurl",
            "status 503 2",
            "nohandshake",
            "nopongs",
            "unpublished",
            "heal",
            "settings {\"PingInterval\": 1}",
            "card om_1",
            "connections",
            "findings",
            "help",
            "quit",
        ] {
            assert!(matches!(Command::parse(line), Ok(Some(_))), "{line}");
            assert!(HELP.contains(split(line).0), "{line} is not in the help");
        }
        assert!(matches!(Command::parse("  "), Ok(None)));
    }

    #[test]
    fn codes_go_to_the_step_that_gives_them() {
        let fault = |line| match Command::parse(line) {
            Ok(Some(Command::Fault(times, fault))) => (times, fault),
            other => panic!("{other:?}"),
        };
        assert!(matches!(fault("refuse 514"), (None, Fault::HandshakeRefused(_))));
        assert!(matches!(fault("refuse 1000040350 3"), (Some(3), Fault::EndpointRefuses(_))));
        assert!(matches!(fault("status 503"), (None, Fault::EndpointStatus(503, _))));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("clack", "clack"),
            ("click a {", "not JSON"),
            ("preview", "one more word"),
            ("torn many", "many"),
            ("refuse", "not a code"),
            ("refuse 514 often", "often"),
        ] {
            let error = Command::parse(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
