//! Copies in `vendor/`: each is what was locked, or nobody reads it, and it can be written anew.

use evidence::SigningKey;
use packages::install::{self, Updated, Ways};
use packages::registry::directory::Directory;
use packages::registry::{Registry, release};
use packages::store::Store;
use packages::{Failure, Name, Tree, Version, Workspace, archive, trust};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package that depends on one of a registry, which is signed, and on one of a git repository, which nobody signs.
struct World {
    folder: PathBuf,
    ways: Ways,
}

fn files(name: &str) -> [(&'static str, String); 2] {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
    [("writ.toml", manifest), ("words.writ", String::from("// words\n"))]
}

fn git(folder: &Path, words: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=ana", "-c", "user.email=ana@example.com"]).args(words);
    let said = git.output().expect("git is here");
    assert!(said.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&said.stderr));
}

impl World {
    fn new(name: &str) -> World {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("copies-{name}"));
        let _ = fs::remove_dir_all(&folder);
        for inner in ["shop", "repository"] {
            fs::create_dir_all(folder.join(inner)).expect("a folder");
        }
        let ways = Ways {
            store: Store::new(folder.join("home")),
            writ: Version::new(0, 1, 0),
            offline: false,
            locked: false,
            docker: None,
        };
        let mut tree = Tree::default();
        for (path, text) in files("acme/signed") {
            tree.add(path, text.into_bytes()).expect("a path");
        }
        let (release, _) = release(&tree).expect("a release");
        let key = SigningKey::new("acme", [3; 32]).expect("a name");
        let note = trust::sign(&release.name, &release.version, &release.digest, &key);
        let registry = Directory::new(folder.join("registry"));
        registry.publish(&release, &archive::pack(&tree), Some(&note)).expect("it is new");
        for (path, text) in files("open/words") {
            fs::write(folder.join("repository").join(path), text).expect("it is writable");
        }
        git(&folder.join("repository"), &["init", "--quiet", "--initial-branch", "main"]);
        git(&folder.join("repository"), &["add", "."]);
        git(&folder.join("repository"), &["commit", "--quiet", "--message", "one"]);
        let text = format!(
            "[package]\nname = \"acme/shop\"\n[registries]\nacme = \"../registry\"\n[trust.packages]\nacme = [\"{}\"]\nopen = \"unsigned\"\n[dependencies]\n\"acme/signed\" = \"1\"\n\"open/words\" = {{ git = \"../repository\" }}\n",
            key.public()
        );
        fs::write(folder.join("shop/writ.toml"), text).expect("it is writable");
        let world = World { folder, ways };
        world.load().expect("all is there");
        world.vendor(false).expect("all is there");
        world
    }

    fn root(&self) -> Workspace {
        Workspace::read(&self.folder.join("shop")).expect("a manifest")
    }

    fn load(&self) -> Result<usize, String> {
        install::load(&self.root(), &self.ways).map(|all| all.len()).map_err(|failure| failure.to_string())
    }

    fn vendor(&self, offline: bool) -> Result<Vec<Name>, String> {
        let ways = Ways { locked: true, offline, ..self.ways.clone() };
        let done = install::turn(&self.root(), &ways).and_then(|turn| install::vendor(&self.root(), &ways, &turn));
        done.map_err(|failure| failure.to_string())
    }

    fn copies(&self) -> PathBuf {
        self.folder.join("shop/vendor")
    }

    /// Every file of the copies, but the one that names them.
    fn all(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut found, mut open) = (BTreeMap::new(), vec![self.copies()]);
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    open.push(path);
                } else if !path.ends_with("writ.copies") {
                    found.insert(path.clone(), fs::read(path).expect("it is there"));
                }
            }
        }
        found
    }
}

/// As who has the turn.
fn update(root: &Workspace, ways: &Ways, only: &[Name]) -> Result<Updated, Failure> {
    let turn = install::turn(root, ways)?;
    install::update(root, ways, only, Some(&turn))
}

#[test]
fn a_copy_that_is_not_what_was_locked_is_refused_and_written_anew() {
    let world = World::new("damaged");
    let right = world.all();
    assert_eq!(right.len(), 5, "two files of each, and one signature: {:?}", right.keys());
    let copies = world.copies();
    let mut damages: Vec<(String, Box<dyn Fn()>)> = Vec::new();
    for (path, bytes) in right.clone() {
        let (gone, mut bent) = (path.clone(), bytes);
        let last = bent.len() - 2;
        bent[last] ^= 1;
        damages
            .push((format!("{} bent", path.display()), Box::new(move || fs::write(&path, &bent).expect("writable"))));
        damages
            .push((format!("{} gone", gone.display()), Box::new(move || fs::remove_file(&gone).expect("it is there"))));
    }
    for name in ["acme/signed", "open/words"] {
        for more in ["more.writ", ".hidden", "notes.txt"] {
            let path = copies.join(name).join(more);
            damages
                .push((format!("{} added", path.display()), Box::new(move || fs::write(&path, "").expect("writable"))));
        }
    }
    for (what, damage) in damages {
        damage();
        let said = world.load().expect_err(&what);
        assert!(said.contains("is not what was locked") || said.contains("is refused"), "{what}: {said}");
        world.vendor(false).unwrap_or_else(|said| panic!("{what}: {said}"));
        assert_eq!(world.all(), right, "{what}");
        assert_eq!(world.load(), Ok(2), "{what}");
    }
}

#[test]
fn what_is_right_is_copied_from_itself_and_what_is_not_from_the_store() {
    let world = World::new("alone");
    let right = world.all();
    let signature = world.copies().join("acme/signed.sig");
    fs::remove_file(&signature).expect("it is there");
    fs::write(world.copies().join("open/words/words.writ"), "// other\n").expect("it is writable");
    for gone in ["registry", "repository"] {
        fs::remove_dir_all(world.folder.join(gone)).expect("it is there");
    }
    world.vendor(true).expect("the store has it");
    assert_eq!(world.all(), right);
    fs::remove_dir_all(world.folder.join("home")).expect("it is there");
    world.vendor(true).expect("it is there");
    assert_eq!(world.all(), right);
    // What nothing has any more stays as it is.
    fs::remove_file(&signature).expect("it is there");
    let said = world.vendor(true).expect_err("nobody has its signature");
    assert!(said.contains("it has no signature"), "{said}");
    assert_eq!(world.all().len(), right.len() - 1);
}

#[test]
fn an_update_does_not_wait_for_the_copies() {
    let world = World::new("newer");
    fs::write(world.folder.join("repository/words.writ"), "// newer\n").expect("it is writable");
    git(&world.folder.join("repository"), &["commit", "--all", "--quiet", "--message", "two"]);
    update(&world.root(), &world.ways, &[]).expect("the copies are of the old lock");
    let said = world.load().expect_err("they are");
    assert!(said.contains("this copy of open/words 1.0.0 is not what was locked"), "{said}");
    world.vendor(false).expect("all is there");
    assert_eq!(world.load(), Ok(2));
}

/// Other tools keep copies there too, of packages that may be called alike.
#[test]
fn what_others_keep_there_stays_and_is_in_the_way_only_where_a_copy_goes() {
    let world = World::new("others");
    let right = world.all();
    let write = |path: &str, text: &str| {
        let path = world.copies().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("it is writable");
    };
    let others =
        ["modules.txt", "github.com/acme/lib/lib.go", "acme/words/composer.json", "acme/README.md", "x/y.part"];
    others.iter().for_each(|path| write(path, "theirs"));
    let theirs = || others.iter().all(|path| fs::read(world.copies().join(path)).is_ok_and(|bytes| bytes == b"theirs"));
    let ours = || {
        let mut all = world.all();
        all.retain(|path, _| !others.iter().any(|other| path.ends_with(other)));
        all
    };
    // What a command left that was killed.
    write("acme/signed.417-2.part/writ.toml", "");
    world.vendor(true).expect("nothing is in the way");
    assert!(theirs() && ours() == right, "{:?}", world.all().keys());
    // Without the list, as an earlier writ left it.
    fs::remove_file(world.copies().join("writ.copies")).expect("it is there");
    fs::remove_file(world.copies().join("open/words/writ.toml")).expect("it is there");
    world.vendor(true).expect("the store has it");
    assert!(theirs() && ours() == right, "{:?}", world.all().keys());
    // A package of theirs under the name of one of ours: with our list and without.
    for list in [true, false] {
        fs::remove_dir_all(world.copies().join("open/words")).expect("it is there");
        write("open/words/composer.json", "theirs");
        fs::write(world.copies().join("acme/signed/words.writ"), "// bent\n").expect("it is writable");
        if !list {
            fs::remove_file(world.copies().join("writ.copies")).expect("it is there");
        }
        let before = world.all();
        let said = world.vendor(true).expect_err("it is not ours");
        let told = "vendor/open/words: here goes the copy of open/words, and something else stands here, which `writ vendor` did not write\n  help: move it away";
        assert!(said.contains(told) && world.all() == before, "{said}");
        fs::remove_dir_all(world.copies().join("open/words")).expect("it is there");
        world.vendor(true).expect("the store has it");
        assert!(theirs() && ours() == right, "{:?}", world.all().keys());
    }
    // Nothing is depended on any more.
    fs::write(world.folder.join("shop/writ.toml"), "[package]\nname = \"acme/shop\"\n").expect("it is writable");
    world.load().expect("the lock goes");
    assert_eq!(world.vendor(true), Ok(Vec::new()));
    assert!(theirs() && ours().is_empty() && !world.copies().join("open").exists(), "{:?}", world.all().keys());
    others.iter().for_each(|path| fs::remove_file(world.copies().join(path)).expect("it is there"));
}

/// Copies are made, damaged and made again while others read and copy.
#[test]
fn who_reads_while_others_copy_sees_all_of_a_package_or_none() {
    let world = World::new("meanwhile");
    let right = world.all();
    let over = std::sync::atomic::AtomicBool::new(false);
    let (root, ways) = (world.root(), Ways { locked: true, ..world.ways.clone() });
    let read = || {
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            assert_eq!(install::load(&root, &ways).map(|all| all.len()), Ok(2));
        }
    };
    let copy = || {
        for _ in 0..20 {
            let turn = install::turn(&root, &ways).expect("it is let go");
            install::vendor(&root, &ways, &turn).expect("all is there");
            for name in ["acme/signed", "open/words"] {
                // As one that takes it away does; two may at once.
                let away = world.folder.join(format!("away-{:?}", std::thread::current().id()));
                if fs::rename(world.copies().join(name), &away).is_ok() {
                    fs::remove_dir_all(away).expect("it is there");
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let reading = scope.spawn(read);
        let copying = [scope.spawn(copy), scope.spawn(copy)];
        let done = copying.map(|one| one.join().is_ok());
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reading.join().is_ok() && done == [true, true]);
    });
    world.vendor(false).expect("all is there");
    assert_eq!(world.all(), right);
}
