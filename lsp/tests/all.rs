//! Real exchanges with the server, message by message.

mod client;
mod protocol;
mod questions;
