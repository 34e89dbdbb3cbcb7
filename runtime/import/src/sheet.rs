//! Facts as they are collected from one file.

use crate::{Options, Skipped, texts::Texts, workers::PART, workers::spread};
use program::{Fact, FactSource, Origin, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
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

/// What stands at the top of every sheet of one source, on whatever thread it is written.
pub(crate) struct Heading {
    source: Arc<FactSource>,
    prefix: String,
}

impl Heading {
    pub(crate) fn new(source: FactSource, options: &Options<'_>) -> Heading {
        let prefix = options.estate.map_or_else(String::new, |estate| format!("{estate}//"));
        Heading { source: Arc::new(source), prefix }
    }

    /// An empty sheet.
    pub(crate) fn sheet(&self) -> Sheet {
        Sheet {
            source: self.source.clone(),
            prefix: self.prefix.clone(),
            facts: Vec::new(),
            skipped: Vec::new(),
            texts: RefCell::default(),
            relation: RefCell::default(),
            place: RefCell::default(),
        }
    }
}

impl Sheet {
    pub(crate) fn new(source: FactSource, options: &Options<'_>) -> Sheet {
        Heading::new(source, options).sheet()
    }

    pub(crate) fn heading(&self) -> Heading {
        Heading { source: self.source.clone(), prefix: self.prefix.clone() }
    }

    /// The facts that `state` makes of each item, put together by relation; of many items on several threads.
    ///
    /// - `state`: makes the facts of one item, on the sheet that it is given.
    pub(crate) fn each<T: Sync>(&self, items: &[T], state: impl Fn(&Sheet, &T, &mut Vec<Fact>) + Sync) -> Vec<Fact> {
        let heading = self.heading();
        let made = spread(items.chunks(PART).collect(), |items| {
            let (sheet, mut facts) = (heading.sheet(), Vec::new());
            items.iter().for_each(|item| state(&sheet, item, &mut facts));
            by_relation(facts)
        });
        joined(made)
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

/// Facts apart by relation, those of one in the order in which they came.
pub(crate) fn by_relation(mut facts: Vec<Fact>) -> Vec<Vec<Fact>> {
    group(&mut facts);
    let lengths: Vec<usize> = facts.chunk_by(same).map(<[Fact]>::len).collect();
    let run = |length: usize| facts.split_off(facts.len() - length);
    lengths.into_iter().rev().map(run).collect()
}

/// Sorts facts by relation alone.
fn group(facts: &mut [Fact]) {
    facts.sort_by(|a, b| if same(a, b) { Ordering::Equal } else { a.relation.cmp(&b.relation) });
}

/// Whether two facts are of one relation.
fn same(a: &Fact, b: &Fact) -> bool {
    Arc::ptr_eq(&a.relation, &b.relation) || a.relation == b.relation
}

/// Parts, each apart by relation, as one list by relation; the facts of one relation in the order of the parts.
pub(crate) fn joined(parts: Vec<Vec<Vec<Fact>>>) -> Vec<Fact> {
    // The list is made as long as it gets, with what follows from all of them: one that grows is in memory twice. A part is
    // let go as soon as it is in the list.
    let long: usize = parts.iter().flatten().map(Vec::len).sum();
    let mut facts = Vec::with_capacity(long + long / 8);
    let mut relations: BTreeMap<Arc<str>, Vec<Vec<Fact>>> = BTreeMap::new();
    for some in parts.into_iter().flatten().filter(|some| !some.is_empty()) {
        relations.entry(some[0].relation.clone()).or_default().push(some);
    }
    relations.into_values().flatten().for_each(|mut some| facts.append(&mut some));
    facts
}

/// Facts that one thread looks at together.
const PIECE: usize = 1 << 15;

/// Sorts facts by relation, tuple and origin, and keeps the first of equal ones.
pub(crate) fn tidy(facts: &mut Vec<Fact>) {
    // Readers go through a file in order: within a relation little is out of place, and sorting takes hardly a step a fact.
    if !facts.is_sorted_by(|a, b| same(a, b) || a.relation < b.relation) {
        group(facts);
    }
    let sorted = |facts: &[Fact]| facts.is_sorted_by(|a, b| !same(a, b) || compared(&a.tuple, &b.tuple).is_lt());
    let pieces = (0..facts.len()).step_by(PIECE).map(|at| &facts[at..facts.len().min(at + PIECE + 1)]);
    if spread(pieces.collect(), sorted).into_iter().all(|sorted| sorted) {
        return;
    }
    let some = facts.chunk_by_mut(same).filter(|some| !sorted(some)).collect();
    spread(some, |some: &mut [Fact]| {
        some.sort_by(|a, b| compared(&a.tuple, &b.tuple).then_with(|| a.origin.cmp(&b.origin)));
    });
    facts.dedup_by(|later, earlier| same(later, earlier) && later.tuple == earlier.tuple);
}

/// The order of two tuples. Facts of one thing share its name, and so need not be asked for it.
fn compared(one: &[Value], two: &[Value]) -> Ordering {
    let order = |(one, two): (&Value, &Value)| match (one, two) {
        (Value::Text(one), Value::Text(two)) if Arc::ptr_eq(one, two) => Ordering::Equal,
        (one, two) => one.cmp(two),
    };
    let first = one.iter().zip(two).map(order).find(|order| order.is_ne());
    first.unwrap_or_else(|| one.len().cmp(&two.len()))
}
