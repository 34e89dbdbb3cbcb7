//! Packages in git repositories: what a commit holds counts, whoever reads it, however they are set up.

use packages::git::{self, Newer, Seen, Sources};
use packages::manifest::Git;
use packages::store::Store;
use packages::{Failure, Name, Tree, Version};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository with one package in it, and a store.
struct World {
    folder: PathBuf,
    store: Store,
    from: Git,
}

fn run(folder: &Path, words: &[&str]) -> String {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=ana", "-c", "user.email=ana@example.com"]).args(words);
    let said = git.output().expect("git is here");
    assert!(said.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

impl World {
    fn new(name: &str, files: &[(&str, &[u8])]) -> World {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("repositories-{name}"));
        let _ = fs::remove_dir_all(&folder);
        let repository = folder.join("repository");
        fs::create_dir_all(&repository).expect("a folder");
        run(&repository, &["init", "--quiet", "--initial-branch", "main"]);
        let manifest = b"[package]\nname = \"acme/words\"\nversion = \"1.0.0\"\n";
        for (path, bytes) in files.iter().chain(&[("writ.toml", manifest.as_slice())]) {
            let path = repository.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, bytes).expect("it is writable");
        }
        run(&repository, &["-c", "core.autocrlf=false", "add", "."]);
        run(&repository, &["commit", "--quiet", "--message", "one"]);
        let from = Git { url: String::from("repository"), rev: None, folder: None };
        World { store: Store::new(folder.join("home")), folder, from }
    }

    fn newest(&self) -> Result<(String, Tree), Failure> {
        git::newest(&self.store, &self.from, &self.folder)
    }

    /// The folder that the repository is kept in.
    fn mirror(&self) -> PathBuf {
        let kept = fs::read_dir(self.folder.join("home/git")).expect("it is there").flatten();
        kept.map(|one| one.path()).find(|path| path.is_dir()).expect("one was fetched")
    }
}

/// The package that is asked for.
fn words() -> Name {
    Name::parse("acme/words").expect("a name")
}

#[test]
fn no_attribute_makes_other_bytes_of_a_file() {
    let files: [(&str, &[u8]); 4] = [
        (".gitattributes", b"*.writ text eol=crlf ident export-subst\nmore.writ export-ignore\n"),
        ("words.writ", b"// $Id$ $Format:%H$\n// one\n"),
        ("more.writ", b"// two\n"),
        ("deeper/words.writ", b"// three"),
    ];
    let world = World::new("attributes", &files);
    // As somebody's own configuration may say it, of this repository too.
    let (_, tree) = world.newest().expect("it reads");
    run(&world.mirror(), &["config", "core.autocrlf", "true"]);
    fs::create_dir_all(world.mirror().join("info")).expect("a folder");
    fs::write(world.mirror().join("info/attributes"), "*.writ filter=loud\n").expect("it is writable");
    let ran = world.folder.join("ran");
    run(&world.mirror(), &["config", "filter.loud.smudge", &format!("touch {} && cat", ran.display())]);
    let (commit, again) = world.newest().expect("it reads");
    let offline = git::at(&world.store, &world.from, &commit, &world.folder, true).expect("it is here");
    let folder = Tree::of_sources(&world.folder.join("repository")).expect("it reads");
    for one in [&tree, &again, &offline] {
        assert_eq!(one.digest(), folder.digest());
        assert_eq!(one.file("words.writ"), Some(files[1].1));
        assert_eq!(one.file("more.writ"), Some(files[2].1));
    }
    assert!(!ran.exists(), "a filter ran");
}

#[test]
fn a_repository_that_was_damaged_here_is_fetched_again() {
    let world = World::new("damaged", &[("words.writ", b"// one\n")]);
    let (commit, tree) = world.newest().expect("it reads");
    let at = |offline| git::at(&world.store, &world.from, &commit, &world.folder, offline);
    // Somebody's own repository stands above what is kept here, as one of all their settings may. Nothing of it is touched.
    run(&world.folder, &["init", "--quiet", "--initial-branch", "mine"]);
    run(&world.folder, &["commit", "--quiet", "--allow-empty", "--message", "mine"]);
    run(&world.folder, &["remote", "add", "origin", "repository"]);
    let own = || run(&world.folder, &["for-each-ref"]);
    let before = own();
    let objects = |damage: &dyn Fn(&Path)| {
        let mut open = vec![world.mirror().join("objects")];
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path()) {
                if path.is_dir() { open.push(path) } else { damage(&path) }
            }
        }
    };
    let cut = |path: &Path| {
        let bytes = fs::read(path).expect("it is there");
        fs::remove_file(path).expect("it is there");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("it is writable");
    };
    let damages: [&dyn Fn(); 4] = [
        &|| objects(&cut),
        &|| objects(&|path| fs::remove_file(path).expect("it is there")),
        &|| fs::remove_file(world.mirror().join("HEAD")).expect("it is there"),
        &|| {
            let mirror = world.mirror();
            fs::remove_dir_all(&mirror).and_then(|()| fs::create_dir_all(mirror.join("HEAD"))).expect("it is writable");
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        damage();
        at(true).map(|_| ()).expect_err("nothing may be fetched");
        assert_eq!(at(false).expect("it is fetched again").digest(), tree.digest(), "damage {number}");
        damage();
        assert_eq!(world.newest().expect("it is fetched again").1.digest(), tree.digest(), "damage {number}");
        assert_eq!(own(), before, "damage {number}");
    }
}

#[test]
fn a_folder_is_what_git_keeps_of_it() {
    let files: [(&str, &[u8]); 4] = [
        (".gitignore", b"local.writ\ndrafts/\ncases/secret.json\n"),
        ("words.writ", b"// one\n"),
        ("gone.writ", b"// gone\n"),
        ("cases/one.json", b"{}\n"),
    ];
    let world = World::new("kept", &files);
    let repository = world.folder.join("repository");
    fs::remove_file(repository.join("gone.writ")).expect("it is there");
    fs::create_dir_all(repository.join("drafts")).expect("a folder");
    for path in ["local.writ", "new.writ", "drafts/more.writ", "cases/secret.json", "notes.txt"] {
        fs::write(repository.join(path), "// more\n").expect("it is writable");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", repository.join("drafts/etc")).expect("a link");
    let Sources::Kept { files, dirty } = git::sources(&repository).expect("git is here") else { panic!("it is kept") };
    assert_eq!(dirty, [" D gone.writ", "?? new.writ", "?? notes.txt"]);
    let (tree, left) = Tree::of_sources_among(&repository, Some(&files)).expect("it reads");
    let paths: Vec<&str> = tree.files().map(|(path, _)| path).collect();
    assert_eq!(paths, ["cases/one.json", "new.writ", "words.writ", "writ.toml"]);
    assert_eq!(left, ["cases/secret.json", "drafts/more.writ", "local.writ"]);
    // A folder of the repository that it ignores, and one that no repository knows.
    fs::write(repository.join("drafts/writ.toml"), "").expect("it is writable");
    assert_eq!(git::sources(&repository.join("drafts")), Ok(Sources::Ignored));
    let alone = std::env::temp_dir().join(format!("writ-no-repository-{}", std::process::id()));
    fs::create_dir_all(&alone).expect("a folder");
    assert_eq!(git::sources(&alone), Ok(Sources::Nowhere));
    fs::remove_dir_all(alone).expect("it is there");
    // A repository that cannot be read is no folder without one.
    fs::write(repository.join(".git/index"), "no index").expect("it is writable");
    let said = git::sources(&repository).expect_err("nobody knows what it keeps").to_string();
    assert!(said.contains("git cannot read it\n  git says: "), "{said}");
}

#[test]
fn what_is_not_there_is_said() {
    let world = World::new("absent", &[("words.writ", b"// one\n"), ("policies/web.writ", b"// two\n")]);
    let said = |from: Git| git::newest(&world.store, &from, &world.folder).expect_err("it is not there").to_string();
    let from = |rev: Option<&str>, folder: Option<&str>| Git {
        url: String::from("repository"),
        rev: rev.map(str::to_owned),
        folder: folder.map(str::to_owned),
    };
    run(&world.folder.join("repository"), &["tag", "v1"]);
    let revision = said(from(Some("v9"), None));
    assert_eq!(revision, "repository has no revision `v9`\n  help: did you mean `v1`?");
    let tag = said(from(Some("refs/tags/main"), None));
    assert_eq!(tag, "repository has no tag `main`\n  help: it has `v1`");
    let branch = said(from(Some("refs/heads/mian"), None));
    assert_eq!(branch, "repository has no branch `mian`\n  help: did you mean `main`?");
    let nowhere = said(Git { url: String::from("elsewhere"), rev: None, folder: None });
    let lines: Vec<&str> = nowhere.lines().collect();
    assert_eq!(lines[0], "elsewhere: there is no such repository");
    assert!(lines[1].starts_with("  git says: fatal: repository '") && lines[2].starts_with("  help: "), "{nowhere}");
    let empty = world.folder.join("empty");
    fs::create_dir_all(&empty).expect("a folder");
    run(&empty, &["init", "--quiet"]);
    let empty = said(Git { url: String::from("empty"), rev: None, folder: None });
    assert!(empty.contains("has no commit yet"), "{empty}");
    assert!(said(from(None, Some("police"))).starts_with("repository has no folder `police` in "));
    assert!(
        said(from(None, Some("policies")))
            .ends_with("there is no writ.toml in policies\n  help: a package is its root: leave `folder` out")
    );
    let (commit, _) = world.newest().expect("it reads");
    let other = commit.chars().rev().collect::<String>();
    let gone = git::at(&world.store, &world.from, &other, &world.folder, false).expect_err("it is not there");
    assert!(gone.to_string().contains(&format!("does not have the commit {other} any more")), "{gone}");
    #[cfg(unix)]
    {
        let repository = world.folder.join("repository");
        std::os::unix::fs::symlink("/etc/hostname", repository.join("link.writ")).expect("a link");
        run(&repository, &["add", "."]);
        run(&repository, &["commit", "--quiet", "--message", "two"]);
        assert!(said(from(None, None)).ends_with("link.writ is no plain file"));
    }
}

#[test]
fn the_packages_of_a_repository_are_told_where_none_is_its_root() {
    let manifest = b"[package]\nname = \"acme/other\"\n".as_slice();
    let files: [(&str, &[u8]); 4] = [
        ("a/b/writ.toml", manifest),
        ("a/b/words.writ", b"// two\n"),
        ("vendor/acme/copied/writ.toml", manifest),
        (".hidden/writ.toml", manifest),
    ];
    let world = World::new("folders", &files);
    let folders = || git::packages(&world.store, &world.from, &world.folder).expect("it reads");
    assert_eq!(folders(), ["a/b", ""]);
    run(&world.folder.join("repository"), &["rm", "--quiet", "writ.toml"]);
    run(&world.folder.join("repository"), &["commit", "--quiet", "--message", "two"]);
    assert_eq!(folders(), ["a/b"]);
    let said = world.newest().expect_err("nobody said where").to_string();
    assert!(
        said.contains("there is no writ.toml\n  help: a package is in its folder `a/b`: say so, `folder = \"a/b\"`"),
        "{said}"
    );
}

#[test]
fn a_repository_says_what_became_of_a_commit() {
    let world = World::new("seen", &[("words.writ", b"// one\n")]);
    let repository = world.folder.join("repository");
    let commit = |version: &str| {
        let text = format!("[package]\nname = \"acme/words\"\nversion = \"{version}\"\n");
        fs::write(repository.join("writ.toml"), text).expect("it is writable");
        run(&repository, &["commit", "--all", "--quiet", "--message", version]);
        run(&repository, &["rev-parse", "HEAD"])
    };
    let first = run(&repository, &["rev-parse", "HEAD"]);
    run(&repository, &["tag", "v1.0.0"]);
    let asked = |rev: &str| Git { rev: Some(rev.to_owned()), ..world.from.clone() };
    let seen = |rev: &str, locked: &str| {
        let takes = |version: &Version| version.numbers()[0] == 1;
        git::seen(&world.store, &asked(rev), (&words(), locked), &world.folder, false, &takes).expect("it says")
    };
    let told = |newer: &[Newer]| -> Vec<String> {
        let line = |one: &Newer| format!("{} {}", one.name, one.version.clone().expect("it reads"));
        newer.iter().map(line).collect()
    };
    assert_eq!(seen("refs/heads/main", &first), Seen { gone: false, moved: Ok(None), tags: Vec::new() });
    for (tag, version) in
        [("v1.1", "1.1.0"), ("v1.2", "1.2.0"), ("other-v7", "7.0.0"), ("v2.0.0", "2.0.0"), ("v3.0.0", "3.0.0")]
    {
        commit(version);
        run(&repository, &["tag", tag]);
    }
    let tags = seen("refs/tags/v1.0.0", &first);
    assert_eq!(
        (tags.gone, tags.moved, told(&tags.tags)),
        (false, Ok(None), vec!["v3.0.0 3.0.0".into(), "v1.2 1.2.0".into()])
    );
    // A name that nobody says to be a tag is the tag or the branch that there is.
    assert_eq!(told(&seen("v1.0.0", &first).tags).len(), 2);
    for rev in ["refs/heads/main", "main"] {
        let moved = seen(rev, &first).moved.expect("it is there").expect("it moved on");
        assert_eq!(
            (told(std::slice::from_ref(&moved)), seen(rev, &moved.commit).moved),
            (vec!["the branch `main` 3.0.0".into()], Ok(None))
        );
    }
    // What is proposed is neither branch nor tag, and leads to its commit.
    run(&repository, &["checkout", "--quiet", "--detach"]);
    let proposed = commit("3.1.0");
    run(&repository, &["update-ref", "refs/changes/1/head", "HEAD"]);
    run(&repository, &["checkout", "--quiet", "main"]);
    assert!(!seen("refs/heads/main", &proposed).gone);
    run(&repository, &["update-ref", "-d", "refs/changes/1/head"]);
    assert!(seen("refs/heads/main", &proposed).gone);
    assert!(
        seen("refs/heads/mian", &first)
            .moved
            .expect_err("it is not there")
            .to_string()
            .contains("has no branch `mian`")
    );
    let offline = git::seen(&world.store, &asked("main"), (&words(), &first), &world.folder, true, &|_| true);
    assert!(offline.expect_err("nothing may be fetched").to_string().contains("nothing may be fetched"));
}

#[test]
fn what_is_neither_branch_nor_tag_is_fetched_where_it_is_asked_for() {
    let world = World::new("proposed", &[("words.writ", b"// one\n")]);
    let repository = world.folder.join("repository");
    run(&repository, &["tag", "v1"]);
    run(&repository, &["checkout", "--quiet", "--detach"]);
    fs::write(repository.join("words.writ"), "// proposed\n").expect("it is writable");
    run(&repository, &["commit", "--all", "--quiet", "--message", "proposed"]);
    run(&repository, &["update-ref", "refs/changes/1/head", "HEAD"]);
    let proposed = run(&repository, &["rev-parse", "HEAD"]);
    run(&repository, &["checkout", "--quiet", "main"]);
    // Of a folder all objects would be taken over.
    let url = format!("file://{}", repository.display());
    let rev = |rev: &str| Git { rev: Some(rev.to_owned()), url: url.clone(), folder: None };
    let newest = |from: &Git| git::newest(&world.store, from, &world.folder).expect("it is there");
    let refs = || run(&world.mirror(), &["for-each-ref", "--format=%(refname)"]);
    let (first, _) = newest(&rev("refs/tags/v1"));
    assert_eq!(refs(), "refs/heads/main\nrefs/tags/v1");
    for from in [rev(&proposed), rev("refs/changes/1/head")] {
        fs::remove_dir_all(world.folder.join("home")).expect("it is there");
        assert_eq!(newest(&from).0, proposed);
        assert!(refs().contains("refs/changes/1/head"), "{}", refs());
    }
    fs::remove_dir_all(world.folder.join("home")).expect("it is there");
    newest(&rev("refs/tags/v1"));
    let tree = git::at(&world.store, &rev("refs/tags/v1"), &proposed, &world.folder, false).expect("it is there");
    assert_eq!(tree.file("words.writ"), Some(b"// proposed\n".as_slice()));
    // One tag is asked for, and what else there is does not come along.
    fs::remove_dir_all(world.folder.join("home")).expect("it is there");
    newest(&rev("refs/tags/v1"));
    run(&repository, &["branch", "other"]);
    run(&repository, &["tag", "--force", "v1", &proposed]);
    assert_ne!(newest(&rev("refs/tags/v1")).0, first);
    assert_eq!(refs(), "refs/heads/main\nrefs/tags/v1");
}
