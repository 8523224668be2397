//! Validation of cards: finds what the client would refuse before it is sent.

mod walk;

use super::content::CardContent;
use super::raw::{Dialect, RawCard};
use super::template::Template;
use crate::finding::{Finding, Rule};

/// Largest card in bytes of JSON: 30 KB. Source: "Update cards with a delay" of the Feishu documentation.
pub const MAX_CARD_BYTES: usize = 30 * 1024;

/// Most elements in a card of 2.0. Source: "Card JSON 2.0 structure" of the Feishu documentation.
pub const MAX_CARD_ELEMENTS: usize = 200;

/// Checks a card; `place` is the position of its data in the reply.
pub(crate) fn card(card: &CardContent, place: &str) -> Vec<Finding> {
    match card {
        CardContent::Raw(card) => raw_card(card, place),
        CardContent::Template(template) => self::template(template, place),
    }
}

/// Checks card JSON.
pub(crate) fn raw_card(card: &RawCard, place: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(size(card.as_json().len(), place));
    walk::walk(card, place, &mut findings);
    findings
}

fn template(template: &Template, place: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if template.id().trim().is_empty() {
        findings.push(Finding::new(
            Rule::TemplateWithoutId,
            format!("{place}/template_id"),
            "the id is empty",
        ));
    }
    // The template's own code counts too, but only the platform knows it.
    let json = serde_json::to_string(template).unwrap_or_default();
    findings.extend(size(json.len(), place));
    findings
}

/// Checks that a card of one dialect may replace one of another.
pub(crate) fn dialect_change(sent: Dialect, new: Dialect, place: &str) -> Option<Finding> {
    let words = match (sent, new) {
        (Dialect::V2, Dialect::V1) => "a card of 2.0 cannot become one of 1.0",
        (Dialect::V1, Dialect::V2) => "the new card must be of the version of the card that was sent, 1.0",
        _ => return None,
    };
    let rule = if new == Dialect::V1 { Rule::DialectDowngrade } else { Rule::DialectMix };
    Some(Finding::new(rule, format!("{place}/schema"), words))
}

fn size(bytes: usize, place: &str) -> Option<Finding> {
    let words = || format!("{bytes} bytes, {MAX_CARD_BYTES} are allowed");
    (bytes > MAX_CARD_BYTES).then(|| Finding::new(Rule::CardTooLarge, place, words()))
}
