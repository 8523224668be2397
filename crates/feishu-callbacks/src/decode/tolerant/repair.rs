//! Text that is not quite JSON: lone halves of surrogate pairs, bytes that are not UTF-8, control characters inside
//! strings, and a byte order mark.

use std::borrow::Cow;
use std::io::Write as _;

/// Replaces bytes that are not UTF-8 and `\uD8xx` escapes without their other half by U+FFFD, escapes control characters
/// inside strings, and takes a byte order mark away. Copies only if needed.
pub(crate) fn repair(text: &[u8]) -> Cow<'_, [u8]> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let text = match String::from_utf8_lossy(text) {
        Cow::Borrowed(same) => Cow::Borrowed(same.as_bytes()),
        Cow::Owned(repaired) => Cow::Owned(repaired.into_bytes()),
    };
    let faults = faults(&text);
    if faults.is_empty() {
        return text;
    }
    let mut repaired = Vec::with_capacity(text.len() + 6 * faults.len());
    let mut done = 0;
    for fault in faults {
        repaired.extend_from_slice(text.get(done..fault.at).unwrap_or_default());
        // Writing to a Vec cannot fail.
        let _ = write!(repaired, "\\u{:04X}", fault.unit);
        done = fault.at + fault.len;
    }
    repaired.extend_from_slice(text.get(done..).unwrap_or_default());
    Cow::Owned(repaired)
}

/// Bytes that are replaced by the escape of one UTF-16 unit.
struct Fault {
    at: usize,
    len: usize,
    unit: u16,
}

/// Escapes that stand for half a character, and control characters inside strings.
fn faults(text: &[u8]) -> Vec<Fault> {
    const ESCAPE_LEN: usize = 6;
    const REPLACEMENT: u16 = 0xFFFD;
    let mut faults = Vec::new();
    let mut in_string = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => match escaped_unit(text, at) {
                Some(0xD800..=0xDBFF)
                    if matches!(escaped_unit(text, at + ESCAPE_LEN), Some(0xDC00..=0xDFFF)) =>
                {
                    at += 2 * ESCAPE_LEN;
                }
                Some(0xD800..=0xDFFF) => {
                    faults.push(Fault { at, len: ESCAPE_LEN, unit: REPLACEMENT });
                    at += ESCAPE_LEN;
                }
                // Any other escape: the byte after the backslash is not the start of one. A control character there
                // makes it no escape at all.
                _ if text.get(at + 1).is_some_and(|next| *next < b' ') => at += 1,
                _ => at += 2,
            },
            b'"' => {
                in_string = !in_string;
                at += 1;
            }
            ..b' ' if in_string => {
                faults.push(Fault { at, len: 1, unit: byte.into() });
                at += 1;
            }
            _ => at += 1,
        }
    }
    faults
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
    fn repair_replaces_what_json_refuses_in_text() {
        let cases: [(&[u8], &str); 11] = [
            (br#""plain""#, r#""plain""#),
            (br#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (br#""\uD83D""#, r#""\uFFFD""#),
            (br#""\uDE00x""#, r#""\uFFFDx""#),
            (br#""\uD83D\uD83D\uDE00""#, r#""\uFFFD\uD83D\uDE00""#),
            (br#""\\uD83D""#, r#""\\uD83D""#),
            (b"\"a\xffb\"", "\"a\u{fffd}b\""),
            (b"\xEF\xBB\xBF\"a\"", r#""a""#),
            (b"{\n\"a\tb\":\t\"\0\n\"}\r\n", "{\n\"a\\u0009b\":\t\"\\u0000\\u000A\"}\r\n"),
            (b"\"\\\"\x01\"", r#""\"\u0001""#),
            (b"\xEF\xBB\xBF\"\x1F\\uD83D\xff\"", "\"\\u001F\\uFFFD\u{fffd}\""),
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
