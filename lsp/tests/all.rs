//! Real exchanges with the server, message by message.

mod client;
mod packages;
mod protocol;
mod questions;
