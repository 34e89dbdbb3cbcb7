//! `writ init`: a package that decides something at once.

use crate::failure::Failure;
use crate::kept::{self, Kept};
use crate::output::Answer;
use crate::{manifest, package};
use evidence::{Log, SigningKey};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The first policy.
const POLICY: &str = include_str!("init/policy.writ");

/// Writes `writ.toml`, `policy.writ` and `.gitignore` into a folder, makes a key and a log, and says why each is there.
///
/// What exists is left as it is, and a package that has modules gets no policy: a library is not to publish one.
pub(crate) fn init(folder: &Path, key: Option<&Path>, as_json: bool) -> Result<Answer, Failure> {
    if !folder.is_dir() {
        return Err(Failure::Malformed(format!(
            "{}: there is no such folder\n  help: make it first",
            folder.display()
        )));
    }
    let found = look(folder)?;
    let name = name(folder)?;
    let module = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "writ");
    let begun = folder.join("writ.toml").is_file() && files(folder)?.iter().any(module);
    let mut files = Vec::new();
    let kept = Kept::of(folder);
    kept.lost_none()?;
    let (key, made) = match kept::signing_key(key, &kept)? {
        Some(key) => (key, false),
        None => (kept::make_key(&kept, &name)?, true),
    };
    let manifest = first_manifest(&name, &found, &key);
    for (name, content, why) in [
        ("writ.toml", manifest.as_str(), "the package, and where its facts come from"),
        ("policy.writ", POLICY, "a baseline in force, an intent to fill in, a test"),
        (".gitignore", ".writ/\n", "keeps kept decisions out of the repository"),
    ] {
        let path = folder.join(name);
        if name == "policy.writ" && begun && !path.exists() {
            continue;
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(content.as_bytes()).map_err(|e| Failure::Fault(format!("{}: {e}", path.display())))?;
                files.push(Placed { name, wrote: true, why: why.to_owned() });
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                let there = fs::read_to_string(&path).unwrap_or_default();
                let ignored = || there.lines().any(|line| line.trim_end_matches('/') == ".writ");
                let advice = match name {
                    ".gitignore" if !ignored() => String::from("; add the line `.writ/` to it"),
                    "writ.toml" if !there.contains(&key.public().to_string()) => {
                        let key = key.public();
                        format!(
                            "; who uses what is published here trusts `{key}`; add to its [trust]: decisions = [\"{key}\"]"
                        )
                    }
                    _ => String::new(),
                };
                files.push(Placed { name, wrote: false, why: format!("it is there already{advice}") });
            }
            Err(e) => return Err(Failure::Fault(format!("{}: {e}", path.display()))),
        }
    }
    let why = if made { "signs what is decided here; only you may read it" } else { "it is there already" };
    if made || kept.path("key").is_file() {
        files.push(Placed { name: ".writ/key", wrote: made, why: why.to_owned() });
    }
    let there = kept.has_log();
    if there {
        // One whose checkpoint is gone is no empty one.
        kept.size()?;
    }
    Log::create(kept.folder(), key).map_err(|fault| kept.fault(&fault))?;
    let why = if there { "it is there already" } else { "every decision, in order; nobody can take one out unseen" };
    files.push(Placed { name: ".writ/log", wrote: !there, why: why.to_owned() });
    let next = match found.plans.first() {
        Some(plan) => format!("writ decide {plan}"),
        None if begun => String::from("writ test"),
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
    let mut rows: Vec<(&str, &str, &str)> = Vec::new();
    rows.extend(files.iter().map(|file| (if file.wrote { "wrote" } else { "kept" }, file.name, file.why.as_str())));
    rows.extend(found.sources.iter().map(|source| ("found", source.path.as_str(), source.why)));
    let wide = rows.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (how, name, why) in rows {
        let _ = writeln!(text, "{how:<5}  {name:<wide$}  {why}");
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
    /// Of a state among several: that it is another workspace's.
    estate: bool,
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
                estate: false,
                why: "a Terraform state: what was built",
            });
        } else if name.ends_with(".json") && is_plan(&path) {
            found.plans.push(name);
        }
    }
    // Terraform calls that of the folder itself so.
    let own = |source: &FoundSource| source.name == "terraform";
    let several = found.sources.len() > 1;
    found.sources.iter_mut().for_each(|source| source.estate = several && !own(source));
    for place in ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"] {
        if folder.join(place).is_file() {
            found.sources.push(FoundSource {
                name: String::from("codeowners"),
                kind: "codeowners",
                path: place.to_owned(),
                estate: false,
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

/// What the package in this folder is called, or would be.
fn name(folder: &Path) -> Result<String, Failure> {
    let there = folder.join("writ.toml");
    if there.is_file() {
        return Ok(manifest::read(&there, &package::text(&there)?)?.package.name);
    }
    let absolute = folder.canonicalize().map_err(|e| crate::package::unreadable(folder, &e))?;
    let name = absolute.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    Ok(format!("local/{}", if name.is_empty() { "policy" } else { name }))
}

fn first_manifest(name: &str, found: &Found, key: &SigningKey) -> String {
    let mut text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2026\"\n# owner = \"team-platform\"   # asked when nobody else has the right to decide\n"
    );
    let _ = write!(
        text,
        "\n# Whose signatures count: under decisions, and under the approvals of a party.\n[trust]\ndecisions = [\"{}\"]\n",
        key.public()
    );
    for source in &found.sources {
        let _ = write!(
            text,
            "\n[[source]]\nname = \"{}\"\nkind = \"{}\"\npath = \"{}\"\n",
            source.name, source.kind, source.path
        );
        if source.estate {
            let _ = writeln!(text, "estate = \"{}\"", source.name);
        }
    }
    if found.sources.is_empty() {
        text.push_str(
            "\n# A plan brings its own world before. Other sources are declared so:\n# [[source]]\n# name = \"network\"\n# kind = \"terraform-state\"   # or terraform-plan, terraform-folder, kubernetes, records, facts, codeowners\n# path = \"../network/terraform.tfstate\"\n# estate = \"network\"         # another workspace's: its resources are named network//...\n# max_age = \"24h\"\n",
        );
    }
    text
}
