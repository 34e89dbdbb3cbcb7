//! The draft: every relation and rule in one reading, before scopes and readings are known.
//!
//! It uses the program's own types with draft ids (positions in [`Draft::relations`]); only the last step sorts
//! relations by name and renumbers. Tests in it accept `True`, ranges are sure.

use crate::diagnostic::Place;
use crate::hir;
use program::{Atom, Column, Key, Literal, RelationId, Rule, Term, Variable, World};
use rustc_hash::FxHashMap;

/// All relations and rules.
#[derive(Default)]
pub(crate) struct Draft<'a> {
    /// By draft id.
    pub(crate) relations: Vec<Relation<'a>>,
    /// In the order of packages, files and text; the compiler's own behind those they belong to.
    pub(crate) rules: Vec<DraftRule<'a>>,
    /// Relations of what another one derives possibly and not surely; each with that one.
    pub(crate) in_doubt: Vec<(RelationId, RelationId)>,
    /// Relations whose rules keep the values that the first atom of the body has, where others know them better.
    pub(crate) as_said: Vec<RelationId>,
    names: FxHashMap<String, RelationId>,
}

/// A relation.
pub(crate) struct Relation<'a> {
    /// Qualified.
    pub(crate) name: String,
    /// The hidden instance included.
    pub(crate) columns: Vec<Column>,
    /// What its scope hangs on.
    pub(crate) kind: Kind,
    /// Declared `authority`.
    pub(crate) authority: bool,
    /// The first column is the instance.
    pub(crate) instanced: bool,
    /// Its key, positions counted with the instance.
    pub(crate) key: Option<Key>,
    /// `@optional`.
    pub(crate) optional: bool,
    /// Columns that repeat a value of the rule that looks it up, so that the very same value is met.
    pub(crate) exact: Vec<bool>,
    /// Where it is declared; the compiler's own have none.
    pub(crate) declared: Option<(&'a str, &'a hir::Relation)>,
}

/// What a relation's scope hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// State, or timed where it reads the time.
    State,
    /// Declared `change relation`, or made for the change by the compiler.
    Change,
    /// As its body.
    Governance,
    /// As the relation whose rule it helps.
    Helper(RelationId),
}

/// A rule and where it comes from.
pub(crate) struct DraftRule<'a> {
    /// The rule, with draft ids.
    pub(crate) rule: Rule,
    /// The rule of the author that it is, or belongs to.
    pub(crate) source: Option<Source<'a>>,
    /// Absences that the two readings ask for in different ways.
    pub(crate) absences: Vec<Absence>,
}

/// An absence over values that may be unknown.
pub(crate) struct Absence {
    /// Its position in the body.
    pub(crate) literal: usize,
    /// What the possible reading asks: that the very same values are not surely there.
    pub(crate) asked: Literal,
    /// What the sure reading asks beside the literal.
    pub(crate) also: Vec<Literal>,
}

/// A rule of the author and its item.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Module and position of the item.
    pub(crate) item: (&'a str, u32),
    /// The rule.
    pub(crate) rule: &'a hir::Rule,
}

impl Source<'_> {
    /// A place in the rule's item.
    pub(crate) fn place(&self, span: hir::Span) -> Place {
        Place { item: Some((self.item.0.to_owned(), self.item.1)), span }
    }
}

impl<'a> Draft<'a> {
    /// The relation of that name.
    pub(crate) fn find(&self, name: &str) -> Option<RelationId> {
        self.names.get(name).copied()
    }

    /// The relation of that name, which the checks have seen.
    pub(crate) fn known(&self, name: &str) -> RelationId {
        self.find(name).unwrap_or_else(|| panic!("bug: no relation is named `{name}`"))
    }

    /// A relation of this draft.
    pub(crate) fn relation(&self, id: RelationId) -> &Relation<'a> {
        &self.relations[id.0 as usize]
    }

    /// Adds a relation; a name that is taken keeps its first holder (the checks have told of it).
    pub(crate) fn add(&mut self, relation: Relation<'a>) -> RelationId {
        if let Some(id) = self.find(&relation.name) {
            return id;
        }
        let id = RelationId(u32::try_from(self.relations.len()).expect("bug: more than 2^32 relations"));
        self.names.insert(relation.name.clone(), id);
        self.relations.push(relation);
        id
    }

    /// Adds a relation of the compiler's own.
    pub(crate) fn add_hidden(&mut self, name: String, columns: Vec<Column>, kind: Kind) -> RelationId {
        let exact = vec![false; columns.len()];
        self.add(Relation {
            name,
            columns,
            kind,
            authority: false,
            instanced: false,
            key: None,
            optional: false,
            exact,
            declared: None,
        })
    }

    /// Adds a helper of a rule of `parent`: the first name `parent$word1`, `parent$word2`, … that is free.
    ///
    /// - `variables`, `of`: the columns are these variables of the rule.
    pub(crate) fn add_helper(
        &mut self,
        parent: RelationId,
        word: &str,
        variables: &[usize],
        of: &[Variable],
    ) -> RelationId {
        let column =
            |index: &usize| Column { name: of[*index].name.clone(), r#type: of[*index].r#type.clone(), lattice: None };
        let columns = variables.iter().map(column).collect();
        let base = self.relation(parent).name.clone();
        let name = (1..).map(|n| format!("{base}${word}{n}")).find(|name| self.find(name).is_none());
        self.add_hidden(name.unwrap_or_default(), columns, Kind::Helper(parent))
    }

    /// Adds a rule.
    pub(crate) fn rule(&mut self, rule: Rule, source: Option<Source<'a>>) {
        self.rules.push(DraftRule { rule, source, absences: Vec::new() });
    }
}

/// An atom read in the world of its rule.
pub(crate) fn here(relation: RelationId, terms: Vec<Term>) -> Atom {
    Atom { relation, world: World::Here, terms }
}

/// The literals, in their order, that are needed to give `wanted` values: every literal that binds one of them, and
/// what those need.
///
/// All binding literals of a variable are taken, so that a helper made of them chooses the same value for it as the
/// rule that asks the helper.
pub(crate) fn binders(wanted: &[usize], body: &[Literal]) -> Vec<Literal> {
    let mut taken = vec![false; body.len()];
    let mut wanted = wanted.to_vec();
    let mut seen = 0;
    while seen < wanted.len() {
        let variable = wanted[seen];
        seen += 1;
        for (literal, taken) in body.iter().zip(&mut taken) {
            if !*taken && literal.outputs().contains(&variable) {
                *taken = true;
                for input in literal.inputs() {
                    if !wanted.contains(&input) {
                        wanted.push(input);
                    }
                }
            }
        }
    }
    body.iter().zip(taken).filter(|(_, taken)| *taken).map(|(literal, _)| literal.clone()).collect()
}

/// For each variable, whether the literals give it a value when they run as far as they can.
pub(crate) fn bound_by(body: &[Literal], variables: usize) -> Vec<bool> {
    let mut bound = vec![false; variables];
    let mut waiting: Vec<(&Literal, Vec<usize>)> = body.iter().map(|literal| (literal, literal.inputs())).collect();
    loop {
        let before = waiting.len();
        waiting.retain(|(literal, inputs)| {
            let runs = inputs.iter().all(|variable| bound[*variable]);
            if runs {
                literal.outputs().into_iter().for_each(|variable| bound[variable] = true);
            }
            !runs
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    bound
}
