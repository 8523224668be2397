//! Tables of all types: for `EventType`, and for the test that runs them all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::MARK;
use super::description::Description;

/// The names of all types, and the scopes of those of which they are known.
pub(super) fn known(description: &Description) -> String {
    let mut types: BTreeMap<&str, &[String]> =
        description.others.iter().map(|name| (name.as_str(), &[][..])).collect();
    types.extend(description.events().map(|(_, event)| (event.kind.as_str(), event.scopes.as_slice())));
    let mut code = format!("{MARK}\n//! The known types, and the scopes of which an app needs one.\n\n");
    code.push_str("/// Sorted, for the binary search.\npub(super) const KNOWN: &[&str] = &[\n");
    for name in types.keys() {
        let _ = writeln!(code, "    \"{name}\",");
    }
    code.push_str("];\n\n/// Sorted by type.\npub(super) const SCOPES: &[(&str, &[&str])] = &[\n");
    for (name, scopes) in types.iter().filter(|(_, scopes)| !scopes.is_empty()) {
        let _ = writeln!(code, "    (\"{name}\", &{scopes:?}),");
    }
    code.push_str("];\n");
    code
}

/// A macro that calls another one for each event.
pub(super) fn every(description: &Description) -> String {
    let mut code = format!("{MARK}\n//! Every event that has a model.\n\n");
    code.push_str(
        "/// Calls a macro with the list of all events.\n#[macro_export]\nmacro_rules! every_event {\n",
    );
    code.push_str("    ($call:ident) => {\n        $call! {\n");
    for (domain, event) in description.events() {
        let _ = writeln!(code, "            {},", event.path(domain));
    }
    code.push_str("        }\n    };\n}\n");
    code
}
