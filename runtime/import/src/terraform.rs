//! Terraform's plans, states and text.
//!
//! - `address`: names of modules and resources, and the references that expressions make.
//! - `resource`: one instance and the facts about it; `unknown`: values that are known after the apply.
//! - `configuration`: the plan's configuration as blocks with references; `resolve`: which instances they mean.
//! - `plan`, `state`: the two files. `agreement`: whether a plan agrees with itself. `worlds`: what follows from a plan.
//! - `text`: Terraform's own text, without a plan.
//! - `flat`: attributes as version 3 of states flattened them.

pub(crate) mod address;
pub(crate) mod agreement;
pub(crate) mod configuration;
pub(crate) mod flat;
pub(crate) mod plan;
pub(crate) mod resolve;
pub(crate) mod resource;
pub(crate) mod state;
pub(crate) mod text;
pub(crate) mod unknown;
pub(crate) mod worlds;

/// Whether a `format_version` is one that can be read: 0.x or 1.x.
fn readable(version: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    version.split_once('.').is_some_and(|(major, minor)| matches!(major, "0" | "1") && digits(minor))
}
