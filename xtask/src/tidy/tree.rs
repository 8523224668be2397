//! The dependency tree of each crate, by `cargo tree`: the maximum number of crates, and forbidden ones.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use crate::cargo::{cargo, read};
use crate::workspace::Workspace;

/// The limits of one crate's dependency tree. The crate itself counts.
struct Budget {
    package: &'static str,
    flags: &'static [&'static str],
    most: Option<usize>,
    without: &'static [&'static str],
    why: &'static str,
}

/// Crates that need a C library or a foreign compiler, or are a second TLS: only behind a feature.
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

/// What the features of the transport bring in.
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
        why: "frames stay small enough to be used alone",
    },
    Budget {
        package: "feishu-callbacks",
        flags: &[],
        most: Some(12),
        without: FOREIGN,
        why: "models stay small enough to be used alone",
    },
    Budget {
        package: "feishu-runtime",
        flags: &[],
        most: Some(80),
        without: FOREIGN,
        why: "a whole bot builds fast, with only Rust and a C compiler",
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

/// Asks cargo for each tree and compares it with its budget.
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
fn judge(
    budget: &Budget,
    place: &str,
    shipped: &BTreeSet<(&str, &str)>,
    needed: &BTreeSet<(&str, &str)>,
) -> Vec<Finding> {
    let tree = [&["cargo tree -p", budget.package], budget.flags].concat().join(" ");
    let mut findings = Vec::new();
    if let Some(most) = budget.most.filter(|most| shipped.len() > *most) {
        let advice =
            format!("{} crates, {most} at most: {}; see `{tree} -e normal`", shipped.len(), budget.why);
        findings.push((place.to_owned(), advice));
    }
    for (name, _) in needed.iter().filter(|(name, _)| budget.without.contains(name)) {
        let advice = format!("{name} is in the tree, but {}; see `{tree} -i {name}`", budget.why);
        findings.push((place.to_owned(), advice));
    }
    findings
}

/// Name and version of the packages in what `cargo tree --prefix none` prints, each once.
fn packages(tree: &str) -> BTreeSet<(&str, &str)> {
    tree.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect()
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
            packages(TREE).iter().map(|(name, version)| format!("{name} {version}")).collect();
        assert_eq!(names, ["ours v0.1.0", "quote v1.0.0", "ring v0.17.0", "syn v1.0.9", "syn v2.0.1"]);
    }

    #[test]
    fn one_crate_too_many_and_one_ruled_out_are_two_findings() {
        let tree = packages(TREE);
        let found = judge(&BUDGET, "ours/Cargo.toml", &tree, &tree);
        assert_eq!(found.len(), 2);
        assert!(found[0].1.starts_with("5 crates, 4 at most"), "{}", found[0].1);
        assert!(found[1].1.contains("cargo tree -p ours --no-default-features -i ring"), "{}", found[1].1);
    }

    #[test]
    fn a_tree_at_its_limit_is_fine() {
        let tree = packages("a v1.0.0\nb v1.0.0\nc v1.0.0\nd v1.0.0\n");
        assert!(judge(&BUDGET, "ours/Cargo.toml", &tree, &tree).is_empty());
    }
}
