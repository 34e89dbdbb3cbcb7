//! A change to a verdict, with proofs that were checked; and the questions about a model.
//!
//! Read downwards:
//! - `case`: what is asked. `worlds`: the facts before, and what the change makes of them.
//! - `settled`: both worlds derived by the engine and certified; nothing else is read from here on. `footing`: what cases of one run share.
//! - `verdict`: the road to an answer. On it: `violations`, `unknowns`, `causes`, `clearing`, `ambiguity`, `routing`, `blast`, `permits`, `proofs`, `grounds`.
//! - `decision`: the answer as data. `explained`: a proof as people read it, in `words`. `record`: what is kept.
//! - `text`, `markdown`: the answer as pages. `draw`: a proof for Graphviz, Mermaid, a browser. `export`: the answer for other
//!   tools. `ask`: why, why not, which, how far. `diff`: what turned between two models or policies. `reconcile`: where planes disagree. `rests`: what rests on
//!   what. `near`: how close a rule came. `paths`, `unfilled`: what no fact has.
//!   `test`: test blocks.
//!
//! INVARIANT: pure: no file, no clock, no environment; and no verdict that was not checked.
//! Not here: formats of changes and facts (`import`), policies as text (`compiler`).

mod ambiguity;
pub mod ask;
mod asked;
mod blast;
mod case;
mod causes;
mod clearing;
mod decision;
pub mod diff;
pub mod draw;
mod explained;
pub mod export;
mod footing;
mod grounds;
mod hinges;
pub mod markdown;
mod near;
pub mod paths;
mod permits;
mod proofs;
pub mod reconcile;
mod record;
mod rests;
mod routing;
mod settled;
pub mod test;
pub mod text;
mod unfilled;
mod unknowns;
mod verdict;
mod violations;
mod words;
mod worlds;

pub use case::{Case, Failure, Malformed, SourceState};
pub use decision::{Approval, Decision, Hit, Judged, Model, Row};
pub use engine::Limits;
pub use evidence::{Accountable, Ambiguity, Asked, Assurance, Cleared, Doubt, How, Kind, Law, Reason, Verdict};
pub use explained::{Because, Explained, Ground, SHORT, Step};
pub use footing::Footing;
pub use near::{Cause, Miss, Near};
pub use proof::Side;
pub use rests::asks;
pub use text::counted;
pub use unfilled::unfilled;
pub use verdict::decide;
pub use worlds::{Conflict, Said, admissible, conflicts};
