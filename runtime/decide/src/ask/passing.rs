//! What would pass: small sets of edits, each of which was tried.
//!
//! Read downwards: [`Passing`] is the data and its text; `reach` finds edits that make a tuple hold, `counter` edits that
//! make a change an allowed one.
//!
//! INVARIANT: what is offered was evaluated and does what it is offered for; what was not found is not said not to exist
//! unless everything within the bound was tried.

use serde::Serialize;

/// What would pass, cheapest first, and how much was tried to find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passing {
    /// Sets of edits, none of which contains another.
    pub ways: Vec<Way>,
    /// How many edits a set may have.
    pub edits: usize,
    /// How many sets were evaluated.
    pub tried: usize,
    /// Every set that the search knows was evaluated, or enough were found; else it gave up.
    pub complete: bool,
}

/// Edits that together do it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Way {
    /// In the order in which they are read.
    pub edits: Vec<Edit>,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edit {
    /// What sort of edit; the cheaper first.
    pub kind: Kind,
    /// In words: `add tag("db", "env", "dev")`.
    pub text: String,
}

/// What sort of edit it is. Ordered by what it costs the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An entry of a list that the change sets is taken out.
    Entry,
    /// An attribute that the change sets is left as it was, a fact that it takes away stays.
    Attribute,
    /// An attribute of the change is set to what a rule compares it with.
    Set,
    /// A fact of an editable relation is added: to the change or to the model, or where the world after has it.
    Add,
    /// A fact of an editable relation is added to the change; in the model it would not do.
    AddToChange,
    /// An attribute or a fact that the change sets is not set.
    Unset,
    /// A fact is taken away.
    Remove,
    /// An action is left out of the change.
    LeaveOut,
    /// Somebody approves.
    Approve,
    /// Somebody waives.
    Waive,
}

impl Kind {
    /// How much it costs, among edits.
    pub(super) fn cost(self) -> usize {
        match self {
            Kind::Entry | Kind::Attribute | Kind::Set | Kind::Add | Kind::AddToChange | Kind::Unset => 1,
            Kind::Remove => 2,
            Kind::LeaveOut => 3,
            Kind::Approve => 4,
            Kind::Waive => 6,
        }
    }
}

impl Passing {
    /// The ways as a list, or that there is none and how sure that is.
    ///
    /// - `most`: ways that are shown.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let edits = |n: usize| crate::text::counted(n, "edit");
        let Some(first) = self.ways.first() else {
            return vec![match (self.edits, self.complete) {
                (0, _) => String::from("what would pass: nothing was looked for; --edits 3"),
                (_, true) => {
                    format!(
                        "what would pass: nothing was found, of at most {} that rules give reason for",
                        edits(self.edits)
                    )
                }
                (_, false) => {
                    format!("what would pass: nothing was found; the search gave up after {} tries", self.tried)
                }
            }];
        };
        let mut lines = vec![String::from("what would pass:")];
        for (at, way) in self.ways.iter().take(most).enumerate() {
            let mut texts = way.edits.iter().map(|edit| edit.text.as_str());
            lines.push(format!("  {}. {}", at + 1, texts.next().unwrap_or_default()));
            lines.extend(texts.map(|text| format!("     {text}")));
        }
        if self.ways.len() > most {
            lines.push(format!("  … {} more", self.ways.len() - most));
        }
        if !self.complete && first.edits.len() > 1 {
            lines.push(format!("  (the search gave up after {} tries: less may do)", self.tried));
        }
        lines
    }
}
