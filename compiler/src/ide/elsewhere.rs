//! What is wrong in the packages that one depends on, told where it uses them: it compiles no more than they do.
//!
//! Read downwards: [`errors`] finds them and the files to tell them in, [`told_in`] says one in a file as that is now.

use crate::database::Snapshot;
use crate::diagnostic::Severity;
use crate::hir::Package;
use crate::report::{Report, Spot};
use std::collections::BTreeSet;
use std::ops::Range;
use syntax::ast::ItemKind;

/// An error in a file of another package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// As it is told there.
    report: Report,
    /// With what the names of the other package begin: `acme.base.`.
    package: String,
    /// The own files in which it is told; at least one, if there is any.
    told: BTreeSet<String>,
}

/// The first error of each file that belongs to another package.
pub fn errors(snapshot: &Snapshot) -> Vec<Elsewhere> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for report in snapshot.in_files().into_iter().filter(|report| report.severity() == Severity::Error) {
        let Some(file) = report.file().filter(|file| snapshot.package_of(file) == Some(Package::Dependency)) else {
            continue;
        };
        let Some(module) = snapshot.exports_of(file).map(|exports| &exports.module) else { continue };
        if seen.insert(file.to_owned()) {
            let package = module.split('.').take(2).flat_map(|part| [part, "."]).collect();
            found.push((report, package));
        }
    }
    let elsewhere = found.into_iter().map(|(report, package): (Report, String)| {
        let told = files(snapshot, &package);
        Elsewhere { report, package, told }
    });
    elsewhere.collect()
}

/// The own files in which an error of a package is told: those that use it; else, as it is used by what they use, those that
/// use any other; else the first.
fn files(snapshot: &Snapshot, package: &str) -> BTreeSet<String> {
    let using = |wanted: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
        let uses = |path: &&str| uses(snapshot, path).iter().any(|(_, name)| wanted(name));
        snapshot.own_paths().filter(uses).map(str::to_owned).collect()
    };
    let of_it = using(&|name| name.starts_with(package));
    let of_others = || using(&|name| is_foreign(snapshot, name));
    let first = || snapshot.own_paths().next().map(str::to_owned).into_iter().collect();
    let any = |found: &BTreeSet<String>| !found.is_empty();
    Some(of_it).filter(any).or_else(|| Some(of_others()).filter(any)).unwrap_or_else(first)
}

/// An error of another package as it is told in an own file; `None` where it is told in others.
pub fn told_in(snapshot: &Snapshot, path: &str, elsewhere: &Elsewhere) -> Option<Report> {
    let Elsewhere { report, package, told } = elsewhere;
    let file = report.file().filter(|_| told.contains(path))?;
    let uses = uses(snapshot, path);
    let of_it = uses.iter().find(|(_, name)| name.starts_with(package));
    let of_other = || uses.iter().find(|(_, name)| is_foreign(snapshot, name));
    let Range { start, end } = of_it.or_else(of_other).map(|(place, _)| place.clone()).unwrap_or(0..0);
    let here = Spot { file: path.to_owned(), start, end, text: String::new() };
    Some(Report {
        message: format!("`{file}` does not compile: {}", report.message),
        spots: std::iter::once(here).chain(report.spots.iter().cloned()).collect(),
        law: Some(String::from("a package compiles only where those that it depends on do")),
        help: Some(format!("mend `{file}`")),
        fixes: Vec::new(),
        ..report.clone()
    })
}

/// The paths behind `use` in a file, each with its place, and a dot at its end.
fn uses(snapshot: &Snapshot, path: &str) -> Vec<(Range<usize>, String)> {
    let uses = snapshot.pieces(path).into_iter().filter_map(|piece| {
        let ItemKind::Use { path, .. } = &piece.item?.kind else { return None };
        let place = piece.start + path.span.start as usize..piece.start + path.span.end as usize;
        Some((place, path.names.iter().flat_map(|name| [name.text.as_str(), "."]).collect()))
    });
    uses.collect()
}

/// Whether a path leads into another package.
fn is_foreign(snapshot: &Snapshot, name: &str) -> bool {
    let mut modules = name.match_indices('.').filter_map(|(end, _)| snapshot.path_of(&name[..end]));
    modules.any(|path| snapshot.package_of(path) == Some(Package::Dependency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Dependency, Source};
    use crate::ide::fixture::Fixture;

    /// Where an error of `acme/base` is told in a package of two files.
    fn check(policy: &str, expect: &[&str]) {
        let mut fixture = Fixture::new(&format!("//- calm.writ\nrelation calm(r: string);\n//- policy.writ\n{policy}"));
        let package = |name: &str, files: &[(&str, &str)], readers: &[&str]| Dependency {
            package: program::Package { name: format!("acme/{name}"), version: String::from("1.0.0") },
            module: format!("acme.{name}"),
            exports: files.iter().map(|(module, _)| (*module).to_owned()).collect(),
            readers: readers.iter().map(|reader| (*reader).to_owned()).collect(),
            files: files
                .iter()
                .map(|(module, text)| Source {
                    path: format!("acme/{name}/{module}.writ"),
                    module: format!("acme.{name}.{module}"),
                    text: (*text).to_owned(),
                })
                .collect(),
        };
        let base =
            [("fine", "pub relation kept(r: string);\n"), ("wrong", "relation (;\nrelation wrong(r: nothing);\n")];
        let between = [("over", "use acme.base.fine.kept;\npub relation over(r: string);\nover(r) if kept(r);\n")];
        fixture
            .database
            .set_dependencies(vec![package("base", &base, &["", "acme.between"]), package("between", &between, &[""])]);
        let snapshot = fixture.snapshot();
        let found = errors(&snapshot);
        assert_eq!(found.len(), 1, "one for a file: {found:#?}");
        let told = snapshot.own_paths().filter_map(|path| told_in(&snapshot, path, &found[0])).map(|report| {
            assert!(report.message.starts_with("`acme/base/wrong.writ` does not compile: "), "{report:#?}");
            assert_eq!(report.spots[1].file, "acme/base/wrong.writ");
            let spot = &report.spots[0];
            format!("{} {}", spot.file, &snapshot.text(&spot.file).expect("a file")[spot.start..spot.end])
        });
        assert_eq!(told.collect::<Vec<String>>(), expect);
    }

    #[test]
    fn an_error_of_another_package_is_told_where_that_is_used() {
        check("use std.state.kind;\nuse acme.base.fine.kept;\n", &["policy.writ acme.base.fine.kept"]);
        check("use acme.base.fine.{kept};\n", &["policy.writ acme.base.fine"]);
        // Through another one, and by nobody.
        check("use acme.between.over.over;\n", &["policy.writ acme.between.over.over"]);
        check("relation alone(r: string);\n", &["calm.writ "]);
    }
}
