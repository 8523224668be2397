//! The ready cards.

use serde_json::Value;

const CARDS: [&str; 10] = [
    include_str!("../gallery/approval.json"),
    include_str!("../gallery/form.json"),
    include_str!("../gallery/choices.json"),
    include_str!("../gallery/dates.json"),
    include_str!("../gallery/containers.json"),
    include_str!("../gallery/table.json"),
    include_str!("../gallery/languages.json"),
    include_str!("../gallery/classic.json"),
    include_str!("../gallery/classic-form.json"),
    include_str!("../gallery/odd.json"),
];

/// All cards of the gallery.
pub(super) fn cards() -> Value {
    CARDS.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_card_of_the_gallery_is_one_that_the_platform_takes() {
        let cards = cards();
        assert_eq!(cards.as_array().map(Vec::len), Some(CARDS.len()), "each file is JSON");
        for card in cards.as_array().into_iter().flatten() {
            assert_eq!(crate::card::check_inline(&card["card"]), Ok(()), "{}", card["id"]);
            assert!(card["name"]["en"].is_string() && card["name"]["zh"].is_string());
            let schema = if crate::card::is_v2(&card["card"]) { "2.0" } else { "1.0" };
            assert_eq!(card["schema"], schema, "{}", card["id"]);
        }
    }
}
