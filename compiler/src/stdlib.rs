//! The standard library's texts, carried inside the binary.

/// File name (`state.writ`) and text, sorted by name. The file `x.writ` is the module `std.x`.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/stdlib.rs"));
