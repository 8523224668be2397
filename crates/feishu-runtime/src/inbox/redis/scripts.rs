//! The commands that the engine sends: its scripts, and the names of its keys.

use redis::Cmd;

/// One step of the engine.
#[derive(Clone, Copy)]
pub(super) enum Script {
    Put,
    Claim,
    Renew,
    Hold,
    End,
    Dead,
}

/// What all scripts begin with.
macro_rules! script {
    ($name:literal) => {
        concat!(include_str!("scripts/common.lua"), "\n", include_str!(concat!("scripts/", $name, ".lua")))
    };
}

/// The keys of a queue besides its stream.
const KEYS: [&str; 8] = ["ids", "ready", "handled", "failures", "dead", "dead-ids", "held", "held-until"];

impl Script {
    fn text(self) -> &'static str {
        match self {
            Self::Put => script!("put"),
            Self::Claim => script!("claim"),
            Self::Renew => script!("renew"),
            Self::Hold => script!("hold"),
            Self::End => script!("end"),
            Self::Dead => script!("dead"),
        }
    }

    pub(super) fn command(self, stream: &str, arguments: &[&[u8]]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text()).arg(1 + KEYS.len()).arg(stream);
        for name in KEYS {
            command.arg(key(stream, name));
        }
        for argument in arguments {
            command.arg(*argument);
        }
        command
    }
}

fn key(stream: &str, name: &str) -> String {
    format!("{stream}:{name}")
}

/// Creates the consumer group of a stream.
pub(super) fn create_group(stream: &str) -> Cmd {
    let mut command = redis::cmd("XGROUP");
    command.arg("CREATE").arg(stream).arg("inbox").arg("0").arg("MKSTREAM");
    command
}

/// The number of events that are not handled.
pub(super) fn count(stream: &str) -> Cmd {
    let mut command = redis::cmd("HLEN");
    command.arg(key(stream, "ids"));
    command
}

/// The first dead letters.
pub(super) fn dead_letters(stream: &str, count: usize) -> Cmd {
    let mut command = redis::cmd("XRANGE");
    command.arg(key(stream, "dead")).arg("-").arg("+").arg("COUNT").arg(count);
    command
}
