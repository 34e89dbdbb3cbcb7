//! What only the loaded model shows of a policy: paths that lead nowhere, relations that nothing fills.
//!
//! Read downwards: [`Compared`] is what was found, [`Against`] of what.
//! Not here: when it is looked for (`model`), and where it is told (`reader`).

use crate::model::{Loaded, asked};
use compiler::database::Snapshot;
use compiler::report::Report;
use decide::SourceState;
use program::{Nowhere, Program};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    nowhere: BTreeSet<(Nowhere, bool)>,
    unfilled: BTreeSet<String>,
}

/// What was found in a model under a program.
#[derive(Clone)]
pub(crate) struct Against {
    pub(crate) program: Arc<Program>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) found: Arc<Compared>,
}

impl Compared {
    /// Compares a program with a model. What cannot be found out in time is not told.
    pub(crate) fn of(program: &Arc<Program>, loaded: &Loaded) -> Compared {
        // What is not there may have the paths, and the facts, that nothing else has.
        if loaded.sources.iter().any(|source| matches!(source, SourceState::Missing(_))) {
            return Compared::default();
        }
        Compared {
            nowhere: asked(program, loaded, decide::paths::nowhere).unwrap_or_default(),
            unfilled: asked(program, loaded, |case| Ok(decide::unfilled(case))).unwrap_or_default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nowhere.is_empty() && self.unfilled.is_empty()
    }

    /// As findings about the files; these are the ones that the program was made of.
    pub(crate) fn reports(&self, snapshot: &Snapshot) -> Vec<Report> {
        let mut reports = snapshot.nowhere(&self.nowhere);
        reports.extend(snapshot.unfilled(&self.unfilled));
        reports
    }
}
