//! The laws of a single rule, looked at when its names and types are known.
//!
//! - `names`: variables that lack a value, occur once, or have the name of an import.
//! - `message`: what a message may show.
//! - `governance`: permits, denies and escalates.
//! - `worlds`: state relations that read two worlds.
//! - `merged`: aggregates over elements that nothing tells apart.
//! - `impossible`: bodies that contradict themselves.
//!
//! Not here: laws of several rules together (`graph`), tests on paths that may lead nowhere (`resolve`, which has their
//! places).

mod governance;
mod impossible;
mod merged;
pub(crate) mod message;
pub(crate) mod names;
mod worlds;

pub(crate) use governance::span_of;

use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::resolve::Context;

/// Checks a rule that is otherwise understood.
pub(crate) fn rule(context: Context<'_>, rule: &hir::Rule, diagnostics: &mut Vec<Diagnostic>) {
    governance::check(context, rule, diagnostics);
    worlds::check(context, rule, diagnostics);
    merged::check(rule, diagnostics);
    impossible::check(context.library, rule, diagnostics);
}
