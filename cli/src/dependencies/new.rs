//! `writ new`: a package that others can depend on, whose tests pass.

use crate::failure::Failure;
use crate::output::{self, Answer};
use compiler::names::is_reserved;
use packages::Name;
use std::fs;
use std::path::{Path, PathBuf};

/// Makes a package in a folder that holds nothing yet.
pub(crate) fn new(name: &str, folder: Option<&Path>) -> Result<Answer, Failure> {
    let name = Name::parse(name)?;
    usable(&name)?;
    let folder = folder.map_or_else(|| PathBuf::from(name.short()), Path::to_owned);
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(Failure::Malformed(format!(
            "{}: something is there already\n  help: name a new folder: `writ new {name} DIR`",
            folder.display()
        )));
    }
    let module = name.short().replace('-', "_");
    let mut lines = String::new();
    for (path, text, why) in [
        (String::from("writ.toml"), manifest(&name, &module), "what it is called and what others may use of it"),
        (
            format!("{module}.writ"),
            include_str!("new/blueprint.writ").to_owned(),
            "a blueprint: what it asks of what it covers",
        ),
        (
            format!("tests/{module}.writ"),
            include_str!("new/tests.writ").replace("MODULE", &module),
            "its tests, which stay here when it is used elsewhere",
        ),
        (String::from("README.md"), readme(&name, &module), "what it is for and how it is applied"),
        (String::from(".gitignore"), String::from(".writ/\n"), "keeps kept decisions out of the repository"),
    ] {
        output::write(&folder.join(&path), text.as_bytes())?;
        lines += &format!("wrote {:<27} {why}\n", folder.join(&path).display());
    }
    Ok(Answer::of(format!("{lines}next: cd {} && writ test\n", folder.display())))
}

/// Refuses a name that no `use` could say, or that a system has no file of.
pub(crate) fn usable(name: &Name) -> Result<(), Failure> {
    const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
    for part in [name.scope(), name.short()] {
        let why = if is_reserved(&part.replace('-', "_")) {
            format!("`{part}` is a word of the language, so that nobody could write `use {}…`", name.module())
        } else if DEVICES.contains(&part) {
            format!("`{part}` is a device on Windows, where no file can be called so")
        } else if part == "std" {
            String::from("`std` is the standard library's name")
        } else {
            continue;
        };
        return Err(Failure::Malformed(format!("\"{name}\": {why}\n  help: choose another name")));
    }
    Ok(())
}

fn manifest(name: &Name, module: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2026\"\ndescription = \"Things say who owns them\"\n\
         license = \"Apache-2.0\"\nexports = [\"{module}\"]\n"
    )
}

fn readme(name: &Name, module: &str) -> String {
    format!(
        "# {name}\n\nThings say who owns them.\n\n```writ\nuse {}.{module}.owned;\n\nintent shop \"The shop\" {{\n    \
         cover r if std.state.tag(r, \"system\", \"shop\");\n    owner \"team-shop\";\n    apply owned(key: \"owner\");\n}}\n```\n",
        name.module()
    )
}
