//! A change: what is asked, before anything happens.

use crate::{Digest, Fact};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What is asked. An importer or a test block makes it; `decide` turns it into a delta over the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The format it came in: `terraform-plan`, `writ-change`, `test`.
    pub format: Arc<str>,
    /// The file as given.
    pub file: Arc<str>,
    /// SHA-256 of the raw bytes.
    pub digest: Digest,
    /// Its parts, in the order of the file.
    pub actions: Vec<Action>,
    /// Why this may be less than what would happen; empty for a whole change.
    pub partial: Vec<Partial>,
    /// Change-scoped facts that the format itself states (`std.change.reason`, …); `action` and `actor` are not here.
    pub facts: Vec<Fact>,
}

impl Change {
    /// The change of a question about the world as it is: none.
    pub fn none() -> Change {
        Change {
            format: "question".into(),
            file: "".into(),
            digest: Digest::of(b""),
            actions: Vec::new(),
            partial: Vec::new(),
            facts: Vec::new(),
        }
    }
}

/// One part of a change, on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Names the action within the change; for Terraform the resource's address.
    pub id: Arc<str>,
    /// What is done.
    pub verb: Verb,
    /// The resource, named as in the model.
    pub resource: Arc<str>,
    /// The name it had before, of a move alone.
    pub moved_from: Option<Arc<str>>,
    /// Where the change's file says it: a JSON pointer, `line:column` of a test.
    pub place: Arc<str>,
    /// Facts that hold afterwards. Each replaces those of its relation with the same key; without a key it is added.
    pub set: Vec<Fact>,
    /// Facts that hold no more. A deletion also removes every fact whose first column is the resource.
    pub remove: Vec<Fact>,
}

/// What is done to a resource; the members of `std.change.Verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Comes to be.
    Create,
    /// Is looked at; never a touch.
    Read,
    /// Is altered in place.
    Update,
    /// Is destroyed and made anew, in either order.
    Replace,
    /// Is destroyed.
    Delete,
    /// Gets another name.
    Move,
    /// Is taken under management.
    Import,
    /// Is let go: lives on, no longer managed.
    Forget,
    /// Is executed: a job, a command.
    Run,
}

/// Why a change may be less than what would happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partial {
    /// A sentence: `the plan is targeted`.
    pub why: Arc<str>,
    /// Where the file says so: a JSON pointer.
    pub place: Arc<str>,
}

impl Verb {
    /// Every verb, in order.
    pub const ALL: [Verb; 9] = [
        Verb::Create,
        Verb::Read,
        Verb::Update,
        Verb::Replace,
        Verb::Delete,
        Verb::Move,
        Verb::Import,
        Verb::Forget,
        Verb::Run,
    ];

    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Read => "read",
            Verb::Update => "update",
            Verb::Replace => "replace",
            Verb::Delete => "delete",
            Verb::Move => "move",
            Verb::Import => "import",
            Verb::Forget => "forget",
            Verb::Run => "run",
        }
    }

    /// The verb of that name.
    pub fn named(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
