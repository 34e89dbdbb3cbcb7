//! Other tools' files to facts.
