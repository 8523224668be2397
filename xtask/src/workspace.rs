//! The workspace as `cargo metadata` describes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo::{cargo, read};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The packages of the workspace, and the text of the root manifest.
pub(crate) struct Workspace {
    pub(crate) manifest: String,
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Folder below the root, with `/` on every system: `crates/feishu-proto`.
    pub(crate) folder: String,
    /// Whether it is published to the registry.
    pub(crate) published: bool,
    /// Names in `[features]`, without `default`.
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// An entry of one of a package's dependency tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Whether it is in `[dev-dependencies]`.
    pub(crate) dev: bool,
    pub(crate) optional: bool,
    /// Takes features, the default ones or others.
    pub(crate) features: bool,
}

impl Workspace {
    /// Asks cargo for all members.
    pub(crate) fn load() -> Result<Self> {
        let said = read(&mut cargo(["metadata", "--no-deps", "--locked", "--format-version", "1"]))?;
        let said: Value = serde_json::from_str(&said).context("cargo metadata printed something else")?;
        let members = list(&said, "packages").map(member).collect();
        let manifest = fs::read_to_string(root().join("Cargo.toml")).context("cannot read Cargo.toml")?;
        Ok(Self { manifest, members })
    }

    /// The crates that are published.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.published)
    }

    /// The value of a line such as `version = "0.1.0"` in `[workspace.package]`.
    pub(crate) fn package(&self, key: &str) -> Result<&str> {
        let start = format!("{key} = \"");
        let value = self.manifest.lines().find_map(|line| line.strip_prefix(&start)?.split('"').next());
        value.with_context(|| format!("Cargo.toml: [workspace.package] has no `{key}`"))
    }
}

impl Member {
    /// The manifest's path below the root.
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

fn member(package: &Value) -> Member {
    let manifest = Path::new(text(package, "manifest_path"));
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok()).unwrap_or(manifest);
    let features = package.get("features").and_then(Value::as_object);
    let features = features.into_iter().flat_map(|features| features.keys());
    Member {
        name: text(package, "name").to_owned(),
        folder: folder.to_string_lossy().replace('\\', "/"),
        published: package.get("publish").is_none_or(Value::is_null),
        features: features.filter(|name| *name != "default").cloned().collect(),
        dependencies: list(package, "dependencies").map(dependency).collect(),
    }
}

fn dependency(entry: &Value) -> Dependency {
    let flag = |key| entry.get(key).and_then(Value::as_bool).unwrap_or_default();
    Dependency {
        name: text(entry, "name").to_owned(),
        dev: text(entry, "kind") == "dev",
        optional: flag("optional"),
        features: flag("uses_default_features") || list(entry, "features").next().is_some(),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
