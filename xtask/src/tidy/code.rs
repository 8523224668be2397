//! What the code of the published crates never calls.

use super::Finding;
use super::shipped::{lines_with, shipped};
use super::sources::Source;

/// Words that must not stand in the shipped code below a folder.
struct Ban {
    rule: &'static str,
    below: &'static str,
    words: &'static [&'static str],
    advice: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        rule: "sans-io",
        below: "crates/feishu-transport/src/session/",
        words: &["tokio", "std::net", "std::thread", ".await"],
        advice: "the session is a state machine without I/O: bytes go in, actions come out; let the driver do this",
    },
    Ban {
        rule: "injected time",
        below: "crates/feishu-transport/src/session/",
        words: &["Instant::now", ".elapsed()"],
        advice: "the session has no clock; take the `Instant` as an argument",
    },
    Ban {
        rule: "injected time",
        below: "crates/",
        words: &["SystemTime::now()", "std::time::Instant::now", "thread::sleep"],
        advice: "the wall clock cannot be paused in a test; use `tokio::time`, or take the time as an argument",
    },
    Ban {
        rule: "no printing",
        below: "crates/",
        words: &["print!", "println!", "eprint!", "eprintln!", "dbg!"],
        advice: "a library has no terminal; count it, log it with `tracing`, or return it",
    },
    Ban {
        rule: "no panics",
        below: "crates/",
        words: &[".unwrap()", ".expect(", ".unwrap_err()", ".expect_err("],
        advice: "what comes from outside must not end the process; return a typed error or choose a default",
    },
    Ban {
        rule: "bounded",
        below: "crates/",
        words: &[
            "unbounded_channel",
            "UnboundedSender",
            "UnboundedReceiver",
            "mpsc::unbounded",
            "mpsc::channel()",
        ],
        advice: "every queue has a named limit; use a bounded channel",
    },
];

/// Looks for banned words in every shipped file.
pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().filter(|source| source.is_shipped()).flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    let code = shipped(&source.text);
    let mut findings = Vec::new();
    for ban in BANS.iter().filter(|ban| source.path.starts_with(ban.below)) {
        for word in ban.words {
            findings.extend(lines_with(&code, word).into_iter().map(|line| {
                let place = format!("{}:{line}", source.path);
                Finding::new(place, ban.rule, format!("`{word}`: {}", ban.advice))
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn rules(path: &str, text: &str) -> Vec<(String, &'static str)> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        check(&[source]).into_iter().map(|finding| (finding.place, finding.rule)).collect()
    }

    #[test]
    fn the_session_has_no_runtime_and_no_clock() {
        let path = "crates/feishu-transport/src/session/heartbeat.rs";
        let found = rules(path, "use tokio::time;\nfn now() -> Instant { Instant::now() }\n");
        assert_eq!(found, [(format!("{path}:1"), "sans-io"), (format!("{path}:2"), "injected time")]);
    }

    #[test]
    fn the_driver_may_have_both() {
        assert!(
            rules("crates/feishu-transport/src/driver.rs", "use tokio::time::Instant;\nInstant::now();")
                .is_empty()
        );
    }

    #[test]
    fn shipped_code_neither_prints_nor_panics_nor_queues_without_end() {
        let found =
            rules("crates/a/src/b.rs", "println!();\nc.unwrap();\nd.expect(\"e\");\nunbounded_channel();\n");
        let found: Vec<_> = found.iter().map(|(_, rule)| *rule).collect();
        assert_eq!(found, ["no printing", "no panics", "no panics", "bounded"]);
    }

    #[test]
    fn tests_examples_and_tools_may() {
        for path in
            ["crates/a/tests/b.rs", "crates/a/examples/c.rs", "xtask/src/d.rs", "tests/gateway/src/e.rs"]
        {
            assert!(rules(path, "println!(\"{}\", f.unwrap());").is_empty(), "{path}");
        }
    }

    #[test]
    fn lint_expectations_and_parsers_are_no_panics() {
        assert!(rules("crates/a/src/b.rs", "#[expect(dead_code)]\nfn unwrap_or_closed() {}\n").is_empty());
    }
}
