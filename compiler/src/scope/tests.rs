//! Paths looked up with and without what else could have been meant.

use super::*;
use crate::ide::fixture::{Fixture, POLICY};
use syntax::ast::Span;

/// A name is known where it is found, and stands for the same.
#[test]
fn what_is_known_is_what_is_found() {
    let fixture = Fixture::new(&format!("{POLICY}//- other.writ\npub relation far(x: int);\nrelation near(x: int);\n"));
    let snapshot = fixture.snapshot();
    let (library, module) = (snapshot.library(), snapshot.module_at("policy.writ").expect("a module"));
    let words = [
        "kind",
        "kept",
        "Level",
        "careful",
        "web.covers",
        "covers",
        "marked",
        "careful.marked",
        "other.far",
        "other.near",
        "far",
        "net.contains",
        "std.state.tag",
        "nowhere",
        "knid",
        "cfg.acl",
        "net",
        "",
    ];
    let wanted = [Wanted::Condition, Wanted::Value, Wanted::Head, Wanted::Type, Wanted::Blueprint, Wanted::Fixture];
    let mut known = 0;
    for open in [Scope::of_questions(), module.scope.as_ref().clone()] {
        for (word, wanted) in words.iter().flat_map(|word| wanted.map(|wanted| (word, wanted))) {
            for blueprint in [None, Some("careful")] {
                let path: Vec<Name> = word
                    .split('.')
                    .filter(|part| !part.is_empty())
                    .map(|part| Name { text: part.to_owned(), span: Span::default() })
                    .collect();
                let found = open.find(&library.names, &path, blueprint, wanted).ok();
                assert_eq!(open.known(&library.names, &path, blueprint, wanted), found, "{word} {wanted:?}");
                known += usize::from(found.is_some());
            }
        }
    }
    assert!(known > 20, "{known}");
}
