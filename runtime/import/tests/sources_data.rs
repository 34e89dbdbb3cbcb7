//! Terraform's text, ownership files, teams and inventories of the data folder: each is read, or refused with a message.
//!
//! `WRIT_DATA` names the folder. Without it a test prints how much it skipped; with it a skip is a failure.

#![allow(clippy::print_stdout, reason = "the tables are for people to read")]
#![allow(clippy::disallowed_methods, reason = "the variable says where the data is")]

#[path = "data_folder/files.rs"]
mod data_folder;

use data_folder::files;
use import::{Format, Imported, Options, read, read_terraform};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn count(imported: &Imported, relation: &str) -> usize {
    imported.facts.iter().filter(|fact| &*fact.relation == relation).count()
}

#[test]
fn every_folder_of_terraform_text() {
    let Some(files) = files("hcl", |_| true) else { return };
    let data = PathBuf::from(std::env::var("WRIT_DATA").expect("it is set")).join("hcl");
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "tf"))
        .filter_map(|path| path.parent().map(Path::to_owned))
        .collect();
    println!("{:>9} {:>5} {:>6} {:>7}  folder", "resources", "refs", "facts", "skipped");
    let (mut resources, mut references) = (0, 0);
    for folder in &folders {
        let repository = folder.strip_prefix(&data).expect("below").iter().next().expect("a repository");
        let root = data.join(repository);
        let inside = folder.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
        let inside = if inside.is_empty() { ".".to_owned() } else { inside };
        let reader = |folder: &str| {
            let path = root.join(folder);
            if !path.is_dir() {
                return Ok(None);
            }
            let mut found = Vec::new();
            for entry in std::fs::read_dir(&path).map_err(|e| e.to_string())? {
                let file = entry.map_err(|e| e.to_string())?.path();
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.ends_with(".tf") || name == "terraform.tfvars" {
                    let name = format!("{folder}/{name}").trim_start_matches("./").to_owned();
                    found.push((name, std::fs::read(&file).map_err(|e| e.to_string())?));
                }
            }
            Ok(Some(found))
        };
        let options = Options { folder: Some(&inside), ..Options::default() };
        let imported = read_terraform(&inside, &reader, &options).unwrap_or_else(|malformed| panic!("{malformed}"));
        let made = count(&imported, "std.terraform.resource");
        let refers = count(&imported, "std.terraform.reference");
        println!(
            "{made:>9} {refers:>5} {:>6} {:>7}  {}/{inside}",
            imported.facts.len(),
            imported.skipped.len(),
            repository.to_string_lossy()
        );
        imported.skipped.iter().for_each(|skipped| println!("        {}: {}", skipped.place, skipped.why));
        (resources, references) = (resources + made, references + refers);
    }
    println!("{} folders: {resources} resources, {references} references", folders.len());
    assert!(folders.len() == 39 && resources > 800 && references > 3000);
}

#[test]
fn every_file_of_owners_teams_and_inventories() {
    let Some(mut all) = files("ownership", |_| true) else { return };
    all.extend(files("inventory", |_| true).unwrap_or_default());
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ["OWNERS", "OWNERS_ALIASES"].contains(&name.as_str())
            || [".yaml", ".yml", ".toml", ".json", ".csv"].iter().any(|ending| name.ends_with(ending))
    };
    let (mut read_, mut rows, mut refused) = (0, 0, BTreeMap::<String, usize>::new());
    let mut folders: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for path in all.iter().filter(|path| wanted(path)) {
        let bytes = std::fs::read(path).expect("the file can be read");
        let name = path.file_name().expect("a name").to_string_lossy();
        match read(&name, &bytes, &Options { format: Some(Format::Records), ..Options::default() }) {
            Ok(imported) => {
                read_ += 1;
                rows += imported.facts.len();
                let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                let at = parts.iter().position(|part| part == "ownership" || part == "inventory").expect("below");
                let sum = folders.entry(parts[at..=at + 1].join("/")).or_default();
                *sum = (sum.0 + 1, sum.1 + imported.facts.len());
            }
            Err(malformed) => {
                println!("refused: {} ({})", malformed.what, path.display());
                *refused.entry(malformed.what).or_default() += 1;
            }
        }
    }
    folders.iter().for_each(|(folder, (files, rows))| println!("{files:>5} files {rows:>6} rows  {folder}"));
    let not: usize = refused.values().sum();
    println!("{read_} files read, {rows} rows; {not} refused");
    assert!(read_ > 1000 && not * 50 < read_, "{refused:?}");
}
