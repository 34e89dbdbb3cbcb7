//! Does this follow? The part that an auditor reads and trusts.
//!
//! Read downwards:
//! - `inputs`: the two worlds, and what is given in them.
//! - `proof`: why one tuple holds, as data; `check`: whether it follows.
//! - `certificate`: that nothing was left out, as data; `certify`: whether that is so; `delta`: whether it is after a change
//!   of a world of which it is known.
//! - `meaning`: the law itself, naive and slow.
//! - `body`: what the literals of a rule say; the only reading of rules here, used by all of the above.
//! - `values`, `table`, `database`: tuples that were certified. Nobody else can make a [`Database`].
//! - `lawful`: whether a program has a meaning at all; `monotone`: what its lattice columns may be used for.
//!
//! Trusted besides: the pure functions of [`program`] (`evaluate`, `compare`, `range`, `aggregate`).
//!
//! INVARIANT: no `unsafe`, no other crate of ours than `program`, no I/O.
#![forbid(unsafe_code)]

mod body;
mod certificate;
mod certify;
mod check;
mod database;
mod delta;
mod flaw;
mod inputs;
mod lawful;
mod meaning;
mod monotone;
mod proof;
mod table;
mod values;

pub use certificate::{Certificate, Claimed};
pub use certify::{certify, certify_model};
pub use check::{Checked, Claim, Open, check, check_in, check_steps};
pub use database::Database;
pub use delta::{Difference, certify_change, certify_version};
pub use flaw::Flaw;
pub use inputs::{Inputs, Side};
pub use lawful::{Lawful, lawful};
pub use meaning::meaning;
pub use proof::{Absence, Node, Premise, Proof, Why};
