//! What became of the columns of a relation, the parameters of a blueprint or a let, the subjects of a rule, the members of an enum.

use super::{Level, Offer};

/// What became of columns, parameters, subjects or members.
pub(super) fn columns(was: &Offer, is: &Offer) -> Vec<(Level, String)> {
    let word = match was.kind {
        "enum" => "member",
        "blueprint" | "let" => "parameter",
        "relation" => "column",
        _ => "subject",
    };
    let mut found = Vec::new();
    if was.kind == "enum" || was.kind == "blueprint" {
        for old in &was.columns {
            match is.columns.iter().find(|new| new.name == old.name) {
                None => found.push((Level::Major, format!("its {word} `{}` is gone", old.name))),
                Some(new) if new.r#type != old.r#type => {
                    found.push((
                        Level::Major,
                        format!("its {word} `{}` was {} and is {}", old.name, old.r#type, new.r#type),
                    ));
                }
                Some(new) => match (&old.default, &new.default) {
                    (Some(_), None) => {
                        found.push((Level::Major, format!("its {word} `{}` has no default any more", old.name)))
                    }
                    (Some(was), Some(is)) if was != is => {
                        found.push((
                            Level::Major,
                            format!("its {word} `{}` had the default {was} and has {is}", old.name),
                        ));
                    }
                    (None, Some(is)) => {
                        found.push((Level::Minor, format!("its {word} `{}` has the default {is}", old.name)))
                    }
                    (Some(_) | None, _) => {}
                },
            }
        }
        for new in is.columns.iter().filter(|new| !was.columns.iter().any(|old| old.name == new.name)) {
            let needed = was.kind == "blueprint" && new.default.is_none();
            let (level, how) = match (needed, was.kind) {
                (true, _) => (Level::Major, ", and must be given"),
                // A word that was none of them was not known for what it is.
                (false, "enum") => (Level::Major, ", so a value counts that was none"),
                (false, _) => (Level::Minor, ""),
            };
            found.push((level, format!("its {word} `{}` is new{how}", new.name)));
        }
        // An application may give them by place. Those of an enum have none.
        let moved = was.columns.iter().enumerate().find(|(place, old)| {
            let there = is.columns.iter().position(|new| new.name == old.name);
            was.kind == "blueprint" && there.is_some_and(|there| there != *place)
        });
        if let Some((_, old)) = moved.filter(|_| found.iter().all(|(level, _)| *level != Level::Major)) {
            let what = format!("its {word} `{}` has another place, and arguments may be given by place", old.name);
            found.push((Level::Major, what));
        }
        return found;
    }
    if was.columns != is.columns {
        let shown = |offer: &Offer| {
            offer.columns.iter().map(|part| format!("{}: {}", part.name, part.r#type)).collect::<Vec<_>>().join(", ")
        };
        found.push((Level::Major, format!("its {word}s were ({}) and are ({})", shown(was), shown(is))));
    }
    found
}
