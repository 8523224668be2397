//! Checks answers of the interface against its description, by rules of its own.

use feishu_gateway::Value;

/// The description, read from the file.
pub(crate) fn description() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// What an answer of `method path` with a status has that the description does not, and the other way round.
pub(crate) fn differences(
    description: &Value,
    method: &str,
    path: &str,
    status: u16,
    answer: &Value,
) -> Vec<String> {
    let operation = &description["paths"][path][method.to_ascii_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not described");
    let mut response = &operation["responses"][status.to_string()];
    if let Some(target) = response["$ref"].as_str() {
        response = description.pointer(target.trim_start_matches('#')).unwrap();
    }
    let schema = &response["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path}: status {status} is not described");
    let mut found = Vec::new();
    compare(description, schema, answer, "", &mut found);
    found
}

fn compare(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        return compare(root, root.pointer(target.trim_start_matches('#')).unwrap(), value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let tries: Vec<Vec<String>> = choices
            .iter()
            .map(|choice| {
                let mut found = Vec::new();
                compare(root, choice, value, at, &mut found);
                found
            })
            .collect();
        if !tries.iter().any(Vec::is_empty) {
            found.extend(tries.into_iter().next().unwrap_or_default());
        }
        return;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        for part in parts {
            let mut wrong = Vec::new();
            compare(root, part, value, at, &mut wrong);
            // The other parts have members of their own.
            found.extend(wrong.into_iter().filter(|text| !text.contains("not described")));
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    if !fits {
        found.push(format!("{at}: {value} is not {kinds:?}"));
    }
    if let Some(allowed) = schema["enum"].as_array() {
        if !allowed.contains(value) {
            found.push(format!("{at}: {value} is not one of {allowed:?}"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        compare(root, &schema["items"], item, &format!("{at}[]"), found);
    }
    let (Some(members), Some(known)) = (value.as_object(), schema["properties"].as_object()) else { return };
    for (name, member) in members {
        match known.get(name) {
            Some(schema) => compare(root, schema, member, &format!("{at}/{name}"), found),
            None => found.push(format!("{at}/{name}: not described")),
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{at}/{name}: missing"));
        }
    }
}
