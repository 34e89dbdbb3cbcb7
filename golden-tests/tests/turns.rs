//! Commands that change the packages of one place at once: each waits for its turn, and none undoes another's work.

use golden_tests::writ;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

const RULES: &str = "use std.state.{Resource, tag};\n\n/// Odd things.\npub relation odd(r: Resource);\nodd(r) if tag(r, \"odd\", _);\n";
const TESTS: &str = "use std.state.tag;\n\ntest \"a tag\" {\n    given { tag(\"a\", \"b\", \"c\"); }\n    expect tag(\"a\", \"b\", \"c\");\n}\n";

/// How many do it at once.
const MANY: usize = 4;

/// A registry of as many packages, beside whoever asks for them.
struct World(PathBuf);

impl World {
    /// - `published`: how many packages.
    fn new(name: &str, published: usize) -> World {
        let folder = std::env::temp_dir().join(format!("writ-turns-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let world = World(folder);
        for n in 0..published {
            let path = format!("p{n}/writ.toml");
            world.write(&path, &format!("[package]\nname = \"acme/p{n}\"\nversion = \"1.0.0\"\ndescription = \"d\"\n"));
            world.write(&format!("p{n}/p{n}.writ"), RULES);
            world.write(&format!("p{n}/tests/all.writ"), TESTS);
            world.good(&["publish", "--policy", &format!("p{n}"), "--registry", "registry"]);
        }
        world
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_default()
    }

    fn start(&self, line: &[&str]) -> Child {
        let mut command = Command::new(writ());
        command.args(line).current_dir(&self.0).env("WRIT_HOME", self.0.join("home")).env("WRIT_SIGNING_KEY", SECRET);
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the tool runs")
    }

    fn good(&self, line: &[&str]) -> String {
        self.ended(self.start(line), line)
    }

    fn ended(&self, child: Child, line: &[&str]) -> String {
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{line:?} in {}: {text}", self.0.display());
        text
    }

    /// All of them at once.
    fn together(&self, lines: &[Vec<String>]) -> Vec<String> {
        let lines: Vec<Vec<&str>> = lines.iter().map(|line| line.iter().map(String::as_str).collect()).collect();
        let running: Vec<Child> = lines.iter().map(|line| self.start(line)).collect();
        running.into_iter().zip(&lines).map(|(child, line)| self.ended(child, line)).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn shared() -> String {
    format!("[registries]\nacme = \"../registry\"\n[trust.packages]\nacme = [\"{PUBLIC}\"]\n")
}

fn lines(line: impl Fn(usize) -> String) -> Vec<Vec<String>> {
    (0..MANY).map(|n| line(n).split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn what_is_added_at_once_is_all_there_and_so_is_what_is_taken_away() {
    let world = World::new("one", MANY);
    let manifest = format!("[package]\nname = \"acme/shop\"\n{}", shared());
    world.write("shop/writ.toml", &manifest);
    world.together(&lines(|n| format!("add acme/p{n} --policy shop")));
    for file in ["writ.toml", "writ.lock", "writ.sum"] {
        let said = world.read(&format!("shop/{file}"));
        assert!((0..MANY).all(|n| said.contains(&format!("acme/p{n}"))), "{file}: {said}");
    }
    world.together(&lines(|n| format!("remove acme/p{n} --policy shop")));
    assert!(!world.read("shop/writ.toml").contains("acme/p"), "{}", world.read("shop/writ.toml"));
    assert!(!world.0.join("shop/writ.lock").exists());
    assert_eq!(world.read("shop/writ.sum").lines().count(), MANY, "what a version was is not forgotten");
}

#[test]
fn members_of_a_workspace_do_not_lose_one_anothers_packages() {
    let world = World::new("members", MANY);
    world.write("work/writ.toml", &format!("[workspace]\nmembers = [\"m*\"]\n{}", shared()));
    for n in 0..MANY {
        world.write(&format!("work/m{n}/writ.toml"), &format!("[package]\nname = \"acme/m{n}\"\n"));
        world.write(&format!("work/m{n}/policy.writ"), RULES);
    }
    world.together(&lines(|n| format!("add acme/p{n} --policy work/m{n}")));
    for file in ["writ.lock", "writ.sum"] {
        let said = world.read(&format!("work/{file}"));
        assert!((0..MANY).all(|n| said.contains(&format!("acme/p{n}"))), "{file}: {said}");
    }
    world.good(&["update", "--locked", "--policy", "work"]);
    // Manifests that were written by hand, locked by whoever reads them first.
    fs::remove_file(world.0.join("work/writ.lock")).expect("it is there");
    world.together(&lines(|n| format!("check --policy work/m{n}")));
    world.good(&["update", "--locked", "--policy", "work"]);
}

/// What git is not told of makes no repository dirty.
#[test]
fn who_waits_is_told_and_nothing_is_left_to_keep() {
    let world = World::new("told", 1);
    let git = |words: &[&str]| {
        let shop = world.0.join("shop");
        let said = Command::new("git").arg("-C").arg(&shop).args(words).output().expect("git is here");
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    world.write("shop/writ.toml", &format!("[package]\nname = \"acme/shop\"\n{}", shared()));
    world.good(&["update", "--policy", "shop"]);
    git(&["init", "--quiet"]);
    assert_eq!(git(&["status", "--porcelain"]), "?? writ.toml\n");
    let held = fs::File::open(world.0.join("shop/.writ/packages.lock")).expect("it is there");
    held.lock().expect("nobody holds it");
    let waiting = world.start(&["add", "acme/p0", "--policy", "shop"]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(!world.read("shop/writ.toml").contains("acme/p0"));
    drop(held);
    let said = world.ended(waiting, &["add"]);
    let told = "waiting for another writ, which is changing the packages here (shop/.writ/packages.lock is held)\n";
    assert!(said.contains(told), "{said}");
}
