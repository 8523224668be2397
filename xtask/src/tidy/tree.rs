//! What a crate pulls in, by `cargo tree`: how many crates, and none of those that were ruled out.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use crate::cargo::{cargo, read};
use crate::workspace::Workspace;

/// The tree of one crate with some features, and what it must keep to. The crate itself counts.
struct Budget {
    package: &'static str,
    flags: &'static [&'static str],
    most: Option<usize>,
    without: &'static [&'static str],
    why: &'static str,
}

/// Need a C library, a foreign compiler or a second TLS: none may be there unless a user asks for it.
const FOREIGN: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "cmake",
    "native-tls",
    "openssl",
    "openssl-sys",
    "protobuf-src",
    "protoc-bin-vendored",
    "reqwest",
    "url",
];

/// What the features of the transport stand for.
const NETWORK: &[&str] = &[
    "hyper",
    "hyper-util",
    "ring",
    "rustls",
    "tokio-rustls",
    "tokio-tungstenite",
    "tungstenite",
    "webpki-roots",
];

const BUDGETS: &[Budget] = &[
    Budget {
        package: "feishu-proto",
        flags: &[],
        most: Some(12),
        without: FOREIGN,
        why: "frames stay small enough to be taken alone",
    },
    Budget {
        package: "feishu-callbacks",
        flags: &[],
        most: Some(12),
        without: FOREIGN,
        why: "models stay small enough to be taken alone",
    },
    Budget {
        package: "feishu-runtime",
        flags: &[],
        most: Some(80),
        without: FOREIGN,
        why: "a whole bot builds fast, with Rust and a C compiler alone",
    },
    Budget {
        package: "feishu-runtime",
        flags: &["--no-default-features"],
        most: None,
        without: NETWORK,
        why: "with the default features off the connection is the user's own",
    },
    Budget {
        package: "feishu-transport",
        flags: &["--no-default-features"],
        most: None,
        without: NETWORK,
        why: "with the default features off the connection is the user's own",
    },
];

/// Asks cargo for each tree and holds it against its budget.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for budget in BUDGETS {
        // Feature and kind of an edge are part of the manifest's truth, so cargo itself is asked, not the lock file.
        let arguments =
            ["tree", "--locked", "--prefix", "none", "--format", "{p}", "--package", budget.package];
        let ask =
            |edges: &str| read(&mut cargo(arguments.iter().chain(&["--edges", edges]).chain(budget.flags)));
        let place = workspace.members.iter().find(|member| member.name == budget.package);
        let place = place.map_or_else(|| "Cargo.toml".to_owned(), crate::workspace::Member::manifest_path);
        findings.extend(judge(budget, &place, &packages(&ask("normal")?), &packages(&ask("normal,build")?)));
    }
    Ok(findings)
}

/// Compares what is compiled into a user's program, and what it takes to build it, with the budget.
fn judge(budget: &Budget, place: &str, shipped: &[Package], needed: &[Package]) -> Vec<Finding> {
    let tree = [&["cargo tree -p", budget.package], budget.flags].concat().join(" ");
    let mut findings = Vec::new();
    if let Some(most) = budget.most.filter(|most| shipped.len() > *most) {
        let advice =
            format!("{} crates, {most} at most: {}; see `{tree} -e normal`", shipped.len(), budget.why);
        findings.push(Finding::new(place, "crate count", advice));
    }
    for package in needed.iter().filter(|package| budget.without.contains(&package.name.as_str())) {
        let name = &package.name;
        let advice = format!("{name} is in the tree, but {}; see `{tree} -i {name}`", budget.why);
        findings.push(Finding::new(place, "crate tree", advice));
    }
    findings
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

/// The packages in what `cargo tree --prefix none` prints, each version once.
fn packages(tree: &str) -> Vec<Package> {
    let lines = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(Package { name: words.next()?.to_owned(), version: words.next()?.to_owned() })
    });
    lines.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{Budget, judge, packages};

    const TREE: &str =
        "ours v0.1.0 (/home/a/ours)\nsyn v2.0.1\nquote v1.0.0\nsyn v2.0.1 (*)\nsyn v1.0.9\n\nring v0.17.0\n";

    const BUDGET: Budget = Budget {
        package: "ours",
        flags: &["--no-default-features"],
        most: Some(4),
        without: &["ring"],
        why: "it is ours",
    };

    #[test]
    fn a_package_counts_once_per_version() {
        let names: Vec<_> =
            packages(TREE).into_iter().map(|it| format!("{} {}", it.name, it.version)).collect();
        assert_eq!(names, ["ours v0.1.0", "quote v1.0.0", "ring v0.17.0", "syn v1.0.9", "syn v2.0.1"]);
    }

    #[test]
    fn one_crate_too_many_and_one_ruled_out_are_two_findings() {
        let tree = packages(TREE);
        let found = judge(&BUDGET, "ours/Cargo.toml", &tree, &tree);
        assert_eq!(found.iter().map(|it| it.rule).collect::<Vec<_>>(), ["crate count", "crate tree"]);
        assert!(found[0].advice.starts_with("5 crates, 4 at most"), "{}", found[0].advice);
        assert!(
            found[1].advice.contains("cargo tree -p ours --no-default-features -i ring"),
            "{}",
            found[1].advice
        );
    }

    #[test]
    fn a_tree_at_its_limit_is_fine() {
        let tree = packages("a v1.0.0\nb v1.0.0\nc v1.0.0\nd v1.0.0\n");
        assert!(judge(&BUDGET, "ours/Cargo.toml", &tree, &tree).is_empty());
    }
}
