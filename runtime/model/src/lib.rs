//! Versions of the facts.
