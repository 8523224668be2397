//! The layer rule: which crate may depend on which.

use super::Finding;
use crate::workspace::{Dependency, Member, Workspace};

/// Every published crate, for a law that forbids them all.
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

/// The dependencies allowed for one package.
struct Law {
    package: &'static str,
    /// If given, nothing but these.
    only: Option<&'static [&'static str]>,
    /// Not in any table.
    never: &'static [&'static str],
    /// Only in `[dev-dependencies]`.
    never_shipped: &'static [&'static str],
    /// Only as `optional = true`.
    optional: &'static [&'static str],
    why: &'static str,
}

/// A law that forbids nothing.
const FREE: Law = Law { package: "", only: None, never: &[], never_shipped: &[], optional: &[], why: "" };

/// What checks and decrypts the requests of a webhook.
const CIPHERS: &[&str] = &["aes", "base64", "cbc", "sha1_smol", "sha2"];

const LAWS: &[Law] = &[
    Law {
        package: "feishu-proto",
        only: Some(&["bytes", "prost"]),
        never: &["feishu-callbacks", "feishu-transport", "feishu-runtime", "feishu-gateway"],
        why: "frames need only bytes and prost, so that a proxy can use them alone",
        ..FREE
    },
    Law {
        package: "feishu-callbacks",
        only: Some(&["aes", "base64", "cbc", "serde", "serde_json", "sha1_smol", "sha2"]),
        never: &["feishu-proto", "feishu-transport", "feishu-runtime", "feishu-gateway"],
        optional: CIPHERS,
        why: "models need only serde and serde_json, so that a web server can use them alone; webhook requests are a feature",
        ..FREE
    },
    Law {
        package: "feishu-transport",
        never: &["feishu-callbacks", "feishu-runtime"],
        never_shipped: &["feishu-gateway"],
        optional: NETWORK,
        why: "the connection does not interpret payloads; each network library is a feature",
        ..FREE
    },
    Law {
        package: "feishu-runtime",
        never_shipped: &["feishu-gateway", "feishu-proto"],
        optional: NETWORK,
        why: "the dispatcher uses deliveries, not frames or sockets; add what is missing to feishu-transport",
        ..FREE
    },
    Law {
        package: "feishu-gateway",
        never: &["feishu-callbacks", "feishu-transport", "feishu-runtime"],
        why: "the local platform must not share the client's mistakes, so it shares only the frames with it",
        ..FREE
    },
    Law {
        package: "xtask",
        never: HOUSE,
        why: "the gates must run while the crates do not compile; start a program of theirs instead",
        ..FREE
    },
];

/// Compares every package with its law.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let missing =
        LAWS.iter().filter(|law| !workspace.members.iter().any(|member| member.name == law.package));
    let missing = missing.map(|law| (file!().to_owned(), format!("there is no package {}", law.package)));
    missing.chain(workspace.members.iter().flat_map(check_member)).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let law = LAWS.iter().find(|law| law.package == member.name).unwrap_or(&FREE);
    let problems = member.dependencies.iter().filter_map(|dependency| {
        let problem = problem(law, dependency)?;
        Some((member.manifest_path(), format!("{problem} {}: {}", dependency.name, law.why)))
    });
    problems.collect()
}

fn problem(law: &Law, dependency: &Dependency) -> Option<&'static str> {
    let name = dependency.name.as_str();
    if law.never.contains(&name) {
        return Some("must not depend on");
    }
    if dependency.dev {
        return None;
    }
    if law.only.is_some_and(|only| !only.contains(&name)) {
        return Some("must not depend on");
    }
    if law.never_shipped.contains(&name) {
        return Some("must not, outside of tests, depend on");
    }
    if law.optional.contains(&name) && !dependency.optional {
        return Some("must not, without a feature, depend on");
    }
    // Each feature of the transport is one of the runtime's (`ws = ["feishu-transport/ws"]`).
    let bare = law.package != "feishu-runtime" || name != "feishu-transport" || !dependency.features;
    (!bare).then_some("must not choose features of")
}

#[cfg(test)]
mod tests {
    use super::{Dependency, Member, check_member};

    /// What is found about a package with this one dependency.
    fn findings(package: &str, name: &str, change: impl FnOnce(&mut Dependency)) -> usize {
        let mut dependency = Dependency { name: name.to_owned(), ..Dependency::default() };
        change(&mut dependency);
        let member = Member {
            name: package.to_owned(),
            folder: format!("crates/{package}"),
            published: true,
            features: Vec::new(),
            dependencies: vec![dependency],
        };
        check_member(&member).len()
    }

    #[test]
    fn each_layer_takes_what_its_law_allows() {
        for (package, dependency, wrong) in [
            ("feishu-proto", "prost", 0),
            ("feishu-proto", "serde", 1),
            ("feishu-callbacks", "serde_json", 0),
            ("feishu-callbacks", "tokio", 1),
            ("feishu-callbacks", "aes", 1),
            ("feishu-transport", "feishu-proto", 0),
            ("feishu-transport", "feishu-callbacks", 1),
            ("feishu-transport", "hyper", 1),
            ("feishu-runtime", "feishu-transport", 0),
            ("feishu-runtime", "feishu-gateway", 1),
            ("feishu-gateway", "feishu-proto", 0),
            ("feishu-gateway", "feishu-transport", 1),
            ("xtask", "feishu-proto", 1),
        ] {
            assert_eq!(findings(package, dependency, |_| ()), wrong, "{package} with {dependency}");
        }
    }

    #[test]
    fn tests_may_use_any_library_but_no_higher_crate() {
        assert_eq!(findings("feishu-proto", "proptest", |it| it.dev = true), 0);
        assert_eq!(findings("feishu-runtime", "feishu-gateway", |it| it.dev = true), 0);
        assert_eq!(findings("feishu-proto", "feishu-runtime", |it| it.dev = true), 1);
    }

    #[test]
    fn network_libraries_are_optional_and_the_transport_is_bare() {
        assert_eq!(findings("feishu-transport", "hyper", |it| it.optional = true), 0);
        assert_eq!(findings("feishu-runtime", "feishu-transport", |it| it.features = true), 1);
    }
}
