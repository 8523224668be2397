//! Normalises payloads: moves ids from other places to the documented ones.
//!
//! It runs only for payloads that the fast path refused, on their text. If a payload has contradicting values, the
//! documented place counts and the other is listed.

mod rules;
mod tree;

use std::borrow::Cow;

use super::tolerant;
use crate::error::OddField;
use crate::header::{Header, Schema};
use rules::{Path, Rule, Thing};
use tree::Node;

/// The members that hold ids, in the order of [`Found`].
const ID_NAMES: [&str; 3] = ["open_id", "union_id", "user_id"];

/// A payload as documented, and what was left out on the way.
pub(super) fn normalise<'a>(
    text: Cow<'a, [u8]>,
    event_type: &str,
    schema: Schema,
) -> (Cow<'a, [u8]>, Vec<OddField>) {
    let rules = rules::of(event_type);
    let changed = if rules.is_empty() { None } else { rewrite(&text, rules, schema) };
    match changed {
        Some((text, odd)) => (Cow::Owned(text.into_bytes()), odd),
        None => (text, Vec::new()),
    }
}

/// Texts of [`ID_NAMES`] of the user behind a callback or event.
pub(crate) fn operator_ids(header: &Header, payload: &[u8]) -> Option<[Option<String>; 3]> {
    let text = tolerant::repair(payload);
    let mut root = Node::parse(&text)?;
    let body = if header.schema == Schema::Flat { &mut root } else { root.at(&["event"])? };
    let mut known = rules::of(header.event_type.as_str()).iter();
    let rule = known.find(|rule| rule.thing == Thing::Ids && rule.list.is_empty());
    let rule = rule.unwrap_or_else(|| {
        // In types without a model this may be what the event is about.
        if body.at(&["user_id"]).is_some_and(|node| node.text().is_some()) {
            body.remove(&["user_id"]);
        }
        &rules::ANY
    });
    Run { odd: Vec::new(), changed: false }.apply(body, "", rule);
    // The observer is of a link's preview; not documented.
    [rule.home, &["observer", "id"]].into_iter().find_map(|place| {
        let node = body.at(place)?;
        let ids = ID_NAMES.map(|name| node.at(&[name]).and_then(|id| id.text()));
        ids.iter().any(Option::is_some).then_some(ids)
    })
}

/// `None` when nothing is elsewhere.
fn rewrite(text: &[u8], rules: &[Rule], schema: Schema) -> Option<(String, Vec<OddField>)> {
    let mut root = Node::parse(text)?;
    let mut run = Run { odd: Vec::new(), changed: false };
    let body = if schema == Schema::Flat {
        &mut root
    } else {
        run.take_in(&mut root);
        root.at(&["event"])?
    };
    body.members()?;
    let prefix = if schema == Schema::Flat { "" } else { "event" };
    for rule in rules {
        if rule.list.is_empty() {
            run.apply(body, prefix, rule);
        } else if let Some(items) = body.at(rule.list).and_then(Node::items) {
            for (index, item) in items.iter_mut().enumerate() {
                run.apply(item, &format!("{}[{index}]", join(prefix, rule.list)), rule);
            }
        }
    }
    run.changed.then(|| {
        let mut out = String::with_capacity(text.len());
        root.write(&mut out);
        (out, run.odd)
    })
}

/// One thing that was found, and the path of where.
type Found = Option<(String, String)>;

struct Run {
    odd: Vec<OddField>,
    changed: bool,
}

impl Run {
    /// Moves `host` and `context` from beside the body into it, where samples of the documentation have them beside.
    fn take_in(&mut self, root: &mut Node<'_>) {
        for name in ["host", "context"] {
            let Some(members) = root.members() else { return };
            let Some(at) = members.iter().position(|(key, _)| key == name) else { continue };
            let (key, beside) = members.remove(at);
            self.changed = true;
            match root.at(&["event"]).and_then(Node::members) {
                Some(body) => self.merge(body, key.clone(), beside, &key),
                None => self.odd.push(OddField { path: key, ..differs("event") }),
            }
        }
    }

    /// Adds a member to an object; an existing one of that name is kept.
    fn merge<'a>(
        &mut self,
        into: &mut Vec<(String, Node<'a>)>,
        key: String,
        mut value: Node<'a>,
        path: &str,
    ) {
        let Some((_, inside)) = into.iter_mut().find(|(inside, _)| *inside == key) else {
            into.push((key, value));
            return;
        };
        if inside.is_empty() {
            *inside = value;
        } else if let (Some(inside), Some(members)) = (inside.members(), value.members()) {
            for (key, value) in members.drain(..) {
                let path = format!("{path}.{key}");
                self.merge(inside, key, value, &path);
            }
        } else if !value.is_empty() && inside.text() != value.text() {
            self.odd.push(OddField { path: path.to_owned(), ..differs(&format!("event.{path}")) });
        }
    }

    fn apply(&mut self, base: &mut Node<'_>, prefix: &str, rule: &Rule) {
        match rule.thing {
            Thing::Text => self.gather_text(base, prefix, rule),
            Thing::Ids => self.gather_ids(base, prefix, rule),
        }
    }

    fn gather_text(&mut self, base: &mut Node<'_>, prefix: &str, rule: &Rule) {
        // The parent may itself be an id as text, which another rule reads first.
        let parent = rule.home.split_last().map_or(rule.home, |(_, parent)| parent);
        if !parent.is_empty() && base.at(parent).is_some_and(|node| node.text().is_some()) {
            return;
        }
        let mut found: Found =
            base.at(rule.home).and_then(|node| node.text()).map(|text| (text, join(prefix, rule.home)));
        let documented = found.is_some();
        for place in rule.elsewhere {
            if let Some(text) = base.at(place).and_then(|node| node.text()) {
                base.remove(place);
                self.settle(&mut found, text, join(prefix, place));
            }
        }
        if let Some((text, _)) = found.filter(|_| !documented) {
            self.replace(base, prefix, rule.home);
            base.put(rule.home, text);
        }
    }

    fn gather_ids(&mut self, base: &mut Node<'_>, prefix: &str, rule: &Rule) {
        let mut found: [Found; 3] = Default::default();
        let mut documented = [false; 3];
        if let Some(home) = base.at(rule.home) {
            for ((found, documented), name) in found.iter_mut().zip(&mut documented).zip(ID_NAMES) {
                *found = home
                    .at(&[name])
                    .and_then(|node| node.text())
                    .map(|text| (text, join(prefix, &[rule.home, &[name]].concat())));
                *documented = found.is_some();
            }
        }
        let mut emptied: Vec<Path> = Vec::new();
        for place in std::iter::once(&rule.home).chain(rule.elsewhere) {
            if self.gather_ids_at(base, prefix, place, rule.home, &mut found) {
                emptied.push(place);
            }
        }
        // What gave its ids away has nothing else that the documentation knows.
        for place in rule.elsewhere.iter().filter(|place| !rule.home.starts_with(place)) {
            if emptied.iter().any(|emptied| emptied.starts_with(place)) {
                base.remove(place);
            }
        }
        for ((found, documented), name) in found.into_iter().zip(documented).zip(ID_NAMES) {
            if let Some((text, _)) = found.filter(|_| !documented) {
                self.replace(base, prefix, rule.home);
                base.put(&[rule.home, &[name]].concat(), text);
            }
        }
    }

    /// True when ids were taken out of an object there.
    fn gather_ids_at(
        &mut self,
        base: &mut Node<'_>,
        prefix: &str,
        place: Path,
        home: Path,
        found: &mut [Found; 3],
    ) -> bool {
        let Some(text) = base.at(place).map(|node| node.text()) else { return false };
        if let Some(text) = text {
            // A member of the home itself has been read.
            let is_documented =
                place.split_last().is_some_and(|(name, parent)| parent == home && ID_NAMES.contains(name));
            let kind = if is_documented { None } else { kind_of(base, place, &text) };
            if let Some(slot) = kind.and_then(|kind| found.get_mut(kind)) {
                base.remove(place);
                self.settle(slot, text, join(prefix, place));
            }
            return false;
        }
        if place == home {
            return false;
        }
        let mut took_one = false;
        for (slot, name) in found.iter_mut().zip(ID_NAMES) {
            let member = [place, &[name]].concat();
            // The place may be the body, and the member what other rules read.
            if member == home || home.starts_with(&member) {
                continue;
            }
            if let Some(text) = base.at(&member).and_then(|node| node.text()) {
                base.remove(&member);
                self.settle(slot, text, join(prefix, &member));
                took_one = true;
            }
        }
        took_one
    }

    /// Takes what was found at another place, unless something else was found before.
    fn settle(&mut self, found: &mut Found, text: String, path: String) {
        self.changed = true;
        match found {
            None => *found = Some((text, path)),
            Some((first, _)) if *first == text => {}
            Some((_, counts)) => {
                self.odd.push(OddField { path, ..differs(counts) });
            }
        }
    }

    /// Lists what is in the way of a value that goes to `home`.
    fn replace(&mut self, base: &mut Node<'_>, prefix: &str, home: Path) {
        for len in 1..=home.len() {
            let Some(way) = home.get(..len) else { return };
            let Some(node) = base.at(way) else { return };
            if node.members().is_none() && !node.is_empty() && node.text().is_none() {
                let odd = OddField {
                    path: join(prefix, way),
                    found: node.kind().to_owned(),
                    expected: "an object or text".to_owned(),
                };
                self.odd.push(odd);
                return;
            }
        }
    }
}

/// What is odd about a member that says something else than another.
fn differs(counts: &str) -> OddField {
    OddField {
        path: String::new(),
        found: "something else".to_owned(),
        expected: format!("the same as in `{counts}`, which counts"),
    }
}

/// Which of [`ID_NAMES`] a text is: by the name of its member, by the `id_type` beside it, or by its beginning.
fn kind_of(base: &mut Node<'_>, place: Path, text: &str) -> Option<usize> {
    let by_name = |name: &str| ID_NAMES.iter().position(|id| *id == name);
    let (name, parent) = place.split_last()?;
    if let Some(kind) = by_name(name) {
        return Some(kind);
    }
    if let Some(id_type) = base.at(&[parent, &["id_type"]].concat()).and_then(|node| node.text()) {
        return by_name(&id_type);
    }
    match text.get(..3) {
        Some("ou_") => Some(0),
        Some("on_") => Some(1),
        // Of an app, or a name instead of an id.
        Some("cli") => None,
        _ if !name.ends_with("id") => None,
        _ => Some(2),
    }
}

fn join(prefix: &str, path: &[&str]) -> String {
    let steps: Vec<&str> =
        std::iter::once(prefix).filter(|prefix| !prefix.is_empty()).chain(path.iter().copied()).collect();
    steps.join(".")
}

#[cfg(test)]
mod tests;
