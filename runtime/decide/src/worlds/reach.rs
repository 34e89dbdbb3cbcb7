//! How far an action reaches: it speaks of its own resource, and a look changes nothing.
//!
//! What an action may state decides what it answers for: permits, intents and accountability are asked of its resource
//! alone.

use crate::case::{Failure, Malformed};
use program::{Action, Change, Fact, Program, Type, Verb};

/// Refuses a change one of whose actions says more than it may.
pub(super) fn check(program: &Program, change: &Change) -> Result<(), Failure> {
    for action in &change.actions {
        // A data source is looked at, and what was seen is told of it; it is no resource that anyone manages.
        let tells = !action.set.is_empty() || !action.remove.is_empty() || action.moved_from.is_some();
        if action.verb == Verb::Read && tells && &*change.format != "terraform-plan" {
            return Err(refused(action, None, String::from("a read changes nothing, and this one says that it does")));
        }
        if action.moved_from.is_some() && !matches!(action.verb, Verb::Move | Verb::Update | Verb::Replace) {
            let what =
                format!("`moved_from` stands beside a move, an update or a replacement, not beside `{}`", action.verb);
            return Err(refused(action, None, what));
        }
        for fact in action.set.iter().chain(&action.remove) {
            if let Some(what) = elsewhere(program, action, fact) {
                return Err(refused(action, Some(fact), what));
            }
        }
    }
    Ok(())
}

/// What is wrong with a fact that is not about the action's resource.
fn elsewhere(program: &Program, action: &Action, fact: &Fact) -> Option<String> {
    let relation = program.relation(program.find(&fact.relation)?);
    let wanted = Type::Entity(String::from("std.state.Resource"));
    let columns = relation.columns.iter().zip(&fact.tuple).filter(|(column, _)| column.r#type == wanted);
    let mut named = columns.filter_map(|(_, value)| value.as_text());
    let own = |name: &str| name == &*action.resource || action.moved_from.as_deref() == Some(name);
    let on = &action.resource;
    let Some(first) = named.next() else {
        return Some(format!("the action is on `{on}`, and this fact is about no resource; it belongs to the model"));
    };
    // What refers to a resource comes and goes with it, whoever's text it stands in.
    let refers = fact.relation.starts_with("std.terraform.") && named.any(own);
    let elsewhere = !own(first) && !refers;
    elsewhere.then(|| {
        format!("the action is on `{on}`, and this fact is about `{first}`; give `{first}` an action of its own")
    })
}

fn refused(action: &Action, fact: Option<&Fact>, what: String) -> Failure {
    let origin = fact.map(|fact| fact.origin.clone());
    Failure::Malformed(Malformed { what: format!("action `{}`: {what}", action.id), origin })
}
