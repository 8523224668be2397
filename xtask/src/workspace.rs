//! The workspace as its manifests describe it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toml::{Table, Value};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Root manifest and members.
pub(crate) struct Workspace {
    pub(crate) manifest: Table,
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
pub(crate) struct Member {
    /// Folder below the root, with `/` on every system: `crates/feishu-proto`.
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) manifest: Table,
}

/// An entry of one of a package's dependency tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) section: Section,
    /// `workspace = true`: version and features are stated once, in the root manifest.
    pub(crate) inherited: bool,
    pub(crate) optional: bool,
    pub(crate) default_features: bool,
    pub(crate) features: Vec<String>,
}

/// Which table a dependency stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Normal,
    Build,
    Dev,
}

impl Workspace {
    /// Reads the root manifest and those of all members it lists.
    pub(crate) fn load() -> Result<Self> {
        let manifest = read_manifest("Cargo.toml")?;
        let folders = strings(at(&manifest, &["workspace", "members"]));
        let members = folders.into_iter().map(|folder| {
            let manifest = read_manifest(&format!("{folder}/Cargo.toml"))?;
            Member::new(&folder, manifest)
        });
        let members = members.collect::<Result<Vec<_>>>()?;
        Ok(Self { manifest, members })
    }

    /// The crates that are published, lowest layer first.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.folder.starts_with("crates/"))
    }

    /// A value of `[workspace.package]`, such as `version`.
    pub(crate) fn package(&self, key: &str) -> Result<&str> {
        let value = at(&self.manifest, &["workspace", "package", key]).and_then(Value::as_str);
        value.with_context(|| format!("Cargo.toml: [workspace.package] has no `{key}`"))
    }
}

impl Member {
    pub(crate) fn new(folder: &str, manifest: Table) -> Result<Self> {
        let name = at(&manifest, &["package", "name"]).and_then(Value::as_str);
        let name = name.with_context(|| format!("{folder}/Cargo.toml: [package] has no `name`"))?.to_owned();
        Ok(Self { folder: folder.to_owned(), name, manifest })
    }

    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// All dependencies of all tables, those of `[target.….dependencies]` included.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flat_map(|table| table.values().filter_map(Value::as_table));
        let tables = std::iter::once(&self.manifest).chain(targets);
        tables.flat_map(dependencies_of).collect()
    }

    /// Names in `[features]`, without `default`.
    pub(crate) fn features(&self) -> Vec<&str> {
        let features = self.manifest.get("features").and_then(Value::as_table);
        let names = features.into_iter().flat_map(|table| table.keys().map(String::as_str));
        names.filter(|name| *name != "default").collect()
    }
}

/// The value at a path of keys.
pub(crate) fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?;
    parent.get(*last)
}

fn dependencies_of(table: &Table) -> Vec<Dependency> {
    let sections = [
        ("dependencies", Section::Normal),
        ("build-dependencies", Section::Build),
        ("dev-dependencies", Section::Dev),
    ];
    let mut found = Vec::new();
    for (key, section) in sections {
        let Some(entries) = table.get(key).and_then(Value::as_table) else { continue };
        found.extend(entries.iter().map(|(name, value)| dependency(name, value, section)));
    }
    found
}

fn dependency(name: &str, value: &Value, section: Section) -> Dependency {
    let flag = |key| value.get(key).and_then(Value::as_bool);
    let inherited = flag("workspace").unwrap_or(false);
    Dependency {
        // A renamed dependency is judged by what it is, not by what it is called here.
        name: value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned(),
        section,
        inherited,
        optional: flag("optional").unwrap_or(false),
        // Inherited ones have them off in the root manifest, which is a rule of its own.
        default_features: flag("default-features").unwrap_or(!inherited),
        features: strings(value.get("features")),
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn read_manifest(path: &str) -> Result<Table> {
    let text = fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))?;
    text.parse().with_context(|| format!("{path} is not a manifest"))
}

#[cfg(test)]
mod tests {
    use super::{Member, Section};

    fn member(manifest: &str) -> Member {
        Member::new("crates/example", manifest.parse().unwrap()).unwrap()
    }

    #[test]
    fn dependencies_come_from_every_table() {
        let member = member(
            r#"
            package.name = "example"
            [dependencies]
            bytes.workspace = true
            http = { version = "1", package = "hyper" }
            [dev-dependencies]
            tokio = { workspace = true, features = ["full"] }
            [target.'cfg(unix)'.build-dependencies]
            cc = { workspace = true, optional = true }
            "#,
        );
        let found = member.dependencies();
        let names: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.section)).collect();
        let expected = [
            ("bytes", Section::Normal),
            ("hyper", Section::Normal),
            ("tokio", Section::Dev),
            ("cc", Section::Build),
        ];
        assert_eq!(names, expected);
        assert!(!found[0].default_features);
        assert!(found[1].default_features);
        assert_eq!(found[2].features, ["full"]);
        assert!(found[3].optional && found[3].inherited);
    }

    #[test]
    fn default_is_no_feature_of_its_own() {
        let member =
            member("package.name = \"example\"\n[features]\ndefault = [\"ws\"]\nhttp = []\nws = []\n");
        assert_eq!(member.features(), ["http", "ws"]);
    }
}
