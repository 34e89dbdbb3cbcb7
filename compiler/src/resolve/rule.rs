//! One rule: its head, its body, its message, put together in rounds and then bound.

use crate::binding::{self, collect};
use crate::check;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Expr, Literal, Package, Part, Word};
use crate::names::Sort;
use crate::resolve::Context;
use crate::resolve::atom::{RESOURCE, world_of};
use crate::resolve::body::Body;
use crate::resolve::meant::typed_subjects;
use crate::resolve::mentions::Mentions;
use crate::resolve::message::{self, Piece};
use crate::resolve::test::never_given;
use crate::scope::Wanted;
use crate::signatures::{OPEN, is_open};
use program::{Type, World};
use std::collections::BTreeSet;
use syntax::ast::{self, ExprKind, Span};

/// The relation that a question derives.
pub const QUERY: &str = "query";

/// A rule as written.
pub(crate) struct Written<'e> {
    pub(crate) head: Head<'e>,
    pub(crate) body: &'e [ast::Literal],
    pub(crate) message: Option<&'e ast::Text>,
    pub(crate) to: Option<&'e ast::Atom>,
    pub(crate) span: Span,
}

/// What a rule derives, as written.
#[derive(Clone, Copy)]
pub(crate) enum Head<'e> {
    /// `p(x, y)`
    Rule(&'e ast::Atom),
    /// `deny p(x, y)`
    Governance(&'e ast::Governance),
    /// `cover r` of the intent of that name.
    Cover(&'e str, &'e ast::Name),
    /// A let, looked at for its own mistakes.
    Let(&'e ast::Let),
    /// A question: every variable of the body.
    Question,
}

impl hir::Rule {
    /// The head's relation with the types of its terms, as far as variables have them.
    pub(crate) fn head_types(&self) -> Option<(String, Vec<Type>)> {
        let hir::Head::Relation { name, terms, .. } = &self.head else { return None };
        let types = terms.iter().map(|term| match term {
            Expr::Variable(variable) => self.variables[*variable].r#type.clone(),
            _ => OPEN,
        });
        Some((name.clone(), types.collect()))
    }
}

/// What a round builds.
struct Built {
    head: Option<hir::Head>,
    body: Vec<Literal>,
    message: Vec<Part>,
    to: Option<hir::Atom>,
}

/// Resolves, binds and checks a rule.
///
/// - returns: `None` where not even its head is known. Of a let, what it says of its parameters.
pub(crate) fn rule(context: Context<'_>, written: &Written<'_>) -> (Option<hir::Rule>, Vec<Diagnostic>) {
    if let Head::Governance(governance) = written.head {
        let typed = typed_subjects(context.library, context.module, governance);
        if !typed.is_empty() {
            return (None, typed);
        }
    }
    let (pieces, mut diagnostics) = written.message.map(message::parse).unwrap_or_default();
    let mentions = mentions(written, &pieces);
    let mut body = Body::new(context.library, context.module, context.blueprint, mentions);
    body.asking = matches!(written.head, Head::Question);
    if let Head::Let(helper) = written.head {
        body.lets.push(format!("{}.{}", context.module.name, own_name(context, &helper.name.text)));
    }
    let built = body.settle(|body| body.build(context, written, &pieces));
    diagnostics.append(&mut body.diagnostics);
    if body.recursion
        && let Head::Let(helper) = written.head
    {
        diagnostics.push(recursive_let(helper));
    }
    let Built { head, body: literals, message, to } = built;
    let mut variables = std::mem::take(&mut body.variables);
    let outside = outside(head.as_ref(), &message, to.as_ref());
    let parameters: BTreeSet<usize> = match written.head {
        Head::Let(helper) => {
            let named =
                |variable: &hir::Variable| helper.columns.iter().any(|column| column.name.text == variable.name);
            (0..variables.len()).filter(|v| variables[*v].parameter || named(&variables[*v])).collect()
        }
        _ => (0..variables.len()).filter(|v| variables[*v].parameter).collect(),
    };
    let (literals, bound, mut unbound) = binding::bind(literals, &mut variables, &parameters, &outside);
    unbound.extend(outside.difference(&bound).map(|v| binding::Unbound { variable: *v, negated: false }));
    // That a variable has no type either is no further mistake where the body never names it.
    let inside = Mentions::of(&[], None, &[], written.body);
    let lacking = unbound.iter().map(|unbound| &variables[unbound.variable]);
    let lacking: BTreeSet<Span> =
        lacking.filter(|variable| inside.owner(0, &variable.name).is_none()).map(|variable| variable.span).collect();
    diagnostics.retain(|found| {
        found.code != Code::NoType || !found.labels.first().is_some_and(|label| lacking.contains(&label.place.span))
    });
    let understood = diagnostics.is_empty() && !body.recursion && !body.misread;
    let (scope, mentions) = (&*context.module.scope, &body.place.mentions);
    let names = check::names::Names { scope, mentions, variables: &variables, library: context.library };
    diagnostics.extend(names.check(&unbound, written, understood));
    let Some(head) = head else { return (None, diagnostics) };
    let blueprint = context.blueprint.map(|blueprint| blueprint.declared.name.clone());
    let rule = hir::Rule { head, blueprint, body: literals, variables, message, to, span: written.span };
    if diagnostics.is_empty() && understood && !matches!(written.head, Head::Let(_)) {
        check::message::check(&rule, &pieces, &mut diagnostics);
        check::rule(context, &rule, &mut diagnostics);
    }
    (Some(rule), diagnostics)
}

fn own_name(context: Context<'_>, name: &str) -> String {
    let blueprint = context.blueprint.and_then(|blueprint| blueprint.declared.name.rsplit('.').next());
    crate::names::qualify(blueprint, name)
}

pub(crate) fn mentions(written: &Written<'_>, pieces: &[Piece]) -> Mentions {
    let head: Vec<&ast::Expr> = match written.head {
        Head::Rule(atom) => atom.arguments.iter().map(|argument| &argument.value).collect(),
        Head::Governance(rule) => rule.subjects.iter().map(|subject| &subject.argument.value).collect(),
        Head::Cover(..) | Head::Let(_) | Head::Question => Vec::new(),
    };
    let mut mentions = Mentions::of(&head, written.to, pieces, written.body);
    match written.head {
        Head::Cover(_, variable) => mentions.declare(variable),
        Head::Let(helper) => helper.columns.iter().for_each(|column| mentions.declare(&column.name)),
        Head::Rule(_) | Head::Governance(_) | Head::Question => {}
    }
    mentions
}

/// The variables of the head, the message and the addressee.
fn outside(head: Option<&hir::Head>, message: &[Part], to: Option<&hir::Atom>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    match head {
        Some(hir::Head::Relation { terms, .. }) => terms.iter().for_each(|term| collect(term, &mut found)),
        Some(hir::Head::Cover { resource, .. }) => collect(resource, &mut found),
        None => {}
    }
    for part in message {
        if let Part::Value(expr) = part {
            collect(expr, &mut found);
        }
    }
    to.iter().flat_map(|to| &to.terms).for_each(|term| collect(term, &mut found));
    found
}

impl Body<'_> {
    fn build(&mut self, context: Context<'_>, written: &Written<'_>, pieces: &[Piece]) -> Built {
        let parameters = match written.head {
            Head::Let(helper) => self.parameters(helper),
            Head::Rule(_) | Head::Governance(_) | Head::Cover(..) | Head::Question => Vec::new(),
        };
        // The body first: it knows the types of what the head takes.
        let mut body = Vec::new();
        for literal in written.body {
            self.literal(literal, &mut body);
        }
        let head = match written.head {
            Head::Rule(atom) => self.rule_head(context, atom),
            Head::Governance(rule) => self.governance_head(context, rule),
            Head::Cover(intent, variable) => {
                let typed = self.name(&variable.text, variable.span);
                let resource = self.fit(typed, &Type::Entity(RESOURCE.to_owned()), variable.span);
                Some(hir::Head::Cover { intent: intent.to_owned(), resource })
            }
            Head::Let(helper) => {
                let name = format!("{}.{}", context.module.name, own_name(context, &helper.name.text));
                Some(hir::Head::Relation { name, terms: parameters, word: None })
            }
            Head::Question => Some(self.question_head()),
        };
        let message = pieces.iter().map(|piece| match piece {
            Piece::Words(words) => Part::Words(words.clone()),
            Piece::Value(expr) => Part::Value(self.expr(expr, None).expr),
        });
        let message = message.collect();
        let to = written.to.and_then(|to| self.addressee(to));
        Built { head, body, message, to }
    }

    fn parameters(&mut self, helper: &ast::Let) -> Vec<Expr> {
        let mut terms = Vec::new();
        for column in &helper.columns {
            let known = crate::signatures::read_type(&column.r#type, &self.place.module.scope, &self.library.names);
            let typed = self.name(&column.name.text, column.name.span);
            if let (Expr::Variable(variable), Ok(known)) = (&typed.expr, known) {
                self.give(*variable, &known, column.name.span);
            }
            terms.push(typed.expr);
        }
        terms
    }

    fn rule_head(&mut self, context: Context<'_>, atom: &ast::Atom) -> Option<hir::Head> {
        let (world, path) = world_of(&atom.path.names);
        if world != World::Here || path.len() == 1 && path[0].text == "covered" && !self.is_std() {
            self.report(bad_head(atom.path.span));
            return None;
        }
        let blueprint = context.blueprint.and_then(|b| b.declared.name.rsplit('.').next());
        let symbol = match context.module.scope.find(&self.library.names, path, blueprint, Wanted::Head) {
            Ok(symbol) if symbol.sort == Sort::Relation => symbol,
            Ok(symbol) if symbol.sort == Sort::Intent => {
                self.report(filled(atom.path.span, &symbol.local, "write `cover r if …` in the intent"));
                return None;
            }
            Ok(symbol) => {
                self.report(not_derivable(atom.path.span, &symbol.local, symbol.sort));
                return None;
            }
            Err(diagnostic) => {
                let diagnostic = self.undeclared(atom, *diagnostic);
                self.report(diagnostic);
                return None;
            }
        };
        let name = symbol.qualified();
        let relation = self.library.relation(&name)?;
        let home = self.library.module(&symbol.module).map(|module| module.package).unwrap_or_default();
        let same = home == context.module.package && home.home(&symbol.module) == home.home(&context.module.name);
        if let Some(diagnostic) = refused(context, relation, home, same, atom.path.span) {
            self.report(diagnostic);
        }
        self.hold_back(relation);
        let slots = self.slots(&relation.columns, &atom.arguments, &symbol.local, atom.span, true);
        let terms = slots.into_iter().zip(&relation.columns).map(|(slot, column)| match slot {
            Some(expr) => self.column(expr, &column.r#type),
            None => Expr::Any,
        });
        let terms = terms.collect();
        Some(hir::Head::Relation { name, terms, word: None })
    }

    fn is_std(&self) -> bool {
        self.place.module.package == Package::Std
    }

    fn governance_head(&mut self, context: Context<'_>, rule: &ast::Governance) -> Option<hir::Head> {
        let name = format!("{}.{}", context.module.name, own_name(context, &rule.name.text));
        let relation = self.library.relation(&name)?;
        let mut terms = Vec::new();
        for (ast::Subject { argument, .. }, column) in rule.subjects.iter().zip(&relation.columns) {
            if !matches!(argument.value.kind, ExprKind::Name(_)) {
                self.report(subject_variable(argument.value.span));
            }
            let typed = self.expr(&argument.value, None);
            self.unsettled |= typed.r#type.is_none();
            terms.push(match is_open(&column.r#type) {
                true => typed.expr,
                false => self.fit(typed, &column.r#type, argument.value.span),
            });
        }
        match (rule.word, &rule.message) {
            (Word::Permit, Some(message)) => self.report(message_expected(message.span, "a permit says nothing")),
            (Word::Deny | Word::Escalate, None) => {
                let word = if rule.word == Word::Deny { "deny" } else { "escalate" };
                let help = format!(
                    "write it behind what it is about: `{word} {}(…) \"…\" if …`; `{{r}}` in it shows `r`",
                    rule.name.text
                );
                self.report(message_expected(rule.name.span, "a deny or escalate says why").help(help));
            }
            (Word::Deny | Word::Escalate, Some(message)) if message.text.trim().is_empty() => {
                self.report(message_expected(message.span, "this message says nothing"));
            }
            _ => {}
        }
        Some(hir::Head::Relation { name, terms, word: Some(rule.word) })
    }

    /// Every variable of the rule's own that is not `_name`, in the order of the text.
    fn question_head(&mut self) -> hir::Head {
        let named = |variable: &hir::Variable| !variable.name.contains(['#', '$']) && !variable.name.starts_with('_');
        let terms =
            self.variables.iter().enumerate().filter(|(_, v)| named(v)).map(|(v, _)| Expr::Variable(v)).collect();
        hir::Head::Relation { name: QUERY.to_owned(), terms, word: None }
    }

    /// `to accountable(r)`: every column but the last, which is the party asked.
    fn addressee(&mut self, atom: &ast::Atom) -> Option<hir::Atom> {
        let module = self.place.module;
        let blueprint = self.place.blueprint.and_then(|b| b.declared.name.rsplit('.').next());
        let found = module.scope.find(&self.library.names, &atom.path.names, blueprint, Wanted::Condition);
        let symbol = match found {
            Ok(symbol) => symbol,
            Err(diagnostic) => {
                self.report(*diagnostic);
                return None;
            }
        };
        let relation = self.library.relation(&symbol.qualified()).filter(|_| symbol.sort == Sort::Relation);
        let party = Type::Entity(String::from("std.authority.Party"));
        let Some((relation, (last, columns))) = relation.and_then(|r| Some((r, r.columns.split_last()?))) else {
            self.report(bad_addressee(atom.span, &symbol.local));
            return None;
        };
        if last.r#type != party {
            self.report(bad_addressee(atom.span, &symbol.local));
        } else if relation.qualifier != hir::Qualifier::Authority {
            self.report(chosen_addressee(atom.span, &symbol.local));
        }
        let given = atom.arguments.len();
        if given > columns.len() && atom.arguments.iter().all(|argument| argument.name.is_none()) {
            self.report(party_given(atom.span, &symbol.local, columns, given));
            return None;
        }
        let mut terms = self.terms(columns, &atom.arguments, &symbol.local, atom.span);
        terms.truncate(columns.len());
        let relation = relation.declared.name.clone();
        Some(hir::Atom { relation, world: World::Here, terms, instance: None, span: atom.span })
    }
}

/// Whether only the tool, or the law of the standard library, fills the relation.
pub(crate) fn filled_by_tool(name: &str) -> bool {
    const MODULES: [&str; 5] = ["std.change.", "std.intent.", "std.verdict.", "std.approval.", "std.source."];
    MODULES.iter().any(|module| name.starts_with(module)) || ["std.time.now", "std.authority.vouched"].contains(&name)
}

/// Whether a package that others depend on may add to the standard library's relation: only to what is said of the world
/// itself. Whatever is not named here is kept from it, so that a relation which is new is too: what tools say of themselves
/// (a package reads it, and says what it means), what was decided and executed before, what leads to authority (a tag names
/// an owner, a configuration gives tags, an inventory says whose a machine is). A test holds the last against the library's
/// rules.
pub(crate) fn open_to_packages(name: &str) -> bool {
    const MODULES: [&str; 4] = ["std.graph.", "std.move.", "std.net.", "std.recovery."];
    const STATE: [&str; 5] = ["copy_of", "encrypted_by", "kind", "site", "stored_in"];
    MODULES.iter().any(|module| name.starts_with(module))
        || name.strip_prefix("std.state.").is_some_and(|relation| STATE.contains(&relation))
}

/// Why a rule may not derive a relation.
///
/// - `same`: whether both are of one package.
fn refused(
    context: Context<'_>,
    relation: &hir::Relation,
    home: Package,
    same: bool,
    span: Span,
) -> Option<Diagnostic> {
    let name = relation.declared.name.rsplit('.').next().unwrap_or_default();
    let own = context.module.package;
    if own != Package::Std && filled_by_tool(&relation.declared.name) {
        return Some(filled(span, name, "read it in the bodies of rules"));
    }
    if own != Package::Std && relation.declared.name == "std.state.exists" {
        return Some(never_given(span));
    }
    if let Some(word) = relation.word {
        return Some(governed(span, name, word));
    }
    match own {
        _ if same => {}
        Package::Root => {}
        // What it says of the world is seen in every proof; whom it would give rights is for the root to say.
        Package::Dependency
            if home == Package::Std
                && relation.qualifier != hir::Qualifier::Authority
                && open_to_packages(&relation.declared.name) => {}
        Package::Dependency if home == Package::Std => return Some(kept_from_packages(span, name, relation)),
        Package::Dependency | Package::Std => return Some(foreign(span, name)),
    }
    let inside = context.blueprint.map(|blueprint| blueprint.declared.name.as_str());
    if relation.blueprint.as_deref() != inside {
        let diagnostic = foreign(span, name);
        return Some(match inside {
            Some(_) => diagnostic.law("the rules of a blueprint derive relations of the blueprint"),
            None => diagnostic.law("the relations of a blueprint are derived inside it"),
        });
    }
    None
}

fn recursive_let(helper: &ast::Let) -> Diagnostic {
    Diagnostic::new(Code::RecursiveLet, format!("`{}` uses itself", helper.name.text))
        .label(helper.name.span, "stands in its own body, directly or through others")
        .law("a let is put in place where it is used, and so cannot recur")
        .help("declare a relation and give it rules")
}

fn bad_head(span: Span) -> Diagnostic {
    Diagnostic::new(Code::ForeignHead, "a rule cannot derive this")
        .label(span, "not a relation of this world")
        .law("a rule derives tuples of a relation, in the world it is evaluated in")
}

fn not_derivable(span: Span, name: &str, sort: Sort) -> Diagnostic {
    Diagnostic::new(Code::UnknownRelation, format!("`{name}` is a {}, and a rule derives a relation", sort.word()))
        .label(span, "not a relation")
}

fn filled(span: Span, name: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::FilledByTool, format!("`{name}` is filled by the tool"))
        .label(span, "no rule may add to it")
        .law("what is asked, what is meant and what comes of it are not a policy's to claim")
        .help(help)
}

fn governed(span: Span, name: &str, word: Word) -> Diagnostic {
    let word = match word {
        Word::Deny => "deny",
        Word::Escalate => "escalate",
        Word::Permit => "permit",
    };
    Diagnostic::new(Code::ForeignHead, format!("`{name}` is declared by {word}"))
        .label(span, "a plain rule cannot add to it")
        .law("every tuple of a deny, escalate or permit comes from a rule with that word")
        .help(format!("write `{word} {name}(…) … if …`"))
}

fn foreign(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::ForeignHead, format!("no rule here may add to `{name}`"))
        .label(span, "belongs to somebody else")
        .law("a rule adds to relations of its own package, or of the standard library")
}

fn kept_from_packages(span: Span, name: &str, relation: &hir::Relation) -> Diagnostic {
    const PAST: [&str; 3] = ["std.freeze.", "std.history.", "std.reconcile."];
    let past = PAST.iter().any(|module| relation.declared.name.starts_with(module));
    let (label, law) = if past {
        (
            "what was decided, executed or declared is not a package's to say",
            "what happened is said by the tool, the root package and its facts alone",
        )
    } else {
        (
            "says who has authority, or is read by what does",
            "who is accountable, belongs to a team or holds a right is said by the root package and its facts alone",
        )
    };
    Diagnostic::new(Code::ForeignHead, format!("a package that others depend on may not add to `{name}`"))
        .label(span, label)
        .law(law)
}

fn subject_variable(span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, "a subject is a variable of the rule")
        .label(span, "not a variable")
        .law("a violation is identified by its rule and its subjects, which are bound in the body")
}

fn message_expected(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::MessageExpected, why)
        .label(span, "here")
        .law("a deny and an escalate carry a message after their subjects, a permit has none")
}

/// Whoever writes a state relation could say in the change itself whom to ask.
fn chosen_addressee(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::BadAddressee,
        format!("`{name}` is no authority relation, so that a change could choose who is asked about it"),
    )
    .label(span, "may be written by the change")
    .law("no change makes its own author legitimate: who is asked is older than the change")
    .help(format!("declare it `authority relation {name}(…)`; or write `to accountable(…)`"))
}

/// More arguments than columns but the party.
fn party_given(span: Span, name: &str, columns: &[hir::Column], given: usize) -> Diagnostic {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let before = match names.len() {
        0 => String::from("no column"),
        1 => String::from("1 column"),
        n => format!("{n} columns"),
    };
    let are = if given == 1 { "is" } else { "are" };
    Diagnostic::new(Code::WrongArguments, format!("`{name}` has {before} before the party, and {given} {are} given"))
        .label(span, "too many arguments")
        .law("`to accountable(r)` asks every party in the last column, which is left out")
        .help(format!("write `to {name}({})`", names.join(", ")))
}

fn bad_addressee(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::BadAddressee, format!("`{name}` does not lead to a party"))
        .label(span, "its last column must be a `Party`")
        .law("`to accountable(r)` asks every party in the last column, which is left out")
}
