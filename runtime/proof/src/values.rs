//! Values as numbers, so that rows are compared and found without a look at what they say.
//!
//! INVARIANT: a value has one number, here and in what this is beside.

use indexmap::IndexSet;
use program::{Tuple, Value};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::sync::Arc;

/// The numbers of a tuple's values.
pub(crate) type Row = SmallVec<[u32; 4]>;

/// Values, each with its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// Those with lower numbers.
    under: Option<Arc<Values>>,
    first: usize,
    own: IndexSet<Value, FxBuildHasher>,
}

impl Values {
    /// The same values, to which further ones may be added.
    pub(crate) fn beside(under: &Arc<Values>) -> Values {
        Values { under: Some(under.clone()), first: under.first + under.own.len(), own: IndexSet::default() }
    }

    pub(crate) fn number(&self, value: &Value) -> Option<u32> {
        let own = || self.own.get_index_of(value).map(|at| short(self.first + at));
        self.under.as_ref().and_then(|under| under.number(value)).or_else(own)
    }

    /// The value's number: a new one where it has none.
    pub(crate) fn add(&mut self, value: &Value) -> u32 {
        self.number(value).unwrap_or_else(|| short(self.first + self.own.insert_full(value.clone()).0))
    }

    pub(crate) fn value(&self, number: u32) -> &Value {
        match (number as usize).checked_sub(self.first) {
            Some(own) => &self.own[own],
            None => self.under.as_ref().expect("bug: a number without a value").value(number),
        }
    }

    pub(crate) fn add_row(&mut self, tuple: &[Value]) -> Row {
        tuple.iter().map(|value| self.add(value)).collect()
    }

    /// The row of a tuple; `None` if a value has no number, so that no row has it.
    pub(crate) fn row(&self, tuple: &[Value]) -> Option<Row> {
        tuple.iter().map(|value| self.number(value)).collect()
    }

    pub(crate) fn tuple(&self, row: &[u32]) -> Tuple {
        row.iter().map(|number| self.value(*number).clone()).collect()
    }
}

/// More values or rows than four bytes count fit into no memory.
pub(crate) fn short(number: usize) -> u32 {
    u32::try_from(number).expect("bug: more than four thousand million")
}
