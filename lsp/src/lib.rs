//! The editor's door.
