//! Paths into json that no fact of the model has: what a rule says of the facts and no fact says back.
//!
//! Read downwards: [`nowhere`] is the whole way; `Way` is a path from a column of a relation, `Seen` what was met on it.
//!
//! A path is told where both hold:
//! - the rule looks at an object without the key: some tuple matches all that its body asks to hold, and that a model can
//!   answer. A rule about databases is not told anything in a model without one.
//! - no fact of the relation, whatever the rule asks of it, has the key, and nothing on the way there is unknown, sensitive.
//!
//! A list, a text, a number or a bool where an object is read is such a place too: no key stands there.
//!
//! Where the rule itself foresees that the path is absent (`??`, `is absent`), it is told only where a key that stands
//! there is nearly the same word; that is for `compiler` to judge, which knows words.
//!
//! Not here: where in the text it stands (`compiler`).

use crate::case::{Case, Failure};
use crate::settled::settle;
use program::{
    Column, Expr, Json, Literal, Nowhere, Part, Program, Reading, Relation, RelationId, Rule, RuleId, Scope, Step,
    Stratum, Term, Tuple, Type, Value, World,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The paths of the package's own rules that lead nowhere in the facts of the case.
///
/// - `case`: with or without a change; of a change both worlds are looked at.
/// - returns: sorted, each once; with each whether the rule foresees that it is absent.
///
/// # Faults
/// As [`crate::decide`].
pub fn nowhere(case: &Case<'_>) -> Result<BTreeSet<(Nowhere, bool)>, Failure> {
    let readable = |relation: RelationId| {
        case.program.relation(relation).scope != Scope::Change || !case.change.actions.is_empty()
    };
    let mut asked: Vec<(&Rule, Vec<Way>)> = Vec::new();
    for rule in case.program.rules.iter().filter(|rule| case.program.is_own(&rule.citation.file)) {
        let second = matches!(case.program.relation(rule.head.relation).reading, Reading::Possible(_));
        let mut ways = if second { Vec::new() } else { ways(rule, &case.program) };
        ways.retain(|way| readable(way.relation));
        if !ways.is_empty() {
            asked.push((rule, ways));
        }
    }
    if asked.is_empty() {
        return Ok(BTreeSet::new());
    }
    // The rules again, up to what they read: each with a relation that holds the values their paths start from.
    let mut program = (*case.program).clone();
    let mut looked = BTreeMap::new();
    for (at, (rule, ways)) in asked.iter().enumerate() {
        for variable in ways.iter().map(|way| way.root) {
            looked.entry((at, variable)).or_insert_with(|| add(&mut program, rule, variable, &readable));
        }
    }
    let case = Case { program: Arc::new(program), ..case.clone() };
    settle(&case, |settled| {
        let mut found = BTreeSet::new();
        for (at, (rule, ways)) in asked.iter().enumerate() {
            for way in ways {
                let Some(own) = looked.get(&(at, way.root)) else { continue };
                let all = Seen::of(way, settled.either(way.relation), way.column);
                let own = Seen::of(way, settled.either(*own), 0);
                found.extend(way.told(rule, &case.program, &all, &own).map(|nowhere| (nowhere, way.foreseen)));
            }
        }
        Ok(found)
    })
}

/// Adds a relation of the values that a variable of a rule has where the atoms of its body hold.
fn add(program: &mut Program, rule: &Rule, variable: usize, readable: &dyn Fn(RelationId) -> bool) -> RelationId {
    let id = |count: usize| u32::try_from(count).expect("bug: a program has more relations than an id can name");
    let (relation, number) = (RelationId(id(program.relations.len())), RuleId(id(program.rules.len())));
    let atoms = rule.body.iter().filter(|literal| matches!(literal, Literal::Holds(atom) if readable(atom.relation)));
    let mut body: Vec<Literal> = atoms.cloned().collect();
    // Values that the rule computes are not asked for here: such a variable is free.
    let terms = body.iter_mut().flat_map(|literal| match literal {
        Literal::Holds(atom) => atom.terms.iter_mut(),
        _ => [].iter_mut(),
    });
    let mut names = BTreeMap::new();
    let mut variables = Vec::new();
    for term in terms {
        if let Term::Variable(old) = term {
            *old = *names.entry(*old).or_insert_with(|| {
                variables.push(rule.variables[*old].clone());
                variables.len() - 1
            });
        }
    }
    let head = program::Atom { relation, world: World::Here, terms: vec![Term::Variable(names[&variable])] };
    // Behind every name of an author: relations are sorted.
    let name = format!("\u{10FFFF}path.{:08}", relation.0);
    let column = Column { name: String::from("value"), r#type: Type::Json, lattice: None };
    program.relations.push(Relation::hidden(name, vec![column], Scope::Change));
    program.rules.push(Rule { head, body, variables, message: Vec::new(), citation: rule.citation.clone() });
    program.strata.push(Stratum {
        relations: vec![relation],
        rules: vec![number],
        recursive: false,
        scope: Scope::Change,
    });
    relation
}

/// One step of a path, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hop {
    /// A key that the author wrote.
    Key(String),
    /// `[*]`, `[0]`, `[k]`: whatever stands inside.
    Any,
}

/// A path from a column of a relation.
#[derive(Clone, Debug)]
struct Way {
    relation: RelationId,
    column: usize,
    /// The variable of that column.
    root: usize,
    hops: Vec<Hop>,
    /// The variable from which the author wrote the last of the hops.
    from: usize,
    /// How many hops that variable is away from the root.
    before: usize,
    /// The rule says what happens where it is absent.
    foreseen: bool,
}

/// Every path of a rule that starts from a column of json.
fn ways(rule: &Rule, program: &Program) -> Vec<Way> {
    let mut ways = Vec::new();
    for literal in &rule.body {
        match literal {
            Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => {}
            Literal::Test { left, right, .. } => {
                [left, right].into_iter().for_each(|expr| paths(rule, program, expr, false, &mut ways));
            }
            Literal::Is { expr, .. } => paths(rule, program, expr, true, &mut ways),
            Literal::Bind { expr, .. } => paths(rule, program, expr, false, &mut ways),
            Literal::Each { variable, base, .. } => {
                paths(rule, program, base, false, &mut ways);
                ways.extend(reached(rule, program, *variable, rule.body.len()).map(|way| {
                    let (from, before) = match start(base) {
                        Some(from) => {
                            (from, reached(rule, program, from, rule.body.len()).map_or(0, |way| way.hops.len()))
                        }
                        None => (way.root, 0),
                    };
                    Way { from, before, ..way }
                }));
            }
        }
    }
    for part in &rule.message {
        match part {
            Part::Words(_) => {}
            Part::Value(expr) => paths(rule, program, expr, true, &mut ways),
        }
    }
    ways.retain(|way| way.hops.iter().any(|hop| matches!(hop, Hop::Key(_))));
    ways
}

fn paths(rule: &Rule, program: &Program, expr: &Expr, foreseen: bool, ways: &mut Vec<Way>) {
    match expr {
        Expr::Variable(_) | Expr::Constant(_) => {}
        Expr::Path { .. } => ways.extend(led(rule, program, expr, rule.body.len()).map(|way| Way { foreseen, ..way })),
        Expr::As(inner, _) => paths(rule, program, inner, foreseen, ways),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter().for_each(|item| paths(rule, program, item, foreseen, ways));
        }
        Expr::Default(left, right) => {
            paths(rule, program, left, true, ways);
            paths(rule, program, right, foreseen, ways);
        }
        Expr::Object(entries) => entries.iter().for_each(|(_, value)| paths(rule, program, value, foreseen, ways)),
    }
}

/// Where an expression leads.
///
/// - `left`: equations that may still be followed; `x = y.a, y = x.b` is a circle.
fn led(rule: &Rule, program: &Program, expr: &Expr, left: usize) -> Option<Way> {
    match expr {
        Expr::Variable(variable) => {
            let way = reached(rule, program, *variable, left)?;
            Some(Way { from: *variable, before: way.hops.len(), ..way })
        }
        Expr::Path { base, steps } => {
            let mut way = led(rule, program, base, left)?;
            way.hops.extend(hops(steps));
            Some(way)
        }
        Expr::As(inner, Type::Json) => led(rule, program, inner, left),
        Expr::As(..)
        | Expr::Constant(_)
        | Expr::Call(..)
        | Expr::Default(..)
        | Expr::Set(_)
        | Expr::List(_)
        | Expr::Object(_) => None,
    }
}

/// What a variable stands for: a column of json, or what lies in one.
fn reached(rule: &Rule, program: &Program, variable: usize, left: usize) -> Option<Way> {
    let column = rule.body.iter().find_map(|literal| match literal {
        Literal::Holds(atom) => {
            let relation = program.relation(atom.relation);
            let column = atom.terms.iter().position(|term| *term == Term::Variable(variable))?;
            let json = relation.columns.get(column)?.r#type == Type::Json;
            (json && !relation.hidden).then_some((atom.relation, column))
        }
        _ => None,
    });
    if let Some((relation, column)) = column {
        let (root, hops) = (variable, Vec::new());
        return Some(Way { relation, column, root, hops, from: variable, before: 0, foreseen: false });
    }
    let left = left.checked_sub(1)?;
    rule.body.iter().find_map(|literal| match literal {
        Literal::Each { variable: bound, base, then, last, .. } if *bound == variable => {
            let mut way = led(rule, program, base, left)?;
            way.hops.push(Hop::Any);
            for steps in then {
                way.hops.extend(hops(steps));
                way.hops.push(Hop::Any);
            }
            way.hops.extend(hops(last));
            Some(way)
        }
        Literal::Bind { variable: bound, expr, .. } if *bound == variable => led(rule, program, expr, left),
        _ => None,
    })
}

/// The variable that a path is written from.
fn start(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Variable(variable) => Some(*variable),
        Expr::Path { base, .. } => start(base),
        Expr::As(inner, _) => start(inner),
        Expr::Constant(_) | Expr::Call(..) | Expr::Default(..) | Expr::Set(_) | Expr::List(_) | Expr::Object(_) => None,
    }
}

fn hops(steps: &[Step]) -> impl Iterator<Item = Hop> + '_ {
    steps.iter().map(|step| match step {
        Step::Key(key) => Hop::Key(key.clone()),
        Step::Index(_) | Step::Computed(_) => Hop::Any,
    })
}

impl Way {
    /// The first key that nothing has, where the rule looks for it.
    fn told(&self, rule: &Rule, program: &Program, all: &Seen, own: &Seen) -> Option<Nowhere> {
        let at = all.levels.iter().position(|level| !level.there && level.met())?;
        let Hop::Key(key) = &self.hops[at] else { return None };
        if all.dark || !own.levels[at].met() {
            return None;
        }
        // What lies before the author's last variable is told of the path that leads to it.
        let local = self.hops.get(self.before..=at).filter(|local| !local.is_empty())?;
        let mut path = rule.variables.get(self.from)?.name.clone();
        for hop in local {
            match hop {
                Hop::Key(key) => path += &format!(".{key}"),
                Hop::Any => path += "[*]",
            }
        }
        Some(Nowhere {
            rule: Nowhere::place(&rule.citation),
            path,
            key: key.clone(),
            relation: program.relation(self.relation).name.trim_end_matches('?').to_owned(),
            standing: all.levels[at].standing.clone(),
            others: all.levels[at].others.clone(),
        })
    }
}

/// What was met on a way.
struct Seen {
    /// One for each hop.
    levels: Vec<Level>,
    /// Something on the way is unknown or sensitive: it may hold anything.
    dark: bool,
}

/// What stands where a key is looked for.
#[derive(Clone, Default)]
struct Level {
    /// The key is there, in one of them.
    there: bool,
    /// The keys of every object.
    standing: BTreeSet<String>,
    /// What stands there instead of an object.
    others: BTreeSet<&'static str>,
}

impl Level {
    /// Something stands there that could have had the key, or is no object.
    fn met(&self) -> bool {
        !self.standing.is_empty() || !self.others.is_empty()
    }
}

impl Seen {
    fn of<'t>(way: &Way, tuples: impl IntoIterator<Item = &'t Tuple>, column: usize) -> Seen {
        let mut seen = Seen { levels: vec![Level::default(); way.hops.len()], dark: false };
        for tuple in tuples {
            match tuple.get(column) {
                Some(Value::Json(json)) => seen.walk(json, &way.hops, 0),
                Some(_) => seen.dark = true,
                None => {}
            }
        }
        seen
    }

    fn walk(&mut self, json: &Json, hops: &[Hop], at: usize) {
        let Some(hop) = hops.get(at) else { return };
        match (hop, json) {
            (_, Json::Unknown(_) | Json::Sensitive(_)) => self.dark = true,
            (Hop::Key(key), Json::Object(entries)) => {
                let level = &mut self.levels[at];
                level.standing.extend(entries.keys().filter(|name| ***name != **key).map(ToString::to_string));
                if let Some(inner) = entries.get(key.as_str()) {
                    level.there = true;
                    self.walk(inner, hops, at + 1);
                }
            }
            (Hop::Any, Json::Object(entries)) => {
                entries.values().for_each(|inner| self.walk(inner, hops, at + 1));
            }
            (Hop::Any, Json::Array(items)) => items.iter().for_each(|inner| self.walk(inner, hops, at + 1)),
            // What tools write for a block that is not there.
            (Hop::Key(_), Json::Array(items)) if items.is_empty() => {}
            (Hop::Key(_), Json::Array(_)) => {
                self.levels[at].others.insert("a list");
            }
            (Hop::Key(_), Json::Text(_)) => {
                self.levels[at].others.insert("a text");
            }
            (Hop::Key(_), Json::Int(_) | Json::Decimal(_)) => {
                self.levels[at].others.insert("a number");
            }
            (Hop::Key(_), Json::Bool(_)) => {
                self.levels[at].others.insert("a bool");
            }
            (_, Json::Null) | (Hop::Any, Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Text(_)) => {}
        }
    }
}
