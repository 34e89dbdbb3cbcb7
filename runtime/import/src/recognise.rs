//! Which format a file is in, by its content; by its name only where content cannot say (CSV, CODEOWNERS).

use crate::encoding::place;
use crate::yaml::{self, Document};
use crate::{Malformed, Options, codeowners, json, kubernetes, node::shape};
use program::Json;
use std::fmt;

/// A format that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `terraform show -json` of a saved plan.
    TerraformPlan,
    /// A state file (version 3 or 4), or `terraform show -json` of a state.
    TerraformState,
    /// A change of our own: `{"format": "writ-change/1", …}`.
    WritChange,
    /// Facts in JSON: `{"std.authority.member": [{"who": "ana", "team": "orders"}]}`.
    Facts,
    /// Facts in CSV: the file is named after the relation, the header names its columns.
    Csv,
    /// A CODEOWNERS file.
    Codeowners,
    /// Objects of a cluster, in YAML or JSON: manifests, or what `kubectl get -o yaml` answers.
    Kubernetes,
    /// Rows of JSON, NDJSON, YAML, TOML or CSV; only where a source says so.
    Records,
    /// Terraform's own text: not a file, but a folder of them.
    TerraformFolder,
}

/// What a file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Expected {
    /// Whatever it turns out to be.
    #[default]
    Anything,
    /// A change to decide: a plan, manifests, or a change of our own.
    Change,
    /// A Terraform state, or what a cluster answers.
    State,
    /// Facts, or who owns what.
    Facts,
}

/// A file's content once its format is known.
pub(crate) enum Content {
    Json(Format, Json),
    Text(Format),
    /// Only manifests are read as YAML.
    Yaml(Vec<Document>),
}

impl Format {
    /// Every format, in order.
    pub const ALL: [Format; 9] = [
        Format::TerraformPlan,
        Format::TerraformState,
        Format::WritChange,
        Format::Facts,
        Format::Csv,
        Format::Codeowners,
        Format::Kubernetes,
        Format::Records,
        Format::TerraformFolder,
    ];

    /// The word of `--format` and of the manifest's `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Format::TerraformPlan => "terraform-plan",
            Format::TerraformState => "terraform-state",
            Format::WritChange => "writ-change",
            Format::Facts => "facts",
            Format::Csv => "csv",
            Format::Codeowners => "codeowners",
            Format::Kubernetes => "kubernetes",
            Format::Records => "records",
            Format::TerraformFolder => "terraform-folder",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    fn described(self) -> &'static str {
        match self {
            Format::TerraformPlan => "a Terraform plan",
            Format::TerraformState => "a Terraform state",
            Format::WritChange => "a Writ change",
            Format::Facts => "a facts file in JSON",
            Format::Csv => "a facts file in CSV",
            Format::Codeowners => "a CODEOWNERS file",
            Format::Kubernetes => "a file of Kubernetes objects",
            Format::Records => "a file of records",
            Format::TerraformFolder => "a folder of Terraform text",
        }
    }

    fn serves(self, expected: Expected) -> bool {
        match expected {
            Expected::Anything => true,
            Expected::Change => matches!(self, Format::TerraformPlan | Format::WritChange | Format::Kubernetes),
            Expected::State => matches!(self, Format::TerraformState | Format::Kubernetes | Format::TerraformFolder),
            Expected::Facts => matches!(self, Format::Facts | Format::Csv | Format::Codeowners | Format::Records),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Content {
    pub(crate) fn format(&self) -> Format {
        match self {
            Content::Json(format, _) | Content::Text(format) => *format,
            Content::Yaml(_) => Format::Kubernetes,
        }
    }
}

/// Says which format `text` is in, and reads it where that is JSON.
pub(crate) fn recognise(name: &str, text: &str, options: &Options<'_>) -> Result<Content, Malformed> {
    let content = content(name, text, options.format)?;
    if let Content::Text(_) = &content
        && let Some(at) = text.find(|c: char| c.is_control() && !c.is_whitespace())
    {
        let what =
            format!("the control character U+{:04X} stands here", text[at..].chars().next().map_or(0, u32::from));
        return Err(Malformed::new(place(text, at), what).help("such a file is plain text; was it damaged?"));
    }
    wanted(content.format(), options)?;
    Ok(content)
}

/// Refuses a format that is not the one that was asked for.
pub(crate) fn wanted(found: Format, options: &Options<'_>) -> Result<(), Malformed> {
    if let Some(insisted) = options.format
        && insisted != found
    {
        let what = format!("this is {}, and {} was expected", found.described(), insisted.described());
        return Err(with_way_out(Malformed::new("", what), found, insisted.serves(Expected::Change)));
    }
    if !found.serves(options.expected) {
        let wanted = match options.expected {
            Expected::Anything => "any file",
            Expected::Change => "a plan or another change",
            Expected::State => "a state",
            Expected::Facts => "a facts file",
        };
        let what = format!("this is {}, and {wanted} was expected", found.described());
        return Err(with_way_out(Malformed::new("", what), found, options.expected == Expected::Change));
    }
    Ok(())
}

fn with_way_out(malformed: Malformed, found: Format, change_wanted: bool) -> Malformed {
    match (found, change_wanted) {
        (Format::TerraformState, true) => malformed.help(
            "`terraform plan -out p` and then `terraform show -json p` write a plan; a state is given with `--state`",
        ),
        (Format::TerraformPlan | Format::WritChange, _) => malformed.help("give it as the change to decide"),
        (Format::TerraformState | Format::Kubernetes | Format::TerraformFolder, _) => {
            malformed.help("give it with `--state`")
        }
        (Format::Facts | Format::Csv | Format::Codeowners | Format::Records, _) => {
            malformed.help("give it with `--facts`")
        }
    }
}

fn content(name: &str, text: &str, insisted: Option<Format>) -> Result<Content, Malformed> {
    let base = base(name);
    let text_format = match insisted {
        Some(format @ (Format::Csv | Format::Codeowners | Format::Records)) => return Ok(Content::Text(format)),
        _ if text.trim_start().starts_with(['{', '[']) && !is_codeowners(base) => None,
        _ if base.to_ascii_lowercase().ends_with(".csv") => Some(Format::Csv),
        _ if is_codeowners(base) => Some(Format::Codeowners),
        Some(Format::Kubernetes) => return manifests(text).map(Content::Yaml),
        None if yaml_like(&base.to_ascii_lowercase(), text) => return manifests(text).map(Content::Yaml),
        // Whoever insists on a JSON format, or gives what can only be cut-short JSON, hears what is wrong with the JSON.
        Some(_) => None,
        None if base.to_ascii_lowercase().ends_with(".json") || text.trim().is_empty() => None,
        None if codeowners::looks_like_it(text) => Some(Format::Codeowners),
        None => return Err(unknown_text(text)),
    };
    if let Some(format) = text_format {
        return Ok(Content::Text(format));
    }
    if text.trim_start().starts_with("{\"@level\"") {
        return Err(Malformed::new("", "this is the log of a Terraform run")
            .help("`terraform plan -out p` and then `terraform show -json p` write a plan"));
    }
    let json = json::parse(text)?;
    Ok(Content::Json(format_of(&json, insisted)?, json))
}

/// Which format a JSON file is in.
pub(crate) fn format_of(json: &Json, insisted: Option<Format>) -> Result<Format, Malformed> {
    match recognise_json(json) {
        Ok(format) => Ok(format),
        // An empty or unusual file may be what the user says it is; the reader then says what it lacks.
        Err(malformed) => match insisted {
            Some(format) if matches!(json, Json::Object(_)) => Ok(format),
            _ => Err(malformed),
        },
    }
}

/// Whether a file whose text begins with a brace may be JSON for all that name and options say.
pub(crate) fn may_be_json(name: &str, insisted: Option<Format>) -> bool {
    !matches!(insisted, Some(Format::Csv | Format::Codeowners | Format::Records)) && !is_codeowners(base(name))
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn is_codeowners(base: &str) -> bool {
    base.eq_ignore_ascii_case("codeowners")
}

/// Whether a file can only be meant as YAML: by its name, or since it says the version of an object.
fn yaml_like(base: &str, text: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| base.ends_with(ending))
        || text.lines().any(|line| line.starts_with("apiVersion:"))
}

/// The documents of a YAML file of objects. A template is refused by its name.
fn manifests(text: &str) -> Result<Vec<Document>, Malformed> {
    let template = |fault: Malformed| match text.contains("{{") {
        false => fault,
        true => Malformed { what: "this is a template of Helm or Go, not the objects it makes".into(), ..fault }
            .help("`helm template CHART` writes them"),
    };
    let documents = yaml::documents(text).map_err(template)?;
    if documents.is_empty() {
        return Err(Malformed::new("", "the file holds no object: it is empty, or all of it is comment"));
    }
    for document in &documents {
        if !kubernetes::looks_like_it(&document.json) {
            let what = "this has no `apiVersion` and `kind`, so it is no object of a cluster";
            let fault = Malformed::new(document.place(""), what);
            return Err(match text.contains("{{") {
                true => template(fault),
                false => {
                    fault.help("YAML is read as Kubernetes objects; values of a Helm chart make none by themselves")
                }
            });
        }
    }
    Ok(documents)
}

fn recognise_json(json: &Json) -> Result<Format, Malformed> {
    let Json::Object(entries) = json else {
        return Err(Malformed::new("", format!("expected an object at the top, found {}", shape(json))).help(KNOWN));
    };
    if kubernetes::looks_like_it(json) {
        return Ok(Format::Kubernetes);
    }
    let has = |keys: &[&str]| keys.iter().any(|key| entries.contains_key(key));
    if has(&["encrypted_data"]) {
        return Err(Malformed::new("/encrypted_data", "the file is encrypted, as OpenTofu keeps states and plans")
            .help("`tofu show -json` writes it in the open, where the key is"));
    }
    if has(&["format"]) {
        return match entries.get("format") {
            Some(Json::Text(format)) if &**format == "writ-change/1" => Ok(Format::WritChange),
            Some(Json::Text(format)) => {
                Err(Malformed::new("/format", format!("the format `{format}` is not known here")).help(KNOWN))
            }
            _ => Err(Malformed::new("/format", "the format must be text").help(KNOWN)),
        };
    }
    if has(&["resource_changes", "planned_values", "prior_state", "configuration", "output_changes", "resource_drift"])
    {
        return Ok(Format::TerraformPlan);
    }
    if has(&["format_version"]) {
        if has(&["errored", "complete", "applyable", "relevant_attributes"]) {
            return Ok(Format::TerraformPlan);
        }
        let major = |text: &str| text.split_once('.').map_or(text, |(major, _)| major).to_owned();
        if let Some(Json::Text(version)) = entries.get("format_version")
            && !matches!(major(version).as_str(), "0" | "1")
        {
            let what = format!("the format_version `{version}` is known here neither of plans nor of states");
            return Err(Malformed::new("/format_version", what).help("0.1 to 1.x can be read"));
        }
        // Other answers of Terraform have a version too (schemas, validation); an empty state has nothing else.
        let state = |key: &str| ["checks", "format_version", "terraform_version", "values"].contains(&key);
        if entries.keys().all(|key| state(key)) {
            return Ok(Format::TerraformState);
        }
    }
    if has(&["version"]) && has(&["serial", "lineage", "terraform_version", "modules", "resources"]) {
        return Ok(Format::TerraformState);
    }
    let fact_like = |(key, value): (&std::sync::Arc<str>, &Json)| key.contains('.') && matches!(value, Json::Array(_));
    if !entries.is_empty() && entries.iter().all(fact_like) {
        return Ok(Format::Facts);
    }
    Err(Malformed::new("", "the file is JSON, but of no format that is known here").help(KNOWN))
}

const KNOWN: &str = "known are plans and states as `terraform show -json` writes them, state files, writ-change/1, \
    Kubernetes objects, and facts (`{\"std.authority.member\": [{\"who\": \"ana\", \"team\": \"orders\"}]}`)";

fn unknown_text(text: &str) -> Malformed {
    let malformed = Malformed::new("", "the file is of no format that is known here");
    if text.contains("Terraform will perform the following actions") || text.contains("Terraform used the selected") {
        return malformed.help("this is a plan as a terminal shows it; `terraform show -json FILE` writes it as JSON");
    }
    if text.trim_start().starts_with("local ") || text.contains("import '") {
        return malformed.help("this looks like Jsonnet; `jsonnet FILE` writes the JSON it makes");
    }
    if text.trim_start().starts_with(['"', '-', '0', '1']) {
        return malformed.help(KNOWN);
    }
    malformed.help(
        "`--format` says which it is: terraform-plan, terraform-state, writ-change, facts, csv, codeowners, kubernetes",
    )
}
