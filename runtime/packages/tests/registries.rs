//! OCI registries as GHCR and Harbor are, and ones that lie: each a small server on this machine.
// LONG: each registry is a server of its own, and all share how one is made and asked.

use packages::registry::oci::Oci;
use packages::registry::{Listed, Published, Registry, Release, opened, release};
use packages::{Failure, Name, Tree, Version, archive};
use program::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

/// `ana:secret`
const ANA: &str = "Basic YW5hOnNlY3JldA==";

/// What somebody asks.
struct Asked {
    method: String,
    path: String,
    /// `Authorization:`, or nothing.
    who: String,
    body: Vec<u8>,
}

/// A server that answers each request with these bytes, and closes.
fn server(answer: impl Fn(u16, &Asked, &mut TcpStream) -> Vec<u8> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let field = |name: &str| {
                let found = head.lines().filter_map(|line| line.split_once(": "));
                found.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
            };
            let size = field("content-length").and_then(|size| size.parse().ok());
            let mut body = vec![0; size.unwrap_or(0)];
            let mut words = head.split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if stream.read_exact(&mut body).is_ok() {
                let asked = Asked { method, path, who: field("authorization").unwrap_or_default(), body };
                // As proxies do it: what is sent has a length, also where it is nothing.
                let said = match size {
                    None if asked.method != "GET" => says("411 Length Required", "", b"how long is it?"),
                    _ => answer(port, &asked, &mut stream),
                };
                let _ = stream.write_all(&said);
            }
        }
    });
    port
}

fn says(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A folder of docker's that knows ana, as `docker login` keeps her.
fn docker(name: &str, ports: &[u16]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let auths: Vec<String> =
        ports.iter().map(|port| format!("\"127.0.0.1:{port}\": {{\"auth\": \"{}\"}}", &ANA[6..])).collect();
    fs::write(folder.join("config.json"), format!("{{\"auths\": {{{}}}}}", auths.join(","))).expect("a file");
    folder
}

fn oci(port: u16, docker: Option<&Path>) -> Oci {
    Oci::new(&format!("127.0.0.1:{port}/policies"), docker).expect("an address")
}

fn words() -> Name {
    Name::parse("acme/words").expect("a name")
}

fn package(version: &str) -> (Release, Vec<u8>) {
    let mut tree = Tree::default();
    let manifest = format!("[package]\nname = \"acme/words\"\nversion = \"{version}\"\n");
    tree.add("writ.toml", manifest.into_bytes()).expect("a path");
    (release(&tree).expect("a release").0, archive::pack(&tree))
}

/// What a registry holds, and what was seen.
#[derive(Default)]
struct Shelf {
    kept: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
}

const AT: &str = "/v2/policies/acme/words";

/// A registry that gives tokens, one for each right in each repository, and keeps its blobs with somebody else.
///
/// - `open`: anybody may read.
fn with_tokens(open: bool) -> (u16, Arc<Mutex<Shelf>>) {
    let shelf: Arc<Mutex<Shelf>> = Arc::default();
    let theirs = shelf.clone();
    let store = server(move |_, asked, _| {
        let mut shelf = theirs.lock().expect("no panic holds it");
        assert_eq!(asked.who, "", "a stranger is told who asks: {}", asked.path);
        shelf.asked.push(format!("{} store", asked.method));
        let digest = asked.path.rsplit(['=', '/']).next().unwrap_or_default().replace("%3A", ":");
        match asked.method.as_str() {
            "PUT" => {
                shelf.kept.insert(digest, asked.body.clone());
                says("201 Created", "Location: /kept\r\n", b"")
            }
            _ => says("200 OK", "", &shelf.kept[&digest]),
        }
    });
    let ours = shelf.clone();
    let port = server(move |port, asked, _| {
        let mut shelf = ours.lock().expect("no panic holds it");
        let Asked { method, path, who, body } = asked;
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        if let ("GET", false, Some((_, reference))) = (method.as_str(), who.is_empty(), place.split_once("/manifests/"))
        {
            shelf.asked.push(format!("manifest {reference}"));
        }
        let unknown = |scope: &str| {
            let wanted = format!("Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"fake\"{scope}");
            let body = b"{\"errors\": [{\"code\": \"UNAUTHORIZED\", \"message\": \"who are you?\"}]}";
            says("401 Unauthorized", &format!("WWW-Authenticate: {wanted}\r\n"), body)
        };
        if place == "/token" {
            let right = if query.contains("pull%2Cpush") { "push" } else { "pull" };
            shelf.asked.push(format!("token {right} {}", if who.is_empty() { "anybody" } else { who }));
            let known = who == ANA || who.is_empty() && open && right == "pull";
            let of = |scope: &str| query.contains("service=fake") && query.contains(scope);
            if who == ANA && of("registry%3Acatalog%3A") {
                return says("200 OK", "", b"{\"token\": \"catalog\"}");
            }
            return match known && of("repository%3Apolicies%2Facme%2Fwords%3A") {
                true => says("200 OK", "", format!("{{\"access_token\": \"{right}\"}}").as_bytes()),
                false => says("401 Unauthorized", "", b"{\"details\": \"wrong password\"}"),
            };
        }
        if place == "/v2/" {
            return unknown("");
        }
        if place == "/v2/_catalog" {
            return match who == "Bearer catalog" {
                true if query.contains("last=1") => {
                    says("200 OK", "", b"{\"repositories\": [\"policies/acme/words\"]}")
                }
                true => says(
                    "200 OK",
                    "Link: </v2/_catalog?last=1&n=1>; rel=\"next\"\r\n",
                    b"{\"repositories\": [\"other/one\", \"policies/acme/edge\"]}",
                ),
                false => unknown(",scope=\"registry:catalog:*\""),
            };
        }
        let reads = method == "GET";
        if who != "Bearer push" && !(reads && who == "Bearer pull") {
            return unknown("");
        }
        let rest = place.strip_prefix(AT).expect("its repository");
        match (method.as_str(), rest) {
            ("POST", "/blobs/uploads/") => {
                let there = format!("Location: http://127.0.0.1:{store}/upload?signed=yes\r\n");
                says("202 Accepted", &there, b"")
            }
            ("GET", "/tags/list") => {
                let tags: Vec<&String> = shelf.kept.keys().filter(|key| !key.starts_with("sha256:")).collect();
                // One on each page, found by what only the registry understands.
                let at: usize = query.split("page=").nth(1).map_or(0, |at| at.parse().expect("a number"));
                let link = match at + 1 < tags.len() {
                    true => format!("Link: <{AT}/tags/list?n=1&page={}>; rel=\"next\"\r\n", at + 1),
                    false => String::new(),
                };
                let page: Vec<&String> = tags.into_iter().skip(at).take(1).collect();
                says("200 OK", &link, format!("{{\"name\": \"x\", \"tags\": {page:?}}}").as_bytes())
            }
            ("GET", _) if rest.starts_with("/blobs/") => {
                let there = format!("Location: http://127.0.0.1:{store}{}\r\n", rest);
                says("307 Temporary Redirect", &there, b"")
            }
            ("PUT", _) => {
                let tag = rest.strip_prefix("/manifests/").expect("a manifest");
                shelf.kept.insert(tag.to_owned(), body.clone());
                shelf.kept.insert(Digest::of(body).to_string(), body.clone());
                // As ECR does it: nowhere is said where it is.
                says("201 Created", "", b"")
            }
            _ => match shelf.kept.get(rest.strip_prefix("/manifests/").expect("a manifest")) {
                Some(found) => says("200 OK", "", found),
                None => says("404 Not Found", "", b"{\"errors\": [{\"code\": \"MANIFEST_UNKNOWN\"}]}"),
            },
        }
    });
    (port, shelf)
}

#[test]
fn a_registry_with_tokens_is_written_and_read() {
    let (port, shelf) = with_tokens(false);
    let folder = docker("tokens", &[port]);
    let registry = oci(port, Some(&folder));
    let (one, bytes) = package("1.0.0");
    let publish = |note: Option<&[u8]>| registry.publish(&one, &bytes, note);
    assert_eq!(publish(Some(b"a note\n")).expect("it is new"), Published::Anew);
    assert_eq!(publish(Some(b"a note\n")).expect("it is the same"), Published::Before);
    let said = publish(None).expect_err("it is there").to_string();
    assert!(
        said.contains("a release never changes\n  its files there are the same, and its signature is not"),
        "{said}"
    );
    let (two, more) = package("1.1.0");
    registry.publish(&two, &more, None).expect("it is new");
    registry.yank(&one.name, &one.version, Some("it forgets")).expect("it is there");
    let listed = |version, yanked: Option<&str>| Listed { version, yanked: yanked.map(str::to_owned) };
    let all = [listed(Version::new(1, 0, 0), Some("it forgets")), listed(Version::new(1, 1, 0), None)];
    assert_eq!(registry.versions(&words()).expect("it says"), all);
    assert_eq!(registry.names().expect("it says"), [Name::parse("acme/edge").expect("a name"), words()]);

    // The bytes of a manifest are what they were before: its digest stands in people's locks.
    let told = serde_json::to_vec(&one).expect("plain data");
    let right = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
         \"artifactType\":\"application/vnd.writ.package.v1\",\
         \"config\":{{\"mediaType\":\"application/vnd.writ.release.v1+json\",\"digest\":\"{}\",\"size\":{}}},\
         \"layers\":[{{\"mediaType\":\"application/vnd.writ.package.v1.tar+gzip\",\"digest\":\"{}\",\"size\":{}}}],\
         \"annotations\":{{\"org.opencontainers.image.title\":\"acme/words\",\
         \"org.opencontainers.image.version\":\"1.0.0\",\"org.writ-lang.signature\":\"a note\\n\"}}}}",
        Digest::of(&told),
        told.len(),
        Digest::of(&bytes),
        bytes.len()
    );
    let asked = {
        let shelf = shelf.lock().expect("no panic holds it");
        assert_eq!(String::from_utf8_lossy(&shelf.kept["1.0.0"]), right);
        shelf.asked.clone()
    };
    // A token for each right, and each once; what the catalogue wants is one that reads.
    let tokens = |right: &str| asked.iter().filter(|one| **one == format!("token {right} {ANA}")).count();
    assert_eq!((tokens("pull"), tokens("push")), (2, 1), "{asked:?}");

    let found = oci(port, Some(&folder)).release(&one.name, &one.version, None).expect("it is there");
    assert_eq!(found.oci, Some(Digest::of(right.as_bytes())));
    let registry = oci(port, Some(&folder));
    let pinned = registry.release(&one.name, &one.version, found.oci.as_ref()).expect("it is there");
    assert_eq!(registry.fetch(&pinned).expect("it is there"), (bytes, Some(b"a note\n".to_vec())));

    // Nobody, and somebody whom it does not know.
    let said = oci(port, None).versions(&words()).expect_err("it is closed").to_string();
    let help = format!("\n  help: `docker login 127.0.0.1:{port}`");
    assert!(said.contains("gives no token") && said.contains("wrong password") && said.ends_with(&help), "{said}");
    let said = oci(port, None).names().expect_err("it is closed").to_string();
    assert!(said.contains("gives no token") && said.ends_with(&help), "{said}");
}

#[test]
fn what_is_open_is_read_by_anybody_and_written_by_nobody() {
    let (port, shelf) = with_tokens(true);
    let registry = oci(port, None);
    assert_eq!(registry.versions(&words()).expect("it is open"), []);
    let (one, bytes) = package("1.0.0");
    let said = registry.publish(&one, &bytes, None).expect_err("who is it?").to_string();
    assert!(said.contains("gives no token") && said.contains("docker login"), "{said}");
    let asked = shelf.lock().expect("no panic holds it").asked.clone();
    let mut tokens = asked.iter().filter(|one| one.starts_with("token "));
    assert!(tokens.all(|one| one.ends_with(" anybody")), "{asked:?}");
}

/// Who answers to a challenge is asked where it would be heard, or gets what cannot be sent.
#[test]
fn a_password_is_not_sent_where_it_is_heard_and_a_token_must_be_one() {
    let port = server(|_, asked, _| {
        assert_eq!(asked.who, "");
        says("401 Unauthorized", "WWW-Authenticate: Bearer realm=\"http://192.0.2.1/token\"\r\n", b"")
    });
    let folder = docker("heard", &[port]);
    let said = oci(port, Some(&folder)).versions(&words()).expect_err("it is heard").to_string();
    assert!(said.contains("sends for a token to \"http://192.0.2.1/token\", where it would be read"), "{said}");

    let port = server(|port, asked, _| match asked.path.starts_with("/token") {
        true => says("200 OK", "", b"{\"token\": \"a\\nb\"}"),
        false => {
            let wanted = format!("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\"\r\n");
            says("401 Unauthorized", &wanted, b"")
        }
    });
    let registry = oci(port, None);
    for _ in 0..2 {
        let said = registry.versions(&words()).expect_err("it is no token").to_string();
        assert!(said.contains("gives no token: it gives one that cannot be sent"), "{said}");
    }
}

/// A registry that lies about how much it says ends in words, and so does one that never ends.
#[test]
fn what_has_no_end_is_not_read_to_it() {
    let port = server(|_, asked, stream| {
        if asked.path.contains("/tags/") {
            let list = b"{\"tags\": [\"1.0.0\"]}";
            return says("200 OK", "Link: </v2/policies/acme/words/tags/list?n=500>; rel=\"next\"\r\n", list);
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        let mut sent = 0;
        while sent < 64 << 20 {
            match stream.write(&[b' '; 65536]) {
                Ok(n) => sent += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        assert!(sent < 32 << 20, "it was read to its end");
        Vec::new()
    });
    let registry = oci(port, None);
    let version = Version::new(1, 0, 0);
    let said = registry.release(&words(), &version, None).expect_err("it has no end").to_string();
    assert!(said.contains("it gives more than 4194304 bytes"), "{said}");
    let said = registry.names().expect_err("it has no end").to_string();
    assert!(said.contains("it gives more than 4194304 bytes"), "{said}");
    let said = registry.versions(&words()).expect_err("it has no end").to_string();
    assert!(said.contains("its list has no end"), "{said}");
}

#[test]
fn a_pin_is_kept_and_a_download_that_breaks_is_tried_again() {
    let (one, bytes) = package("1.0.0");
    let told = serde_json::to_vec(&one).expect("plain data");
    let described = |kind: &str, bytes: &[u8]| serde_json::json!({ "mediaType": format!("application/vnd.writ.{kind}"), "digest": Digest::of(bytes), "size": bytes.len() });
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described("release.v1+json", &told), "layers": [described("package.v1.tar+gzip", &bytes)],
    });
    let manifest = manifest.to_string().into_bytes();
    let (right, layer) = (Digest::of(&manifest), Digest::of(&bytes).to_string());
    let blobs = BTreeMap::from([(Digest::of(&told).to_string(), told), (layer, bytes.clone())]);
    let times = Mutex::new(BTreeMap::new());
    let port = server(move |_, asked, _| {
        let mut times = times.lock().expect("no panic holds it");
        let time = times.entry(asked.path.clone()).or_insert(0);
        *time += 1;
        let last = asked.path.rsplit('/').next().unwrap_or_default();
        let whole = says("200 OK", "", blobs.get(last).unwrap_or(&manifest));
        // The first time it says nothing, the second it breaks off.
        match *time {
            1 => Vec::new(),
            2 => whole[..whole.len() - 1].to_vec(),
            _ => whole,
        }
    });
    let registry = oci(port, None);
    let found = registry.release(&words(), &Version::new(1, 0, 0), Some(&right)).expect("the third time");
    assert_eq!(found.oci, Some(right));
    assert_eq!(registry.fetch(&found).expect("the third time").0, bytes);
    let other = Digest::of(b"other");
    let said = oci(port, None).release(&words(), &Version::new(1, 0, 0), Some(&other)).expect_err("it is another");
    assert!(said.to_string().contains("it gives a manifest of another digest"), "{said}");
}

/// What a registry answers to an upload is believed as little.
#[test]
fn an_upload_to_nowhere_ends_in_words() {
    let (one, bytes) = package("1.0.0");
    let refusals = [
        ("202 Accepted", "Location: ftp://nowhere/\r\n", "the registry does not say where what is sent goes\n  help: "),
        ("202 Accepted", "Location: http://[\r\n", "the registry does not say where what is sent goes\n  help: "),
        ("202 Accepted", "", "the registry does not say where what is sent goes\n  help: "),
        ("403 Forbidden", "", "the registry answers 403: you may not\n  help: `docker login`"),
        ("500 Oh", "", "the registry answers 500: you may not"),
    ];
    for (status, headers, what) in refusals {
        let port = server(move |_, asked, _| match asked.method.as_str() {
            "GET" => says("404 Not Found", "", b""),
            _ => says(status, headers, b"you\x07 may not"),
        });
        let said = oci(port, None).publish(&one, &bytes, None).expect_err("it is refused").to_string();
        assert!(said.contains("/v2/policies/acme/words/blobs/uploads/: the registry"), "{status}: {said}");
        assert!(said.contains(what) && !said.contains("Error"), "{status}: {said}");
    }
}

#[test]
fn a_manifest_is_asked_for_once_and_one_that_is_gone_is_named() {
    let (port, shelf) = with_tokens(true);
    let folder = docker("once", &[port]);
    let (one, bytes) = package("1.0.0");
    oci(port, Some(&folder)).publish(&one, &bytes, None).expect("it is new");
    let (name, version) = (&one.name, &one.version);
    let registry = oci(port, None);
    let seen = || {
        let asked = &shelf.lock().expect("no panic holds it").asked;
        asked.iter().filter(|one| one.starts_with("manifest ") || one.starts_with("GET")).cloned().collect::<Vec<_>>()
    };
    let before = seen().len();
    let found = registry.release(name, version, None).expect("it is there");
    assert_eq!(registry.release(name, version, None).expect("it is there"), found);
    assert_eq!(registry.release(name, version, found.oci.as_ref()).expect("it is there"), found);
    assert_eq!(registry.fetch(&found).expect("it is there").0, bytes);
    assert_eq!(seen()[before..], ["manifest 1.0.0", "GET store", "GET store"]);

    // It was taken away, and another is there under its version.
    let pin = found.oci.clone().expect("it has one");
    let kept = shelf.lock().expect("no panic holds it").kept.remove(&pin.to_string());
    let kept = String::from_utf8(kept.expect("it was there")).expect("text").replace("1.0.0\"}", "1.0\"}");
    shelf.lock().expect("no panic holds it").kept.insert(String::from("1.0.0"), kept.clone().into_bytes());
    let gone = format!(
        "acme/words 1.0.0 is locked as the manifest {pin}, and the registry oci://127.0.0.1:{port}/policies does not have that any more"
    );
    let anew =
        format!("; under 1.0.0 there is another, {}\n  help: `writ update acme/words`", Digest::of(kept.as_bytes()));
    let said = oci(port, None).release(name, version, Some(&pin)).expect_err("it is gone").to_string();
    assert!(said.starts_with(&gone) && said.contains(&anew), "{said}");
    let said = oci(port, None).fetch(&found).expect_err("it is gone").to_string();
    assert!(said.starts_with(&gone) && said.contains(&anew), "{said}");
    shelf.lock().expect("no panic holds it").kept.remove("1.0.0");
    let said = oci(port, None).release(name, version, Some(&pin)).expect_err("it is gone").to_string();
    assert!(said.starts_with(&gone) && said.contains("; nor is there any under 1.0.0\n  help: "), "{said}");
}

/// Archives of which the digest is right, and that are none.
#[test]
fn an_archive_that_is_refused_is_named_with_its_registry() {
    let (one, _) = package("1.0.0");
    let registry = oci(1, None);
    let mut tree = Tree::default();
    tree.add("writ.toml", b"[package]\nname = \"none\"\n".to_vec()).expect("a path");
    for (bytes, digest) in [(b"none".to_vec(), one.digest.clone()), (archive::pack(&tree), tree.digest())] {
        let told = Release { archive: Digest::of(&bytes), digest, ..one.clone() };
        let said = opened(&registry, &told, &bytes).expect_err("it is none").to_string();
        assert!(said.starts_with("acme/words 1.0.0 in the registry oci://127.0.0.1:1/policies: "), "{said}");
        assert!(said.ends_with("\n  help: nothing of it was kept; ask who runs that registry"), "{said}");
    }
}

/// Who gives tokens may be busy as well, and then nobody has to say who they are.
#[test]
fn who_gives_tokens_may_be_busy() {
    let times = Mutex::new(0);
    let port = server(move |port, asked, _| {
        let mut times = times.lock().expect("no panic holds it");
        match (asked.path.starts_with("/token"), asked.who.as_str()) {
            (true, _) => {
                *times += 1;
                match *times {
                    1 => says("429 Oh", "Retry-After: 0\r\n", b"slow down"),
                    2 => says("200 OK", "", b"{\"token\": \"a\"}"),
                    _ => says("503 Oh", "Retry-After: 99\r\n", b"later"),
                }
            }
            (false, "Bearer a") => says("200 OK", "", b"{\"tags\": [\"1.0.0\"]}"),
            (false, _) => {
                let wanted = format!("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\"\r\n");
                says("401 Unauthorized", &wanted, b"")
            }
        }
    });
    assert_eq!(oci(port, None).versions(&words()).expect("the second time").len(), 1);
    let said = oci(port, None).versions(&words()).expect_err("it is busy").to_string();
    assert!(said.contains("is busy: it answers 503 to") && said.contains("wait for 99 seconds"), "{said}");
    assert!(said.contains("\n  help: try again later") && !said.contains("gives no token"), "{said}");
}

/// A registry that keeps a manifest, and what is done at the so many-th time that it is asked for one, or for one to be kept.
///
/// - `told`: the answer to `GET`, of what is kept; `kept`: the answer to `PUT`.
fn keeping(
    told: impl Fn(usize, Option<&Vec<u8>>) -> Vec<u8> + Send + 'static,
    kept: impl Fn(usize) -> Vec<u8> + Send + 'static,
) -> Oci {
    let state: Mutex<(Option<Vec<u8>>, usize, usize)> = Mutex::default();
    let port = server(move |_, asked, _| {
        let mut state = state.lock().expect("no panic holds it");
        match (asked.method.as_str(), asked.path.contains("/manifests/")) {
            ("GET", true) => {
                state.1 += 1;
                told(state.1, state.0.as_ref())
            }
            ("PUT", true) => {
                state.2 += 1;
                state.0 = Some(asked.body.clone());
                kept(state.2)
            }
            ("POST", _) => says("202 Accepted", "Location: /v2/upload?a=b\r\n", b""),
            _ => says("201 Created", "Location: /there\r\n", b""),
        }
    });
    oci(port, None)
}

#[test]
fn a_release_whose_answer_was_lost_is_there_and_that_is_told() {
    let (one, bytes) = package("1.0.0");
    let there = |kept: Option<&Vec<u8>>| match kept {
        Some(kept) => says("200 OK", "", kept),
        None => says("404 Not Found", "", b""),
    };
    // The answer to the first PUT is lost, and nobody can be asked afterwards; then it is published again.
    let lost = keeping(move |time, kept| if time == 3 { says("500 Oh", "", b"") } else { there(kept) }, |_| Vec::new());
    let said = lost.publish(&one, &bytes, None).expect_err("no answer comes");
    assert!(matches!(said, Failure::Fault(_)), "{said}");
    assert_eq!(lost.publish(&one, &bytes, None).expect("it is there"), Published::Before);
    // It can be asked.
    let lost = keeping(move |_, kept| there(kept), |_| Vec::new());
    assert_eq!(lost.publish(&one, &bytes, None).expect("it is there"), Published::Anew);
    // It takes a while until it is there, or longer than anybody waits.
    let created = || says("201 Created", "", b"");
    let slow = keeping(move |time, kept| there(kept.filter(|_| time > 4)), move |_| created());
    assert_eq!(slow.publish(&one, &bytes, None).expect("it comes"), Published::Anew);
    let never = keeping(move |_, _| there(None), move |_| created());
    let said = never.publish(&one, &bytes, None).expect_err("it does not come");
    let text = said.to_string();
    assert!(matches!(said, Failure::Fault(_)) && !text.contains("somebody else"), "{text}");
    assert!(
        text.contains(
            "says that it took acme/words 1.0.0, and it is not there (yet)\
: it was asked for 5 times\n  help: "
        ),
        "{text}"
    );
}

#[test]
fn of_two_who_publish_at_once_one_is_told() {
    let (one, bytes) = package("1.0.0");
    let kept: Mutex<Option<Vec<u8>>> = Mutex::default();
    let port = server(move |_, asked, _| {
        let mut kept = kept.lock().expect("no panic holds it");
        match (asked.method.as_str(), asked.path.contains("/manifests/")) {
            ("GET", true) => match kept.as_ref() {
                Some(found) => says("200 OK", "", found),
                None => says("404 Not Found", "", b""),
            },
            // Somebody else writes right behind.
            ("PUT", true) => {
                let text = String::from_utf8_lossy(&asked.body).replace("org.opencontainers.image.title", "theirs");
                *kept = Some(text.into_bytes());
                says("201 Created", "Location: /there\r\n", b"")
            }
            ("POST", _) => says("202 Accepted", "Location: /v2/upload?a=b\r\n", b""),
            _ => says("201 Created", "Location: /there\r\n", b""),
        }
    });
    let said = oci(port, None).publish(&one, &bytes, None).expect_err("it is theirs").to_string();
    assert!(said.contains("was published by somebody else in the same moment"), "{said}");
}

/// A list that comes in two pages, of which the second says that the one version is yanked.
///
/// - `link`: how the first says where the second is; `there`: whether it is.
fn in_two_pages(link: &'static str, there: bool) -> Oci {
    let port = server(move |_, asked, _| match asked.path.strip_prefix(AT).unwrap_or_default() {
        "/tags/list?n=500" => says("200 OK", &format!("Link: {link}\r\n"), b"{\"tags\": [\"1.0.0\"]}"),
        "/tags/list?last=1.0.0" if there => says("200 OK", "", b"{\"tags\": [\"1.0.0.yanked\"]}"),
        "/manifests/1.0.0.yanked" => {
            let none = "{\"mediaType\": \"a\", \"digest\": \"sha256:";
            let none = format!("{none}{}\", \"size\": 1}}", "0".repeat(64));
            let manifest = format!(
                "{{\"schemaVersion\": 2, \"mediaType\": \"a\", \"config\": {none}, \"layers\": [],
                   \"annotations\": {{\"org.writ-lang.yanked\": \"it forgets\"}}}}"
            );
            says("200 OK", "", manifest.as_bytes())
        }
        _ => says("404 Not Found", "", b""),
    });
    oci(port, None)
}

#[test]
fn a_list_that_breaks_off_does_not_count_as_whole() {
    let yanked = [Listed { version: Version::new(1, 0, 0), yanked: Some(String::from("it forgets")) }];
    for link in [
        "<list?last=1.0.0>; rel=next",
        "<?last=1.0.0>; title=\"a, b\"; REL=\"prev next\"",
        "</v2/>; rel=\"up\", </v2/policies/acme/words/tags/list?last=1.0.0>; rel=\"next\"",
        "<../tags/list?last=1.0.0>; rel=\"next\"",
    ] {
        assert_eq!(in_two_pages(link, true).versions(&words()).expect("it says"), yanked, "{link}");
    }
    let next = "<list?last=1.0.0>; rel=next";
    for (link, there, what) in [
        (next, false, "/tags/list?last=1.0.0: the list breaks off: the page before it says that this is the next"),
        ("list?last=1.0.0; rel=next", true, "/tags/list?n=500: the list breaks off: what its `Link:` says"),
        ("<gopher://list>; rel=next", true, "the next page is \"gopher://list\", where nobody can ask"),
    ] {
        let said = in_two_pages(link, there).versions(&words()).expect_err("it breaks off");
        assert!(matches!(said, Failure::Fault(_)) && said.to_string().contains(what), "{link}: {said}");
        assert!(said.to_string().contains("\n  help: nothing of it counts"), "{said}");
    }
    // What is no list is not an empty one.
    let port = server(|_, _, _| says("200 OK", "", b"{\"errors\": []}"));
    assert!(oci(port, None).versions(&words()).is_err());
    let port = server(|_, _, _| says("200 OK", "", b"{\"name\": \"policies/acme/words\", \"tags\": null}"));
    assert_eq!(oci(port, None).versions(&words()).expect("it has none"), []);
}

/// Whoever writes such a tag keeps nobody from the others.
#[test]
fn a_tag_with_a_number_above_which_there_is_none_is_passed_over() {
    let port = server(|_, _, _| {
        let tags = "{\"tags\": [\"18446744073709551615.0.0\", \"0.18446744073709551615.0\", \"1.0.0\", \"latest\"]}";
        says("200 OK", "", tags.as_bytes())
    });
    let right = [Listed { version: Version::new(1, 0, 0), yanked: None }];
    assert_eq!(oci(port, None).versions(&words()).expect("it says"), right);
}

#[test]
fn a_place_for_an_upload_is_seen_from_where_it_was_asked_for() {
    let (one, bytes) = package("1.0.0");
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let theirs = seen.clone();
    let port = server(move |_, asked, _| {
        theirs.lock().expect("no panic holds it").push(format!("{} {}", asked.method, asked.path));
        match asked.method.as_str() {
            "POST" => says("202 Accepted", "Location: one?a=b\r\n", b""),
            "PUT" => says("400 Bad Request", "", b""),
            _ => says("404 Not Found", "", b""),
        }
    });
    oci(port, None).publish(&one, &bytes, None).expect_err("it is refused");
    let seen = seen.lock().expect("no panic holds it");
    let put = format!("PUT {AT}/blobs/uploads/one?a=b&digest=sha256:");
    assert!(seen.iter().any(|one| one.starts_with(&put)), "{seen:?}");
}
