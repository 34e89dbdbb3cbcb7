//! How far an action reaches: it speaks of its own resource, and says no more of it than its verb can.
//!
//! What an action may state decides what it answers for: permits, intents and accountability are asked of its resource
//! alone.

use crate::case::{Failure, Malformed};
use program::{Action, Change, Fact, Program, Type, Verb};

/// Refuses a change one of whose actions says more than it may; so does every question about it.
///
/// # Faults
/// [`Failure::Malformed`], with the action.
pub fn admissible(program: &Program, change: &Change) -> Result<(), Failure> {
    for action in &change.actions {
        // Of a plan the import writes them: what a data source was seen to be, what refers to what is gone or moved.
        let told = action.set.iter().chain(&action.remove).next().filter(|_| &*change.format != "terraform-plan");
        if let (Some(fact), Some(what)) = (told, silent(action.verb)) {
            return Err(refused(action, Some(fact), what.to_owned()));
        }
        if action.moved_from.is_some() && action.verb != Verb::Move {
            // A rule about moves would not see it.
            let verb = action.verb;
            let what =
                format!("`moved_from` stands beside a move; a move and the {verb} of what was moved are two actions");
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

/// Why a verb states no facts; `None` where it may. A permit of the verb would permit them.
fn silent(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Read => Some("a read changes nothing, and this one says that it does"),
        Verb::Run => Some("a run changes no facts, and this one says that it does"),
        Verb::Delete => {
            Some("a delete takes away all that is known, and states no facts; what comes instead is a `replace`")
        }
        Verb::Forget => Some("a forget takes away all that is known, and states no facts"),
        Verb::Move => Some(
            "a move changes the name alone; what else it changes is an `update` of the new name, an action of its own",
        ),
        Verb::Create | Verb::Update | Verb::Replace | Verb::Import => None,
    }
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
