//! Text that is not quite JSON: lone halves of surrogate pairs and bytes that are not UTF-8.

use std::borrow::Cow;

/// Replaces bytes that are not UTF-8 and `\uD8xx` escapes without their other half by U+FFFD. Copies only if needed.
pub(crate) fn repair(text: &[u8]) -> Cow<'_, [u8]> {
    let text = match String::from_utf8_lossy(text) {
        Cow::Borrowed(same) => Cow::Borrowed(same.as_bytes()),
        Cow::Owned(repaired) => Cow::Owned(repaired.into_bytes()),
    };
    let lone = lone_surrogates(&text);
    if lone.is_empty() {
        return text;
    }
    let mut repaired = text.into_owned();
    for at in lone {
        if let Some(escape) = repaired.get_mut(at..at + 6) {
            escape.copy_from_slice(br"\uFFFD");
        }
    }
    Cow::Owned(repaired)
}

/// Offsets of the escapes that stand for half a character.
fn lone_surrogates(text: &[u8]) -> Vec<usize> {
    let mut lone = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            at += 1;
            continue;
        }
        match escaped_unit(text, at) {
            Some(0xD800..=0xDBFF) => {
                if matches!(escaped_unit(text, at + 6), Some(0xDC00..=0xDFFF)) {
                    at += 12;
                } else {
                    lone.push(at);
                    at += 6;
                }
            }
            Some(0xDC00..=0xDFFF) => {
                lone.push(at);
                at += 6;
            }
            // Any other escape: the byte after the backslash is not the start of one.
            _ => at += 2,
        }
    }
    lone
}

/// Reads `\uXXXX` at an offset.
fn escaped_unit(text: &[u8], at: usize) -> Option<u16> {
    let hex = text.get(at..at + 6)?.strip_prefix(br"\u")?;
    hex.iter().try_fold(0, |unit: u16, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn repair_replaces_lone_surrogates_and_invalid_utf8() {
        let cases: [(&[u8], &str); 7] = [
            (br#""plain""#, r#""plain""#),
            (br#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (br#""\uD83D""#, r#""\uFFFD""#),
            (br#""\uDE00x""#, r#""\uFFFDx""#),
            (br#""\uD83D\uD83D\uDE00""#, r#""\uFFFD\uD83D\uDE00""#),
            (br#""\\uD83D""#, r#""\\uD83D""#),
            (b"\"a\xffb\"", "\"a\u{fffd}b\""),
        ];
        for (broken, whole) in cases {
            assert_eq!(std::str::from_utf8(&repair(broken)).unwrap(), whole);
        }
    }

    #[test]
    fn repair_leaves_a_truncated_escape_at_the_end_unchanged() {
        for text in [&br"\"[..], br"\u", br"\uD8", br"\uD83"] {
            assert_eq!(&*repair(text), text);
        }
    }
}
