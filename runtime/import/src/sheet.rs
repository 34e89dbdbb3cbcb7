//! Facts as they are collected from one file.

use crate::{Options, Skipped, texts::Texts};
use program::{Fact, FactSource, Origin, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

/// Facts and skipped parts of one source.
pub(crate) struct Sheet {
    pub(crate) source: Arc<FactSource>,
    /// In front of every resource's and module's name: `billing//`, or nothing.
    prefix: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) skipped: Vec<Skipped>,
    texts: RefCell<Texts>,
    /// Of the last fact.
    relation: RefCell<Arc<str>>,
    /// Of the last fact.
    place: RefCell<Arc<str>>,
}

impl Sheet {
    pub(crate) fn new(source: FactSource, options: &Options<'_>) -> Sheet {
        let prefix = options.estate.map_or_else(String::new, |estate| format!("{estate}//"));
        Sheet {
            source: Arc::new(source),
            prefix,
            facts: Vec::new(),
            skipped: Vec::new(),
            texts: RefCell::default(),
            relation: RefCell::default(),
            place: RefCell::default(),
        }
    }

    /// The name of a resource or a module in the model.
    pub(crate) fn named(&self, address: &str) -> Arc<str> {
        if self.prefix.is_empty() { self.shared(address) } else { self.shared(&format!("{}{address}", self.prefix)) }
    }

    pub(crate) fn fact(&self, relation: &str, tuple: Vec<Value>, place: &str) -> Fact {
        // Facts of one place come one after the other, and no other has it.
        let mut last = self.place.borrow_mut();
        if **last != *place {
            *last = place.into();
        }
        let origin = Origin { source: self.source.clone(), place: last.clone() };
        Fact { relation: self.relation(relation), tuple, origin }
    }

    fn relation(&self, name: &str) -> Arc<str> {
        let mut last = self.relation.borrow_mut();
        if **last != *name {
            *last = self.shared(name);
        }
        last.clone()
    }

    /// A text that other facts are likely to hold too.
    pub(crate) fn shared(&self, text: &str) -> Arc<str> {
        self.texts.borrow_mut().shared(text)
    }

    pub(crate) fn skip(&mut self, place: impl Into<Arc<str>>, why: impl Into<String>) {
        self.skipped.push(Skipped { place: place.into(), why: why.into() });
    }
}

/// Sorts facts by relation, tuple and origin, and keeps the first of equal ones.
pub(crate) fn tidy(facts: &mut Vec<Fact>) {
    let same = |a: &Fact, b: &Fact| Arc::ptr_eq(&a.relation, &b.relation) || a.relation == b.relation;
    // Readers go through a file in order: within a relation little is out of place, and sorting takes hardly a step a fact.
    facts.sort_by(|a, b| if same(a, b) { Ordering::Equal } else { a.relation.cmp(&b.relation) });
    for facts in facts.chunk_by_mut(same) {
        facts.sort_by(|a, b| (&a.tuple, &a.origin).cmp(&(&b.tuple, &b.origin)));
    }
    facts.dedup_by(|later, earlier| later.relation == earlier.relation && later.tuple == earlier.tuple);
}
