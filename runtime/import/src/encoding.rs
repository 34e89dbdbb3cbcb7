//! Bytes to text: UTF-8, or UTF-16 as Windows shells write it, with or without a byte order mark.

use crate::Malformed;
use std::borrow::Cow;

/// The text of a file, without its byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    match bytes {
        [] => return Err(Malformed::new("", "the file is empty")),
        [0xEF, 0xBB, 0xBF, rest @ ..] => return utf8(rest),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
            return Err(Malformed::new("1:1", "the file is UTF-32").help("write it as UTF-8"));
        }
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        // Every format here begins with an ASCII character: a zero beside it is its other half.
        [first, 0, ..] if first.is_ascii() && *first != 0 => return utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if second.is_ascii() && *second != 0 => return utf16(bytes, u16::from_be_bytes),
        [b'P', b'K', 3, 4, ..] => {
            return Err(Malformed::new("", "the file is a zip archive, as `terraform plan -out` writes it")
                .help("`terraform show -json FILE` writes the plan as JSON"));
        }
        [0x1F, 0x8B, ..] => return Err(Malformed::new("", "the file is compressed").help("decompress it with gunzip")),
        _ => {}
    }
    utf8(bytes)
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|fault| {
        let good = String::from_utf8_lossy(&bytes[..fault.valid_up_to()]);
        let what = match fault.error_len() {
            None => "the file ends in the middle of a character",
            Some(_) => "the text is not UTF-8 here",
        };
        Malformed::new(place(&good, good.len()), what)
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Malformed> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => return Err(Malformed::new(place(&text, text.len()), "the text is not UTF-16 here")),
        }
    }
    if !rest.is_empty() {
        let what = "the file ends in the middle of a character (it is UTF-16)";
        return Err(Malformed::new(place(&text, text.len()), what));
    }
    Ok(Cow::Owned(text))
}

/// `line:column` of a byte offset, both from 1, columns in characters.
pub(crate) fn place(text: &str, at: usize) -> String {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    // Characters are counted by the bytes that begin one.
    let column = before[start..].iter().filter(|b| (**b as i8) >= -0x40).count() + 1;
    format!("{line}:{column}")
}
