//! Packages from a registry in a folder, with the store, the lock and the copies damaged in every way.

// LONG: all that may happen to one lock, one store and one folder of copies, which share how they are made.

use evidence::SigningKey;
use packages::install::{self, Ahead, Installed, Looked, Updated, Ways};
use packages::registry::directory::Directory;
use packages::registry::{Registry, release};
use packages::store::Store;
use packages::{Failure, Name, Tree, Version, Workspace, archive, trust};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

struct World {
    folder: PathBuf,
    ways: Ways,
}

fn key() -> SigningKey {
    SigningKey::new("acme", [3; 32]).expect("a name")
}

impl World {
    fn new(name: &str) -> World {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("shop")).expect("a folder");
        let ways = Ways {
            store: Store::new(folder.join("home")),
            writ: Version::new(0, 1, 0),
            offline: false,
            locked: false,
            docker: None,
        };
        World { folder, ways }
    }

    /// Publishes a package whose one module says `text`.
    fn publish(&self, name: &str, version: &str, more: &str, text: &str) {
        let mut tree = Tree::default();
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{more}");
        tree.add("writ.toml", manifest.into_bytes()).expect("a path");
        tree.add("words.writ", text.as_bytes().to_vec()).expect("a path");
        let (release, _) = release(&tree).expect("a release");
        let note = trust::sign(&release.name, &release.version, &release.digest, &key());
        let registry = Directory::new(self.folder.join("registry"));
        registry.publish(&release, &archive::pack(&tree), Some(&note)).expect("it is new");
    }

    fn root(&self, dependencies: &str) -> Workspace {
        let text = format!(
            "[package]\nname = \"acme/shop\"\n[registries]\n\"*\" = \"../registry\"\n[trust.packages]\nacme = [\"{}\"]\n[dependencies]\n{dependencies}\n",
            key().public()
        );
        let folder = self.folder.join("shop");
        fs::write(folder.join("writ.toml"), &text).expect("it is writable");
        Workspace::read(&folder).expect("a manifest")
    }

    fn load(&self, root: &Workspace) -> Result<Vec<Installed>, Failure> {
        install::load(root, &self.ways)
    }
}

fn words(all: &[Installed]) -> Vec<String> {
    all.iter()
        .map(|one| format!("{} {} {}", one.name, one.version, one.tree.text("words.writ").expect("text")))
        .collect()
}

/// As who has the turn.
fn update(root: &Workspace, ways: &Ways, only: &[Name]) -> Result<Updated, Failure> {
    let turn = install::turn(root, ways)?;
    install::update(root, ways, only, Some(&turn))
}

#[test]
fn a_store_damaged_at_any_byte_is_noticed_and_filled_again() {
    let world = World::new("damaged");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    let right = words(&world.load(&root).expect("it is there"));
    let tree = &world.load(&root).expect("it is there")[0].tree;
    let folder = world.ways.store.folder(&tree.digest());
    let whole = || Tree::of_folder(&folder).is_ok_and(|there| there.digest() == tree.digest());
    assert!(whole());
    for (path, bytes) in tree.files() {
        for at in 0..bytes.len() {
            let mut bent = bytes.to_vec();
            bent[at] ^= 1;
            fs::write(folder.join(path), bent).expect("it is writable");
            assert_eq!(words(&world.load(&root).expect("it is fetched again")), right, "{path}, byte {at}");
            assert!(whole(), "{path}, byte {at}");
        }
    }
    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(folder.join("words.writ")).expect("it is there"),
        &|| fs::write(folder.join("more.writ"), "").expect("it is writable"),
        &|| {
            fs::create_dir_all(folder.join("words.writ.d/.hidden"))
                .and_then(|()| fs::write(folder.join("words.writ.d/.hidden/x"), ""))
                .expect("writable")
        },
        &|| {
            fs::remove_dir_all(&folder).expect("it is there");
            fs::write(&folder, "a file").expect("it is writable");
        },
    ];
    for damage in damages {
        damage();
        assert_eq!(words(&world.load(&root).expect("it is fetched again")), right);
        assert!(whole());
    }
    #[cfg(unix)]
    {
        fs::remove_file(folder.join("words.writ")).expect("it is there");
        std::os::unix::fs::symlink("/etc/hostname", folder.join("words.writ")).expect("a link");
        assert_eq!(words(&world.load(&root).expect("it is fetched again")), right);
        assert!(whole());
    }
}

#[test]
fn a_store_that_lost_a_signature_is_asked_for_it_again_and_never_does_without() {
    let world = World::new("unsigned");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    world.load(&root).expect("it is there");
    let signatures = world.folder.join("home/signatures");
    fs::remove_dir_all(&signatures).expect("it is there");
    let offline = Ways { offline: true, ..world.ways.clone() };
    assert!(install::load(&root, &offline).expect_err("nobody signed it").to_string().contains("no signature"));
    world.load(&root).expect("it is fetched again");
    // One that is another's, in its place.
    let one = fs::read_dir(&signatures).expect("it is there").flatten().next().expect("a signature").path();
    let (name, version) = (Name::parse("acme/words").expect("a name"), Version::new(1, 0, 0));
    let tree = &install::load(&root, &offline).expect("it is there")[0].tree;
    let other = SigningKey::new("acme", [4; 32]).expect("a name");
    fs::write(&one, trust::sign(&name, &version, &tree.digest(), &other)).expect("it is writable");
    assert!(install::load(&root, &offline).expect_err("nobody believes it").to_string().contains("none of the keys"));
    let right = fs::read(world.folder.join("registry/acme/words/1.0.0.sig")).expect("it is signed");
    world.load(&root).expect("it is fetched again");
    install::load(&root, &offline).expect("it was mended");
    // Damage of any kind: the registry is asked again, and nobody is told to believe somebody else.
    let whole = fs::read(&one).expect("it is there");
    assert_eq!(right, whole);
    let damages: [&dyn Fn(); 3] = [
        &|| fs::write(&one, b"\xff").expect("it is writable"),
        &|| fs::write(&one, [whole.as_slice(), b"x"].concat()).expect("it is writable"),
        &|| fs::remove_file(&one).and_then(|()| fs::create_dir(&one)).expect("it is writable"),
    ];
    for damage in damages {
        damage();
        world.load(&root).expect("it is fetched again");
        assert_eq!(fs::read(&one).expect("it is there"), whole);
    }
}

#[test]
fn a_lock_that_was_edited_is_refused_or_means_what_it_says() {
    let world = World::new("edited");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    world.publish("acme/words", "2.0.0", "", "// two\n");
    world.publish("acme/user", "1.0.0", "[dependencies]\n\"acme/words\" = \"1\"\n", "// user\n");
    let root = world.root("\"acme/user\" = \"1\"");
    assert_eq!(words(&world.load(&root).expect("it fits")), ["acme/user 1.0.0 // user\n", "acme/words 1.0.0 // one\n"]);
    let path = world.folder.join("shop/writ.lock");
    let lock = fs::read_to_string(&path).expect("a lock");
    let locked = Ways { locked: true, ..world.ways.clone() };
    let one = lock.lines().filter(|line| line.starts_with("digest")).nth(1).expect("a digest").to_owned();
    let registry = Directory::new(world.folder.join("registry"));
    let two =
        registry.release(&Name::parse("acme/words").expect("a name"), &Version::new(2, 0, 0), None).expect("there");
    for (edited, said) in [
        (lock.replace(&one[10..20], "sha256:fff"), "not what"),
        (lock.replace("version = \"1.0.0\"\ndigest = \"", "version = \"9.0.0\"\ndigest = \""), "fit"),
        (lock.replace(&one, &format!("digest = \"{}\"", two.digest)), "not what"),
        (lock.replace("version = 1\n", "version = 2\n"), "of version 2"),
        (lock.replace("source", "sourse"), "did you mean `source`"),
        (lock.replace("dependencies = [\"acme/words\"]\n", ""), "nothing asks for acme/words"),
        (String::new(), "`version` is missing here"),
    ] {
        fs::write(&path, &edited).expect("it is writable");
        assert_ne!(edited, lock);
        let told = install::load(&root, &locked).expect_err(&edited).to_string();
        assert!(told.contains(said), "{said}: {told}");
    }
    // The version that the user does not take, with its own digest.
    let swapped = lock.replace(&one, &format!("digest = \"{}\"", two.digest));
    let at = swapped.rfind("version = \"1.0.0\"").expect("a version");
    let swapped = format!("{}version = \"2.0.0\"{}", &swapped[..at], &swapped[at + 17..]);
    fs::write(&path, &swapped).expect("it is writable");
    let told = install::load(&root, &locked).expect_err("it does not fit").to_string();
    assert!(told.contains("acme/user 1.0.0 asks for acme/words \"1\", and 2.0.0 is locked"), "{told}");
}

#[test]
fn what_fails_leaves_the_lock_and_the_sums_as_they_were() {
    let world = World::new("failing");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    world.load(&root).expect("it is there");
    let files =
        || ["writ.lock", "writ.sum"].map(|file| fs::read(world.folder.join("shop").join(file)).expect("a file"));
    let before = files();
    world.publish("acme/other", "1.0.0", "[dependencies]\n\"acme/words\" = \"3\"\n", "// other\n");
    let wanted = world.root("\"acme/words\" = \"1\"\n\"acme/other\" = \"1\"");
    assert!(world.load(&wanted).is_err());
    // The archive is not what the registry says.
    world.publish("acme/bent", "1.0.0", "", "// bent\n");
    fs::write(world.folder.join("registry/acme/bent/1.0.0.tar.gz"), "no archive").expect("it is writable");
    let wanted = world.root("\"acme/words\" = \"1\"\n\"acme/bent\" = \"1\"");
    assert!(world.load(&wanted).expect_err("it lies").to_string().contains("says something else of it"));
    assert_eq!(files(), before);
}

#[test]
fn a_registry_that_says_other_dependencies_than_the_manifest_lies() {
    let world = World::new("lying");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    world.publish("acme/user", "1.0.0", "[dependencies]\n\"acme/words\" = \"1\"\n", "// user\n");
    let told = world.folder.join("registry/acme/user/1.0.0.json");
    let text = fs::read_to_string(&told).expect("a release").replace("\"acme/words\": \"1\"", "\"acme/words\": \"*\"");
    fs::write(told, text).expect("it is writable");
    let said = world.load(&world.root("\"acme/user\" = \"1\"")).expect_err("it lies").to_string();
    assert!(said.contains("its manifest depends on something else"), "{said}");
}

#[test]
fn names_that_are_one_where_modules_are_named_are_refused() {
    let world = World::new("names");
    world.publish("acme/a-b", "1.0.0", "", "// one\n");
    world.publish("acme/a_b", "1.0.0", "", "// two\n");
    let said =
        world.load(&world.root("\"acme/a-b\" = \"1\"\n\"acme/a_b\" = \"1\"")).expect_err("they collide").to_string();
    assert!(said.contains("have the same name where modules are named"), "{said}");
}

#[test]
fn nobody_reads_a_package_that_is_of_a_newer_writ() {
    let world = World::new("newer");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    world.publish("acme/words", "1.1.0", "writ = \"0.2.0\"\n", "// two\n");
    let root = world.root("\"acme/words\" = \"1\"");
    // Of the registry's versions the newest that is understood is taken.
    assert_eq!(words(&world.load(&root).expect("one is understood")), ["acme/words 1.0.0 // one\n"]);
    let said = |root: &Workspace| match world.load(root) {
        Err(Failure::Malformed(said)) => said,
        other => panic!("it is read: {other:?}"),
    };
    let root = world.root("\"acme/words\" = \"1.1\"");
    assert!(said(&root).contains("it needs writ 0.2.0, and this is 0.1.0"), "{}", said(&root));
    // Nor does the package that is worked on, whatever it depends on.
    let folder = world.folder.join("shop");
    fs::write(folder.join("writ.toml"), "[package]\nname = \"acme/shop\"\nwrit = \"0.2.0\"\n").expect("it is writable");
    let said = said(&Workspace::read(&folder).expect("a manifest"));
    assert!(said.ends_with("writ.toml: it needs writ 0.2.0, and this is 0.1.0"), "{said}");
}

/// What a lock says of who signed, and what nobody asks for, is held against what is so.
#[test]
fn a_lock_that_says_more_than_is_so_is_refused_where_it_may_not_be_written() {
    let world = World::new("says-more");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    world.load(&root).expect("it fits");
    let path = world.folder.join("shop/writ.lock");
    let lock = fs::read_to_string(&path).expect("a lock");
    let signed = format!("key = \"{}\"\n", key().public().short());
    assert!(lock.contains(&signed), "{lock}");
    let locked = Ways { locked: true, ..world.ways.clone() };
    for (edited, said) in [
        (lock.replace(&signed, ""), "was signed by nobody, and [trust.packages] finds it signed by `acme+"),
        (lock.replace(&signed, "key = \"x+12345678\"\n"), "was signed by `x+12345678`, and"),
        (
            format!("{lock}\n[[package]]\nname = \"acme/zzz\"\nsource = \"registry\"\nversion = \"1.0.0\"\n"),
            "nothing asks for acme/zzz any more",
        ),
        (
            format!(
                "{lock}dependencies = [\"acme/zzz\"]\n\n[[package]]\nname = \"acme/zzz\"\nsource = \"path\"\nversion = \"1.0.0\"\n"
            ),
            "acme/zzz",
        ),
        (format!("{lock}dependencies = [\"acme/words\"]\n"), "it says that acme/words 1.0.0 depends on acme/words"),
    ] {
        fs::write(&path, &edited).expect("it is writable");
        let told = install::load(&root, &locked).expect_err(&edited).to_string();
        assert!(told.contains(said), "{said}: {told}");
        assert_eq!(fs::read_to_string(&path).expect("a lock"), edited);
    }
    // Whom to believe may have changed since: who may write the lock, does.
    fs::write(&path, lock.replace(&signed, "")).expect("it is writable");
    world.load(&root).expect("it was signed");
    assert_eq!(fs::read_to_string(&path).expect("a lock"), lock);
    // Nobody asks for anything.
    let root = world.root("");
    let told = install::load(&root, &locked).expect_err("nobody asks for it").to_string();
    assert!(told.contains("nothing asks for acme/words any more"), "{told}");
    world.load(&root).expect("it is written anew");
    assert!(!path.exists());
}

#[test]
fn a_damaged_lock_says_what_is_wrong_and_is_written_anew_by_who_looks_for_everything() {
    let world = World::new("torn");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    world.load(&root).expect("it fits");
    let path = world.folder.join("shop/writ.lock");
    let lock = fs::read_to_string(&path).expect("a lock");
    let merge = lock.replace(
        "version = \"1.0.0\"\n",
        "<<<<<<< HEAD\nversion = \"1.0.0\"\n=======\nversion = \"1.1.0\"\n>>>>>>> b\n",
    );
    let unsorted = format!("{lock}\n{}", &lock[lock.find("[[package]]").expect("a package")..]);
    for (damaged, said) in [
        (
            merge.as_str(),
            "writ.lock:7: here are two locks, of a merge that nobody finished\n  help: `writ update` writes it anew",
        ),
        (&lock[..lock.len() - 5], "help: `writ update` writes it anew"),
        (&unsorted, "one stands twice\n  help: `writ update` writes it anew"),
    ] {
        fs::write(&path, damaged).expect("it is writable");
        let told = world.load(&root).expect_err(damaged).to_string();
        assert!(told.contains(said), "{told}");
        let one = [Name::parse("acme/words").expect("a name")];
        assert!(update(&root, &world.ways, &one).is_err(), "the others would not stay: {damaged}");
        update(&root, &world.ways, &[]).expect("it is written anew");
        assert_eq!(fs::read_to_string(&path).expect("a lock"), lock);
    }
    // A later writ knows better.
    fs::write(&path, "version = 2\nmore = true\n").expect("it is writable");
    let told = update(&root, &world.ways, &[]).expect_err("it is left").to_string();
    assert!(told.contains("it is of version 2"), "{told}");
    // A version that nobody published.
    let digest = lock.lines().find(|line| line.starts_with("digest")).expect("a digest");
    let other = format!("digest = \"sha256:{}\"", "0".repeat(64));
    fs::write(&path, lock.replace("1.0.0", "1.0.7").replace(digest, &other)).expect("it is writable");
    let told = world.load(&root).expect_err("it is not there").to_string();
    assert!(
        told.contains("acme/words 1.0.7 is locked, and the registry")
            && told.contains("only 1.0.0\n  help: `writ update acme/words`"),
        "{told}"
    );
}

#[test]
fn what_holds_a_newer_version_back_is_told() {
    let world = World::new("ahead");
    let depends = |name: &str, range: &str| format!("[dependencies]\n\"acme/{name}\" = \"{range}\"\n");
    world.publish("acme/base", "1.0.0", "", "// 1\n");
    world.publish("acme/low", "1.0.0", &depends("base", "1"), "// low\n");
    world.publish("acme/high", "1.0.0", &depends("base", "1"), "// high\n");
    world.publish("acme/alone", "1.0.0", "", "// alone\n");
    world.publish("acme/asked", "1.0.0", "", "// asked\n");
    world.publish("acme/new", "1.0.0", "", "// new\n");
    let asks = ["low", "high", "alone", "asked", "new"].map(|name| format!("\"acme/{name}\" = \"1\"\n"));
    let root = world.root(&asks.concat());
    world.load(&root).expect("it fits");
    world.publish("acme/base", "2.0.0", "", "// 2\n");
    world.publish("acme/high", "1.1.0", &depends("base", "2"), "// high\n");
    world.publish("acme/alone", "1.1.0", "", "// alone\n");
    world.publish("acme/asked", "2.0.0", "", "// asked\n");
    world.publish("acme/new", "1.1.0", "writ = \"9.0.0\"\n", "// new\n");
    let ahead = |name: &str, version: Version| {
        let name = Name::parse(&format!("acme/{name}")).expect("a name");
        let (newest, how) = looked(&world, &root, name.as_str()).0.expect("there is a newer one");
        assert_eq!(newest, version);
        how.expect("it is known")
    };
    let held = |name: &str, version: Version| match ahead(name, version) {
        Ahead::Held(why) => why.join("; "),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(ahead("alone", Version::new(1, 1, 0)), Ahead::Alone);
    assert_eq!(ahead("asked", Version::new(2, 0, 0)), Ahead::Asked);
    assert!(held("base", Version::new(2, 0, 0)).contains("acme/low 1.0.0 asks for acme/base ^1.0.0"));
    assert!(held("high", Version::new(1, 1, 0)).contains("acme/low 1.0.0 asks for acme/base ^1.0.0"));
    assert!(held("new", Version::new(1, 1, 0)).contains("it needs writ 9.0.0, and this is 0.1.0"));
    // It is told where versions are looked for, too.
    let updated = update(&root, &world.ways, &[]).expect("it fits");
    let passed: Vec<String> =
        updated.passed.iter().map(|one| format!("{} {} {}", one.name, one.version, one.needs)).collect();
    assert_eq!(passed, ["acme/new 1.1.0 9.0.0"]);
    world.publish("acme/low", "1.1.0", &depends("base", ">=1"), "// low\n");
    assert_eq!(ahead("base", Version::new(2, 0, 0)), Ahead::Together);
}

/// A version that could be had, and how.
type Could = Option<(Version, Result<Ahead, Failure>)>;

/// What a look says of a package: the newest version, and what may be taken in place of what is locked.
fn looked(world: &World, root: &Workspace, name: &str) -> (Could, Could) {
    let all = install::looked(root, &world.ways).expect("it is known");
    let found = all.into_iter().find(|(one, ..)| one.as_str() == name).expect("it is locked").2;
    let Looked::Released { newest, other, .. } = found else { panic!("{name} is in a registry") };
    (newest, other)
}

#[test]
fn what_nobody_may_take_anew_is_told_with_what_would_be_taken_in_its_place() {
    let world = World::new("yanked");
    let registry = Directory::new(world.folder.join("registry"));
    for name in ["acme/within", "acme/beyond"] {
        world.publish(name, "1.0.0", "", "// one\n");
        world.publish(name, "2.0.0", "", "// two\n");
    }
    let root = world.root("\"acme/within\" = \"1\"\n\"acme/beyond\" = \"1\"");
    update(&root, &world.ways, &[]).expect("it fits");
    assert_eq!(looked(&world, &root, "acme/beyond").1, None);
    for name in ["acme/within", "acme/beyond"] {
        let name = Name::parse(name).expect("a name");
        registry.yank(&name, &Version::new(1, 0, 0), Some("wrong")).expect("it is there");
    }
    world.publish("acme/within", "1.1.0", "", "// more\n");
    let beyond = Some((Version::new(2, 0, 0), Ok(Ahead::Asked)));
    assert_eq!(looked(&world, &root, "acme/beyond").1, beyond);
    // Nothing in the range of the other holds it back.
    let root = world.root("\"acme/within\" = \"1\"");
    update(&root, &world.ways, &[]).expect("it fits");
    registry
        .yank(&Name::parse("acme/within").expect("a name"), &Version::new(1, 1, 0), Some("too"))
        .expect("it is there");
    assert_eq!(looked(&world, &root, "acme/within").1, Some((Version::new(2, 0, 0), Ok(Ahead::Asked))));
    world.publish("acme/within", "1.2.0", "", "// most\n");
    assert_eq!(looked(&world, &root, "acme/within").1, Some((Version::new(1, 2, 0), Ok(Ahead::Alone))));
}

#[test]
fn who_takes_anybodys_packages_takes_no_signature_out_of_the_store() {
    let world = World::new("shared");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    let tree = world.load(&root).expect("it is there")[0].tree.clone();
    // Another's registry of the same release has no signature.
    world.ways.store.put(&tree, None).expect("it is writable");
    let frozen = Ways { offline: true, locked: true, ..world.ways.clone() };
    fs::remove_dir_all(world.folder.join("registry")).expect("it is there");
    assert_eq!(install::load(&root, &frozen).expect("its signature is kept").len(), 1);
}

#[test]
fn damage_is_told_and_mended_where_it_can_be() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let told = || std::mem::take(&mut *TOLD.lock().expect("no panic holds it"));
    let mut world = World::new("told");
    world.ways.store = world.ways.store.telling(|line| TOLD.lock().expect("no panic holds it").push(line.to_owned()));
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    let tree = world.load(&root).expect("it is there")[0].tree.clone();
    let folder = world.ways.store.folder(&tree.digest());
    let registry = world.folder.join("registry");
    let note = world.folder.join("home/signatures").join(tree.digest().hex());
    let right = fs::read(&note).expect("it is signed");
    let frozen = Ways { offline: true, locked: true, ..world.ways.clone() };
    let damages: [(&str, &dyn Fn()); 4] = [
        ("acme/words 1.0.0", &|| fs::write(folder.join("words.writ"), "// two\n").expect("it is writable")),
        ("the signature of acme/words 1.0.0", &|| fs::write(&note, vec![b'a'; 2 << 20]).expect("it is writable")),
        ("the signature of acme/words 1.0.0", &|| fs::write(&note, &right[..right.len() / 2]).expect("it is writable")),
        ("the signature of acme/words 1.0.0", &|| {
            fs::remove_file(&note).and_then(|()| fs::create_dir(&note)).expect("it is writable");
        }),
    ];
    for (what, damage) in damages {
        damage();
        fs::rename(&registry, world.folder.join("away")).expect("it is there");
        let oci = fs::read_to_string(world.folder.join("shop/writ.toml")).expect("a manifest");
        let oci = oci.replace("\"../registry\"", "\"oci://127.0.0.1:1/x\"");
        let shop = world.folder.join("shop");
        let afar = Workspace::with(&shop, &[(&shop, &oci)]).expect("a manifest");
        // It stays, and so does what is said of it.
        for _ in 0..2 {
            let said = install::load(&afar, &frozen).expect_err("nothing may be fetched").to_string();
            let damaged = said.contains("acme/words 1.0.0 was damaged on this machine, in ")
                || said.contains("acme/words 1.0.0 is refused: its signature does not read");
            assert!(damaged && told().is_empty(), "{said}");
        }
        fs::rename(world.folder.join("away"), &registry).expect("it is there");
        world.load(&root).expect("it is fetched again");
        let lines = told();
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("{what} was damaged in ")), "{lines:?}");
        install::load(&root, &frozen).expect("it was mended");
        assert!(told().is_empty());
    }
}

#[test]
fn sums_of_a_merge_that_nobody_finished_lose_nothing() {
    let world = World::new("merged");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    let root = world.root("\"acme/words\" = \"1\"");
    world.load(&root).expect("it is there");
    let path = world.folder.join("shop/writ.sum");
    let own = fs::read_to_string(&path).expect("sums");
    let line = |name: &str, digit: &str| format!("acme/{name} 1.0.0 sha256:{}\n", digit.repeat(64));
    let merge =
        |ours: &str, theirs: &str| format!("<<<<<<< HEAD\n{ours}||||||| base\n=======\n{theirs}>>>>>>> b\n{own}");
    fs::write(&path, merge(&line("a", "a"), &line("b", "b"))).expect("it is writable");
    let said = world.load(&root).expect_err("nobody finished it").to_string();
    let told = "writ.sum:1: here are two lists, of a merge that nobody finished\n  help: keep the lines of both sides; `writ update` without names does that";
    assert!(said.contains(told), "{said}");
    let one = [Name::parse("acme/words").expect("a name")];
    update(&root, &world.ways, &one).expect_err("the others would not be looked at");
    update(&root, &world.ways, &[]).expect("nothing is lost");
    assert_eq!(fs::read_to_string(&path).expect("sums"), line("a", "a") + &line("b", "b") + &own);
    // Where the sides say different things of one version, somebody has to look.
    let before = merge(&line("a", "a"), &line("a", "b"));
    fs::write(&path, &before).expect("it is writable");
    let said = update(&root, &world.ways, &[]).expect_err("one of them is wrong").to_string();
    assert!(said.contains("acme/a 1.0.0 has another digest above\n  help: "), "{said}");
    assert_eq!(fs::read_to_string(&path).expect("it stays"), before);
}

/// What a manifest asks for anew is no reason not to know what was in force.
#[test]
fn what_is_locked_is_read_whatever_is_asked_for_by_now() {
    let world = World::new("locked");
    world.publish("acme/words", "1.0.0", "", "// one\n");
    world.publish("acme/words", "2.0.0", "", "// two\n");
    let ways = Ways { locked: true, ..world.ways.clone() };
    let old = world.root("\"acme/words\" = \"1\"");
    assert!(install::locked(&old, &ways).expect("there is no lock").is_empty());
    update(&old, &world.ways, &[]).expect("it is found");
    let new = world.root("\"acme/words\" = \"2\"");
    install::load(&new, &ways).expect_err("it does not fit");
    assert_eq!(words(&install::locked(&new, &ways).expect("it is there")), ["acme/words 1.0.0 // one\n"]);
    // Nothing is written by looking, and what is asked for no more is nobody's.
    assert!(install::locked(&world.root(""), &ways).expect("it is there").is_empty());
    assert_eq!(words(&install::locked(&old, &ways).expect("it is there")), ["acme/words 1.0.0 // one\n"]);
}

/// What only tests need lasts where something else needs it too.
#[test]
fn what_lasts_is_all_but_what_only_tests_need() {
    let world = World::new("lasting");
    world.publish("acme/deep", "1.0.0", "", "// deep\n");
    world.publish("acme/words", "1.0.0", "[dependencies]\n\"acme/deep\" = \"1\"\n", "// words\n");
    world.publish("acme/more", "1.0.0", "", "// more\n");
    world.publish(
        "acme/samples",
        "1.0.0",
        "[dependencies]\n\"acme/more\" = \"1\"\n\"acme/deep\" = \"1\"\n",
        "// samples\n",
    );
    let lasting = |asked: &str| -> Vec<String> {
        let root = world.root(asked);
        let all = update(&root, &world.ways, &[]).expect("it is found").all;
        let manifest = &root.own().expect("a package").manifest;
        install::lasting(manifest, all).iter().map(|one| one.name.to_string()).collect()
    };
    let both = "\"acme/words\" = \"1\"\n[dev-dependencies]\n\"acme/samples\" = \"1\"";
    assert_eq!(lasting(both), ["acme/deep", "acme/words"]);
    assert_eq!(lasting("[dev-dependencies]\n\"acme/words\" = \"1\""), [""; 0]);
    assert_eq!(lasting("\"acme/samples\" = \"1\""), ["acme/deep", "acme/more", "acme/samples"]);
}
