//! Where in a JSON text something stands, for those who point at it.
//!
//! Not here: whether the text is JSON (`json` has read it); of one that is not, nothing is found.

use crate::json;
use program::Json;

/// The line and column, from 1, of what a JSON pointer (RFC 6901) points to: of its key, where it has one.
pub fn locate(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let wanted: Vec<String> =
        pointer.strip_prefix('/')?.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let mut found = 0;
    for part in &wanted {
        found = scan.enter(part)?;
    }
    let before = text.get(..found)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

/// The same of an action of a change, by its id: a resource's address in a plan, an action in our own format.
pub fn locate_action(text: &str, id: &str) -> Option<(usize, usize)> {
    let Json::Object(change) = json::parse(text).ok()? else { return None };
    let position = |list: &str, keys: &[&str]| {
        let Json::Array(entries) = change.get(list)? else { return None };
        let names = |entry: &Json, key: &str| match entry {
            Json::Object(entry) => entry.get(key) == Some(&Json::text(id)),
            _ => false,
        };
        entries.iter().position(|entry| keys.iter().any(|key| names(entry, key)))
    };
    let pointer = position("resource_changes", &["address"])
        .map(|at| format!("/resource_changes/{at}"))
        .or_else(|| position("actions", &["id", "resource"]).map(|at| format!("/actions/{at}")))?;
    locate(text, &pointer)
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    /// Goes into the value of a key, or of an index; returns where it, or its key, begins.
    fn enter(&mut self, part: &str) -> Option<usize> {
        self.space();
        let open = self.next()?;
        let index: Option<usize> = part.parse().ok();
        for number in 0.. {
            self.space();
            let start = self.at;
            let hit = match open {
                b'{' => {
                    let key = self.string()?;
                    self.space();
                    (self.next()? == b':').then_some(())?;
                    key == part
                }
                b'[' => index == Some(number),
                _ => return None,
            };
            if hit {
                self.space();
                return Some(if open == b'{' { start } else { self.at });
            }
            self.space();
            self.skip()?;
            self.space();
            (self.next()? == b',').then_some(())?;
        }
        None
    }

    /// Passes over one value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match *self.bytes.get(self.at)? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => self.at += self.bytes[self.at..].iter().take_while(|b| !b" \t\r\n,:]}".contains(b)).count().max(1),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        (self.next()? == b'"').then_some(())?;
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => drop(self.next()?),
                _ => {}
            }
        }
        match json::parse(std::str::from_utf8(&self.bytes[start..self.at]).ok()?) {
            Ok(Json::Text(key)) => Some(key.to_string()),
            Ok(_) | Err(_) => None,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn space(&mut self) {
        self.at += self.bytes[self.at.min(self.bytes.len())..].iter().take_while(|b| b" \t\r\n".contains(b)).count();
    }
}

#[cfg(test)]
mod tests {
    use super::{locate, locate_action};

    const PLAN: &str = "{\n  \"a~/b\": [1, {\"x\": \"]}\\\"\"}],\n  \"resource_changes\": [\n    {\"address\": \"one\"},\n    {\"address\": \"two\", \"change\": {\n      \"after\": null}}\n  ]\n}\n";

    #[test]
    fn a_pointer_points_to_its_key_or_its_entry() {
        let check = |pointer: &str, expect| assert_eq!(locate(PLAN, pointer), expect, "{pointer}");
        check("/a~0~1b", Some((2, 3)));
        check("/a~0~1b/1", Some((2, 15)));
        check("/a~0~1b/1/x", Some((2, 16)));
        check("/resource_changes/1/change/after", Some((6, 7)));
        check("/resource_changes/2", None);
        check("/nowhere", None);
        check("nothing", None);
        assert_eq!(locate("[1, 2", "/7"), None);
    }

    #[test]
    fn an_action_stands_at_its_entry() {
        assert_eq!(locate_action(PLAN, "two"), Some((5, 5)));
        assert_eq!(locate_action("{\"actions\": [{\"id\": \"a1\", \"resource\": \"q\"}]}", "a1"), Some((1, 14)));
        assert_eq!(locate_action(PLAN, "three"), None);
    }
}
