//! JSON walked with a place: every complaint about a wrong shape has its JSON pointer.

use crate::Malformed;
use program::Json;
use std::sync::Arc;

/// A value inside a file, and where it stands.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) json: &'a Json,
    pub(crate) at: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(json: &'a Json) -> Node<'a> {
        Node { json, at: String::new() }
    }

    /// The value under a key; `null` counts as absent, since Go programs write it for "not set".
    pub(crate) fn get(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        match self.json {
            Json::Object(entries) => Ok(match entries.get(key) {
                None | Some(Json::Null) => None,
                Some(json) => Some(Node { json, at: self.under(key) }),
            }),
            _ => Err(self.wrong("an object")),
        }
    }

    pub(crate) fn need(&self, key: &str) -> Result<Node<'a>, Malformed> {
        self.get(key)?.ok_or_else(|| Malformed::new(self.at.clone(), format!("`{key}` is missing here")))
    }

    pub(crate) fn text(&self) -> Result<&'a Arc<str>, Malformed> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong("text")),
        }
    }

    pub(crate) fn flag(&self) -> Result<bool, Malformed> {
        match self.json {
            Json::Bool(flag) => Ok(*flag),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub(crate) fn items(&self) -> Result<Vec<Node<'a>>, Malformed> {
        match self.json {
            Json::Array(items) => {
                Ok(items.iter().enumerate().map(|(i, json)| Node { json, at: format!("{}/{i}", self.at) }).collect())
            }
            _ => Err(self.wrong("an array")),
        }
    }

    pub(crate) fn entries(&self) -> Result<Vec<(&'a Arc<str>, Node<'a>)>, Malformed> {
        match self.json {
            Json::Object(entries) => {
                Ok(entries.iter().map(|(key, json)| (key, Node { json, at: self.under(key) })).collect())
            }
            _ => Err(self.wrong("an object")),
        }
    }

    pub(crate) fn text_of(&self, key: &str) -> Result<Option<&'a Arc<str>>, Malformed> {
        self.get(key)?.map(|node| node.text()).transpose()
    }

    pub(crate) fn items_of(&self, key: &str) -> Result<Vec<Node<'a>>, Malformed> {
        self.get(key)?.map_or(Ok(Vec::new()), |node| node.items())
    }

    pub(crate) fn entries_of(&self, key: &str) -> Result<Vec<(&'a Arc<str>, Node<'a>)>, Malformed> {
        self.get(key)?.map_or(Ok(Vec::new()), |node| node.entries())
    }

    pub(crate) fn flag_of(&self, key: &str) -> Result<Option<bool>, Malformed> {
        self.get(key)?.map(|node| node.flag()).transpose()
    }

    /// The JSON pointer of a member.
    pub(crate) fn under(&self, key: &str) -> String {
        if key.contains(['~', '/']) {
            return format!("{}/{}", self.at, key.replace('~', "~0").replace('/', "~1"));
        }
        format!("{}/{key}", self.at)
    }

    pub(crate) fn wrong(&self, wanted: &str) -> Malformed {
        Malformed::new(self.at.clone(), format!("expected {wanted}, found {}", shape(self.json)))
    }
}

/// What sort of value it is, never the value itself.
pub(crate) fn shape(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Int(_) => "an integer",
        Json::Decimal(_) => "a number",
        Json::Text(_) => "text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
        Json::Unknown(_) => "an unknown value",
        Json::Sensitive(_) => "a sensitive value",
    }
}
