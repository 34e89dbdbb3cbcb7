//! Strata: components in an order in which they can run; negative cycles.

use super::{Components, adjacency, components, id, reads, scope::atom_span, way};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir;
use crate::lower::{Draft, DraftRule, Kind};
use program::{RelationId, Rule, RuleId, Scope, Stratum};

/// What intents cover, as `payments.covers(r)` and `covered(r)` ask for it.
const COVERAGE: [&str; 3] = ["std.intent.covers", "std.intent.covered", "std.intent.covered_by"];

ascent::ascent! {
    struct Absence;

    /// The first reads the second for its absence, or aggregates it.
    relation negative(usize, usize);
    /// The first reads the second, and both stand in one component: no way back to where it began leaves it.
    relation edge(usize, usize);

    /// Which relations reach which, along any number of edges; asked of those alone that are read for their absence.
    relation reaches(usize, usize);
    reaches(read, read) <-- negative(_, read);
    reaches(read, to) <-- reaches(read, via), edge(via, to);

    /// It depends on its own absence.
    relation cycle(usize, usize);
    cycle(reader, read) <-- negative(reader, read), reaches(read, reader);
}

/// A diagnostic for every component in which a relation depends on its own absence.
pub(crate) fn cycles(draft: &Draft<'_>) -> Vec<Diagnostic> {
    let edges = adjacency(draft.relations.len(), draft.rules.iter().map(|rule| &rule.rule));
    let components = components(edges.len(), &edges);
    let mut found = negative_cycles(draft.rules.iter().map(|rule| &rule.rule), &edges, &components);
    found.dedup_by_key(|(reader, _)| components.of[*reader]);
    found.into_iter().filter_map(|(reader, read)| negative_cycle(draft, reader, read, &edges)).collect()
}

/// Pairs of reader and read that reach each other, the reader negatively; by component.
fn negative_cycles<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    edges: &[Vec<usize>],
    components: &Components,
) -> Vec<(usize, usize)> {
    let within = |reader: usize, read: usize| components.of[reader] == components.of[read];
    let mut laws = Absence::default();
    for rule in rules {
        let reader = rule.head.relation.0 as usize;
        let negative = reads(rule).filter(|(read, negative)| *negative && within(reader, read.0 as usize));
        laws.negative.extend(negative.map(|(read, _)| (reader, read.0 as usize)));
    }
    if laws.negative.is_empty() {
        return Vec::new();
    }
    for (reader, read) in edges.iter().enumerate() {
        laws.edge.extend(read.iter().filter(|read| within(reader, **read)).map(|read| (reader, *read)));
    }
    laws.run();
    let mut found = laws.cycle;
    found.sort_unstable_by_key(|(reader, read)| (components.of[*reader], *reader, *read));
    found
}

/// The strata of finished rules.
///
/// - `scopes`: by relation.
/// - returns: state, then timed, then change; only relations that rules derive. Where relations depend on their own
///   absence, two of them that do.
pub(crate) fn strata(rules: &[Rule], scopes: &[Scope]) -> Result<Vec<Stratum>, (RelationId, RelationId)> {
    let edges = adjacency(scopes.len(), rules.iter());
    let components = components(scopes.len(), &edges);
    if let Some((reader, read)) = negative_cycles(rules.iter(), &edges, &components).first() {
        return Err((id(*reader), id(*read)));
    }
    let mut derived: Vec<Vec<RuleId>> = vec![Vec::new(); components.members.len()];
    for (index, rule) in (0_u32..).zip(rules) {
        derived[components.of[rule.head.relation.0 as usize]].push(RuleId(index));
    }
    let mut strata: Vec<Stratum> = components
        .members
        .into_iter()
        .zip(derived)
        .filter(|(_, rules)| !rules.is_empty())
        .map(|(relations, rules)| Stratum {
            recursive: relations.iter().any(|member| {
                let read = &edges[member.0 as usize];
                relations.iter().any(|other| read.binary_search(&(other.0 as usize)).is_ok())
            }),
            scope: scopes[relations[0].0 as usize],
            relations,
            rules,
        })
        .collect();
    strata.sort_by_key(|stratum| stratum.scope);
    Ok(strata)
}

fn negative_cycle(draft: &Draft<'_>, reader: usize, read: usize, edges: &[Vec<usize>]) -> Option<Diagnostic> {
    let back = way(read, |index| index == reader, edges)?;
    let mut steps: Vec<(usize, usize)> = vec![(reader, read)];
    steps.extend(back.windows(2).map(|pair| (pair[0], pair[1])));
    let covers = |index: usize| COVERAGE.contains(&draft.relations[owner(draft, index)].name.as_str());
    let first = match covers(reader) || covers(read) {
        true => String::from("what the intents cover"),
        false => format!("`{}`", draft.relations[owner(draft, reader)].name),
    };
    let found = Diagnostic::new(Code::NegativeCycle, format!("{first} depends on its own absence"));
    let mut diagnostic = match steps.iter().any(|(from, _)| covers(*from)) {
        true => found
            .law("what all intents cover is settled at once, so none of it rests on what one of them does not cover")
            .help(
                "give what the other intent covers a relation of its own, `claimed(r) if …;`: it says `cover r if claimed(r)`, \
                 and this one `not claimed(r)`",
            ),
        false => found
            .law("what stands under `not` or in an aggregate is settled before the rule that asks for it")
            .help("break the cycle: take the negation, or the aggregate, out of one of these rules"),
    };
    for (position, (from, to)) in steps.into_iter().enumerate() {
        let (from_owner, to_owner) = (owner(draft, from), owner(draft, to));
        let Some(rule) = reading_rule(draft, from, to) else { continue };
        let Some(source) = rule.source else { continue };
        // From `covered` to `covers` nothing is the author's.
        if source.item.0 == "std.intent" {
            continue;
        }
        // A step into a helper stays inside one rule of the author.
        if from_owner == to_owner && matches!(draft.relations[to].kind, Kind::Helper(_)) && position > 0 {
            continue;
        }
        let needing = match &source.rule.head {
            hir::Head::Cover { intent, .. } => format!("what `{intent}` covers"),
            hir::Head::Relation { .. } => format!("`{}`", draft.relations[from_owner].name),
        };
        let name = &draft.relations[to_owner].name;
        let coverage = if covers(to) { coverage(&source.rule.body) } else { None };
        let (needed, span) = match coverage {
            Some((Some(intent), span)) => (format!("what `{intent}` covers"), span),
            Some((None, span)) => (String::from("what is covered"), span),
            None => (format!("`{name}`"), atom_span(&source.rule.body, name).unwrap_or(source.rule.span)),
        };
        let words = match position {
            0 if coverage.is_some() => format!("{needing} needs all of {needed}, or that it is not there"),
            0 if counts(&source.rule.body, name) => format!("{needing} needs all of {needed}"),
            0 => format!("{needing} needs that there is no {needed}"),
            _ => format!("{needing} needs {needed}"),
        };
        diagnostic = diagnostic.label_at(source.place(span), words);
    }
    Some(diagnostic)
}

/// Whether a body gathers the tuples of a relation, rather than ask that there is none.
fn counts(literals: &[hir::Literal], name: &str) -> bool {
    literals.iter().any(|literal| match literal {
        hir::Literal::Aggregate { body, .. } => atom_span(body, name).is_some(),
        _ => false,
    })
}

/// Where a body asks for the first time what is covered, inner bodies included; and by which intent, where it says.
fn coverage(literals: &[hir::Literal]) -> Option<(Option<&str>, hir::Span)> {
    literals.iter().find_map(|literal| match literal {
        hir::Literal::Covered(_, span) => Some((None, *span)),
        hir::Literal::Atom(atom) if COVERAGE.contains(&atom.relation.as_str()) => {
            let intent = match atom.terms.first() {
                Some(hir::Expr::Constant(intent)) => intent.as_text(),
                _ => None,
            };
            Some((intent, atom.span))
        }
        hir::Literal::Not(body, _) | hir::Literal::Aggregate { body, .. } => coverage(body),
        _ => None,
    })
}

fn owner(draft: &Draft<'_>, mut index: usize) -> usize {
    while let Kind::Helper(parent) = draft.relations[index].kind {
        index = parent.0 as usize;
    }
    index
}

fn reading_rule<'d, 'a>(draft: &'d Draft<'a>, from: usize, to: usize) -> Option<&'d DraftRule<'a>> {
    draft.rules.iter().find(|rule| {
        rule.rule.head.relation.0 as usize == from && reads(&rule.rule).any(|(read, _)| read.0 as usize == to)
    })
}

#[cfg(test)]
mod tests {
    use crate::graph::components;
    use proptest::prelude::*;

    ascent::ascent! {
        struct Reach;
        relation edge(usize, usize);
        relation reaches(usize, usize);
        reaches(from, to) <-- edge(from, to);
        reaches(from, to) <-- reaches(from, via), edge(via, to);
    }

    proptest! {
        #[test]
        fn a_component_is_what_reaches_itself_both_ways_and_what_is_read_comes_first(
            edges in prop::collection::vec(prop::collection::btree_set(0..12_usize, 0..4), 12),
        ) {
            let edges: Vec<Vec<usize>> = edges.into_iter().map(|read| read.into_iter().collect()).collect();
            let found = components(edges.len(), &edges);
            let edge = (0..12).flat_map(|from| edges[from].iter().map(move |to| (from, *to))).collect();
            let mut law = Reach { edge, ..Reach::default() };
            law.run();
            let reaches = |from, to| from == to || law.reaches.contains(&(from, to));
            for a in 0..12 {
                for b in 0..12 {
                    prop_assert_eq!(found.of[a] == found.of[b], reaches(a, b) && reaches(b, a));
                    prop_assert!(!reaches(a, b) || found.of[b] <= found.of[a]);
                }
            }
        }
    }
}
