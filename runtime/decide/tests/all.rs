//! Decisions on small programs made by hand.

mod diff;
mod faults;
mod footing;
mod measures;
mod near;
mod pages;
mod passing;
mod proofs;
mod questions;
mod records;
mod small;
mod verdicts;
mod worlds;
