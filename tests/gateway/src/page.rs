//! The files of the page, as they are served.

/// One file, as it is served.
pub(crate) struct File {
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The file of a path of the URL.
pub(crate) fn file(path: &str) -> Option<File> {
    let name = if path == "/" { "index.html" } else { path.strip_prefix("/page/")? };
    let (_, content_type, body) = FILES.iter().find(|file| file.0 == name)?;
    Some(File { content_type, body })
}

/// The files by their names: `index.html` is the page, all others lie under `/page/`.
macro_rules! files {
    ($($type:ident: $($name:literal),+;)+) => {
        &[$($(($name, $type, include_bytes!(concat!("page/", $name)))),+),+]
    };
}

const FILES: &[(&str, &str, &[u8])] = files! {
    HTML: "index.html";
    STYLE: "page.css", "card.css", "timeline.css";
    SCRIPT: "api.js", "behaviour.js", "buttons.js", "card.js", "chat.js", "choices.js", "composer.js", "confirm.js",
        "connect.js", "connections.js", "containers.js", "copy.js", "detail.js", "display.js", "dom.js", "events.js",
        "faults.js", "fields.js", "form.js", "gallery.js", "inline.js", "json.js", "link.js", "listbox.js", "main.js",
        "markdown.js", "message.js", "outcome.js", "people.js", "picture.js", "raw.js", "row.js", "store.js", "stream.js",
        "text.js", "timeline.js", "toast.js", "virtual.js", "words-en.js", "words-zh.js";
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::{FILES, SCRIPT, STYLE, file};

    /// Lines of a file of the page at most, as for files of Rust.
    const MAX_LINES: usize = 400;

    #[test]
    fn every_file_of_the_folder_is_served_and_says_what_it_is_about() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/page");
        let there: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|file| file.0.to_owned()).collect();
        assert_eq!(there, listed);
        for (name, content_type, body) in FILES {
            let text = std::str::from_utf8(body).unwrap();
            let start = match *content_type {
                SCRIPT => "// ",
                STYLE => "/* ",
                _ => "<!doctype html>",
            };
            assert!(text.starts_with(start), "{name} begins with a sentence about it");
            assert!(text.lines().count() <= MAX_LINES, "{name} is too long");
        }
        assert!(file("/").is_some() && file("/page/main.js").is_some() && file("/page/../page.rs").is_none());
    }

    #[test]
    fn nothing_parses_html_runs_text_or_comes_from_another_host() {
        for (name, _, body) in FILES {
            let text = std::str::from_utf8(body).unwrap();
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                " style=",
                "onclick=",
                "src=\"http",
                "href=\"http",
                "@import",
            ] {
                assert!(!text.contains(word), "{name} has {word}");
            }
        }
    }
}
