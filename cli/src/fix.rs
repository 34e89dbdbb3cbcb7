//! `writ check --fix`: the obvious repairs, written into the files.
//!
//! INVARIANT: nothing is written before all repairs are made, each file whole, and none that somebody else changed meanwhile.
//! Not here: which repairs there are and in what order they are made (`compiler::repair`).

use crate::failure::Failure;
use crate::package::Package;
use crate::{output, policy};
use compiler::database::Source;
use compiler::repair::{Made, Text, repair};
use serde_json::{Value, json};
use std::fs;

/// Repairs a package in place and writes the files that changed.
pub(crate) fn fix(package: &mut Package) -> Result<Vec<Made>, Failure> {
    let mut database = policy::database(package);
    let names: Vec<String> = package.modules.iter().map(|module| module.name.clone()).collect();
    let texts = package.modules.iter().map(|module| Text { path: module.path.clone(), text: module.text.clone() });
    let mut sources: Vec<Text> = texts.collect();
    let mut check = |texts: &[Text]| {
        for (text, module) in texts.iter().zip(&names) {
            let (path, text) = (text.path.clone(), text.text.clone());
            database.set_file(Source { path, module: module.clone(), text });
        }
        database.snapshot().check().reports
    };
    let made = repair(&mut check, &mut sources);
    for (module, source) in package.modules.iter_mut().zip(sources).filter(|(old, new)| old.text != new.text) {
        let path = package.root.join(&module.path);
        // A link stays a link.
        let path = fs::canonicalize(&path).unwrap_or(path);
        if fs::read(&path).ok().as_deref() != Some(module.text.as_bytes()) {
            return Err(Failure::Malformed(format!(
                "{}: it changed while it was being repaired\n  help: run `writ check --fix` again",
                path.display()
            )));
        }
        output::write(&path, source.text.as_bytes())?;
        module.text = source.text;
    }
    Ok(made)
}

/// A repair as a line.
pub(crate) fn line(made: &Made) -> String {
    let Made { file, line, column, code, title } = made;
    format!("fixed {file}:{line}:{column}: {title} ({})\n", code.number())
}

/// A repair for other programs.
pub(crate) fn to_json(made: &Made) -> Value {
    json!({
        "file": made.file, "line": made.line, "column": made.column, "code": made.code.number(), "title": made.title,
    })
}
