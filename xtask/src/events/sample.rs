//! A sample of each event, for the local platform.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::description::Description;
use super::domain::{Body, Domain, Kind, Member};

/// All samples: by type, the schema and the body.
pub(super) fn all(description: &Description) -> Result<String> {
    let mut lines = Vec::new();
    for (domain, event) in description.events() {
        let body = match &event.body {
            Body::Generated(_, members) => object(domain, members),
            Body::ByHand(_, sample) => {
                serde_json::from_str(sample).with_context(|| format!("the sample of {}", event.kind))?
            }
        };
        let schema = if event.first_schema { "1.0" } else { "2.0" };
        lines.push(format!("  {}: {}", json!(event.kind), json!({"schema": schema, "event": body})));
    }
    lines.sort();
    Ok(format!("{{\n{}\n}}\n", lines.join(",\n")))
}

fn object(domain: &Domain, members: &[Member]) -> Value {
    let members =
        members.iter().map(|member| (member.wire.clone(), value(domain, &member.wire, &member.kind)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn value(domain: &Domain, name: &str, kind: &Kind) -> Value {
    match kind {
        Kind::Text => text(name),
        // Different for different members, so that a test notices when two are mixed up.
        Kind::Int => json!(name.bytes().map(u64::from).sum::<u64>() % 89 + 1),
        Kind::Float => json!(2.5),
        Kind::Bool => json!(true),
        Kind::Time => json!("1608725989000"),
        Kind::Json => json!([["2026-01-05", "2026-01-06"]]),
        Kind::Map => json!({"@i18n@1": format!("{name} in words")}),
        Kind::Id(id) => json!(match id.as_str() {
            "AppId" => "cli_9f5343c580712544",
            "ChatId" => "oc_5ad11d72b830411d72b836c20",
            "EventId" => "5e3702a84e847582be8db7fb73283c02",
            "MessageId" => "om_5ce6d572455d361153b7cb51da133945",
            "OpenId" => "ou_7dab8a3d3cdcc9da365777c7ad535d62",
            "UnionId" => "on_576833b917gda3d939b9a3c2d53e72c8",
            "UserId" => "e33ggbyz",
            _ => "2ca1d211f64f6438",
        }),
        Kind::Secret(_) => json!("ticket-of-the-sample"),
        Kind::Enum(it) => {
            let it = domain.enums.iter().find(|other| other.name == *it);
            let first = it.and_then(|it| it.values.keys().next());
            json!(first.map_or("", String::as_str))
        }
        Kind::Struct(it) => {
            let it = domain.structs.iter().find(|other| other.name == *it);
            object(domain, it.map_or(&[], |it| &it.members))
        }
        Kind::Shared(it) => shared(it),
        Kind::List(item) => json!([value(domain, name, item)]),
    }
}

fn shared(name: &str) -> Value {
    let ids = json!({
        "open_id": "ou_7dab8a3d3cdcc9da365777c7ad535d62",
        "union_id": "on_576833b917gda3d939b9a3c2d53e72c8",
        "user_id": "e33ggbyz",
    });
    match name {
        "ChatNames" => json!({"zh_cn": "茶", "en_us": "Tea", "ja_jp": "お茶"}),
        "ChatMember" => json!({"name": "Ann", "tenant_key": "2ca1d211f64f6438", "user_id": ids}),
        "ChatUser" => {
            json!({"name": "Ann", "open_id": "ou_7dab8a3d3cdcc9da365777c7ad535d62", "user_id": "e33ggbyz"})
        }
        _ => ids,
    }
}

fn text(name: &str) -> Value {
    json!(match name {
        "email" | "enterprise_email" | "mail_address" => "ann@example.com".to_owned(),
        "mobile" | "phone" => "+8613011111111".to_owned(),
        "time_zone" => "Asia/Shanghai".to_owned(),
        _ if name.ends_with("url") => format!("https://example.com/{name}"),
        _ if name.ends_with("_date") => "2026-01-05".to_owned(),
        _ if name.ends_with("_time") => "2026-01-05 09:30:00".to_owned(),
        _ => format!("{name} of the sample"),
    })
}
