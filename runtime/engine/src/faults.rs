//! Errors planted for tests: each breaks the engine in one way that somebody must notice.
//!
//! A fault is planted for the current thread and taken out when its guard is dropped.
//!
//! Not here: anything in a build without the feature `faults`.

use crate::growing::Mark;
use crate::intern::Id;
use crate::prepare::Prepared;
use crate::view::Changed;
use std::cell::RefCell;

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// The first tuple that is derived is dropped, each time it is derived.
    LoseTuple,
    /// A tuple appears that nothing derives.
    InventTuple,
    /// Recursion stops after its first round.
    SkipDelta,
    /// Strata run in the reverse order.
    WrongStratum,
    /// An index misses the tuples that came after it was made.
    StaleIndex,
    /// A lattice column keeps the first value that is found for a group, whatever is derived later.
    KeepFirst,
}

impl Planted {
    /// Every one of them.
    pub const ALL: [Planted; 6] = [
        Planted::LoseTuple,
        Planted::InventTuple,
        Planted::SkipDelta,
        Planted::WrongStratum,
        Planted::StaleIndex,
        Planted::KeepFirst,
    ];
}

thread_local! {
    static PLANTED: RefCell<Option<Planted>> = const { RefCell::new(None) };
    static LOST: RefCell<Option<(usize, Vec<Id>)>> = const { RefCell::new(None) };
}

/// Plants a fault in every engine that this thread uses, until the guard is dropped.
pub fn plant(fault: Planted) -> impl Drop {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            PLANTED.set(None);
            LOST.set(None);
        }
    }
    PLANTED.set(Some(fault));
    LOST.set(None);
    Guard
}

/// Whether that fault is planted here.
pub(crate) fn is_planted(fault: Planted) -> bool {
    PLANTED.with_borrow(|planted| *planted == Some(fault))
}

/// Whether this derived tuple is lost.
pub(crate) fn loses(relation: usize, row: &[Id]) -> bool {
    is_planted(Planted::LoseTuple)
        && LOST.with_borrow_mut(|lost| {
            let (of, victim) = lost.get_or_insert_with(|| (relation, row.to_vec()));
            *of == relation && victim == row
        })
}

/// Adds a tuple that nothing derives to the first relation of `strata` that has derived ones.
///
/// - `end`: the number behind that of the last value there is.
pub(crate) fn invent(changed: &mut Changed, strata: &[usize], prepared: &Prepared, end: Id) {
    if !is_planted(Planted::InventTuple) {
        return;
    }
    for relation in strata.iter().flat_map(|stratum| &prepared.strata[*stratum].relations) {
        let Some(version) = changed.get_mut(*relation) else { continue };
        let Some(first) = version.there().find(|row| !version.mark(*row).is_given()) else { continue };
        let rows = version.rows_mut();
        if rows.cells().width() > 0 && rows.groups().is_none() {
            let mut row = rows.row(first).to_vec();
            for other in 0..end {
                row[0] = other;
                if rows.insert(&row, Mark::of_round(1), None) {
                    return;
                }
            }
        }
    }
}

/// Levels in the order in which they run.
pub(crate) fn levels(levels: &[Vec<usize>]) -> Vec<&Vec<usize>> {
    match is_planted(Planted::WrongStratum) {
        true => levels.iter().rev().collect(),
        false => levels.iter().collect(),
    }
}
