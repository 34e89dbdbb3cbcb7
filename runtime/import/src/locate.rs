//! Where in a JSON text something stands, for those who point at it.
//!
//! What has been passed over once is not passed over again: an export points at thousands of places of one file.
//!
//! Not here: whether the text is JSON (`json` has read it); of one that is not, nothing is found.

use crate::json;
use program::Json;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

/// A JSON text in which places are looked up.
pub struct Located {
    text: String,
    /// Where lines begin.
    lines: OnceCell<Vec<usize>>,
    /// Of objects and arrays, by where they open.
    inside: RefCell<HashMap<usize, Option<Inside>>>,
    /// The pointers of actions, by their names.
    actions: OnceCell<BTreeMap<String, String>>,
}

/// What stands in an object or array: by key or index where it begins, with its key, and where its value does.
type Inside = HashMap<String, (usize, usize)>;

/// The lists of actions, and what names one: a resource's address in a plan, an action in our own format. The first counts.
const LISTS: [(&str, &[&str]); 2] = [("resource_changes", &["address"]), ("actions", &["id", "resource"])];

impl Located {
    /// A text, of which nothing is known yet.
    pub fn of(text: String) -> Located {
        let (lines, actions) = Default::default();
        Located { text, lines, inside: RefCell::default(), actions }
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column, from 1, of what a JSON pointer (RFC 6901) points to: of its key, where it has one.
    pub fn find(&self, pointer: &str) -> Option<(usize, usize)> {
        let (mut found, mut value) = (0, 0);
        for part in pointer.strip_prefix('/')?.split('/') {
            let part = part.replace("~1", "/").replace("~0", "~");
            let mut inside = self.inside.borrow_mut();
            let entries = inside.entry(value).or_insert_with(|| Scan::at(&self.text, value).inside());
            (found, value) = *entries.as_ref()?.get(&part)?;
        }
        self.text.get(..found)?;
        let starts = self.lines.get_or_init(|| {
            let behind = self.text.match_indices('\n').map(|(at, _)| at + 1);
            [0].into_iter().chain(behind).collect()
        });
        let line = starts.partition_point(|start| *start <= found);
        Some((line, self.text[starts[line - 1]..found].chars().count() + 1))
    }

    /// The same of an action of a change, by its id.
    pub fn action(&self, id: &str) -> Option<(usize, usize)> {
        let actions = self.actions.get_or_init(|| {
            let mut found = BTreeMap::new();
            let Ok(Json::Object(change)) = json::parse(&self.text) else { return found };
            for (list, keys) in LISTS {
                let Some(Json::Array(entries)) = change.get(list) else { continue };
                for (at, entry) in entries.iter().enumerate() {
                    let Json::Object(entry) = entry else { continue };
                    for name in keys.iter().filter_map(|key| entry.get(key)) {
                        if let Json::Text(name) = name {
                            found.entry(name.to_string()).or_insert_with(|| format!("/{list}/{at}"));
                        }
                    }
                }
            }
            found
        });
        self.find(actions.get(id)?)
    }
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scan<'t> {
    fn at(text: &'t str, at: usize) -> Scan<'t> {
        Scan { text, bytes: text.as_bytes(), at }
    }

    /// What stands in the value that begins here, as far as it reads; `None` where it is no object and no array.
    fn inside(mut self) -> Option<Inside> {
        self.space();
        let open = self.next().filter(|open| b"{[".contains(open))?;
        let mut found = Inside::new();
        for number in 0.. {
            self.space();
            let start = self.at;
            let key = match open {
                b'{' => self.string().and_then(|key| {
                    self.space();
                    (self.next()? == b':').then_some(key)
                }),
                _ => Some(number.to_string()),
            };
            self.space();
            let value = self.at;
            let Some(key) = key.filter(|_| self.skip().is_some() && self.at > value) else { break };
            found.entry(key).or_insert((start, value));
            self.space();
            if self.next() != Some(b',') {
                break;
            }
        }
        Some(found)
    }

    /// Passes over one value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match *self.bytes.get(self.at)? {
                b'"' => drop(self.quoted()?),
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

    /// A string, as it is written.
    fn quoted(&mut self) -> Option<&'t str> {
        let start = self.at;
        (self.next()? == b'"').then_some(())?;
        loop {
            match self.next()? {
                b'"' => return self.text.get(start..self.at),
                b'\\' => drop(self.next()?),
                _ => {}
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        match json::parse(self.quoted()?) {
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
    use super::Located;

    const PLAN: &str = "{\n  \"a~/b\": [1, {\"x\": \"]}\\\"\"}],\n  \"resource_changes\": [\n    {\"address\": \"one\"},\n    {\"address\": \"two\", \"change\": {\n      \"after\": null}}\n  ]\n}\n";

    fn of(text: &str) -> Located {
        Located::of(text.to_owned())
    }

    #[test]
    fn a_pointer_points_to_its_key_or_its_entry() {
        let plan = of(PLAN);
        let check = |pointer: &str, expect| assert_eq!(plan.find(pointer), expect, "{pointer}");
        check("/a~0~1b", Some((2, 3)));
        check("/a~0~1b/1", Some((2, 15)));
        check("/a~0~1b/1/x", Some((2, 16)));
        check("/resource_changes/1/change/after", Some((6, 7)));
        check("/resource_changes/1", Some((5, 5)));
        check("/resource_changes/2", None);
        check("/nowhere", None);
        check("nothing", None);
        assert_eq!(of("[1, 2").find("/7"), None);
        assert_eq!(of("[1, 2").find("/0"), Some((1, 2)));
    }

    #[test]
    fn an_action_stands_at_its_entry() {
        assert_eq!(of(PLAN).action("two"), Some((5, 5)));
        assert_eq!(of("{\"actions\": [{\"id\": \"a1\", \"resource\": \"q\"}]}").action("a1"), Some((1, 14)));
        assert_eq!(of(PLAN).action("three"), None);
    }
}
