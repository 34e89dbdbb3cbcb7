//! The program as the engine reads it: constants by number, what each literal needs, which strata run together.
//!
//! Made once when an engine is loaded. Strata of one *level* read nothing of each other, so their rounds run side by
//! side, and a level is what threads share.

use crate::intern::{Id, Interner};
use crate::lattice::Contest;
use crate::order::{Purpose, Sizes, Step, order};
use program::{Aggregate, Atom, Comparison, Expr, Presence, Program, Scope, Term, Truth, Type, Value, World};
use std::sync::{Arc, OnceLock};

/// A program, ready to run.
pub(crate) struct Prepared {
    pub(crate) program: Arc<Program>,
    /// One per rule of the program.
    pub(crate) rules: Vec<Rule>,
    /// One per stratum of the program.
    pub(crate) strata: Vec<Stratum>,
    /// For each relation its lattice column.
    pub(crate) contests: Vec<Option<Contest>>,
    /// For each relation the rules that derive it.
    pub(crate) rules_of: Vec<Vec<usize>>,
    /// For each relation the stratum that completes it; `None` where no rule derives it.
    pub(crate) stratum_of: Vec<Option<usize>>,
    /// Strata by level, in the order in which levels run.
    pub(crate) levels: Vec<Vec<usize>>,
    /// For each stratum its level.
    pub(crate) level_of: Vec<usize>,
    /// For each relation the strata that read it in the world they run in, and the one that completes it.
    pub(crate) readers: Vec<Vec<usize>>,
    /// Orders of steps, once they were chosen: for each rule as [`Start`] says.
    orders: Vec<OnceLock<Vec<Step>>>,
    /// For each rule the first of its orders.
    orders_of: Vec<usize>,
}

/// From where a rule is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// From its head: does it derive that?
    Head,
    /// From its head: in which ways does it derive that?
    Ways,
    /// From its head but for the lattice column: which values does it derive there?
    Group,
    /// From what one of its literals says.
    Literal(usize),
}

/// A stratum.
pub(crate) struct Stratum {
    pub(crate) scope: Scope,
    /// Whether a rule reads what the stratum derives.
    pub(crate) recursive: bool,
    /// Whether a relation has a lattice column.
    pub(crate) lattice: bool,
    /// Whether it is evaluated as a whole in the world after a change: a rule reads the world before, or in either world
    /// a lattice column of the stratum. What was beaten before holds in neither.
    pub(crate) whole_after: bool,
    /// Recursive strata with a lattice column that it rests on in either world, itself among them.
    pub(crate) rests_on: Vec<usize>,
    /// Of a stratum that exists only within a change: whether some rule may fire though the change says nothing.
    pub(crate) unprompted: bool,
    /// Relations that its rules derive.
    pub(crate) relations: Vec<usize>,
    pub(crate) rules: Vec<usize>,
    /// The atoms of its rules that read the world they run in, in the order of the text.
    pub(crate) uses: Vec<Use>,
    /// Relations that its rules read in the world they run in, its own included.
    pub(crate) reads: Vec<usize>,
    /// Relations that its rules read in the world before, but for rules that only carry a tuple over.
    pub(crate) reads_before: Vec<usize>,
}

/// Where a rule reads a relation in the world it runs in.
pub(crate) struct Use {
    pub(crate) relation: usize,
    pub(crate) rule: usize,
    pub(crate) literal: usize,
    /// Whether it also reads the world before, where there is one.
    pub(crate) either: bool,
}

/// A rule.
pub(crate) struct Rule {
    pub(crate) head: Pattern,
    pub(crate) body: Vec<Literal>,
    /// How many variables it has.
    pub(crate) variables: usize,
    /// Literals that match tuples of its own stratum, each with the relation.
    pub(crate) own: Vec<(usize, usize)>,
}

/// An atom.
pub(crate) struct Pattern {
    pub(crate) relation: usize,
    pub(crate) world: World,
    /// One per column.
    pub(crate) slots: Vec<Slot>,
    /// Whether the rule's own stratum grows the relation in the world that is evaluated.
    pub(crate) own: bool,
}

/// A column of an atom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Variable(usize),
    Constant(Id),
    Any,
}

/// A literal; each kind as in [`program::Literal`].
pub(crate) enum Literal {
    Holds(Pattern),
    Absent(Pattern),
    Test { op: Comparison, left: Operand, right: Operand, accept: Vec<Truth> },
    Is { operand: Operand, accept: Vec<Presence> },
    Bind { variable: usize, operand: Operand },
    Each { variable: usize, range: Range, uses: Vec<usize> },
    Aggregate { variable: usize, group: Group },
}

/// Something that is computed.
pub(crate) enum Operand {
    Variable(usize),
    Constant(Id),
    Computed { expr: Expr, uses: Vec<usize> },
}

/// What an `Each` ranges over.
pub(crate) struct Range {
    pub(crate) base: Expr,
    pub(crate) then: Vec<Vec<program::Step>>,
    pub(crate) last: Vec<program::Step>,
    pub(crate) wanted: Type,
    pub(crate) possible: bool,
}

/// What an aggregate is made of.
pub(crate) struct Group {
    pub(crate) how: Aggregate,
    pub(crate) zero: Value,
    pub(crate) sure: Pattern,
    pub(crate) possible: Option<Pattern>,
    pub(crate) member: Vec<usize>,
}

impl Prepared {
    /// Prepares `program`; its constants get numbers in `values`.
    pub(crate) fn new(program: Arc<Program>, values: &mut Interner) -> Prepared {
        let mut rules: Vec<Rule> = program.rules.iter().map(|rule| prepare_rule(rule, values)).collect();
        let mut stratum_of = vec![None; program.relations.len()];
        for (number, stratum) in program.strata.iter().enumerate() {
            for relation in stratum.rules.iter().map(|rule| program.rule(*rule).head.relation) {
                stratum_of[relation.0 as usize] = Some(number);
            }
        }
        for rule in &mut rules {
            let home = stratum_of[rule.head.relation];
            for (place, literal) in rule.body.iter_mut().enumerate() {
                if let Literal::Holds(pattern) = literal {
                    pattern.own = pattern.world != World::Before && stratum_of[pattern.relation] == home;
                    rule.own.extend(pattern.own.then_some((place, pattern.relation)));
                }
            }
        }
        let mut strata: Vec<Stratum> =
            program.strata.iter().map(|stratum| prepare_stratum(stratum, &rules, &program)).collect();
        rest(&mut strata, &rules, &stratum_of);
        let mut level_of = vec![0; strata.len()];
        let mut levels: Vec<Vec<usize>> = Vec::new();
        for (number, stratum) in strata.iter().enumerate() {
            let below =
                stratum.reads.iter().filter_map(|relation| stratum_of[*relation]).filter(|read| *read != number);
            let level = below.map(|read| level_of[read] + 1).max().unwrap_or(0);
            level_of[number] = level;
            if levels.len() <= level {
                levels.resize_with(level + 1, Vec::new);
            }
            levels[level].push(number);
        }
        let mut rules_of = vec![Vec::new(); program.relations.len()];
        for rule in strata.iter().flat_map(|stratum| &stratum.rules) {
            rules_of[rules[*rule].head.relation].push(*rule);
        }
        let mut readers = vec![Vec::new(); program.relations.len()];
        for (number, stratum) in strata.iter().enumerate() {
            stratum.reads.iter().for_each(|relation| readers[*relation].push(number));
        }
        let mut orders_of = Vec::with_capacity(rules.len());
        let mut orders = 0;
        for rule in &rules {
            orders_of.push(orders);
            orders += rule.body.len() + 3;
        }
        let orders = (0..orders).map(|_| OnceLock::new()).collect();
        let contests = program.relations.iter().map(Contest::of).collect();
        Prepared {
            program,
            rules,
            strata,
            contests,
            rules_of,
            stratum_of,
            levels,
            level_of,
            readers,
            orders,
            orders_of,
        }
    }

    /// The order in which a rule runs from `start`, chosen when it is first asked for.
    pub(crate) fn order(&self, number: usize, start: Start, sizes: &impl Sizes) -> &[Step] {
        let place = match start {
            Start::Head => 0,
            Start::Ways => 1,
            Start::Group => 2,
            Start::Literal(literal) => 3 + literal,
        };
        self.orders[self.orders_of[number] + place].get_or_init(|| {
            let rule = &self.rules[number];
            let mut bound = vec![false; rule.variables];
            let (pattern, done) = match start {
                Start::Head | Start::Ways | Start::Group => (Some(&rule.head), None),
                Start::Literal(literal) => {
                    let holds = matches!(rule.body[literal], Literal::Holds(_));
                    (rule.body[literal].patterns().next(), holds.then_some(literal))
                }
            };
            let contest = self.contests[rule.head.relation].filter(|_| start == Start::Group).map(Contest::column);
            for (column, slot) in pattern.into_iter().flat_map(|pattern| pattern.slots.iter().enumerate()) {
                if let Slot::Variable(variable) = slot
                    && Some(column) != contest
                {
                    bound[*variable] = true;
                }
            }
            order(rule, &Purpose { ages: &[], bound, done, lasting: true, every: start == Start::Ways }, sizes)
        })
    }

    /// Whether a relation exists only within a change.
    pub(crate) fn is_change(&self, relation: usize) -> bool {
        self.program.relations[relation].scope == Scope::Change
    }
}

fn prepare_stratum(stratum: &program::Stratum, rules: &[Rule], program: &Program) -> Stratum {
    let (mut reads, mut reads_before, mut uses) = (Vec::new(), Vec::new(), Vec::new());
    let heads = stratum.rules.iter().map(|rule| rules[rule.0 as usize].head.relation);
    let mut relations: Vec<usize> = heads.collect();
    relations.sort_unstable();
    relations.dedup();
    for number in stratum.rules.iter().map(|rule| rule.0 as usize) {
        let rule = &rules[number];
        for (place, literal) in rule.body.iter().enumerate() {
            for pattern in literal.patterns() {
                match pattern.world {
                    World::Here | World::Either => {
                        reads.push(pattern.relation);
                        let either = pattern.world == World::Either;
                        uses.push(Use { relation: pattern.relation, rule: number, literal: place, either });
                    }
                    World::Before if rule.carries() => {}
                    World::Before => reads_before.push(pattern.relation),
                }
            }
        }
    }
    for list in [&mut reads, &mut reads_before] {
        list.sort_unstable();
        list.dedup();
    }
    let is_change = |relation: usize| program.relations[relation].scope == Scope::Change;
    let is_prompt = |literal: &Literal| matches!(literal, Literal::Holds(pattern) if is_change(pattern.relation));
    let bodies = || stratum.rules.iter().map(|rule| &rules[rule.0 as usize].body);
    let lattice = relations.iter().any(|relation| program.relations[*relation].lattice().is_some());
    let in_either =
        |literal: &Literal| matches!(literal, Literal::Holds(pattern) if pattern.own && pattern.world == World::Either);
    Stratum {
        unprompted: stratum.scope == Scope::Change && bodies().any(|body| !body.iter().any(is_prompt)),
        whole_after: !reads_before.is_empty() || lattice && bodies().flatten().any(in_either),
        scope: stratum.scope,
        recursive: reads.iter().any(|read| relations.binary_search(read).is_ok()),
        lattice,
        rests_on: Vec::new(),
        relations,
        rules: stratum.rules.iter().map(|rule| rule.0 as usize).collect(),
        uses,
        reads,
        reads_before,
    }
}

/// Says which recursive strata with a lattice column each stratum rests on.
fn rest(strata: &mut [Stratum], rules: &[Rule], stratum_of: &[Option<usize>]) {
    let mut more = true;
    while std::mem::take(&mut more) {
        for number in 0..strata.len() {
            let stratum = &strata[number];
            let own = (stratum.recursive && stratum.lattice).then_some(number);
            let body = stratum.rules.iter().flat_map(|rule| &rules[*rule].body);
            let read = body.flat_map(Literal::patterns).filter_map(|pattern| stratum_of[pattern.relation]);
            let mut all: Vec<usize> = read.flat_map(|read| strata[read].rests_on.iter().copied()).chain(own).collect();
            all.sort_unstable();
            all.dedup();
            more |= all != stratum.rests_on;
            strata[number].rests_on = all;
        }
    }
}

fn prepare_rule(rule: &program::Rule, values: &mut Interner) -> Rule {
    let body = rule.body.iter().map(|literal| prepare_literal(literal, values)).collect();
    Rule { head: prepare_atom(&rule.head, values), body, variables: rule.variables.len(), own: Vec::new() }
}

fn prepare_atom(atom: &Atom, values: &mut Interner) -> Pattern {
    let slots = atom.terms.iter().map(|term| match term {
        Term::Variable(variable) => Slot::Variable(*variable),
        Term::Constant(value) => Slot::Constant(values.intern(value)),
        Term::Any => Slot::Any,
    });
    Pattern { relation: atom.relation.0 as usize, world: atom.world, slots: slots.collect(), own: false }
}

fn prepare_expr(expr: &Expr, values: &mut Interner) -> Operand {
    match expr {
        Expr::Variable(variable) => Operand::Variable(*variable),
        Expr::Constant(value) => Operand::Constant(values.intern(value)),
        _ => {
            let mut uses = Vec::new();
            expr.variables(&mut uses);
            Operand::Computed { expr: expr.clone(), uses }
        }
    }
}

fn prepare_literal(literal: &program::Literal, values: &mut Interner) -> Literal {
    match literal {
        program::Literal::Holds(atom) => Literal::Holds(prepare_atom(atom, values)),
        program::Literal::Absent(atom) => Literal::Absent(prepare_atom(atom, values)),
        program::Literal::Test { op, left, right, accept } => Literal::Test {
            op: *op,
            left: prepare_expr(left, values),
            right: prepare_expr(right, values),
            accept: accept.clone(),
        },
        program::Literal::Is { expr, accept } => {
            Literal::Is { operand: prepare_expr(expr, values), accept: accept.clone() }
        }
        program::Literal::Bind { variable, expr } => {
            Literal::Bind { variable: *variable, operand: prepare_expr(expr, values) }
        }
        program::Literal::Each { variable, base, then, last, r#type, possible } => Literal::Each {
            variable: *variable,
            uses: literal.inputs(),
            range: Range {
                base: base.clone(),
                then: then.clone(),
                last: last.clone(),
                wanted: r#type.clone(),
                possible: *possible,
            },
        },
        program::Literal::Aggregate { variable, how, zero, sure, possible, member } => {
            let possible = possible.map(|relation| Atom { relation, ..sure.clone() });
            Literal::Aggregate {
                variable: *variable,
                group: Group {
                    how: *how,
                    zero: zero.clone(),
                    sure: prepare_atom(sure, values),
                    possible: possible.map(|atom| prepare_atom(&atom, values)),
                    member: member.clone(),
                },
            }
        }
    }
}

impl Rule {
    /// Whether the rule says only that what held before still does: `p(x) if before.p(x)`.
    fn carries(&self) -> bool {
        let [Literal::Holds(pattern)] = self.body.as_slice() else { return false };
        let variables = pattern.slots.iter().enumerate().all(|(column, slot)| match slot {
            Slot::Variable(_) => !pattern.slots[..column].contains(slot),
            Slot::Constant(_) | Slot::Any => false,
        });
        variables
            && pattern.world == World::Before
            && pattern.relation == self.head.relation
            && pattern.slots == self.head.slots
    }
}

impl Literal {
    /// The atoms of the literal.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let (one, other) = match self {
            Literal::Holds(pattern) | Literal::Absent(pattern) => (Some(pattern), None),
            Literal::Aggregate { group, .. } => (Some(&group.sure), group.possible.as_ref()),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// Whether every variable that must have a value before the literal runs has one.
    pub(crate) fn is_ready(&self, bound: &[bool]) -> bool {
        let operand = |operand: &Operand| match operand {
            Operand::Variable(variable) => bound[*variable],
            Operand::Constant(_) => true,
            Operand::Computed { uses, .. } => uses.iter().all(|variable| bound[*variable]),
        };
        match self {
            Literal::Holds(_) => true,
            Literal::Absent(pattern) => pattern.variables().all(|variable| bound[variable]),
            Literal::Test { left, right, .. } => operand(left) && operand(right),
            Literal::Is { operand: of, .. } | Literal::Bind { operand: of, .. } => operand(of),
            Literal::Each { uses, .. } => uses.iter().all(|variable| bound[*variable]),
            Literal::Aggregate { group, .. } => group.sure.variables().all(|variable| bound[variable]),
        }
    }
}

impl Group {
    /// Whether each tuple that matches is a member of its own.
    pub(crate) fn rows_are_members(&self) -> bool {
        let mut counted = self.sure.slots.iter().enumerate().filter(|(_, slot)| **slot == Slot::Any);
        counted.all(|(column, _)| self.member.contains(&column))
    }
}

impl Pattern {
    /// The variables among the columns, with repetitions.
    pub(crate) fn variables(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Variable(variable) => Some(*variable),
            Slot::Constant(_) | Slot::Any => None,
        })
    }
}
