//! The description of the interface, and the check of a request against it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The description as it is served.
pub(crate) const TEXT: &str = include_str!("../../openapi.json");

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// What is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The member, `None` for the request as a whole.
    pub(crate) field: Option<String>,
    pub(crate) text: String,
}

impl Wrong {
    pub(crate) fn new(field: &str, text: impl Into<String>) -> Self {
        Self { field: Some(field.into()), text: text.into() }
    }

    pub(crate) fn whole(text: impl Into<String>) -> Self {
        Self { field: None, text: text.into() }
    }
}

/// A right body for a path.
pub(crate) fn example(path: &str) -> Value {
    body(path).and_then(|body| body.get("example")).cloned().unwrap_or_default()
}

/// Checks the body of a request to a path of the description.
pub(crate) fn check(path: &str, request: &Value) -> Result<(), Wrong> {
    match body(path).and_then(|body| body.get("schema")) {
        Some(schema) => value(schema, request, ""),
        None => Ok(()),
    }
}

/// What a path can be called with, such as `POST`; empty when there is no such path.
pub(crate) fn methods(path: &str) -> String {
    let operations = DESCRIPTION.get("paths").and_then(|paths| paths.get(path)?.as_object());
    let names = operations.into_iter().flat_map(Map::keys).map(|name| name.to_ascii_uppercase());
    names.collect::<Vec<_>>().join(" and ")
}

/// A right query for a path, such as `/local/deliveries?limit=100`.
pub(crate) fn query_example(path: &str) -> Value {
    let first = query_names(path).next();
    first.map_or(Value::Null, |name| {
        let value = if name == "app_id" { "cli_10ca1ba5e0000001" } else { "100" };
        format!("{path}?{name}={value}").into()
    })
}

/// Checks the names in the query of a GET: a misspelt one would be left out without a word.
pub(crate) fn check_query(path: &str, query: &str) -> Result<(), Wrong> {
    if DESCRIPTION.pointer("/paths").is_some_and(|paths| paths.get(path).is_none()) {
        // There is no such path, or it has an id and no query.
        return Ok(());
    }
    let names = || query_names(path);
    let given = query.split('&').filter(|pair| !pair.is_empty());
    let unknown = given
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .find(|given| !names().any(|name| name == *given));
    match unknown {
        None => Ok(()),
        Some(unknown) if names().next().is_none() => {
            Err(Wrong::new(unknown, "is not known: there is no query here"))
        }
        Some(unknown) => {
            let text = format!("is not known; there are {}", names().collect::<Vec<_>>().join(", "));
            Err(Wrong::new(unknown, text))
        }
    }
}

fn query_names(path: &str) -> impl Iterator<Item = &'static str> {
    let get = DESCRIPTION.get("paths").and_then(|paths| paths.get(path)?.get("get")?.get("parameters"));
    let parameters = get.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_query = parameters.iter().filter(|it| it.get("in").and_then(Value::as_str) == Some("query"));
    of_query.filter_map(|it| it.get("name").and_then(Value::as_str))
}

fn body(path: &str) -> Option<&'static Value> {
    DESCRIPTION.get("paths")?.get(path)?.get("post")?.pointer("/requestBody/content/application~1json")
}

fn value(schema: &Value, value: &Value, at: &str) -> Result<(), Wrong> {
    let schema = resolve(schema);
    let wrong = |text: String| {
        if at.is_empty() { Wrong::whole(text) } else { Wrong::new(at, text) }
    };
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        return one_of(choices, value, at);
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    if !kinds.iter().any(|kind| is(kind, value)) {
        return Err(wrong(format!("is {}, not {}", crate::verdict::kind(value), words(&kinds))));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        if !allowed.contains(value) {
            let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            return Err(wrong(format!("{value} is not one of {}", allowed.join(", "))));
        }
    }
    match (value, schema.get("properties"), schema.get("items")) {
        (Value::Object(given), Some(Value::Object(known)), _) => members(schema, known, given, at),
        (Value::Array(items), _, Some(item)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, it)| self::value(item, it, &format!("{at}[{index}]"))),
        _ => Ok(()),
    }
}

fn members(
    schema: &Value,
    known: &Map<String, Value>,
    given: &Map<String, Value>,
    at: &str,
) -> Result<(), Wrong> {
    let place = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for (name, member) in given {
        match known.get(name) {
            Some(schema) => value(schema, member, &place(name))?,
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let text = format!("there is no such member; there are {}", names.join(", "));
                return Err(Wrong::new(&place(name), text));
            }
            None => {}
        }
    }
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut required = required.iter().filter_map(Value::as_str);
    match required.find(|name| !given.contains_key(*name)) {
        Some(name) => Err(Wrong::new(&place(name), "is missing")),
        None => Ok(()),
    }
}

/// The first choice that fits; otherwise what is wrong with the one whose required members are there, or the first.
fn one_of(choices: &[Value], value: &Value, at: &str) -> Result<(), Wrong> {
    let has_required = |schema: &Value| {
        let required = resolve(schema).get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().filter_map(Value::as_str).all(|it| value.get(it).is_some()))
    };
    let mut first = None;
    for choice in choices {
        match self::value(choice, value, at) {
            Ok(()) => return Ok(()),
            Err(wrong) if has_required(choice) => return Err(wrong),
            Err(wrong) => first = first.or(Some(wrong)),
        }
    }
    first.map_or(Ok(()), Err)
}

fn resolve(schema: &Value) -> &Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    target.and_then(|pointer| DESCRIPTION.pointer(pointer)).unwrap_or(schema)
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    }
}

fn words(kinds: &[&str]) -> String {
    let word = |kind: &&str| match *kind {
        "null" => "null".to_owned(),
        "integer" | "array" | "object" => format!("an {kind}"),
        kind => format!("a {kind}"),
    };
    kinds.iter().map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_request_is_named_by_its_member() {
        for (path, body, field, part) in [
            ("/local/click", json!({"naem": "x"}), Some("naem"), "there is no such member"),
            ("/local/click", json!({"name": 7}), Some("name"), "is a number, not a string"),
            ("/local/click", json!({"options": ["a", 1]}), Some("options[1]"), "a number"),
            ("/local/click", json!([]), None, "an array, not an object"),
            ("/local/preview", json!({}), Some("url"), "is missing"),
            ("/local/faults", json!({"fault": "explode"}), Some("fault"), "not one of cut"),
            (
                "/local/faults",
                json!({"script": [{"fault": "cut", "times": "x"}]}),
                Some("script[0].times"),
                "a string",
            ),
            ("/local/faults", json!({}), Some("fault"), "is missing"),
        ] {
            let wrong = check(path, &body).unwrap_err();
            assert_eq!(wrong.field.as_deref(), field, "{body}");
            assert!(wrong.text.contains(part), "{body}: {}", wrong.text);
        }
    }

    #[test]
    fn every_example_of_the_description_is_right() {
        let paths = DESCRIPTION["paths"].as_object().unwrap();
        let posts: Vec<_> = paths.iter().filter(|(_, path)| path.get("post").is_some()).collect();
        assert!(posts.len() > 10);
        for (path, _) in posts {
            assert_eq!(check(path, &example(path)), Ok(()), "{path}");
            assert!(example(path).is_object(), "{path}");
        }
    }
}
