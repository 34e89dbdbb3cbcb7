//! Every name that the standard library offers has a page, and its page is the one in the repository.

#[path = "pages/drawn.rs"]
mod drawn;

use compiler::reference;

#[test]
fn the_pages_of_the_repository_are_drawn_from_the_modules() {
    drawn::are_kept("std", &reference::pages());
}

#[test]
fn a_name_is_explained_by_its_columns() {
    let page = reference::explain("std.state.kind").expect("it has a page");
    assert!(page.contains("relation kind(r: Resource, kind: string)"), "{page}");
    assert_eq!(reference::explain("state.kind"), Ok(page));
    let blueprint = reference::explain("std.recovery.recoverable").expect("it has a page");
    assert!(blueprint.contains("blueprint recoverable(") && blueprint.contains("deny key_lost("), "{blueprint}");
    assert!(reference::explain("std.state").expect("it has a page").contains("## config"));
    assert_eq!(reference::explain("std.state.knid"), Err(Some(String::from("std.state.kind"))));
    assert_eq!(reference::explain("std.state.qwertzuiop"), Err(None));
}
