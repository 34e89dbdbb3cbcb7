//! Text to programs.
