//! The stages in their order, without a database: what the tests of one stage stand on.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, Head, Item, Literal, Package, Rule, Signatures, Step};
use crate::library::{Declaring, Definition, Library, Module};
use crate::names::{Exporting, Exports, Sort, clashes, exports};
use crate::resolve::{resolve, subjects};
use crate::scope::scope;
use crate::signatures::{declare, with_subjects};
use std::collections::BTreeMap;
use std::sync::Arc;
use syntax::ast;

/// A module's name, whose it is, and its items.
type File = (String, Package, Vec<(u32, ast::Item)>);

/// Everything the stages made.
pub(crate) struct Workbench {
    pub(crate) library: Library<'static>,
    /// By module, one per chunk of its file.
    pub(crate) items: BTreeMap<String, Vec<Item>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// All declarations, made beforehand.
#[derive(Clone, Default)]
struct Shelf {
    exports: BTreeMap<String, Exports>,
    modules: BTreeMap<String, Module>,
    applications: Vec<String>,
    /// By module and local name.
    definitions: BTreeMap<(String, String), Definition>,
}

impl Shelf {
    fn declare(&mut self, signatures: &Signatures) {
        let module = &signatures.module;
        let mut add = |name: &str, found: Definition| {
            self.definitions.insert((module.clone(), name[module.len() + 1..].to_owned()), found);
        };
        for found in &signatures.relations {
            add(&found.declared.name, Definition::Relation(found.clone()));
        }
        for found in &signatures.enums {
            add(&found.declared.name, Definition::Enum(found.clone()));
        }
        for found in &signatures.lets {
            add(&found.declared.name, Definition::Let(found.clone()));
        }
        for found in &signatures.blueprints {
            add(&found.declared.name, Definition::Blueprint(found.clone()));
        }
    }
}

impl Exporting for Shelf {
    fn exports(&self, module: &str) -> Option<&Exports> {
        self.exports.get(module)
    }

    fn every(&self) -> Vec<&Exports> {
        self.exports.values().collect()
    }

    fn is_file(&self, module: &str) -> bool {
        self.exports.contains_key(module)
    }

    fn declared(&self, module: &str, local: &str) -> Option<(Sort, bool)> {
        self.exports(module)?.declared(local)
    }

    fn applications(&self) -> &[String] {
        &self.applications
    }

    fn intent(&self, name: &str) -> Option<&str> {
        let declares = |exports: &&Exports| exports.names.get(name).is_some_and(|entry| entry.sort == Sort::Intent);
        self.exports.values().find(declares).map(|exports| exports.module.as_str())
    }

    fn barred(&self, _: &str, _: &str) -> Option<String> {
        None
    }
}

impl Declaring for Shelf {
    fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(name)
    }

    fn definition(&self, module: &str, local: &str) -> Option<&Definition> {
        self.definitions.get(&(module.to_owned(), local.to_owned()))
    }
}

/// Runs the stages over the standard library and `files`: module names and texts.
pub(crate) fn workbench(files: &[(&str, &str)]) -> Workbench {
    let std = crate::stdlib::FILES.iter().map(|(file, text)| {
        let name = format!("std.{}", file.trim_end_matches(".writ").replace('/', "."));
        (name, Package::Std, *text)
    });
    let root = files.iter().map(|(name, text)| ((*name).to_owned(), Package::Root, *text));
    let parsed: Vec<(String, Package, syntax::parse::File)> =
        std.chain(root).map(|(name, package, text)| (name, package, syntax::parse_file(text))).collect();
    let mut diagnostics = Vec::new();
    for (name, _, file) in &parsed {
        for error in file.chunks.iter().flat_map(|chunk| &chunk.errors) {
            diagnostics.push(Diagnostic::new(Code::Syntax, format!("{name}: {}", error.message)));
        }
    }
    let items_of = |file: &syntax::parse::File| {
        let numbered = file.chunks.iter().enumerate();
        numbered.filter_map(|(i, chunk)| Some((u32::try_from(i).ok()?, chunk.item.clone()?))).collect()
    };
    let files: Vec<File> =
        parsed.iter().map(|(name, package, file)| (name.clone(), *package, items_of(file))).collect();
    let borrowed: Vec<Vec<(u32, &ast::Item)>> =
        files.iter().map(|(_, _, items)| items.iter().map(|(i, item)| (*i, item)).collect()).collect();

    let mut shelf = Shelf::default();
    for ((name, package, _), items) in files.iter().zip(&borrowed) {
        let (found, told) = exports(name, *package, items);
        shelf.applications.extend(found.applications.iter().cloned());
        shelf.exports.insert(name.clone(), found);
        diagnostics.extend(told);
    }
    diagnostics.extend(clashes(shelf.exports.values()));
    let mut declared = Vec::new();
    for ((name, package, _), items) in files.iter().zip(&borrowed) {
        let library = Library::new(shelf.clone());
        let (seen, told) = scope(name, *package, items, &library.names);
        diagnostics.extend(told);
        let (signatures, told) = declare(name, *package, items, &seen, &library.names);
        diagnostics.extend(told);
        shelf.modules.insert(name.clone(), Module { name: name.clone(), package: *package, scope: Arc::new(seen) });
        declared.push(signatures);
    }
    declared.iter().for_each(|signatures| shelf.declare(signatures));
    let open = Library::new(shelf.clone());
    for (signatures, items) in declared.into_iter().zip(&borrowed) {
        let mut types = BTreeMap::new();
        for (_, item) in items {
            for (name, found) in subjects(&signatures.module, item, &open) {
                types.entry(name).or_insert(found);
            }
        }
        shelf.declare(&with_subjects(signatures, &types));
    }
    let library = Library::new(shelf);
    let mut resolved = BTreeMap::new();
    for ((name, _, _), items) in files.iter().zip(&borrowed) {
        let length = items.last().map_or(0, |(position, _)| *position as usize + 1);
        let mut list = vec![Item::default(); length];
        for (position, item) in items {
            let (found, told) = resolve(name, item, &library);
            list[*position as usize] = found;
            diagnostics.extend(told.into_iter().map(|diagnostic| diagnostic.located(name, *position)));
        }
        resolved.insert(name.clone(), list);
    }
    Workbench { library, items: resolved, diagnostics }
}

/// The rules of one module as [`sketch`] writes them, and the numbers of what was told.
pub(crate) fn rules(text: &str) -> (Vec<String>, Vec<&'static str>) {
    let bench = workbench(&[("policy", text)]);
    let rules = bench.items["policy"].iter().flat_map(|item| &item.rules).map(sketch).collect();
    (rules, bench.diagnostics.iter().map(|diagnostic| diagnostic.code.number()).collect())
}

/// A resolved rule in words close to the author's, each variable's type behind it where it is bound.
pub(crate) fn sketch(rule: &Rule) -> String {
    let body: Vec<String> = rule.body.iter().map(|literal| literal_text(rule, literal)).collect();
    let head = match &rule.head {
        Head::Relation { name, terms, .. } => format!("{}({})", short(name), list(rule, terms)),
        Head::Cover { intent, resource } => format!("{intent} covers {}", text(rule, resource)),
    };
    format!("{head} if {}", body.join(", "))
}

fn literal_text(rule: &Rule, literal: &Literal) -> String {
    let all = |body: &[Literal]| body.iter().map(|l| literal_text(rule, l)).collect::<Vec<_>>().join(", ");
    let typed = |v: usize| format!("{}: {}", rule.variables[v].name, rule.variables[v].r#type);
    let path = |steps: &[Step]| steps.iter().map(|step| step_text(rule, step)).collect::<String>();
    match literal {
        Literal::Atom(atom) => {
            let world = match atom.world {
                program::World::Here => "",
                program::World::Before => "before.",
                program::World::Either => "either.",
            };
            format!("{world}{}({})", short(&atom.relation), list(rule, &atom.terms))
        }
        Literal::Covered(term, _) => format!("covered({})", text(rule, term)),
        Literal::Not(body, _) => format!("not [{}]", all(body)),
        Literal::Compare(op, left, right, _) => format!("{} {op:?} {}", text(rule, left), text(rule, right)),
        Literal::Is(expr, accept, _) => format!("{} is {accept:?}", text(rule, expr)),
        Literal::Bind(v, expr, _) => format!("{} = {}", typed(*v), text(rule, expr)),
        Literal::Each { variable, base, then, last, .. } => {
            let then: String = then.iter().map(|steps| format!("{}[*]", path(steps))).collect();
            format!("{} in {}[*]{then}{}", typed(*variable), text(rule, base), path(last))
        }
        Literal::Aggregate { variable, how, member, body, .. } => {
            let member: Vec<&str> = member.iter().map(|v| rule.variables[*v].name.as_str()).collect();
            format!("{} = {} {{ {}: {} }}", typed(*variable), how.name(), member.join(" "), all(body))
        }
    }
}

fn list(rule: &Rule, terms: &[Expr]) -> String {
    terms.iter().map(|term| text(rule, term)).collect::<Vec<_>>().join(", ")
}

fn text(rule: &Rule, expr: &Expr) -> String {
    match expr {
        Expr::Any => String::from("_"),
        Expr::Variable(v) => rule.variables[*v].name.clone(),
        Expr::Constant(value) => value.to_string(),
        Expr::Path(base, steps) => {
            let steps: String = steps.iter().map(|step| step_text(rule, step)).collect();
            format!("{}{steps}", text(rule, base))
        }
        Expr::As(inner, known) => format!("({} as {known})", text(rule, inner)),
        Expr::Call(function, items) => format!("{function}({})", list(rule, items)),
        Expr::Default(left, right) => format!("({} ?? {})", text(rule, left), text(rule, right)),
        Expr::Set(items) => format!("{{{}}}", list(rule, items)),
        Expr::List(items) => format!("[{}]", list(rule, items)),
        Expr::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}: {}", text(rule, value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn step_text(rule: &Rule, step: &Step) -> String {
    match step {
        Step::Key(key) => format!(".{key}"),
        Step::Index(index) => format!("[{index}]"),
        Step::Computed(expr) => format!("[{}]", text(rule, expr)),
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

mod tests {
    use super::workbench;

    #[test]
    fn the_standard_library_resolves_without_a_word() {
        let bench = workbench(&[]);
        let shown: Vec<String> = bench.diagnostics.iter().map(|d| format!("{d:?}")).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
        assert!(bench.items.values().flatten().map(|item| item.rules.len()).sum::<usize>() > 20);
    }

    #[test]
    fn the_example_policies_resolve_without_a_word() {
        let examples = [
            ("agents", include_str!("../../examples/agents/policy.writ")),
            ("recoverability", include_str!("../../examples/recoverability/policy.writ")),
            ("segmentation", include_str!("../../examples/segmentation/policy.writ")),
            ("contexts", include_str!("../../examples/three-contexts/policy.writ")),
            ("loss", include_str!("../../examples/key-loss/policy.writ")),
        ];
        for (name, text) in examples {
            let bench = workbench(&[(name, text)]);
            let shown: Vec<String> = bench.diagnostics.iter().map(|d| format!("{d:?}")).collect();
            assert!(shown.is_empty(), "{name}: {}", shown.join("\n"));
        }
    }
}
