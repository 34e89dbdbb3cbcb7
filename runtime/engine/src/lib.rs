//! Program and facts to derived facts, kept under change.
//!
//! Read downwards:
//! - `engine`: the face: [`Engine`] holds a world, [`Hypothesis`] a world and what a change would make of it.
//! - `limits`: what a call may use, and what it says when that is not enough.
//! - `world`: which strata run, in which world, and which a change leaves alone; `stratum`: rounds up to the fixpoint;
//!   `maintain`, `suspects` and `improve`: a stratum kept up to date.
//! - `order`: in which order the literals of a rule run; `run`: the joins; `heads`: what of them is new; `workers`:
//!   several of them at once.
//! - `base`, `growing`, `version`: rows that are complete, rows that are coming, and worlds that share them; `lattice`,
//!   `index`, `intern`, `set`, `sort`: what these are made of.
//! - `derive`: why a tuple holds; `cone`: the search for the proof of smallest height; `rounds`: what both start from;
//!   `difference`: what of all that holds a change made another.
//! - `demand`: a program that derives what a question asks for, and no more.
//! - `faults`: errors planted for tests, absent from any other build.
//!
//! INVARIANT: an answer is a function of the program, the facts and the change alone: never of the order in which they
//! came, of earlier changes, or of the number of threads.
//! Not here: syntax, files, clocks, verdicts. What rules *mean* is the law of `proof::meaning`.
#![forbid(unsafe_code)]

mod base;
mod cone;
mod demand;
mod derive;
mod difference;
mod engine;
#[cfg(feature = "faults")]
mod faults;
mod growing;
mod heads;
mod improve;
mod index;
mod intern;
mod lattice;
mod limits;
mod maintain;
mod order;
mod prepare;
mod probe;
mod rounds;
mod run;
mod set;
mod sort;
mod stratum;
mod suspects;
mod version;
mod view;
mod witness;
mod workers;
mod world;

pub use demand::{Demand, Goal, Proving};
pub use engine::{Delta, Engine, Foundation, Held, Hypothesis, Lacking};
#[cfg(feature = "faults")]
pub use faults::{Planted, plant};
pub use limits::{Fault, Limits};
