//! Resolved modules as a program: from the author's words to relations, rules and strata.
//!
//! The way: `instances` (which relations of blueprints hang on their application) → `body` (flat rules in the `draft`)
//! → `governance` (intents, applications, permits, objections, routes) → `graph` (scopes; what is refused) →
//! `authority` (which world says who may) → `readings` (sure and possible; `interval` for lattice columns) → `strata` → `cases` (test blocks).
//!
//! INVARIANT: the input has passed every check of names, types and safety; what those refuse is a bug here.
//! Not here: one rule's own laws (`check`), how a rule runs (the engine).

mod authority;
mod body;
mod cases;
mod draft;
mod enums;
mod expressions;
mod finish;
mod governance;
mod instances;
mod interval;
mod joins;
mod left_out;
mod lookup;
pub(crate) mod occurrences;
mod readings;
mod rules;
#[cfg(test)]
mod soundness;
mod taint;
mod variables;

use crate::diagnostic::{Diagnostic, Severity};
use crate::graph;
use crate::hir;
use program::{Citation, Program, TestCase};
use rustc_hash::FxHashMap;

pub(crate) use body::instance_name;
pub(crate) use draft::{Draft, DraftRule, Kind};

/// Everything a program is made of.
pub struct Input<'a> {
    /// The standard library's modules and the package's, in the order in which rules are to be numbered.
    pub modules: Vec<Module<'a>>,
    /// The packages they belong to, the root first.
    pub packages: Vec<program::Package>,
    /// `owner` of the root's manifest.
    pub owner: Option<String>,
    /// Called between steps; unwinds where nobody waits for the answer any more.
    pub pause: &'a dyn Fn(),
}

/// A module, resolved.
pub struct Module<'a> {
    /// Path relative to its package, with `/`; for the standard library `std/…`.
    pub file: &'a str,
    /// What it declares.
    pub signatures: &'a hir::Signatures,
    /// One per item of the file, in order, so that [`hir::Declared::item`] is a position here.
    pub items: Vec<Item<'a>>,
}

/// An item with the text its spans are counted in.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// What it says.
    pub item: &'a hir::Item,
    /// Its chunk.
    pub text: &'a str,
    /// Line of the chunk's first byte, from 1.
    pub line: u32,
    /// Column of the chunk's first byte, in characters from 1.
    pub column: u32,
}

/// What comes of it.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// The program; `None` where a diagnostic is an error.
    pub program: Option<Program>,
    /// The tests of the root package, in the order of the text.
    pub tests: Vec<TestCase>,
    /// What is wrong with the whole; every place names its item.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes the program.
pub fn lower(input: &Input<'_>) -> Lowered {
    let texts = Texts::new(input);
    let mut draft = Draft::default();
    let instanced = instances::instanced(input);
    rules::declare(input, &instanced, &mut draft);
    rules::add_rules(input, &texts, &mut draft);
    (input.pause)();
    let (governance, mut diagnostics) = governance::add(input, &texts, &mut draft);
    let (mut scopes, found) = graph::scopes(&draft);
    diagnostics.extend(found);
    (input.pause)();
    authority::read_before(&mut draft, &mut scopes, &texts);
    diagnostics.extend(graph::cycles(&draft));
    diagnostics.extend(graph::lattices(&mut draft).into_iter().map(|(_, diagnostic)| diagnostic));
    diagnostics.extend(graph::endless(&draft));
    diagnostics.extend(left_out::left_out(input));
    if diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
        return Lowered { program: None, tests: Vec::new(), diagnostics };
    }
    (input.pause)();
    let mut live = graph::live(&draft).into_iter();
    draft.rules.retain(|_| live.next().unwrap_or(true));
    (input.pause)();
    let unknown_facts = taint::unknown_facts(input, &draft);
    let readings = readings::readings(draft, &unknown_facts);
    (input.pause)();
    let (program, found) = finish::finish(input, readings, scopes, governance);
    diagnostics.extend(found);
    let Some(program) = program else { return Lowered { program: None, tests: Vec::new(), diagnostics } };
    (input.pause)();
    let (tests, found) = cases::cases(input, &texts, &program);
    let program = found.is_empty().then_some(program);
    diagnostics.extend(found);
    Lowered { program, tests, diagnostics }
}

/// Places and words of rules.
pub(crate) struct Texts<'a> {
    modules: FxHashMap<&'a str, &'a Module<'a>>,
}

impl<'a> Texts<'a> {
    fn new(input: &'a Input<'a>) -> Texts<'a> {
        Texts { modules: input.modules.iter().map(|module| (module.signatures.module.as_str(), module)).collect() }
    }

    /// The citation of a span of an item.
    pub(crate) fn citation(&self, module: &str, item: u32, span: hir::Span) -> Citation {
        let Some(module) = self.modules.get(module) else { return Citation::default() };
        let Some(item) = module.items.get(item as usize) else {
            return Citation { file: module.file.to_owned(), line: 1, column: 1, text: String::new() };
        };
        let before = item.text.get(..span.start as usize).unwrap_or_default();
        let text = item.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let lines = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
        let column = match before.rfind('\n') {
            Some(at) => characters(&before[at + 1..]) + 1,
            None => item.column + characters(before),
        };
        Citation { file: module.file.to_owned(), line: item.line + lines, column, text: text.to_owned() }
    }

    /// The citation of a whole item.
    fn whole(&self, module: &str, item: u32) -> Citation {
        let text = self.modules.get(module).and_then(|module| module.items.get(item as usize));
        let end = text.map_or(0, |item| u32::try_from(item.text.trim_end().len()).unwrap_or(u32::MAX));
        self.citation(module, item, hir::Span { start: 0, end })
    }

    /// The citation of a declaration: its whole item.
    pub(crate) fn declaration(&self, module: &str, declared: &hir::Declared) -> Citation {
        let length = self.modules.get(module).and_then(|module| module.items.get(declared.item as usize));
        let end = length.map_or(0, |item| u32::try_from(item.text.trim_end().len()).unwrap_or(u32::MAX));
        self.citation(module, declared.item, hir::Span { start: declared.span.start.min(end), end })
    }
}
