//! A growing text is never shown with half a fence, half a table or half a link.

use feishu_callbacks::markdown::{SafePrefix, safe_prefix};
use proptest::prelude::*;

#[test]
fn safe_prefix_holds_back_what_is_half() {
    for (text, shown) in [
        ("", ""),
        ("Hello wor", "Hello wor"),
        ("See [the", "See "),
        ("See [the plan]", "See "),
        ("See [the plan](https://a.exa", "See "),
        ("See [the plan](https://a.example) now", "See [the plan](https://a.example) now"),
        ("An ![image](img_", "An !"),
        ("list[0] and more", "list[0] and more"),
        ("- [ ] open", "- [ ] open"),
        ("so **bol", "so "),
        ("so **bold*", "so "),
        ("so **bold** and", "so **bold** and"),
        ("so ***both*** and", "so ***both*** and"),
        ("so **a *b*** and", "so **a *b*** and"),
        ("2 * 3 and snake_case_name and a~b", "2 * 3 and snake_case_name and a~b"),
        ("so **never closed\nnext", "so **never closed\nnext"),
        ("code `let x", "code "),
        ("code `let x` is", "code `let x` is"),
        ("code ``a`b`` is", "code ``a`b`` is"),
        ("hi <at id=ou_1></a", "hi "),
        ("hi <at id=ou_1></at> there", "hi <at id=ou_1></at> there"),
        ("Vec<T> and a < b", "Vec<T> and a < b"),
        ("a \\", "a "),
        ("text\n#", "text\n"),
        ("text\n- ", "text\n"),
        ("text\n12", "text\n"),
        ("text\n12 pots", "text\n12 pots"),
    ] {
        assert_eq!(safe_prefix(text), shown, "{text:?}");
    }
}

#[test]
fn safe_prefix_closes_an_open_fence() {
    for (text, shown) in [
        ("a\n``", "a\n"),
        ("a\n```ru", "a\n"),
        ("a\n```rust\n", "a\n"),
        ("a\n```rust\nlet", "a\n```rust\nlet\n```"),
        ("a\n```rust\nlet x;\n", "a\n```rust\nlet x;\n```"),
        ("a\n```rust\nlet x;\n``", "a\n```rust\nlet x;\n```"),
        ("a\n```rust\nlet x;\n```", "a\n```rust\nlet x;\n```"),
        ("a\n```rust\nlet x;\n```\nb [", "a\n```rust\nlet x;\n```\nb "),
        ("````md\n```\nx", "````md\n```\nx\n````"),
        ("~~~\n[half **and | `so", "~~~\n[half **and | `so\n~~~"),
        ("- item\n  ```\n  x", "- item\n  ```\n  x\n  ```"),
        ("1. ```sh\n   ls", "1. ```sh\n   ls\n   ```"),
        ("> ```\n> x", "> ```\n> x\n> ```"),
    ] {
        assert_eq!(safe_prefix(text), shown, "{text:?}");
    }
}

#[test]
fn safe_prefix_shows_a_table_by_whole_rows() {
    let text = "Prices:\n| tea | price |\n| --- | ---: |\n| oolong | 7 |\n| green | 5 |\n\nThat is all.";
    let mut safe = SafePrefix::default();
    let mut seen = Vec::new();
    for end in 0..=text.len() {
        let shown = safe.update(&text[..end]).to_string();
        if seen.last() != Some(&shown) {
            seen.push(shown);
        }
    }
    let rows = seen.iter().filter(|shown| shown.contains('|')).map(|shown| shown.matches('\n').count());
    let mut rows: Vec<_> = rows.collect();
    rows.dedup();
    assert_eq!(rows, [4, 5, 6]);
    assert_eq!(seen.last().unwrap(), text);
    assert_eq!(safe_prefix("so a | b is\nor"), "so a | b is\nor", "a line with a bar that is no table");
    assert_eq!(safe_prefix("so a | b is\n-"), "", "a table may begin here");
}

#[test]
fn safe_prefix_begins_anew_when_the_text_is_another() {
    let mut safe = SafePrefix::default();
    assert_eq!(safe.update("a long text that was shown").prefix(), "a long text that was shown");
    assert_eq!(safe.update("new [").prefix(), "new ");
}

#[test]
fn safe_prefix_shows_what_stays_open_for_long() {
    let text = format!("[{}", "x".repeat(3_000));
    assert_eq!(safe_prefix(&text), text);
    let mut safe = SafePrefix::default();
    safe.update(&text);
    let longer = format!("{text} **bold");
    assert_eq!(safe.update(&longer).prefix().len(), text.len() + 1, "what comes after it is watched again");
}

fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece = prop_oneof![
        "[a-z茶 ]{1,8}",
        prop::sample::select(vec![
            "\n",
            "\n\n",
            "```",
            "```rust\n",
            "~~~\n",
            "````",
            "`",
            "``",
            "[",
            "](",
            ")",
            "![",
            "**",
            "*",
            "_",
            "~~",
            "| a | b |\n",
            "|---|---|\n",
            "| 1 | 2 |\n",
            "|",
            "<at id=ou_1></at>",
            "<font color='red'>",
            "</font>",
            "<",
            ">",
            "\\",
            "- ",
            "> ",
            "1. ",
            "# ",
            "---",
            "\r\n",
            "[x](https://a.example)",
            "  ",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..30)
}

/// Whether a text ends inside a fence, found by a plain reading of its lines.
fn ends_in_fence(text: &str) -> bool {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let mut bare = line.trim_start_matches([' ', '\t', '>']);
        if let (None, Some(item)) = (
            open,
            bare.strip_prefix("- ").or_else(|| bare.strip_prefix("1. ")).or_else(|| bare.strip_prefix("* ")),
        ) {
            bare = item.trim_start();
        }
        let Some(mark) = bare.chars().next().filter(|mark| matches!(mark, '`' | '~')) else { continue };
        let info = bare.trim_start_matches(mark);
        let len = bare.len() - info.len();
        match open {
            Some((opened, least)) if opened == mark && len >= least && info.trim().is_empty() => open = None,
            None if len >= 3 && !(mark == '`' && info.contains('`')) => open = Some((mark, len)),
            _ => {}
        }
    }
    open.is_some()
}

proptest! {
    #[test]
    fn snapshot_of_every_prefix_is_balanced_and_grows(pieces in pieces()) {
        let text = pieces.concat();
        let mut safe = SafePrefix::default();
        let mut before = 0;
        for (end, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let so_far = &text[..end];
            let snapshot = safe.update(so_far);
            prop_assert!(so_far.starts_with(snapshot.prefix()));
            prop_assert!(snapshot.prefix().len() >= before, "{:?} was taken back", so_far);
            before = snapshot.prefix().len();
            let shown = snapshot.to_string();
            prop_assert!(!ends_in_fence(&shown), "{:?} of {:?}", shown, so_far);
            let at_once = safe_prefix(so_far);
            prop_assert!(!ends_in_fence(&at_once), "{:?} of {:?}", at_once, so_far);
        }
    }

    #[test]
    fn snapshot_of_pieces_is_that_of_the_letters(pieces in pieces()) {
        let (mut by_piece, mut by_letter) = (SafePrefix::default(), SafePrefix::default());
        let mut text = String::new();
        for piece in &pieces {
            let mut shown = String::new();
            for letter in piece.chars() {
                text.push(letter);
                shown = by_letter.update(&text).prefix().to_owned();
            }
            let at_once = by_piece.update(&text).prefix().to_owned();
            prop_assert!(piece.is_empty() || shown.len() >= at_once.len(), "{:?}: {:?} {:?}", text, shown, at_once);
        }
    }

    #[test]
    fn snapshot_never_shows_half_a_link_or_half_of_other_marks(pieces in prop::collection::vec(prop::sample::select(vec![
        "word ", "[the plan](https://a.example/p) ", "`code` ", "**bold** ", "~~old~~ ", "<at id=ou_1></at> ", "![image](img_1) ", "茶\n",
    ]), 1..12)) {
        let text = pieces.concat();
        let mut safe = SafePrefix::default();
        for (end, _) in text.char_indices() {
            let shown = safe.update(&text[..end]).to_string();
            for (open, close) in [("[", "]("), ("](", ")"), ("<at", "</at>")] {
                prop_assert_eq!(shown.matches(open).count(), shown.matches(close).count(), "{:?}", shown);
            }
            for mark in ["`", "**", "~~"] {
                prop_assert_eq!(shown.matches(mark).count() % 2, 0, "{:?}", shown);
            }
        }
    }
}
