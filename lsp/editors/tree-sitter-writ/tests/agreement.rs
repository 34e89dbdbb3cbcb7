//! Both grammars give the same answer on every policy of this repository, and on broken copies of each.

use std::fs;
use std::path::{Path, PathBuf};
use tree_sitter::StreamingIterator;

/// Whether the compiler's parser takes the text.
fn compiler(text: &str) -> bool {
    syntax::parse_file(text).chunks.iter().all(|chunk| chunk.errors.is_empty())
}

/// Whether tree-sitter's does.
fn editor(text: &str) -> bool {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_writ::LANGUAGE.into()).expect("the generated parser fits the library");
    let tree = parser.parse(text, None).expect("no limit is set");
    !tree.root_node().has_error()
}

/// Every policy of the repository, sorted.
fn policies() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut found = Vec::new();
    for folder in ["stdlib", "examples", "cli/src"] {
        walk(&root.join(folder), "writ", &mut found);
    }
    found.sort();
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            walk(&path, ending, found);
        } else if path.extension().is_some_and(|end| end == ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_policy_is_taken_by_both() {
    let policies = policies();
    assert!(policies.len() > 30, "{}", policies.len());
    for path in policies {
        let text = fs::read_to_string(&path).expect("it can be read");
        assert!(compiler(&text), "{}", path.display());
        assert!(editor(&text), "{}: {}", path.display(), first_error(&text));
    }
}

#[test]
fn a_broken_policy_is_refused_by_both() {
    let (mut refused, mut taken) = (0, 0);
    for path in policies() {
        let text = fs::read_to_string(&path).expect("it can be read");
        let tokens: Vec<_> = syntax::token::lex(&text).into_iter().filter(|lexeme| !lexeme.token.is_trivia()).collect();
        for (number, lexeme) in tokens.iter().enumerate().step_by(7) {
            let range = lexeme.range();
            // A token is left out, or stands twice, by turns.
            let broken = if number % 2 == 0 {
                format!("{} {}", &text[..range.start], &text[range.end..])
            } else {
                format!("{} {} {}", &text[..range.end], &text[range.clone()], &text[range.end..])
            };
            let (by_compiler, by_editor) = (compiler(&broken), editor(&broken));
            assert_eq!(
                by_compiler,
                by_editor,
                "{}: token {number} `{}` {} (compiler, tree-sitter): {}",
                path.display(),
                &text[range.clone()],
                if number % 2 == 0 { "left out" } else { "twice" },
                &broken[range.start.saturating_sub(80)..(range.end + 60).min(broken.len())],
            );
            if by_compiler { taken += 1 } else { refused += 1 }
        }
    }
    println!("{refused} broken policies refused by both, {taken} still whole for both");
    assert!(refused > 1000 && taken > 0);
}

/// Programs of the pages, the wrong ones among them: fenced blocks whose first word is `writ`.
#[test]
fn every_program_of_a_page_is_judged_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut pages = Vec::new();
    for folder in ["docs", "golden-tests", "examples"] {
        walk(&root.join(folder), "md", &mut pages);
    }
    let (mut whole, mut broken) = (0, 0);
    for path in pages {
        let page = fs::read_to_string(&path).expect("it can be read");
        let fences = page.split("\n```").skip(1).step_by(2);
        for fence in fences.filter(|fence| fence.starts_with("writ")) {
            let text = fence.split_once('\n').map_or("", |(_, text)| text);
            let (by_compiler, by_editor) = (compiler(text), editor(text));
            assert_eq!(by_compiler, by_editor, "{}: {text}\n{}", path.display(), first_error(text));
            if by_compiler { whole += 1 } else { broken += 1 }
        }
    }
    println!("{whole} programs of pages whole for both, {broken} broken");
    assert!(whole > 100);
}

fn first_error(text: &str) -> String {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_writ::LANGUAGE.into()).expect("the generated parser fits the library");
    let tree = parser.parse(text, None).expect("no limit is set");
    let mut node = tree.root_node();
    while let Some(inner) = (0..node.child_count()).filter_map(|n| node.child(n as u32)).find(|child| child.has_error())
    {
        node = inner;
    }
    format!("{:?} {}", node.start_position(), &text[node.byte_range()].chars().take(120).collect::<String>())
}

#[test]
fn zed_has_the_same_colours() {
    let colours = |path: &str| fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + path);
    let (ours, zed) = (colours("queries/highlights.scm"), colours("../zed/languages/writ/highlights.scm"));
    assert_eq!(ours.expect("readable"), zed.expect("readable"), "copy queries/highlights.scm there");
}

#[test]
fn every_query_is_of_the_grammar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut queries = Vec::new();
    walk(&root.join("queries"), "scm", &mut queries);
    walk(&root.join("../zed/languages"), "scm", &mut queries);
    walk(&root.join("../helix/queries"), "scm", &mut queries);
    assert!(queries.len() > 6, "{queries:?}");
    for path in queries {
        let text = fs::read_to_string(&path).expect("it can be read");
        let query = tree_sitter::Query::new(&tree_sitter_writ::LANGUAGE.into(), &text);
        assert!(query.is_ok(), "{}: {:?}", path.display(), query.err());
    }
}

/// By Helix's rules: a node that begins on an earlier line indents by one, several that begin on one line by one together, but for
/// `@indent.always`, of which each counts; an `@outdent` that begins the line takes one back.
fn indents(text: &str, query: &tree_sitter::Query) -> Vec<usize> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_writ::LANGUAGE.into()).expect("the generated parser fits the library");
    let tree = parser.parse(text, None).expect("no limit is set");
    let mut cursor = tree_sitter::QueryCursor::new();
    let mut captures = cursor.captures(query, tree.root_node(), text.as_bytes());
    let lines = text.lines().count() + 1;
    let (mut begun, mut ended, mut always) = (vec![Vec::new(); lines], vec![0; lines], vec![0; lines]);
    while let Some((found, at)) = captures.next() {
        let capture = found.captures()[*at];
        let wanted = query.general_predicates(found.pattern_index).iter();
        let holds = |one: &tree_sitter::QueryPredicate| {
            assert_eq!(&*one.operator, "same-line?", "a predicate that this reads");
            let row = |arg: &tree_sitter::QueryPredicateArg| match arg {
                tree_sitter::QueryPredicateArg::Capture(index) => {
                    found.nodes_for_capture_index(*index).next().map(|node| node.start_position().row)
                }
                tree_sitter::QueryPredicateArg::String(_) => None,
            };
            one.args.iter().map(row).collect::<std::collections::BTreeSet<_>>().len() == 1
        };
        if !wanted.clone().all(holds) {
            continue;
        }
        let (start, end) = (capture.node.start_position(), capture.node.end_position());
        match query.capture_names()[capture.index as usize] {
            "indent" => (start.row + 1..=end.row).for_each(|row| begun[row].push(start.row)),
            "indent.always" => (start.row + 1..=end.row).for_each(|row| always[row] += 1),
            // Named for a predicate.
            "case" => {}
            "outdent" => {
                let line = text.lines().nth(start.row).unwrap_or_default();
                if line[..start.column].trim().is_empty() {
                    ended[start.row] = 1;
                }
            }
            other => panic!("`@{other}` is no word of Helix"),
        }
    }
    let count = |((rows, always), ended): ((Vec<usize>, usize), usize)| {
        let rows: std::collections::BTreeSet<usize> = rows.into_iter().collect();
        (rows.len() + always).saturating_sub(ended)
    };
    begun.into_iter().zip(always).zip(ended).map(count).collect()
}

#[test]
fn helix_indents_as_the_house_style_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helix/queries/indents.scm");
    let query = fs::read_to_string(path).expect("it can be read");
    let query = tree_sitter::Query::new(&tree_sitter_writ::LANGUAGE.into(), &query).expect("a query of the grammar");
    let (mut lines, mut wrong) = (0, Vec::new());
    for path in policies() {
        let text = fs::read_to_string(&path).expect("it can be read");
        let wanted = indents(&text, &query);
        for (row, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            lines += 1;
            let depth = line.len() - line.trim_start().len();
            // Words that go on below their first line are aligned with them: no indent says how far.
            if depth % 4 == 0 && depth / 4 != wanted[row] {
                wrong.push(format!("{}:{}: {} {line}", path.display(), row + 1, wanted[row]));
            }
        }
    }
    assert!(lines > 2000, "{lines}");
    assert!(wrong.is_empty(), "{} of {lines}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
}
