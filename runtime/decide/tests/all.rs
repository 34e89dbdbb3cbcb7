//! Decisions on small programs made by hand.

mod faults;
mod records;
mod small;
mod verdicts;
mod worlds;
