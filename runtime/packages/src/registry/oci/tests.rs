//! Registries that say nothing, have no time, are none or are not there.

use super::Oci;
use crate::registry::Registry;
use crate::{Failure, Name, Version};
use program::Digest;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A registry that takes connections, reads, says these words, and then nothing; it keeps each connection open.
fn silent(words: &'static str) -> Oci {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(words.as_bytes()));
            held.push(stream);
        }
    });
    let location = format!("127.0.0.1:{port}/policies");
    Oci::patient(&location, None, Duration::from_millis(300)).expect("an address")
}

#[test]
fn a_registry_that_says_nothing_is_waited_for_and_named() {
    for (words, what) in [
        ("", "takes the connection and says nothing for 0.3 seconds"),
        ("HTTP/1.1 200 OK\r\n", "takes the connection and says nothing for 0.3 seconds"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "was not done within 3 seconds"),
    ] {
        let registry = silent(words);
        let name = Name::parse("acme/tagging").expect("a name");
        let said = registry.versions(&name).expect_err("it says nothing").to_string();
        assert!(said.starts_with(&format!("{} {what}", registry.shown())), "{words:?}: {said}");
    }
}

/// A registry that answers with each of these in turn, the last again and again; and how often it was asked.
fn answering(answers: &'static [&'static str]) -> (Oci, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let theirs = asked.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answers[theirs.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
            let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
            let length = format!("\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let said = format!("HTTP/1.1 {}{length}", head.replace('\n', "\r\n"));
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(said.as_bytes()));
        }
    });
    let location = format!("127.0.0.1:{port}/policies");
    (Oci::patient(&location, None, Duration::from_millis(300)).expect("an address"), asked)
}

fn said_of(registry: &Oci) -> String {
    let failure = registry.versions(&Name::parse("acme/tagging").expect("a name")).expect_err("it says nothing");
    assert!(matches!(failure, Failure::Fault(_)), "{failure}");
    failure.to_string()
}

#[test]
fn a_registry_that_is_busy_is_asked_again_and_not_for_ever() {
    const NONE: &str = "200 OK\n\n{\"tags\": []}";
    let busy: [&[&str]; 3] = [
        &["429 Too Many Requests", "503 Service Unavailable", NONE],
        &["429 Too Many Requests\nRetry-After: 0", NONE],
        &["503 Oh\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT", NONE],
    ];
    for answers in busy {
        let (registry, asked) = answering(answers);
        let name = Name::parse("acme/tagging").expect("a name");
        assert_eq!(registry.versions(&name).expect("the last time"), []);
        assert_eq!(asked.load(Ordering::SeqCst), answers.len());
    }
    let (registry, asked) = answering(&["429 Too Many\n\nslow down"]);
    let said = said_of(&registry);
    let start = format!("{} is busy: it answers 429 to http://", registry.shown());
    assert!(said.starts_with(&start) && said.contains("\n  it says: slow down\n  help: try again later"), "{said}");
    assert!(said.contains("`docker login 127.0.0.1:"), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    // Nobody waits an hour.
    let (registry, asked) = answering(&["503 Oh\nRetry-After: 3600"]);
    let said = said_of(&registry);
    assert!(said.contains("answers 503 to") && said.contains("says to wait for 3600 seconds\n  help: "), "{said}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_no_registry_is_told_so() {
    const PAGE: &str = "200 OK\nContent-Type: text/html\n\n<!doctype html><title>Log in</title>";
    let (registry, _) = answering(&[PAGE]);
    let said = said_of(&registry);
    assert!(
        said.contains("this is no registry: it gives text/html for a list\n  help: look at [registries]"),
        "{said}"
    );
    let (name, version) = (Name::parse("acme/tagging").expect("a name"), Version::new(1, 0, 0));
    for pin in [None, Some(Digest::of(b"a"))] {
        let failure = registry.release(&name, &version, pin.as_ref()).expect_err("it is none");
        assert!(matches!(failure, Failure::Fault(_)), "{failure}");
        assert!(failure.to_string().contains("this is no registry: it gives text/html for a manifest"), "{failure}");
    }
    let (registry, _) = answering(&["200 OK\n\n[1]"]);
    assert!(said_of(&registry).contains("this is no list: "));
}

#[test]
fn a_registry_that_is_not_there_is_told_with_what_to_look_at() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    for location in [format!("127.0.0.1:{port}/policies"), String::from("registry.invalid/policies")] {
        let registry = Oci::patient(&location, None, Duration::from_millis(300)).expect("an address");
        let said = said_of(&registry);
        let help = "\n  help: look at [registries] in writ.toml and at the network; try again later";
        assert!(said.starts_with(&registry.shown()) && said.ends_with(help), "{said}");
    }
}
