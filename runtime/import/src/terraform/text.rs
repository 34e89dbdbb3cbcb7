//! Terraform's own text: the resources that a folder of `.tf` files means, with the modules that it calls.
//!
//! What the text says is taken as it says it: variables from their defaults and `terraform.tfvars`, locals, `count` and
//! `for_each`, calls of modules in folders of the repository. What it does not say (a variable without a value, what a
//! provider fills in) is an unknown that names where it comes from. What the text leaves out of a resource is absent.
//!
//! Read downwards: [`read`] is the whole way. `folder` takes a folder's files apart; `scope` and `evaluate` say what an
//! expression is worth; `references` what it refers to, whatever it is worth; `expand` which instances there are.
//!
//! INVARIANT: an expression that cannot be computed here is unknown, never left out and never guessed.
//! Not here: which instances a reference means (`resolve`), what a type means (`stdlib`).

mod evaluate;
mod expand;
mod folder;
mod functions;
mod references;
mod scope;

use super::address::module_text;
use super::configuration;
use super::resolve::World;
use super::resource::Instance;
use super::worlds::{all_references, seal_fed};
use crate::sensitive::Sealer;
use crate::sheet::Sheet;
use crate::{FolderReader, Imported, Malformed, Options};
use expand::{Meant, Number};
use folder::Folders;
use program::{FactSource, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many instances, and how many calls of modules, one source may make.
const INSTANCES: usize = 200_000;

/// Reads a folder and the modules that it calls.
///
/// - `root`: its folder, relative to the repository: `.`, `./infra`.
/// - `files`: the text files of a folder, each with its path.
pub(crate) fn read(
    root: &str,
    files: &FolderReader<'_>,
    source: impl FnOnce(String) -> FactSource,
    sealer: &Sealer,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let root = configuration::folder(root);
    let mut folders = Folders::new(&root, files);
    let text = folders.get(&root)?.ok_or_else(|| Malformed::new("", format!("there is no folder `{root}`")))?;
    if text.is_empty() {
        return Err(Malformed::new("", format!("the folder `{root}` has no Terraform text"))
            .help("it is read from files that end in `.tf`"));
    }
    let module = references::module(&text, &mut folders, true)?;
    let expanded = expand::expand(&text, &mut folders)?;
    let mut sheet = Sheet::new(source(folders.digest()), options);
    for (place, why) in expanded.skipped {
        sheet.skip(place, why);
    }
    let world = World::new(&module, expanded.instances.iter().map(|meant| &meant.instance.address));
    let mut facts = Vec::new();
    for (module, place) in &expanded.unread {
        facts.push(sheet.fact("std.terraform.unread", vec![Value::Text(sheet.named(module))], place));
    }
    let mut edges = BTreeMap::new();
    for Meant { instance, number } in &expanded.instances {
        let found = all_references(&world, &instance.address, &mut edges);
        let mut instance = instance.clone();
        seal_fed(&mut instance.config, &found, sealer);
        match number {
            None => instance.describe(&sheet, &mut facts),
            Some(number) => any_number_of(&instance, number, &sheet, &mut facts),
        }
    }
    super::worlds::state_edges(&edges, &sheet, &mut facts);
    let named: BTreeSet<Arc<str>> = state_folders(&root, &world, &sheet, &mut facts);
    sheet.facts = facts;
    let mut imported = Imported::of(sheet);
    imported.folders = named;
    Ok(imported)
}

/// States that there may be none of it, or many. What it is configured to be holds of none surely.
fn any_number_of(instance: &Instance, number: &Number, sheet: &Sheet, facts: &mut Vec<program::Fact>) {
    instance.describe_with(number.value.clone(), sheet, facts);
    let name = Value::Text(sheet.named(&instance.address.to_string()));
    if instance.address.block().is_none() {
        facts.push(sheet.fact("std.terraform.one_of", vec![name.clone(), name.clone()], &instance.place));
    }
    facts.push(sheet.fact("std.terraform.number", vec![name, Value::json(number.value.clone())], &number.place));
}

/// States the folder of every module instance.
///
/// - returns: the folders.
fn state_folders(root: &str, world: &World<'_>, sheet: &Sheet, facts: &mut Vec<program::Fact>) -> BTreeSet<Arc<str>> {
    let mut of_module: BTreeMap<Vec<_>, String> = BTreeMap::from([(Vec::new(), root.to_owned())]);
    let mut state = |module: &str, folder: &str, place: &str| {
        let tuple = vec![Value::Text(sheet.named(module)), Value::text(folder)];
        facts.push(sheet.fact("std.terraform.module_folder", tuple, place));
    };
    state("", root, "1:1");
    for (path, call) in world.calls().collect::<BTreeMap<_, _>>() {
        let above = of_module.get(&path[..path.len() - 1]).cloned().unwrap_or_else(|| root.to_owned());
        let folder = call.folder.clone().unwrap_or(above);
        state(&module_text(path), &folder, &call.place);
        of_module.insert(path.clone(), folder);
    }
    of_module.into_values().map(Arc::from).collect()
}
