//! Program and facts to derived facts.
