//! The guide for people who come from another SDK quotes the bots that are run here.

use std::path::Path;

/// Code blocks of a document: language and text.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

/// The lines without their indentation, so that a part of a nested block can be quoted.
fn flat(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_guide_for_other_sdks_quotes_the_bots() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let bots = [
        ("go", flat(&read("go/bot.go"))),
        ("python", flat(&read("python/bot.py"))),
        ("java", flat(&read("java/Bot.java"))),
        ("js", flat(&read("node/bot.js"))),
        ("rust,ignore", flat(&read("rust/src/main.rs"))),
    ];
    let guides = ["coming-from-another-sdk.md", "coming-from-another-sdk.zh-CN.md"];
    for guide in guides {
        let text = read(&format!("../../docs/guides/{guide}"));
        let blocks = blocks(&text);
        for (language, bot) in &bots {
            let quotes: Vec<_> = blocks.iter().filter(|(name, _)| name == language).collect();
            assert!(quotes.len() >= 4, "{guide} quotes {language} {} times", quotes.len());
            for (_, quote) in quotes {
                assert!(bot.contains(&flat(quote)), "{guide}: not in the {language} bot:\n{quote}");
            }
        }
    }
}
