//! A change to a verdict.
