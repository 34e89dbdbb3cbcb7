//! Facts as they are collected from one file.

use crate::{Options, Skipped};
use program::{Fact, FactSource, Origin, Value};
use std::sync::Arc;

/// Facts and skipped parts of one source.
pub(crate) struct Sheet {
    pub(crate) source: Arc<FactSource>,
    /// In front of every resource's and module's name: `billing//`, or nothing.
    prefix: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Sheet {
    pub(crate) fn new(source: FactSource, options: &Options<'_>) -> Sheet {
        let prefix = options.estate.map_or_else(String::new, |estate| format!("{estate}//"));
        Sheet { source: Arc::new(source), prefix, facts: Vec::new(), skipped: Vec::new() }
    }

    /// The name of a resource or a module in the model.
    pub(crate) fn named(&self, address: &str) -> Arc<str> {
        if self.prefix.is_empty() { address.into() } else { format!("{}{address}", self.prefix).into() }
    }

    pub(crate) fn fact(&self, relation: &str, tuple: Vec<Value>, place: &str) -> Fact {
        Fact { relation: relation.into(), tuple, origin: Origin { source: self.source.clone(), place: place.into() } }
    }

    pub(crate) fn skip(&mut self, place: impl Into<Arc<str>>, why: impl Into<String>) {
        self.skipped.push(Skipped { place: place.into(), why: why.into() });
    }
}

/// Sorts facts by relation, tuple and origin, and keeps the first of equal ones.
pub(crate) fn tidy(facts: &mut Vec<Fact>) {
    facts.sort_by(|a, b| (&a.relation, &a.tuple, &a.origin).cmp(&(&b.relation, &b.tuple, &b.origin)));
    facts.dedup_by(|later, earlier| later.relation == earlier.relation && later.tuple == earlier.tuple);
}
