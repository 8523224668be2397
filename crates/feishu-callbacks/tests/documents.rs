//! The tables of the documentation name every rule and every code of the client.

use std::fs;
use std::path::PathBuf;

use feishu_callbacks::Rule;

const RULES: [Rule; 14] = [
    Rule::CardTooLarge,
    Rule::TooManyElements,
    Rule::NoElements,
    Rule::NotShared,
    Rule::DialectMix,
    Rule::DialectDowngrade,
    Rule::NamelessComponent,
    Rule::DoubledName,
    Rule::FormWithoutSubmit,
    Rule::MisplacedForm,
    Rule::TemplateWithoutId,
    Rule::ValueWithoutCallback,
    Rule::Unreadable,
    Rule::Empty,
];

#[test]
fn card_codes_table_lists_every_rule_with_its_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/card-codes.md");
    let table = fs::read_to_string(path).unwrap();
    for rule in RULES {
        let code = rule.code().map_or("none".to_owned(), |code| code.to_string());
        let row = format!("| `{rule:?}` | {code} |");
        assert!(table.contains(&row), "{row}");
    }
    for code in [
        200_340, 200_345, 200_346, 200_347, 200_341, 200_342, 200_343, 200_530, 200_080, 200_671, 200_672,
        200_673, 200_830, 300_000, 108_002,
    ] {
        assert!(table.contains(&code.to_string()), "{code}");
    }
}
