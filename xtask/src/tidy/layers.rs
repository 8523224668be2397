//! The layer law: which crate may depend on which.

use super::Finding;
use crate::workspace::{Dependency, Member, Section, Workspace};

const RULE: &str = "layers";

/// Every crate of ours, so that a law can say "none of them".
const HOUSE: &[&str] =
    &["feishu-proto", "feishu-callbacks", "feishu-transport", "feishu-runtime", "feishu-gateway"];

/// Crates that open connections: always behind a feature, so that a user can bring something else.
const NETWORK: &[&str] = &[
    "http",
    "http-body-util",
    "hyper",
    "hyper-util",
    "rustls",
    "rustls-platform-verifier",
    "tokio-rustls",
    "tokio-tungstenite",
    "tungstenite",
    "webpki-roots",
];

/// What one package may take.
struct Law {
    package: &'static str,
    /// When given, nothing but these.
    only: Option<&'static [&'static str]>,
    /// Never, in no table.
    never: &'static [&'static str],
    /// Never in `[dependencies]`, for tests it may.
    never_shipped: &'static [&'static str],
    /// Only as `optional = true`.
    optional: &'static [&'static str],
    why: &'static str,
}

/// A law that forbids nothing.
const FREE: Law = Law { package: "", only: None, never: &[], never_shipped: &[], optional: &[], why: "" };

const LAWS: &[Law] = &[
    Law {
        package: "feishu-proto",
        only: Some(&["bytes", "prost"]),
        never: &["feishu-callbacks", "feishu-transport", "feishu-runtime", "feishu-gateway"],
        why: "frames are bytes and prost, so that a proxy can take them alone",
        ..FREE
    },
    Law {
        package: "feishu-callbacks",
        only: Some(&["serde", "serde_json"]),
        never: &["feishu-proto", "feishu-transport", "feishu-runtime", "feishu-gateway"],
        why: "models are serde and serde_json, so that a web server can take them alone",
        ..FREE
    },
    Law {
        package: "feishu-transport",
        never: &["feishu-callbacks", "feishu-runtime"],
        never_shipped: &["feishu-gateway"],
        optional: NETWORK,
        why: "the connection carries bytes, what they mean is decided above it; each network library is a feature",
        ..FREE
    },
    Law {
        package: "feishu-runtime",
        never_shipped: &["feishu-gateway", "feishu-proto"],
        optional: &[
            "http",
            "http-body-util",
            "hyper",
            "hyper-util",
            "prost",
            "rustls",
            "tokio-rustls",
            "tokio-tungstenite",
            "tungstenite",
        ],
        why: "the dispatcher sees deliveries, not frames or sockets; ask feishu-transport for what is missing",
        ..FREE
    },
    Law {
        package: "feishu-gateway",
        never: &["feishu-callbacks", "feishu-transport", "feishu-runtime"],
        why: "the stand-in for the platform must not share the client's mistakes; it speaks from the frames upwards",
        ..FREE
    },
    Law {
        package: "xtask",
        never: HOUSE,
        why: "the gates must run while the crates do not compile; start a program of theirs instead",
        ..FREE
    },
];

/// Holds every package against its law.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let missing =
        LAWS.iter().filter(|law| !workspace.members.iter().any(|member| member.name == law.package));
    let missing = missing.map(|law| {
        let advice = format!("there is a law for {}, but no such package; bring both in step", law.package);
        Finding::new("Cargo.toml", RULE, advice)
    });
    missing.chain(workspace.members.iter().flat_map(check_member)).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let law = LAWS.iter().find(|law| law.package == member.name).unwrap_or(&FREE);
    let mut findings = Vec::new();
    for dependency in member.dependencies() {
        if let Some(problem) = problem(law, &dependency) {
            let advice = format!("{} {problem}: {}", member.name, law.why);
            findings.push(Finding::new(member.manifest_path(), RULE, advice));
        }
        if member.name == "feishu-runtime" && takes_transport_features(&dependency) {
            let advice = "takes feishu-transport with features of its own choice; it must be bare here, and each of \
                          its features one of feishu-runtime's (`ws = [\"feishu-transport/ws\"]`)";
            findings.push(Finding::new(member.manifest_path(), RULE, advice));
        }
    }
    findings
}

fn problem(law: &Law, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let shipped = dependency.section != Section::Dev;
    if law.never.contains(&name) {
        return Some(format!("must never depend on {name}"));
    }
    if shipped && law.only.is_some_and(|only| !only.contains(&name)) {
        return Some(format!("must not depend on {name}"));
    }
    if shipped && law.never_shipped.contains(&name) {
        return Some(format!("may use {name} in tests only"));
    }
    if shipped && law.optional.contains(&name) && !dependency.optional {
        return Some(format!("may have {name} behind a feature only (`optional = true`)"));
    }
    None
}

fn takes_transport_features(dependency: &Dependency) -> bool {
    dependency.section != Section::Dev
        && dependency.name == "feishu-transport"
        && (dependency.default_features || !dependency.features.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{LAWS, check_member};
    use crate::workspace::Member;

    /// What is said about a package with these lines in its `[dependencies]`.
    fn said(package: &str, dependencies: &str) -> Vec<String> {
        said_about(package, &format!("[dependencies]\n{dependencies}"))
    }

    fn said_about(package: &str, tables: &str) -> Vec<String> {
        let manifest = format!("package.name = \"{package}\"\n{tables}");
        let member = Member::new(&format!("crates/{package}"), manifest.parse().unwrap()).unwrap();
        check_member(&member).into_iter().map(|finding| finding.advice).collect()
    }

    #[test]
    fn the_two_lowest_crates_take_their_two_libraries() {
        assert!(said("feishu-proto", "bytes.workspace = true\nprost.workspace = true").is_empty());
        assert!(said("feishu-callbacks", "serde.workspace = true\nserde_json.workspace = true").is_empty());
        for (package, other) in
            [("feishu-proto", "serde"), ("feishu-callbacks", "tokio"), ("feishu-proto", "tokio")]
        {
            let said = said(package, &format!("{other}.workspace = true"));
            assert_eq!(said.len(), 1);
            assert!(said[0].starts_with(&format!("{package} must not depend on {other}")), "{}", said[0]);
        }
    }

    #[test]
    fn tests_may_use_any_library_but_no_higher_crate() {
        assert!(said_about("feishu-proto", "[dev-dependencies]\nproptest.workspace = true").is_empty());
        assert_eq!(
            said_about("feishu-proto", "[dev-dependencies]\nfeishu-runtime.workspace = true").len(),
            1
        );
    }

    #[test]
    fn transport_knows_neither_callbacks_nor_runtime() {
        for above in ["feishu-callbacks", "feishu-runtime"] {
            assert_eq!(said("feishu-transport", &format!("{above}.workspace = true")).len(), 1, "{above}");
        }
        assert!(said("feishu-transport", "feishu-proto.workspace = true").is_empty());
    }

    #[test]
    fn network_libraries_are_behind_features() {
        assert_eq!(said("feishu-transport", "hyper.workspace = true").len(), 1);
        assert!(said("feishu-transport", "hyper = { workspace = true, optional = true }").is_empty());
        assert_eq!(said("feishu-runtime", "tokio-tungstenite.workspace = true").len(), 1);
        assert_eq!(said("feishu-runtime", "prost.workspace = true").len(), 1);
    }

    #[test]
    fn runtime_takes_a_bare_transport() {
        assert!(said("feishu-runtime", "feishu-transport.workspace = true").is_empty());
        for line in [
            "feishu-transport = { workspace = true, default-features = true }",
            "feishu-transport = { workspace = true, features = [\"ws\"] }",
            "feishu-transport = { path = \"../feishu-transport\" }",
        ] {
            assert_eq!(said("feishu-runtime", line).len(), 1, "{line}");
        }
        assert!(
            said_about(
                "feishu-runtime",
                "[dev-dependencies]\nfeishu-transport = { workspace = true, features = [\"ws\"] }"
            )
            .is_empty()
        );
    }

    #[test]
    fn the_local_platform_shares_nothing_with_the_client_but_the_frames() {
        assert!(said("feishu-gateway", "feishu-proto.workspace = true").is_empty());
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let lines = format!("[{table}]\nfeishu-transport.workspace = true");
            assert_eq!(said_about("feishu-gateway", &lines).len(), 1, "{table}");
        }
    }

    #[test]
    fn tables_of_a_target_are_no_way_around() {
        let said = said_about("feishu-proto", "[target.'cfg(unix)'.dependencies]\nlibc.workspace = true");
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn every_law_says_why() {
        assert!(LAWS.iter().all(|law| !law.package.is_empty() && !law.why.is_empty()));
    }
}
