//! Records of decisions.
