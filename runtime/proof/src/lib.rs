//! Does this follow?
