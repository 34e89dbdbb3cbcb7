//! `writ init`: a package that decides something at once.

use crate::failure::Failure;
use crate::output::Answer;
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The first policy.
const POLICY: &str = include_str!("init/policy.writ");

/// Writes `writ.toml`, `policy.writ` and `.gitignore` into a folder, and says why each is there.
///
/// What exists is left as it is.
pub(crate) fn init(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    if !folder.is_dir() {
        return Err(Failure::Malformed(format!(
            "{}: there is no such folder\n  help: make it first",
            folder.display()
        )));
    }
    let found = look(folder)?;
    let manifest = manifest(folder, &found)?;
    let mut files = Vec::new();
    for (name, content, why) in [
        ("writ.toml", manifest.as_str(), "the package, and where its facts come from"),
        ("policy.writ", POLICY, "a baseline in force, an intent to fill in, a test"),
        (".gitignore", ".writ/\n", "keeps kept decisions out of the repository"),
    ] {
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(content.as_bytes()).map_err(|e| Failure::Fault(format!("{}: {e}", path.display())))?;
                files.push(Placed { name, wrote: true, why: why.to_owned() });
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                let missing = name == ".gitignore"
                    && !fs::read_to_string(&path)
                        .unwrap_or_default()
                        .lines()
                        .any(|line| line.trim_end_matches('/') == ".writ");
                let advice = if missing { "; add the line `.writ/` to it" } else { "" };
                files.push(Placed { name, wrote: false, why: format!("it is there already{advice}") });
            }
            Err(e) => return Err(Failure::Fault(format!("{}: {e}", path.display()))),
        }
    }
    let next = match found.plans.first() {
        Some(plan) => format!("writ decide {plan}"),
        None => String::from(
            "terraform plan -out=tfplan && terraform show -json tfplan > plan.json && writ decide plan.json",
        ),
    };
    if as_json {
        let files = files.iter().map(|file| json!({ "file": file.name, "wrote": file.wrote, "why": file.why }));
        let sources = found.sources.iter().map(|s| json!({ "source": s.name, "kind": s.kind, "path": s.path }));
        let answer = json!({
            "files": files.collect::<Vec<_>>(),
            "sources": sources.collect::<Vec<_>>(),
            "plans": found.plans,
            "next": next,
        });
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    let mut text = String::new();
    for Placed { name, wrote, why } in &files {
        let _ = writeln!(text, "{}  {name:<12} {why}", if *wrote { "wrote" } else { "kept " });
    }
    for source in &found.sources {
        let _ = writeln!(text, "found  {:<12} {}", source.path, source.why);
    }
    let _ = writeln!(text, "next:  {next}");
    Ok(Answer::of(text))
}

/// A file of the package, and why it is there.
struct Placed {
    name: &'static str,
    wrote: bool,
    why: String,
}

/// What a folder holds that a decision can use.
#[derive(Default)]
struct Found {
    plans: Vec<String>,
    sources: Vec<FoundSource>,
}

struct FoundSource {
    name: String,
    kind: &'static str,
    path: String,
    why: &'static str,
}

fn look(folder: &Path) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".tfstate") {
            let stem = name.trim_end_matches(".tfstate").to_owned();
            found.sources.push(FoundSource {
                name: stem,
                kind: "terraform-state",
                path: name,
                why: "a Terraform state: what was built",
            });
        } else if name.ends_with(".json") && is_plan(&path) {
            found.plans.push(name);
        }
    }
    for place in ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"] {
        if folder.join(place).is_file() {
            found.sources.push(FoundSource {
                name: String::from("codeowners"),
                kind: "codeowners",
                path: place.to_owned(),
                why: "who owns which folder",
            });
            break;
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e: std::io::Error| crate::package::unreadable(folder, &e);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a file reads as a plan; one that cannot be read is none, which `decide` will say better.
fn is_plan(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        import::read(&path.to_string_lossy(), &bytes, &import::Options::default())
            .is_ok_and(|read| read.format == import::Format::TerraformPlan)
    })
}

fn manifest(folder: &Path, found: &Found) -> Result<String, Failure> {
    let absolute = folder.canonicalize().map_err(|e| crate::package::unreadable(folder, &e))?;
    let name = absolute.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "policy" } else { name };
    let mut text = format!(
        "[package]\nname = \"local/{name}\"\nversion = \"0.1.0\"\nedition = \"2026\"\n# owner = \"team-platform\"   # asked when nobody else has the right to decide\n"
    );
    for source in &found.sources {
        let _ = write!(
            text,
            "\n[[source]]\nname = \"{}\"\nkind = \"{}\"\npath = \"{}\"\n",
            source.name, source.kind, source.path
        );
    }
    if found.sources.is_empty() {
        text.push_str(
            "\n# A plan brings its own world before. Other sources are declared so:\n# [[source]]\n# name = \"network\"\n# kind = \"terraform-state\"   # or terraform-plan, facts, codeowners\n# path = \"../network/terraform.tfstate\"\n# max_age = \"24h\"\n",
        );
    }
    Ok(text)
}
