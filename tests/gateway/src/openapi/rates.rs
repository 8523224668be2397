//! Rate limits of the OpenAPI calls.

use std::collections::HashMap;

use http::Method;
use tokio::time::{Duration, Instant};

use super::Refused;

/// Each call may be made so often by one app ("frequency control"), in a second and in a minute.
const PER_SECOND: u32 = 50;
const PER_MINUTE: u32 = 1000;
/// Messages to one user or group, and updates of one message, in a second.
const PER_TARGET: u32 = 5;
/// Changes of one card entity in a second. Its code is not documented; 230020 is what users saw on this path.
const PER_CARD: u32 = 10;
/// Windows that are remembered before those that are over are forgotten.
const WINDOWS_LIMIT: usize = 4096;

/// Which calls were made in the current second and minute.
#[derive(Debug, Default)]
pub(crate) struct Rates(HashMap<String, Window>);

#[derive(Debug)]
struct Window {
    began: Instant,
    length: Duration,
    count: u32,
}

impl Rates {
    /// Counts a call, or refuses it.
    pub(super) fn admit(
        &mut self,
        app: &str,
        method: &Method,
        path: &[&str],
        target: &str,
    ) -> Result<(), Refused> {
        if self.0.len() > WINDOWS_LIMIT {
            self.0.retain(|_, window| window.began.elapsed() < window.length);
        }
        let call = format!("{app} {method} {}", name(path));
        let minute = self.count(format!("m {call}"), Duration::from_secs(60), PER_MINUTE);
        let second = self.count(format!("s {call}"), Duration::from_secs(1), PER_SECOND);
        if !minute || !second {
            return Err(Refused::new(429, 99_991_400, "request trigger frequency limit"));
        }
        let limit = match path {
            ["im", "v1", "messages"] | ["im", "v1", "messages", _, "reply"] if *method == Method::POST => {
                PER_TARGET
            }
            ["im", "v1", "messages", _] if *method == Method::PATCH => PER_TARGET,
            ["cardkit", ..] => PER_CARD,
            _ => return Ok(()),
        };
        if target.is_empty() || self.count(format!("t {app} {target}"), Duration::from_secs(1), limit) {
            return Ok(());
        }
        Err(Refused::code(230_020, format!("more than {limit} calls in a second for {target}")))
    }

    fn count(&mut self, name: String, length: Duration, limit: u32) -> bool {
        let window = self.0.entry(name).or_insert_with(|| Window { began: Instant::now(), length, count: 0 });
        if window.began.elapsed() >= length {
            (window.began, window.count) = (Instant::now(), 0);
        }
        window.count += 1;
        window.count <= limit
    }
}

/// The call without the ids in its path.
fn name(path: &[&str]) -> String {
    let mut name = String::new();
    let mut before = "";
    for part in path {
        let is_id = matches!(before, "messages" | "cards" | "elements" | "resources" | "reactions")
            && *part != "id_convert";
        name.push('/');
        name.push_str(if is_id { ":id" } else { part });
        before = part;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn ids_are_no_part_of_a_calls_name() {
        assert_eq!(name(&["im", "v1", "messages", "om_1", "reply"]), "/im/v1/messages/:id/reply");
        let content = ["cardkit", "v1", "cards", "7", "elements", "answer", "content"];
        assert_eq!(name(&content), "/cardkit/v1/cards/:id/elements/:id/content");
        assert_eq!(name(&["cardkit", "v1", "cards", "id_convert"]), "/cardkit/v1/cards/id_convert");
    }
}
