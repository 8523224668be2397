//! Long markdown is split without a loss, and no piece is over a limit or half of something.

use feishu_callbacks::markdown::{
    SplitLimits, escape, escape_text, for_card, limit_tables, safe_prefix, split, tables_in,
};
use proptest::prelude::*;
use serde_json::json;

fn limits(bytes: usize) -> SplitLimits {
    SplitLimits::card().bytes(bytes)
}

/// Bytes of a piece as JSON writes it, without the quotation marks.
fn json_len(piece: &str) -> usize {
    json!(piece).to_string().len() - 2
}

#[test]
fn split_leaves_a_text_that_fits_as_it_is() {
    assert_eq!(split("", &SplitLimits::text()), [""; 0]);
    assert_eq!(split(" \n\n", &SplitLimits::text()), [""; 0]);
    let text = "# Tea\n\n- oolong\n  - light\n\n> quote";
    assert_eq!(split(&format!("\n\n{text}\n\n"), &SplitLimits::card()), [text]);
    assert_eq!(split("```rust\nlet x;", &SplitLimits::card()), ["```rust\nlet x;\n```"]);
}

#[test]
fn split_cuts_between_paragraphs_then_lines_then_sentences() {
    let paragraph = |letter: &str| letter.repeat(600);
    let text = format!("{}\n\n{}\n\n{}", paragraph("a"), paragraph("b"), paragraph("c"));
    assert_eq!(split(&text, &limits(1_024)), [paragraph("a"), paragraph("b"), paragraph("c")]);
    let list: Vec<String> = (0..60).map(|n| format!("- item {n} {}", "x".repeat(30))).collect();
    for piece in split(&list.join("\n"), &limits(1_024)) {
        assert!(piece.lines().all(|line| line.starts_with("- item ") && line.ends_with('x')), "{piece}");
    }
    let sentences = "这是一句话，里面有一些字。".repeat(200);
    let pieces = split(&sentences, &limits(1_024));
    assert!(pieces.iter().all(|piece| piece.ends_with('。')), "{pieces:?}");
    assert_eq!(pieces.concat(), sentences);
    let pieces = split(&format!("# 标题\n\n{sentences}"), &limits(1_024));
    assert!(pieces[0].starts_with("# 标题\n\n这是一句话"), "a heading does not stand alone");
    let words = "some words without an end ".repeat(200);
    let pieces = split(&words, &limits(1_024));
    assert!(pieces[..pieces.len() - 1].iter().all(|piece| piece.ends_with(' ')));
    let link = format!("{}[the plan](https://a.example/{}) after", "x".repeat(850), "p".repeat(150));
    let pieces = split(&link, &limits(1_024));
    assert!(pieces[1].starts_with("[the plan](https"), "{pieces:?}");
}

#[test]
fn split_reopens_code_with_its_language() {
    let code: Vec<String> = (0..200).map(|n| format!("let cup_{n} = \"tea\";\n")).collect();
    let code = code.concat();
    let text = format!("Before.\n\n```rust\n{code}```\n\nAfter.");
    let pieces = split(&text, &limits(2_048));
    assert!(pieces.len() > 2);
    assert!(pieces[0].starts_with("Before.\n\n```rust\nlet cup_0"));
    assert!(pieces.last().unwrap().ends_with("\n```\n\nAfter."));
    for piece in &pieces[1..] {
        assert!(piece.starts_with("```rust\nlet cup_"), "{piece}");
    }
    let kept: String =
        pieces.iter().flat_map(|piece| piece.lines()).filter(|line| line.starts_with("let")).collect();
    assert_eq!(kept, code.replace('\n', ""));
    let in_list = format!("- so\n  ~~~sh\n{}  ~~~", "  echo tea\n".repeat(200));
    for piece in split(&in_list, &limits(1_024)) {
        assert_eq!(piece.matches("  ~~~").count(), 2, "{piece}");
    }
    let one_line = format!("```\n{}\n```", "x".repeat(5_000));
    for piece in split(&one_line, &limits(1_024)) {
        assert!(piece.starts_with("```\nx") && piece.ends_with("x\n```"), "{piece}");
    }
}

#[test]
fn split_repeats_the_head_of_a_table() {
    let rows: Vec<String> = (0..100).map(|n| format!("| tea {n} | {n} |\n")).collect();
    let rows = rows.concat();
    let text = format!("Prices:\n\n| tea | price |\n| --- | ---: |\n{rows}\nThat is all.");
    let pieces = split(&text, &limits(1_024));
    assert!(pieces.len() > 1);
    for piece in pieces.iter().filter(|piece| piece.contains("| tea ")) {
        assert_eq!(tables_in(piece), 1);
        assert!(piece.starts_with("| tea | price |\n| --- | ---: |\n| tea "), "{piece}");
    }
    assert_eq!(pieces.concat().matches("| tea ").count(), 100 + pieces.len() - 1);
    assert!(pieces.last().unwrap().ends_with("That is all."));
    let wide = format!("| a |\n|---|\n| {} |\n", "x".repeat(3_000));
    assert!(split(&wide, &limits(1_024)).iter().all(|piece| json_len(piece) <= 1_024));
}

#[test]
fn split_puts_further_tables_into_the_next_piece() {
    let text = "| a |\n|---|\n| 1 |\n\n".repeat(12);
    let pieces = split(&text, &SplitLimits::card());
    assert_eq!(pieces.iter().map(|piece| tables_in(piece)).collect::<Vec<_>>(), [4, 4, 4]);
    let in_code = format!("```\n{text}```");
    assert_eq!(split(&in_code, &SplitLimits::card()).len(), 1);
    assert_eq!(split(&text, &SplitLimits::card().tables(0)).len(), 12);
}

#[test]
fn tables_in_counts_what_is_a_table() {
    for (text, tables) in [
        ("a | b\n--- | ---\n1 | 2", 1),
        ("| a |\n|---|", 1),
        ("> | a |\n> |---|\n> | 1 |", 1),
        ("| a |\n| b |", 0),
        ("a | b\n---", 0),
        ("~~~\n| a |\n|---|\n~~~", 0),
        ("| a |\n|---|\n| 1 |\ntext\n| b |\n|:-:|", 2),
    ] {
        assert_eq!(tables_in(text), tables, "{text}");
    }
    assert_eq!(limit_tables("| a ``` |\n|---|\n\nend", 0), "````\n| a ``` |\n|---|\n````\n\nend");
}

#[test]
fn for_card_turns_what_cards_do_not_know_into_what_they_know() {
    for (text, card) in [
        ("![](https://a.example/c.png) x", "[image](https://a.example/c.png) x"),
        ("![chart](img_v3_1)", "![chart](img_v3_1)"),
        (
            "[words](#top) [](x) [w]() [a [b]](https://a.example/(x)) [<b>x</b>](https://b)",
            "words (#top)  (x) w [a [b]](https://a.example/(x)) [**x**](https://b)",
        ),
        ("  * [ ] open\n+ [X] done\n- [y] x", "  * ☐ open\n+ ☑ done\n- [y] x"),
        ("<strong>b</strong> <em>i</em> <del>s</del>", "**b** *i* ~~s~~"),
        (
            "<details><summary>x</summary></details><!-- c -->",
            "&#60;details>&#60;summary>x&#60;/summary>&#60;/details>&#60;!-- c -->",
        ),
        (
            "<at id=ou_1></at> <font color='red'>x</font><br>",
            "<at id=ou_1></at> <font color='red'>x</font><br>",
        ),
        ("a < b, <https://a.example>, \\<div>", "a < b, <https://a.example>, \\<div>"),
        ("`<div>` ``![x](https://a)`` `<b>", "`<div>` ``![x](https://a)`` `**"),
        ("```html  \n<div> \n```  \n<div>", "```html\n<div> \n```\n&#60;div>"),
        ("Vec<T> and 茶\n", "Vec&#60;T> and 茶\n"),
    ] {
        assert_eq!(for_card(text), card, "{text}");
        assert_eq!(for_card(card), card, "a second time changes nothing");
    }
}

#[test]
fn escape_leaves_no_mark_that_works() {
    assert_eq!(
        escape("**b** [x](https://a) :OK: ![i](k)"),
        "&#42;&#42;b&#42;&#42; &#91;x&#93;(https&#58;//a) &#58;OK: &#33;&#91;i&#93;(k)"
    );
    assert_eq!(escape("# h\n  - i\n10) n\n&lt; $x$"), "&#35; h\n  &#45; i\n10&#41; n\n&#38;lt; &#36;x&#36;");
    assert_eq!(escape_text("</at> [x](y) <3"), "<\u{200b}/at> [x]\u{200b}(y) <3");
}

/// Markdown of the kinds of blocks that models write.
fn markdown() -> impl Strategy<Value = String> {
    let words = "[a-z茶。.,! *`_\\[\\]()|<>\"\\\\-]{0,120}";
    let block = prop_oneof![
        words.prop_map(|words| words),
        "[a-z茶。 ]{0,4000}".prop_map(|words| words),
        prop::collection::vec(words, 1..30).prop_map(|items| format!("- {}\n", items.join("\n- "))),
        (
            prop::sample::select(vec!["```rust", "~~~", "````md", "  ```", "> ```"]),
            prop::collection::vec(words, 0..40),
            any::<bool>()
        )
            .prop_map(|(fence, lines, is_closed)| {
                let marks: String = fence.chars().filter(|it| !it.is_ascii_alphabetic()).collect();
                let end = if is_closed { marks.as_str() } else { "" };
                format!("{fence}\n{}\n{end}", lines.join("\n"))
            }),
        prop::collection::vec(("[a-z茶 ]{0,20}", "[a-z0-9 ]{0,300}"), 0..20).prop_map(|rows| {
            rows.iter()
                .fold("| a | b |\n|---|:-:|\n".to_owned(), |table, (a, b)| format!("{table}| {a} | {b} |\n"))
        }),
        prop::sample::select(vec!["", "\n\n\n", "---", "\r\n"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(block, 0..12).prop_map(|blocks| blocks.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn split_loses_nothing_and_holds_the_limits(text in markdown(), bytes in 1_000_usize..6_000, tables in 1_usize..4) {
        let limits = limits(bytes).tables(tables);
        let pieces = split(&text, &limits);
        for piece in &pieces {
            prop_assert!(json_len(piece) <= bytes.max(SplitLimits::MIN_BYTES), "{} bytes: {}", json_len(piece), piece);
            prop_assert!(tables_in(piece) <= tables);
            prop_assert_eq!(&split(piece, &limits), &[piece.as_str()], "a piece is split no further");
            prop_assert_eq!(&split(&format!("{piece}\n"), &limits)[0], piece, "every fence is closed");
        }
        // Each letter is there, in order; what is added are only fences and heads.
        let joined: String = pieces.concat().chars().filter(|it| !it.is_whitespace()).collect();
        let mut rest = joined.chars();
        for letter in text.chars().filter(|it| !it.is_whitespace()) {
            prop_assert!(rest.any(|it| it == letter), "{:?} is missing in {:?}", letter, pieces);
        }
    }

    #[test]
    fn split_of_plain_text_is_the_text(lines in prop::collection::vec("[a-z茶。.! ]{0,400}", 0..40)) {
        let text = lines.join("\n");
        let pieces = split(&text, &limits(1_024));
        let joined: String = pieces.concat().replace('\n', "");
        prop_assert_eq!(joined.replace(' ', ""), text.replace(['\n', ' '], ""));
    }

    #[test]
    fn split_takes_anything(text in "\\PC{0,3000}", marks in "[`~|>\\-: \n\\[\\](<]{0,3000}") {
        for text in [text, marks] {
            for piece in split(&text, &limits(1_024)) {
                prop_assert!(json_len(&piece) <= 1_024, "{}", piece);
            }
            let _ = (safe_prefix(&text), escape(&text), escape_text(&text));
            let _ = for_card(&text);
            prop_assert_eq!(tables_in(&limit_tables(&text, 1)).min(1), tables_in(&text).min(1));
        }
    }

    #[test]
    fn escape_of_anything_is_plain(words in "\\PC{0,80}") {
        let escaped = escape(&words);
        prop_assert!(!escaped.contains(['*', '`', '[', '<', '|', '~', '_']));
        prop_assert_eq!(tables_in(&escaped), 0);
    }
}
