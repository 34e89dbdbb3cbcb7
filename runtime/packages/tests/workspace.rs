//! Packages that are worked on together: who is a member, whose versions count, and what is refused.

use evidence::SigningKey;
use packages::install::{self, Installed, Updated, Ways};
use packages::registry::directory::Directory;
use packages::registry::{Registry, release};
use packages::store::Store;
use packages::{Failure, Name, Tree, Version, Workspace, archive, trust};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn key() -> SigningKey {
    SigningKey::new("acme", [3; 32]).expect("a name")
}

/// A folder with a registry beside a workspace.
struct World {
    folder: PathBuf,
    ways: Ways,
}

impl World {
    fn new(name: &str) -> World {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workspace").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("own")).expect("a folder");
        let store = Store::new(folder.join("home"));
        let ways = Ways { store, writ: Version::new(0, 1, 0), offline: false, locked: false, docker: None };
        World { folder, ways }
    }

    /// A file of the workspace.
    fn file(&self, path: &str, text: &str) {
        let path = self.folder.join("own").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("it is writable");
    }

    /// A root that is no package.
    fn root(&self, members: &str) {
        let key = key().public().to_string();
        self.file(
            "writ.toml",
            &format!("[workspace]\nmembers = [{members}]\n[registries]\n\"*\" = \"../registry\"\n[trust.packages]\nacme = [\"{key}\"]\n"),
        );
    }

    /// A member in the folder of its name.
    fn member(&self, name: &str, version: &str, dependencies: &str) {
        let text =
            format!("[package]\nname = \"acme/{name}\"\nversion = \"{version}\"\n[dependencies]\n{dependencies}\n");
        self.file(&format!("{name}/writ.toml"), &text);
        self.file(&format!("{name}/words.writ"), &format!("// {name}\n"));
    }

    /// Publishes a package beside the workspace.
    fn publish(&self, name: &str, version: &str, dependencies: &str) {
        let mut tree = Tree::default();
        let manifest =
            format!("[package]\nname = \"acme/{name}\"\nversion = \"{version}\"\n[dependencies]\n{dependencies}\n");
        tree.add("writ.toml", manifest.into_bytes()).expect("a path");
        tree.add("words.writ", format!("// {name} {version}\n").into_bytes()).expect("a path");
        let (release, _) = release(&tree).expect("a release");
        let note = trust::sign(&release.name, &release.version, &release.digest, &key());
        let registry = Directory::new(self.folder.join("registry"));
        registry.publish(&release, &archive::pack(&tree), Some(&note)).expect("it is new");
    }

    fn seen_from(&self, folder: &str) -> Result<Workspace, Failure> {
        let work = self.folder.join("own");
        Workspace::read(&if folder == "." { work } else { work.join(folder) })
    }

    fn load(&self, folder: &str) -> Result<Vec<Installed>, Failure> {
        install::load(&self.seen_from(folder)?, &self.ways)
    }

    fn lock(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("own/writ.lock")).ok()
    }

    /// What is wrong, without where this test stands.
    fn complaint(&self, folder: &str) -> String {
        let failure = self.load(folder).expect_err("it is wrong");
        failure.to_string().replace(&format!("{}/own/", self.folder.display()), "")
    }
}

fn names(all: &[Installed]) -> Vec<String> {
    all.iter().map(|one| format!("{} {}", one.name, one.version)).collect()
}

/// As who has the turn.
fn update(root: &Workspace, ways: &Ways, only: &[Name]) -> Result<Updated, Failure> {
    let turn = install::turn(root, ways)?;
    install::update(root, ways, only, Some(&turn))
}

fn settle(root: &Workspace, ways: &Ways, gone: &[Name]) -> Result<Updated, Failure> {
    let turn = install::turn(root, ways)?;
    install::settle(root, ways, gone, &turn)
}

#[test]
fn members_share_one_version_and_each_reads_its_part() {
    let world = World::new("shared");
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        world.publish("base", version, "");
    }
    world.publish("more", "1.0.0", "");
    world.root("\"a\", \"b\", \"c\"");
    world.member("a", "1.0.0", "\"acme/base\" = \"1\"");
    world.member("b", "1.0.0", "\"acme/base\" = \"=1.0.0\"\n\"acme/more\" = \"*\"");
    world.member("c", "1.0.0", "\"acme/a\" = \"1\"");
    assert_eq!(names(&world.load("a").expect("it fits")), ["acme/base 1.0.0"]);
    assert_eq!(names(&world.load("b").expect("it fits")), ["acme/base 1.0.0", "acme/more 1.0.0"]);
    let of_c = world.load("c").expect("it fits");
    assert_eq!(names(&of_c), ["acme/a 1.0.0", "acme/base 1.0.0"]);
    assert!(of_c[0].in_folder && of_c[0].folder.ends_with("own/a"));
    for stray in ["a/writ.lock", "b/writ.lock", "c/writ.lock", "a/writ.sum"] {
        assert!(!world.folder.join("own").join(stray).exists(), "{stray}");
    }
    // What one asks for no more stays where another does.
    world.publish("base", "1.2.0", "");
    world.member("b", "1.0.0", "\"acme/more\" = \"*\"");
    let gone = [packages::Name::parse("acme/base").expect("a name")];
    settle(&world.seen_from("b").expect("it reads"), &world.ways, &gone).expect("it fits");
    assert_eq!(names(&world.load("a").expect("it fits")), ["acme/base 1.0.0"]);
    // Two that do not fit are both named, and the lock stays.
    let before = world.lock();
    world.member("b", "1.0.0", "\"acme/base\" = \"2\"");
    let said = world.complaint("a");
    assert!(said.contains("a/writ.toml asks for acme/base ^1.0.0\n  b/writ.toml asks for acme/base ^2.0.0"), "{said}");
    assert!(said.contains("in place of \"2\" in b/writ.toml would do"), "{said}");
    assert_eq!(world.lock(), before);
}

#[test]
fn who_names_a_member_gets_its_folder() {
    let world = World::new("named");
    // A release of that name is nobody's choice here, also where a package of the registry asks for it.
    world.publish("lib", "1.9.0", "");
    world.publish("user", "1.0.0", "\"acme/lib\" = \"1\"");
    world.root("\"lib\", \"a\"");
    world.member("lib", "1.0.0", "");
    world.member("a", "1.0.0", "\"acme/user\" = \"1\"");
    assert_eq!(names(&world.load("a").expect("it fits")), ["acme/lib 1.0.0", "acme/user 1.0.0"]);
    world.member("a", "1.0.0", "\"acme/lib\" = { path = \"../lib\" }\n\"acme/user\" = \"1\"");
    assert_eq!(names(&world.load("a").expect("it fits")), ["acme/lib 1.0.0", "acme/user 1.0.0"]);
    world.member("a", "1.0.0", "\"acme/lib\" = \"2\"");
    assert_eq!(
        world.complaint("a"),
        "a/writ.toml asks for acme/lib \"2\", and in lib, a member of this workspace, it is 1.0.0\n  help: `\"acme/lib\" = \"1.0.0\"`, a member is what its folder says"
    );
    world.member("a", "1.0.0", "\"acme/lib\" = { path = \"../other\" }");
    world.file("other/writ.toml", "[package]\nname = \"acme/lib\"\n");
    assert!(world.complaint("a").contains("a name is one package"), "{}", world.complaint("a"));
    world.member("a", "1.0.0", "\"acme/lib\" = { git = \"https://example.com/lib\" }");
    assert!(world.complaint("a").contains("a name is one package"), "{}", world.complaint("a"));
    // Two that need each other are none that can be read.
    world.member("a", "1.0.0", "\"acme/lib\" = \"1\"");
    world.member("lib", "1.0.0", "\"acme/a\" = \"1\"");
    let told = world.complaint("a");
    assert!(told.contains("acme/a depends on itself: acme/a -> acme/lib -> acme/a\n  help: "), "{told}");
}

/// The members of a root, files beside it, and what is told.
type Wrong<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_is_wrong_with_a_workspace_is_told_with_its_place() {
    let member = "[package]\nname = \"acme/a\"\n";
    let root = |members: &str| format!("[workspace]\nmembers = [{members}]\n");
    let cases: &[Wrong<'_>] = &[
        ("\"b\"", &[], "writ.toml:2:12: members: \"b\": there is no such folder"),
        ("\"x/*\"", &[], "writ.toml:2:12: members: \"x/*\": no folder fits it"),
        ("\"a\", \"c\"", &[("c/readme.md", "")], "writ.toml:2:17: members: \"c\": there is no writ.toml in c"),
        ("\"*\"", &[("c/readme.md", "")], "there is no writ.toml in c"),
        ("\"a\", \"b\"", &[("b/writ.toml", member)], "b/writ.toml: `acme/a` is the name of the package in a too"),
        (
            "\"a\"",
            &[("a/writ.toml", "[package]\nname = \"acme/a\"\n[workspace]\nmembers = [\"b\"]\n")],
            "a/writ.toml:4:12: a workspace in a workspace: writ.toml",
        ),
        (
            "\"a\"",
            &[("a/writ.toml", "[package]\nname = \"acme/a\"\n[registries]\nacme = \"../r\"\n")],
            "a/writ.toml:3:1: [registries] of a workspace stands in its root",
        ),
        (
            "\"a\"",
            &[("a/writ.toml", "[package]\nname = \"acme/a\"\n[trust.packages]\nacme = \"unsigned\"\n")],
            "a/writ.toml:3:1: [trust.packages] of a workspace",
        ),
        (
            "\"a\"",
            &[("a/writ.lock", "")],
            "a/writ.lock: of a workspace that of the root counts, for all members: writ.lock",
        ),
        ("\"a\"", &[("a/writ.sum", "")], "add its lines to that one"),
        ("\"../a\"", &[], "members: \"../a\" is no path below this file"),
        ("\"/a\"", &[], "is no path below this file"),
        ("\".\"", &[], "is no path below this file"),
        ("\"**\"", &[], "has a `**`"),
        ("\"[a\"", &[], "is no glob"),
        ("\"vendor/a\"", &[], "`writ vendor` takes away"),
        ("1", &[], "writ.toml:2:12: this is the integer `1`, and text in quotes was expected"),
        ("", &[], "the workspace has no member"),
    ];
    for (number, (members, more, said)) in cases.iter().enumerate() {
        let world = World::new(&format!("wrong-{number}"));
        world.file("writ.toml", &root(members));
        world.file("a/writ.toml", member);
        more.iter().for_each(|(path, text)| world.file(path, text));
        let told = world.complaint(".");
        assert!(told.contains(said), "{said}\n{told}");
        // Who is named in it is told the same, wherever it is seen from.
        if world.folder.join("own/a/writ.toml").is_file() && members.contains("\"a\"") {
            assert_eq!(world.complaint("a"), told);
        }
    }
    for (text, said) in [
        (
            "[workspace]\nmembers = [\"a\"]\nmember = []\n",
            "writ.toml:3:1: unknown field `member`, expected `members`\n  help: did you mean `members`?",
        ),
        ("[workspace]\nmembers = [\"a\"]\n[dependencies]\n", "writ.toml:3:2: unknown field `dependencies`"),
        ("[workspace]\nmembers = [\"a\"]\n[trust]\ndecisions = []\n", "all else stands in the members"),
        ("[workspace]\n", "`members` is missing here"),
        ("[workspace\n", "writ.toml:1:11"),
    ] {
        let world = World::new("root");
        world.file("writ.toml", text);
        world.file("a/writ.toml", member);
        let told = world.complaint("a");
        assert!(told.contains(said), "{said}\n{told}");
    }
}

#[test]
fn a_root_that_is_no_package_lists_the_members() {
    let world = World::new("virtual");
    world.root("\"*\"");
    world.member("a", "1.0.0", "");
    world.member("b", "1.0.0", "");
    let said = world.complaint(".");
    assert!(said.starts_with("writ.toml: this is the root of a workspace, and no package itself"), "{said}");
    assert!(said.contains("name one of its 2 members: `--policy a`, `--policy b`"), "{said}");
    assert!(install::all(&world.seen_from(".").expect("it reads"), &world.ways).is_ok());
    // A package as its root: it is a member, and who asks there may mean it alone.
    world.file(
        "writ.toml",
        "[package]\nname = \"acme/root\"\n[workspace]\nmembers = [\"a\"]\n[dependencies]\n\"acme/a\" = \"1\"\n",
    );
    assert_eq!(names(&world.load(".").expect("it fits")), ["acme/a 1.0.0"]);
    let whole = world.seen_from(".").expect("it reads");
    assert!(whole.is_whole() && !world.seen_from("a").expect("it reads").is_whole());
    assert_eq!(whole.members.iter().map(|one| one.at.as_str()).collect::<Vec<_>>(), [".", "a"]);
    // Whom it does not name is alone, and has its own lock.
    let alone = world.seen_from("b").expect("it reads");
    assert!(!alone.is_declared() && alone.folder.ends_with("b"));
}

#[cfg(unix)]
#[test]
fn a_member_that_is_a_link_is_refused() {
    let world = World::new("links");
    world.root("\"a\"");
    fs::create_dir_all(world.folder.join("elsewhere")).expect("a folder");
    fs::write(world.folder.join("elsewhere/writ.toml"), "[package]\nname = \"acme/a\"\n").expect("it is writable");
    std::os::unix::fs::symlink("../elsewhere", world.folder.join("own/a")).expect("a link");
    assert!(world.complaint(".").contains("a is a link, and leads to"), "{}", world.complaint("."));
    world.root("\"*\"");
    assert!(world.complaint(".").contains("no folder fits it"), "{}", world.complaint("."));
    // Seen through a link, a workspace is the same.
    world.member("b", "1.0.0", "");
    std::os::unix::fs::symlink("own", world.folder.join("door")).expect("a link");
    let seen = Workspace::read(&world.folder.join("door/b")).expect("it reads");
    assert!(seen.is_declared() && seen.folder.ends_with("door"), "{}", seen.folder.display());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A folder that the root lists finds that root above itself, and no other does.
    #[test]
    fn a_member_is_one_seen_from_either_side(
        folders in prop::collection::btree_set(prop::collection::vec(prop::sample::select(vec!["a", "ab", "b", ".c", "vendor", "target"]), 1..4), 1..8),
        members in prop::collection::vec(prop::sample::select(vec!["*", "a", "a*", "*/*", "a/b", "?", "{a,b}", "ab/*", "a/b/*", "[ab]", ".c"]), 1..4),
    ) {
        let world = World::new("sides");
        let mut made = BTreeSet::new();
        for parts in &folders {
            // Each folder on the way is a package, too.
            for end in 1..=parts.len() {
                let at = parts[..end].join("/");
                if made.insert(at.clone()) {
                    let name = format!("acme/p{}", made.len());
                    world.file(&format!("{at}/writ.toml"), &format!("[package]\nname = \"{name}\"\n"));
                }
            }
        }
        let listed: Vec<String> = members.iter().map(|one| format!("\"{one}\"")).collect();
        world.file("writ.toml", &format!("[package]\nname = \"acme/root\"\n[workspace]\nmembers = [{}]\n", listed.join(", ")));
        let Ok(whole) = world.seen_from(".") else {
            // A path that names nothing; then nobody is a member.
            for at in &made {
                prop_assert!(world.seen_from(at).is_ok_and(|seen| !seen.is_declared()) || world.seen_from(at).is_err());
            }
            return Ok(());
        };
        let inside: BTreeSet<&str> = whole.members.iter().map(|one| one.at.as_str()).collect();
        for at in &made {
            let seen = world.seen_from(at).expect("the root reads");
            prop_assert_eq!(seen.is_declared(), inside.contains(at.as_str()), "{} of {:?}", at, members);
            if seen.is_declared() {
                prop_assert_eq!(&seen.own().expect("a package").at, at);
            }
        }
    }

    /// What members read is what is locked for all of them, whoever asked first; and each name has one version.
    #[test]
    fn the_lock_is_one_whoever_asks(
        asks in prop::collection::vec((0_usize..3, 0_usize..4, prop::sample::select(vec!["*", "1", ">=1.1", "=1.0.0", "2"])), 0..7),
        first in 0_usize..3,
    ) {
        let world = World::new("whoever");
        for base in 0..3 {
            for version in ["1.0.0", "1.1.0", "2.0.0"] {
                world.publish(&format!("base{base}"), version, if base == 0 { "\"acme/base1\" = \"*\"" } else { "" });
            }
        }
        world.root("\"m*\"");
        for member in 0..3 {
            let mut lines: BTreeMap<String, &str> = BTreeMap::new();
            for (_, other, range) in asks.iter().filter(|(who, ..)| *who == member) {
                // The fourth is the next member, whose version is 1.0.0.
                let name = if *other == 3 { format!("m{}", member + 1) } else { format!("base{other}") };
                if *other < 3 || member < 2 {
                    lines.insert(name, range);
                }
            }
            let lines: String = lines.iter().map(|(name, range)| format!("\"acme/{name}\" = \"{range}\"\n")).collect();
            world.member(&format!("m{member}"), "1.0.0", &lines);
        }
        let update = |folder: &str| {
            let workspace = world.seen_from(folder).expect("it reads");
            update(&workspace, &world.ways, &[]).map(|updated| updated.all)
        };
        let told = update(&format!("m{first}"));
        let lock = world.lock();
        match update(".") {
            Err(failure) => {
                prop_assert_eq!(told.expect_err("it fits for nobody").to_string(), failure.to_string());
                prop_assert_eq!(lock, None);
            }
            Ok(all) => {
                prop_assert_eq!(&world.lock(), &lock);
                let read = (0..3).flat_map(|member| names(&world.load(&format!("m{member}")).expect("it fits")));
                let read: BTreeSet<String> = read.collect();
                let once: BTreeSet<&str> = read.iter().filter_map(|one| one.split(' ').next()).collect();
                prop_assert_eq!(once.len(), read.len(), "a name has one version: {:?}", read);
                prop_assert_eq!(read, names(&all).into_iter().collect::<BTreeSet<String>>());
            }
        }
    }
}
