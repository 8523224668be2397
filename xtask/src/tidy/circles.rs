//! Modules do not import each other in circles.
//!
//! In every folder the modules side by side form a graph: one points to another when a file of it names something of
//! the other by `crate::` or `super::`. A module and its parent are one unit from outside and may know each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::files::shipped;
use super::sources::Source;
use crate::workspace::Workspace;

/// Folders whose circle is left for now; one without a circle is a finding.
const KNOWN: &[&str] = &[];

/// A module's place in its crate: no parts for the root.
type Module = Vec<String>;

/// Checks the four crates.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let crates = workspace.published().filter(|member| member.folder.starts_with("crates/"));
    let crates = crates.map(|member| format!("{}/src/", member.folder));
    let found: Vec<Finding> = crates.flat_map(|folder| check_crate(&folder, sources)).collect();
    let idle = KNOWN.iter().filter(|known| !found.iter().any(|(place, _)| place == *known));
    let idle = idle.map(|known| (file!().to_owned(), format!("{known} has no circle any more; remove it")));
    let new = found.iter().filter(|(place, _)| !KNOWN.contains(&place.as_str())).cloned();
    new.chain(idle).collect()
}

fn check_crate(folder: &str, sources: &[Source]) -> Vec<Finding> {
    let files = sources.iter().filter(|source| source.is(".rs") && !source.is("/tests.rs"));
    let files = files.filter_map(|source| {
        let path = source.path.strip_prefix(folder).filter(|path| !path.starts_with("bin/"))?;
        Some((module(path), uses(shipped(&source.text))))
    });
    let modules: BTreeMap<Module, Vec<Use>> = files.collect();
    let mut graphs: BTreeMap<Module, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, uses) in &modules {
        for to in uses.iter().filter(|it| !it.exported).map(|it| resolve(&modules, from, &it.path, 0)) {
            let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
            if let (Some(ours), Some(theirs)) = (from.get(shared), to.get(shared)) {
                let edges = graphs.entry(from.iter().take(shared).cloned().collect()).or_default();
                edges.insert((ours.clone(), theirs.clone()));
            }
        }
    }
    let circles =
        graphs.into_iter().map(|(parent, edges)| (format!("{folder}{}", parent.join("/")), circle(edges)));
    let circles = circles.filter(|(_, edges)| !edges.is_empty());
    circles
        .map(|(place, edges)| {
            let arrows: Vec<_> = edges.iter().map(|(from, to)| format!("{from} → {to}")).collect();
            (place, format!("modules import each other in a circle: {}", arrows.join(", ")))
        })
        .collect()
}

/// `card/mod.rs` and `card.rs` are the module `card`, `lib.rs` is the root.
fn module(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

/// A path in a module's code, with its first word: `crate`, `super`, or a name.
struct Use {
    path: Vec<String>,
    /// `pub use`: the name is found here, too.
    exported: bool,
}

/// All paths that begin with `crate` or `super`, and all that are exported again.
fn uses(text: &str) -> Vec<Use> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for start in ["crate::", "super::", "use "] {
        for (at, _) in code.match_indices(start) {
            let (before, rest) = code.split_at(at);
            let line = before.rsplit('\n').next().unwrap_or_default().trim();
            let inside = before.ends_with(|it: char| it.is_alphanumeric() || matches!(it, '_' | '$' | ':'));
            let exported = line.starts_with("pub") && (start == "use " || line.ends_with("use"));
            // An exported path is found by its `use`, with its prefix.
            if inside || (start == "use ") != exported {
                continue;
            }
            let paths = expand(rest.strip_prefix("use ").unwrap_or(rest), &[]).0;
            found.extend(paths.into_iter().map(|path| Use { path, exported }));
        }
    }
    found
}

/// The paths in `a::{b, c::D}`, and what follows them.
fn expand<'a>(text: &'a str, before: &[String]) -> (Vec<Vec<String>>, &'a str) {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut path = before.to_vec();
    path.extend((!name.is_empty()).then(|| name.to_owned()));
    if let Some(next) = rest.strip_prefix("::") {
        return expand(next, &path);
    }
    let Some(mut group) = rest.strip_prefix('{') else { return (vec![path], rest) };
    let mut paths = Vec::new();
    loop {
        group = group.trim_start_matches([' ', '\n', ',']);
        rest = group;
        match group.strip_prefix('}') {
            Some(after) => return (paths, after),
            None if group.is_empty() => return (paths, rest),
            None => {}
        }
        let (found, after) = expand(group, &path);
        paths.extend(found);
        // Past ` as Name`, or whatever this scanner does not know.
        group = after.trim_start_matches(|it| !matches!(it, ',' | '}'));
    }
}

/// The module that holds what a path names; an exported name leads on to where it comes from.
fn resolve(modules: &BTreeMap<Module, Vec<Use>>, from: &Module, path: &[String], depth: usize) -> Module {
    let mut at = from.clone();
    for (index, name) in path.iter().enumerate() {
        match name.as_str() {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            name => {
                let child: Module = at.iter().cloned().chain([name.to_owned()]).collect();
                if modules.contains_key(&child) {
                    at = child;
                    continue;
                }
                let uses = modules.get(&at).into_iter().flatten();
                let source =
                    uses.filter(|it| it.exported).find(|it| it.path.last().is_some_and(|last| last == name));
                // `pub use x::x` inside the module itself would lead around for ever.
                return match source.filter(|_| depth < 8 && !(index == 0 && at == *from)) {
                    Some(source) => resolve(modules, &at, &source.path, depth + 1),
                    None => at,
                };
            }
        }
    }
    at
}

/// The edges that remain after repeatedly removing modules without incoming or without outgoing edges.
fn circle(mut edges: BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
    loop {
        let from: BTreeSet<String> = edges.iter().map(|(from, _)| from.clone()).collect();
        let to: BTreeSet<String> = edges.iter().map(|(_, to)| to.clone()).collect();
        let before = edges.len();
        edges.retain(|(ours, theirs)| to.contains(ours) && from.contains(theirs));
        if edges.len() == before {
            return edges;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, check_crate};

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let source =
            |(path, text): &(&str, &str)| Source { path: format!("a/src/{path}"), text: (*text).to_owned() };
        let sources: Vec<_> = files.iter().map(source).collect();
        check_crate("a/src/", &sources)
            .into_iter()
            .map(|(place, advice)| format!("{place} {advice}"))
            .collect()
    }

    #[test]
    fn modules_in_a_circle_are_found_through_groups_and_exports() {
        let found = circles(&[
            ("lib.rs", "pub use card::{Card, Other};\npub use crate::reply::Reply;"),
            ("card/mod.rs", "use crate::{x::Y, reply::{Reply as R}};"),
            ("reply.rs", "fn a(card: crate::Card) {}"),
            ("top.rs", "use crate::card::Card;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("card → reply, reply → card"), "{found:?}");
    }

    #[test]
    fn a_module_and_its_parent_and_tests_and_comments_make_no_circle() {
        let found = circles(&[
            ("card/mod.rs", "use form::Form;"),
            ("card/form.rs", "use super::Card;\nuse super::value::Value;"),
            (
                "card/value.rs",
                "// crate::card::form\n\n#[cfg(test)]\nmod tests { use super::super::form::Form; }",
            ),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }
}
