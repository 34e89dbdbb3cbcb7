//! Packages against the real thing: a real OCI registry on this machine, one that breaks off, processes that fetch at once.
//!
//! The registry is Debian's `docker-registry`; where it is not installed, its tests say that they were skipped.
// LONG: each test sets up a world of its own, and all of them start the same tool and the same registry.

#![expect(clippy::print_stdout, reason = "what was skipped is said")]

use golden_tests::writ;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

/// A folder that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("writ-packages-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        Scratch(folder)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(writ());
        command.args(line).current_dir(&self.0).env("WRIT_HOME", self.0.join("home")).env("WRIT_SIGNING_KEY", SECRET);
        command.env("NO_COLOR", "1").env("DOCKER_CONFIG", self.0.join("docker")).stdin(Stdio::null());
        command
    }

    /// Runs the tool; gives its exit code and all that it printed.
    fn writ(&self, line: &[&str]) -> (i32, String) {
        let output = self.command(line).output().expect("the tool runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    fn good(&self, line: &[&str]) -> String {
        let (code, text) = self.writ(line);
        assert_eq!(code, 0, "{line:?}: {text}");
        text
    }

    /// A package to publish, and one that depends on it.
    fn packages(&self, registry: &str) {
        self.good(&["new", "acme/tagging"]);
        let manifest = "[package]\nname = \"acme/shop\"\n\n[registries]\nacme = \"REGISTRY\"\n\n[trust.packages]\nacme = [\"KEY\"]\n";
        self.write("shop/writ.toml", &manifest.replace("REGISTRY", registry).replace("KEY", PUBLIC));
        self.write(
            "shop/policy.writ",
            "use acme.tagging.tagging.owned;\n\nintent shop \"The shop\" {\n    cover r if std.state.tag(r, \"system\", \"shop\");\n    owner \"team-shop\";\n    apply owned();\n}\n\ntest \"a thing without an owner\" {\n    change by \"ana\" { create \"db\" { std.state.kind(\"db\", \"database\"); std.state.tag(\"db\", \"system\", \"shop\"); } }\n    expect deny shop/owned.unowned(\"db\") introduced;\n}\n",
        );
    }

    fn version(&self, from: &str, to: &str) {
        let path = self.0.join("tagging/writ.toml");
        let text = fs::read_to_string(&path).expect("a manifest").replace(from, to);
        fs::write(path, text).expect("it is writable");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A registry that ends when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a registry on a free port; `None` where there is none to start.
///
/// - `more`: of its configuration.
fn registry(scratch: &Scratch, more: &str) -> Option<(Running, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n{more}",
        scratch.0.join("oci").display()
    );
    scratch.write("registry.yml", &config);
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(scratch.0.join("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().ok()?);
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some((running, port));
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("docker-registry does not answer");
}

#[test]
fn a_real_registry_keeps_what_was_published_and_cannot_change_it() {
    let scratch = Scratch::new("registry");
    let Some((running, port)) = registry(&scratch, "") else {
        println!("1 skipped: docker-registry is not installed");
        return;
    };
    let location = format!("oci://127.0.0.1:{port}/policies");
    scratch.packages(&location);
    let said = scratch.good(&["publish", "--policy", "tagging", "--registry", &location]);
    assert!(said.contains("the first release") && said.contains("published in the registry oci://"), "{said}");
    let said = scratch.good(&["publish", "--policy", "tagging", "--registry", &location]);
    assert!(said.contains("as it should be: byte for byte this one"), "{said}");
    scratch.write("tagging/more.writ", "//! Other files under the same version.\n");
    let (code, said) = scratch.writ(&["publish", "--policy", "tagging", "--registry", &location]);
    assert!(code == 64 && said.contains("a release never changes"), "{said}");
    fs::remove_file(scratch.0.join("tagging/more.writ")).expect("it was made");
    scratch.version("0.1.0", "0.1.1");
    let said = scratch.good(&["publish", "--policy", "tagging", "--registry", &location]);
    assert!(said.contains("since 0.1.0: patch") && said.contains("tests and cases: 2 tried, 0 turned"), "{said}");
    assert_eq!(
        scratch.good(&["search", "owns", "--policy", "shop"]),
        "acme/tagging 0.1.1   Things say who owns them\n"
    );

    scratch.good(&["add", "acme/tagging@=0.1.0", "--policy", "shop"]);
    let lock = fs::read_to_string(scratch.0.join("shop/writ.lock")).expect("a lock");
    assert!(lock.contains("oci = \"sha256:") && lock.contains("key = \"PeterNeumann+c74f20a3\""), "{lock}");
    scratch.good(&["test", "--policy", "shop"]);

    // Where its tag is moved to other content, what was locked is still found by its digest.
    let api = Api { port };
    let base = "/v2/policies/acme/tagging/manifests";
    let newer = api.get(&format!("{base}/0.1.1"));
    api.put(&format!("{base}/0.1.0"), &newer);
    fs::remove_dir_all(scratch.0.join("home")).expect("it was made");
    scratch.good(&["test", "--policy", "shop"]);
    // Who asks for the version anew is told what it gets.
    fs::remove_file(scratch.0.join("shop/writ.lock")).expect("it was made");
    let (code, said) = scratch.writ(&["update", "--policy", "shop"]);
    assert!(code == 64 && said.contains("it speaks of acme/tagging 0.1.1"), "{said}");
    fs::write(scratch.0.join("shop/writ.lock"), lock).expect("it is writable");

    // A signature that was taken away.
    let bare = String::from_utf8(newer).expect("JSON").replace("org.writ-lang.signature", "org.writ-lang.nothing");
    api.put(&format!("{base}/0.1.1"), bare.as_bytes());
    let (code, said) = scratch.writ(&["add", "acme/tagging@=0.1.1", "--policy", "shop"]);
    assert!(code == 64 && said.contains("it has no signature"), "{said}");

    scratch.good(&["yank", "acme/tagging@0.1.0", "--why", "it forgets volumes", "--policy", "shop"]);
    let (code, said) = scratch.writ(&["audit", "--policy", "shop"]);
    assert!(code == 1 && said.contains("it forgets volumes"), "{said}");
    scratch.good(&["yank", "acme/tagging@0.1.0", "--undo", "--policy", "shop"]);
    // That the tag of what is locked was moved is told as well.
    let (code, said) = scratch.writ(&["audit", "--policy", "shop"]);
    assert!(code == 1 && said.contains("it speaks of acme/tagging 0.1.1") && said.contains("0 to mend"), "{said}");
    for version in ["0.1.0", "0.1.1"] {
        let release = format!("acme/tagging@{version}");
        let (code, said) = scratch.writ(&["yank", &release, "--undo", "--policy", "shop"]);
        assert!(code == 64 && said.contains(&format!("acme/tagging {version} is not yanked")), "{said}");
    }

    drop(running);
    scratch.good(&["test", "--policy", "shop", "--frozen"]);
    fs::remove_dir_all(scratch.0.join("home")).expect("it was made");
    let (code, said) = scratch.writ(&["test", "--policy", "shop"]);
    assert!(code == 70 && said.contains("fault: the registry oci://127.0.0.1"), "{said}");
}

/// As ECR does it: the name is AWS, and the secret is what a helper of docker's gives.
#[cfg(unix)]
#[test]
fn a_helper_of_docker_says_who_one_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("helper");
    let users = scratch.0.join("users");
    let more = format!("auth: {{htpasswd: {{realm: there, path: {}}}}}\n", users.display());
    // `secret`, as bcrypt keeps it.
    scratch.write("users", "AWS:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n");
    let Some((_running, port)) = registry(&scratch, &more) else {
        println!("1 skipped: docker-registry is not installed");
        return;
    };
    let location = format!("oci://127.0.0.1:{port}/policies");
    scratch.packages(&location);
    let publish = || {
        let mut command = scratch.command(&["publish", "--policy", "tagging", "--registry", &location]);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let before = [scratch.0.join("bin")].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(before).expect("no colon is in them"));
        let output = command.output().expect("the tool runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    };
    let helper = |script: &str| {
        scratch.write("bin/docker-credential-ecr", &format!("#!/bin/sh\nread host\n{script}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(scratch.0.join("bin/docker-credential-ecr"), mode).expect("it is ours");
    };
    let (code, said) = publish();
    assert!(code == 70 && said.contains(&format!("`docker login 127.0.0.1:{port}`")), "{code} {said}");
    scratch.write("docker/config.json", &format!("{{\"credHelpers\": {{\"127.0.0.1:{port}\": \"ecr\"}}}}"));
    let (code, said) = publish();
    assert!(code == 70 && said.contains("docker-credential-ecr cannot be asked"), "{code} {said}");
    helper("echo 'no session of AWS' >&2; exit 1");
    let (code, said) = publish();
    assert!(code == 70 && said.contains("docker-credential-ecr says: no session of AWS"), "{code} {said}");
    helper("echo '{\"Username\": \"AWS\", \"Secret\": \"wrong\"}'");
    let (code, said) = publish();
    assert!(code == 70 && said.contains("the registry answers 401") && !said.contains("wrong"), "{code} {said}");
    helper(
        "test \"$host\" = 127.0.0.1:PORT && echo '{\"Username\": \"AWS\", \"Secret\": \"secret\"}'"
            .replace("PORT", &port.to_string())
            .as_str(),
    );
    let (code, said) = publish();
    assert!(code == 0 && said.contains("published in the registry oci://"), "{code} {said}");
}

/// The registry's own protocol, as far as a test needs it.
struct Api {
    port: u16,
}

impl Api {
    fn send(&self, head: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the registry answers");
        write!(stream, "{head}Host: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len())
            .expect("it reads");
        stream.write_all(body).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let at = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a header");
        (String::from_utf8_lossy(&answer[..at]).into_owned(), answer[at + 4..].to_vec())
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";
        let (head, body) = self.send(&format!("GET {path} HTTP/1.1\r\n{accept}"), b"");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body
    }

    fn put(&self, path: &str, body: &[u8]) {
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
        let (head, _) = self.send(&format!("PUT {path} HTTP/1.1\r\n{kind}"), body);
        assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    }
}

/// What a server of a test answers with, by path: status, whether a header names it all, and the bytes that are sent.
type Answers = Arc<Mutex<Vec<(String, Vec<u8>, usize)>>>;

/// A server that sends what it was told to, and then closes: as many bytes as were named, or fewer.
fn server(answers: Answers, asked: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            asked.fetch_add(1, Ordering::SeqCst);
            let answers = answers.lock().expect("no panic holds it");
            let known = answers.iter().find(|(known, ..)| path.starts_with(known.as_str()));
            let _ = match known {
                Some((_, body, sent)) => {
                    let head =
                        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..*sent]))
                }
                None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            };
        }
    });
    port
}

#[test]
fn a_registry_that_breaks_off_or_lies_leaves_nothing_behind() {
    let scratch = Scratch::new("liar");
    scratch.good(&["new", "acme/tagging"]);
    scratch.good(&["publish", "--policy", "tagging", "--registry", "kept"]);
    let kept = scratch.0.join("kept/acme/tagging");
    let archive = fs::read(kept.join("0.1.0.tar.gz")).expect("an archive");
    let release: Vec<u8> = fs::read(kept.join("0.1.0.json")).expect("a release");
    let note = fs::read_to_string(kept.join("0.1.0.sig")).expect("a signature");
    let digest = |bytes: &[u8]| program_digest(bytes);
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.writ.release.v1+json", "digest": digest(&release), "size": release.len() },
        "layers": [{ "mediaType": "application/vnd.writ.package.v1.tar+gzip", "digest": digest(&archive), "size": archive.len() }],
        "annotations": { "org.writ-lang.signature": note },
    });
    let manifest = manifest.to_string().into_bytes();
    let tags = b"{\"name\": \"acme/tagging\", \"tags\": [\"0.1.0\"]}".to_vec();
    let answers: Answers = Arc::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let port = server(answers.clone(), asked.clone());
    scratch.packages_of(&format!("oci://127.0.0.1:{port}"));
    let blob = |bytes: &[u8]| format!("/v2/acme/tagging/blobs/{}", digest(bytes));
    let serve = |layer: (Vec<u8>, usize)| {
        *answers.lock().expect("no panic holds it") = vec![
            (String::from("/v2/acme/tagging/tags/list"), tags.clone(), tags.len()),
            (String::from("/v2/acme/tagging/manifests/"), manifest.clone(), manifest.len()),
            (blob(&release), release.clone(), release.len()),
            (blob(&archive), layer.0, layer.1),
        ];
    };
    let nothing_kept = || !scratch.0.join("shop/writ.lock").exists() && !scratch.0.join("home/trees").exists();

    // The connection ends after a hundred bytes, each time.
    serve((archive.clone(), 100));
    let (code, said) = scratch.writ(&["add", "acme/tagging", "--policy", "shop"]);
    assert!(code == 70 && said.contains("broke off 3 times"), "{code} {said}");
    assert!(nothing_kept());
    // Other bytes of the same length.
    let mut other = archive.clone();
    other[40] ^= 1;
    serve((other.clone(), other.len()));
    let (code, said) = scratch.writ(&["add", "acme/tagging", "--policy", "shop"]);
    assert!(code == 64 && said.contains("it gives other bytes than it names"), "{code} {said}");
    assert!(nothing_kept());
    // More than it named.
    let long = [archive.clone(), vec![0; 4096]].concat();
    serve((long.clone(), long.len()));
    let (code, said) = scratch.writ(&["add", "acme/tagging", "--policy", "shop"]);
    assert!(code == 64 && said.contains("more than"), "{code} {said}");
    assert!(nothing_kept());
    // The truth.
    serve((archive.clone(), archive.len()));
    scratch.good(&["add", "acme/tagging", "--policy", "shop"]);
    let before = asked.load(Ordering::SeqCst);
    scratch.good(&["test", "--policy", "shop"]);
    assert_eq!(asked.load(Ordering::SeqCst), before, "what is here is not asked for again");
}

#[test]
fn a_verb_asks_no_network_where_none_may_be_asked() {
    let scratch = Scratch::new("offline");
    let asked = Arc::new(AtomicUsize::new(0));
    let port = server(Arc::default(), asked.clone());
    let location = format!("oci://127.0.0.1:{port}/policies");
    scratch.packages("../kept");
    scratch.good(&["publish", "--policy", "tagging", "--registry", "kept"]);
    scratch.good(&["add", "acme/tagging", "--policy", "shop"]);
    // A registry that is a folder is on this machine.
    scratch.version("0.1.0", "0.1.1");
    let of_folder: [&[&str]; 6] = [
        &["publish", "--policy", "tagging", "--registry", "kept"],
        &["search", "--policy", "shop"],
        &["audit", "--policy", "shop"],
        &["update", "--policy", "shop", "acme/tagging", "--dry-run"],
        &["yank", "acme/tagging@0.1.1", "--why", "too early", "--policy", "shop"],
        &["update", "--policy", "shop"],
    ];
    for line in of_folder {
        let (code, said) = scratch.writ(&[line, &["--offline"]].concat());
        assert_eq!(code, 0, "{line:?}: {said}");
    }
    let manifest = scratch.0.join("shop/writ.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest").replace("\"../kept\"", &format!("{location:?}"));
    fs::write(&manifest, text).expect("it is writable");
    let of_network: [&[&str]; 9] = [
        &["publish", "--policy", "tagging", "--registry", &location],
        &["publish", "--policy", "tagging", "--registry", &location, "--dry-run"],
        &["search", "--policy", "shop"],
        &["search", "tagging", "--registry", &location],
        &["update", "--policy", "shop"],
        &["update", "--policy", "shop", "--dry-run"],
        &["yank", "acme/tagging@0.1.0", "--why", "bad", "--policy", "shop"],
        &["yank", "acme/tagging@0.1.0", "--undo", "--registry", &location],
        &["add", "acme/other", "--policy", "shop"],
    ];
    for line in of_network {
        for flag in ["--offline", "--frozen"] {
            let (code, said) = scratch.writ(&[line, &[flag]].concat());
            assert!(code == 64 && said.contains("leave out --offline and --frozen"), "{line:?} {flag}: {said}");
            assert!(said.contains(&location), "it names the registry: {line:?} {flag}: {said}");
        }
    }
    // An audit says what it cannot look at, and goes on.
    for flag in ["--offline", "--frozen"] {
        let (code, said) = scratch.writ(&["audit", "--policy", "shop", flag]);
        assert!(code == 1 && said.contains("over a network, and none may be asked"), "{flag}: {said}");
        assert!(said.contains(&location) && said.contains("1 of which nobody can tell"), "{flag}: {said}");
    }
    let git: &[&str] = &["add", "open/words", "--git", "https://127.0.0.1:1/words", "--policy", "shop", "--offline"];
    let (code, said) = scratch.writ(git);
    assert!(code == 64 && said.contains("only it can say"), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 0, "somebody was asked");
    // Without the flags it is.
    scratch.writ(&["search", "--policy", "shop"]);
    assert_ne!(asked.load(Ordering::SeqCst), 0);
}

/// `sha256:` of bytes, by the tool that everybody has.
fn program_digest(bytes: &[u8]) -> String {
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum runs");
    child.stdin.take().expect("piped").write_all(bytes).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    format!("sha256:{}", String::from_utf8_lossy(&output.stdout).split(' ').next().expect("a digest"))
}

impl Scratch {
    /// The package that depends on one that is published already.
    fn packages_of(&self, registry: &str) {
        fs::rename(self.0.join("tagging"), self.0.join("published")).expect("it was made");
        self.packages(registry);
    }
}

#[test]
fn processes_that_fetch_at_once_all_get_it_whole() {
    let scratch = Scratch::new("at-once");
    scratch.packages("../kept");
    scratch.good(&["publish", "--policy", "tagging", "--registry", "kept"]);
    scratch.good(&["add", "acme/tagging", "--policy", "shop"]);
    for round in 0..3 {
        fs::remove_dir_all(scratch.0.join("home")).expect("it was made");
        let log = |n: usize| File::create(scratch.0.join(format!("log-{n}"))).expect("a file");
        let start = |n: usize| {
            let mut command = scratch.command(&["test", "--policy", "shop"]);
            command.stdout(log(n)).stderr(Stdio::null()).spawn().expect("the tool runs")
        };
        let running: Vec<Child> = (0..6).map(start).collect();
        for (n, mut child) in running.into_iter().enumerate() {
            let status = child.wait().expect("it ends");
            let said = fs::read_to_string(scratch.0.join(format!("log-{n}"))).unwrap_or_default();
            assert!(status.success(), "round {round}, process {n}: {said}");
        }
        assert_eq!(names(&scratch.0.join("home/trees")).len(), 1, "no part is left behind");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

impl Scratch {
    /// A package `acme/NAME` with these dependencies and rules, and a test.
    fn package(&self, at: &str, name: &str, more: &str, rules: &str) {
        let manifest = format!("[package]\nname = \"acme/{name}\"\nversion = \"0.1.0\"\ndescription = \"d\"\n\n{more}");
        self.write(&format!("{at}/writ.toml"), &manifest);
        self.write(&format!("{at}/{name}.writ"), &format!("use std.state.{{Resource, tag}};\n\n{rules}"));
        self.write(
            &format!("{at}/tests/all.writ"),
            "use std.state.tag;\n\ntest \"a tag\" {\n    given { tag(\"a\", \"b\", \"c\"); }\n    expect tag(\"a\", \"b\", \"c\");\n}\n",
        );
    }
}

const ODD: &str = "/// Odd things.\npub relation odd(r: Resource);\nodd(r) if tag(r, \"odd\", _);\n";

/// What others get from a registry is what counts for a release, not what stands in a folder here.
#[test]
fn what_others_cannot_have_is_not_published() {
    let scratch = Scratch::new("others");
    scratch.write("writ.toml", "[workspace]\nmembers = [\"one\", \"two\"]\n\n[registries]\nacme = \"registry\"\n");
    fs::create_dir_all(scratch.0.join("registry")).expect("a folder");
    scratch.package("one", "one", "", ODD);
    let two = "/// Strange things.\npub relation strange(r: Resource);\nstrange(r) if acme.one.one.odd(r);\n";
    scratch.package("two", "two", "[dependencies]\n\"acme/one\" = \"0.1.0\"\n", two);
    scratch.good(&["update", "--policy", "two"]);
    let publish = |name| scratch.writ(&["publish", "--unsigned", "--policy", name]);
    let (code, said) = publish("two");
    assert!(code == 64 && said.contains("others would not get what acme/two depends on"), "{said}");
    assert_eq!(publish("one").0, 0);
    // The folder says more than its release does.
    scratch.package("one", "one", "", &format!("{ODD}\n{}", ODD.replace("odd", "odder").replace("Odd", "Odder")));
    scratch.package("two", "two", "[dependencies]\n\"acme/one\" = \"0.1.0\"\n", &two.replace("odd", "odder"));
    let (code, said) = publish("two");
    assert!(code == 64 && said.contains("as other packages will read it") && said.contains("odder"), "{said}");
    scratch.package("two", "two", "[dependencies]\n\"acme/one\" = \"0.1.0\"\n", two);
    let (code, said) = publish("two");
    assert!(code == 0 && said.contains("the first release"), "{said}");
}

/// A rule over a relation of the standard library is in force for everybody who depends on the package, under no name of its own.
#[test]
fn what_is_added_to_the_world_asks_for_a_major_version() {
    let scratch = Scratch::new("world");
    fs::create_dir_all(scratch.0.join("registry")).expect("a folder");
    let registry = "[registries]\nacme = \"../registry\"\n";
    let publish = |version: &str, more: &str, rules: &str| {
        scratch.package("one", "one", more, rules);
        let path = scratch.0.join("one/writ.toml");
        let text = fs::read_to_string(&path).expect("a manifest").replace("0.1.0", version);
        fs::write(path, text).expect("it is writable");
        scratch.good(&["update", "--policy", "one"]);
        scratch.writ(&["publish", "--unsigned", "--policy", "one"])
    };
    let kind = |what: &str, of: &str| format!("{ODD}{what}\nstd.state.kind({of}, \"odd\") if odd({of});\n");
    assert_eq!(publish("1.0.0", registry, ODD).0, 0);
    let (code, said) = publish("1.0.1", registry, &kind("", "r"));
    assert!(code == 64 && said.contains("major  std.state.kind: more is added to it"), "{said}");
    assert!(said.contains("one.writ:7") && said.contains("version = \"2.0.0\""), "{said}");
    assert_eq!(publish("2.0.0", registry, &kind("", "r")).0, 0);
    // The same in other words, in another place.
    let (code, said) = publish("2.0.1", registry, &kind("\n// It is odd.", "thing"));
    assert!(code == 0 && said.contains("since 2.0.0: patch"), "{said}");
    // What it asks is another.
    let (code, said) = publish("2.0.2", registry, &kind("odd(r) if tag(r, \"strange\", _);", "r"));
    assert!(code == 64 && said.contains("major  std.state.kind: something else is added to it"), "{said}");
    let (code, said) = publish("2.0.2", registry, ODD);
    assert!(code == 64 && said.contains("major  std.state.kind: less is added to it"), "{said}");
    // Of a package that it newly depends on, no line of its own says that.
    scratch.package("two", "two", registry, &kind("", "r").replace("odd", "even"));
    assert_eq!(scratch.writ(&["publish", "--unsigned", "--policy", "two"]).0, 0);
    let depends =
        format!("{registry}\n[trust.packages]\nacme = \"unsigned\"\n\n[dependencies]\n\"acme/two\" = \"0.1\"\n");
    let (code, said) = publish("2.0.2", &depends, &kind("", "r"));
    assert!(code == 64 && said.contains("major  std.state.kind: more is added to it"), "{said}");
    assert!(said.contains("acme/two/two.writ:7"), "{said}");
}

/// A scope may have the name of the folder that tests stand in: what its packages add is no test of whoever depends on them.
#[test]
fn what_is_added_by_a_scope_called_tests_is_seen() {
    let scratch = Scratch::new("world-tests");
    fs::create_dir_all(scratch.0.join("registry")).expect("a folder");
    let registry = "[registries]\ntests = \"../registry\"\n";
    let package = |version: &str, rules: &str| {
        scratch.package("one", "one", registry, rules);
        let path = scratch.0.join("one/writ.toml");
        let text = fs::read_to_string(&path).expect("a manifest");
        fs::write(path, text.replace("0.1.0", version).replace("acme/one", "tests/one")).expect("it is writable");
        scratch.good(&["update", "--policy", "one"]);
    };
    let publish = || scratch.writ(&["publish", "--unsigned", "--policy", "one"]);
    package("1.0.0", ODD);
    assert_eq!(publish().0, 0);
    scratch.write(
        "root/writ.toml",
        "[package]\nname = \"shop/root\"\n\n[registries]\ntests = \"../registry\"\n\n[trust.packages]\ntests = \"unsigned\"\n\n[dependencies]\n\"tests/one\" = \"1\"\n",
    );
    scratch.write(
        "root/root.writ",
        "use std.state.Resource;\nuse tests.one.one.odd;\n\nrelation odder(r: Resource);\nodder(r) if odd(r);\n",
    );
    scratch.good(&["update", "--policy", "root"]);
    let adding = format!("{ODD}\nstd.state.kind(r, \"odd\") if odd(r);\n");
    package("1.0.1", &adding);
    let (code, said) = publish();
    assert!(code == 64 && said.contains("major  std.state.kind: more is added to it"), "{said}");
    package("2.0.0", &adding);
    assert_eq!(publish().0, 0);
    scratch.good(&["update", "--policy", "root"]);
    let path = scratch.0.join("root/writ.toml");
    let text = fs::read_to_string(&path).expect("a manifest").replace("\"tests/one\" = \"1\"", "\"tests/one\" = \"2\"");
    fs::write(path, text).expect("it is writable");
    let said = scratch.writ(&["update", "--dry-run", "--policy", "root"]).1;
    assert!(said.contains("std.state.kind: more is added to it"), "{said}");
}
