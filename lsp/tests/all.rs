//! Real exchanges with the server, message by message.

mod client;
mod given;
mod members;
mod packages;
mod protocol;
mod questions;
mod shown;
mod whole;
