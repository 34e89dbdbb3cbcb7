//! Who one is to an OCI registry: what `docker login` kept, or a helper of docker's gives.
//!
//! INVARIANT: a password is sent to the registry that it was kept for and to where that sends for a token, over TLS or on this
//! machine, and printed nowhere.
//! Source: *Docker Registry v2 authentication*; `docker-credential-helpers`.

use super::busy;
use crate::{Failure, disk, malformed};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Uri};

/// Where credentials are looked for.
pub(super) struct Credentials {
    docker: Option<PathBuf>,
    /// How long a helper may take.
    patience: Duration,
}

/// What is known of who one is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    /// `Basic …`
    basic: Option<String>,
    /// What a helper says that gives nothing.
    why: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Auth {
    auth: Option<String>,
    /// What some registries give at a login in place of a secret.
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

#[derive(Deserialize)]
struct Token {
    #[serde(alias = "access_token")]
    token: String,
}

impl Credentials {
    pub(super) fn new(docker: Option<&Path>, patience: Duration) -> Credentials {
        Credentials { docker: docker.map(Path::to_owned), patience }
    }

    /// What to say to a registry that wants to know who asks.
    ///
    /// - `headers`: of its answer, which say how.
    /// - `scope`: what for; where nothing is said, what the registry says.
    /// - returns: what stands behind `Authorization:`.
    pub(super) fn answer(
        &self,
        agent: &Agent,
        host: &str,
        headers: &HeaderMap,
        scope: &str,
    ) -> Result<String, Failure> {
        let wanted = headers.get("WWW-Authenticate").and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
        let Known { basic, why: helper } = self.of(host)?;
        let (kind, rest) = wanted.split_once(' ').unwrap_or((wanted, ""));
        if kind.eq_ignore_ascii_case("basic") {
            return basic.ok_or_else(|| {
                Failure::Fault(format!("{host} wants to know who asks{helper}\n  help: `docker login {host}`"))
            });
        }
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(Failure::Fault(format!("{host} wants to know who asks in a way that is not known: {kind:?}")));
        }
        let fields = fields(rest);
        let realm = fields.get("realm").map(String::as_str).unwrap_or_default();
        if !is_unheard(realm) {
            return malformed(format!("{host} sends for a token to {realm:?}, where it would be read on the way"));
        }
        let scope = Some(scope).filter(|scope| !scope.is_empty()).or(fields.get("scope").map(String::as_str));
        let ask = || {
            let mut request = agent.get(realm);
            for (key, value) in [("service", fields.get("service").map(String::as_str)), ("scope", scope)] {
                if let Some(value) = value {
                    request = request.query(key, value);
                }
            }
            if let Some(basic) = &basic {
                request = request.header("Authorization", basic);
            }
            request.call()
        };
        let refused = |why: String| {
            Failure::Fault(format!("{host} gives no token: {why}{helper}\n  help: `docker login {host}`"))
        };
        // Who does not answer does not want to know who asks.
        let silent = |e: ureq::Error| {
            Failure::Fault(format!(
                "{host} gives no token: it sends for one to {realm}, and there: {e}\n  help: look at the network; try again later"
            ))
        };
        let mut answer = busy::patiently(self.patience, ask).map_err(silent)?;
        let bytes = answer.body_mut().with_config().limit(1 << 20).read_to_vec().map_err(silent)?;
        if !answer.status().is_success() {
            let said = String::from_utf8_lossy(&bytes);
            let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
            if busy::is_busy(answer.status()) {
                return Err(busy::told(host, host, realm, answer.status(), answer.headers(), &said));
            }
            return Err(refused(format!("{realm} answers {}: {said}", answer.status().as_u16())));
        }
        let token: Token = serde_json::from_slice(&bytes).map_err(|e| refused(e.to_string()))?;
        match HeaderValue::from_str(&format!("Bearer {}", token.token)) {
            Ok(_) => Ok(format!("Bearer {}", token.token)),
            Err(_) => Err(refused(String::from("it gives one that cannot be sent"))),
        }
    }

    /// `Basic …` for a registry, if anything is kept for it.
    fn of(&self, host: &str) -> Result<Known, Failure> {
        let Some(docker) = &self.docker else { return Ok(Known::default()) };
        let path = docker.join("config.json");
        let Some(text) = disk::text(&path)? else { return Ok(Known::default()) };
        let config: Config = match serde_json::from_str(&text) {
            Ok(config) => config,
            Err(e) => return malformed(format!("{}: {e}", path.display())),
        };
        if let Some(helper) = config.cred_helpers.get(host).or(config.creds_store.as_ref()) {
            if !helper.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                return malformed(format!("docker's config.json: {helper:?} is no name of a helper"));
            }
            return helped(Path::new(&format!("docker-credential-{helper}")), host, self.patience);
        }
        let kept = config.auths.iter().find(|(key, _)| {
            let key = key.trim_start_matches("https://").trim_start_matches("http://");
            key.split('/').next() == Some(host)
        });
        let Some((_, auth)) = kept else { return Ok(Known::default()) };
        if auth.identity_token.as_ref().is_some_and(|token| !token.is_empty()) {
            return Err(Failure::Fault(format!(
                "{}: for {host} it keeps an identity token, which is not known here\n  help: `docker login {host}` with a name and a secret, or an access token as the secret",
                path.display()
            )));
        }
        let basic = auth.auth.as_ref().map(|auth| format!("Basic {auth}"));
        Ok(Known { basic, ..Known::default() })
    }
}

/// Asks a helper of docker's. One that ends without an answer knows nobody there, which may do: what it says is kept.
///
/// - `patience`: how long it may take; it may ask a person who is not there.
fn helped(program: &Path, host: &str, patience: Duration) -> Result<Known, Failure> {
    let shown = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fault = |e: std::io::Error| {
        Failure::Fault(format!("{shown} cannot be asked: {e}\n  help: docker's config.json names it for {host}"))
    };
    let late = || {
        Failure::Fault(format!(
            "{shown} says nothing for {} seconds about {host}\n  help: try it by hand: `echo {host} | {shown} get`",
            patience.as_secs_f64()
        ))
    };
    // Counted in sleeps: a clock is nobody's but the command line's.
    let (mut waited, step) = (Duration::ZERO, Duration::from_millis(10));
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().map_err(fault)?;
    if let Some(mut into) = running.stdin.take() {
        // One that ends before it reads says why by other means.
        let _ = into.write_all(host.as_bytes());
    }
    // What it started may hold its pipes when it has ended itself: nobody waits for that longer than for the helper.
    let (said, complained) = (heard(running.stdout.take()), heard(running.stderr.take()));
    let status = loop {
        match running.try_wait().map_err(fault)? {
            Some(status) => break status,
            None if waited >= patience => {
                let _ = running.kill();
                let _ = running.wait();
                return Err(late());
            }
            None => {
                thread::sleep(step);
                waited += step;
            }
        }
    };
    let left = patience.saturating_sub(waited).max(step);
    let said = said.recv_timeout(left).map_err(|_| late())?;
    if !status.success() {
        let complained = complained.recv_timeout(left).unwrap_or_default();
        let texts = [complained, said].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let line = texts.iter().flat_map(|text| text.lines()).map(str::trim).find(|line| !line.is_empty());
        let line: String = line.unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect();
        let why = if line.is_empty() { String::new() } else { format!("\n  {shown} says: {line}") };
        return Ok(Known { basic: None, why });
    }
    match serde_json::from_slice::<Helped>(&said) {
        Ok(one) => {
            let basic = Some(format!("Basic {}", base64(&format!("{}:{}", one.username, one.secret))));
            Ok(Known { basic, ..Known::default() })
        }
        Err(_) => Err(Failure::Fault(format!("{shown}: it answers with something else than a name and a secret"))),
    }
}

/// What comes out of a pipe, when it ends.
fn heard(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            let _ = pipe.take(1 << 20).read_to_end(&mut bytes);
        }
        let _ = send.send(bytes);
    });
    receive
}

/// Whether nobody hears on the way what is sent to an address: over TLS, or on this machine.
fn is_unheard(address: &str) -> bool {
    let Ok(address) = address.parse::<Uri>() else { return false };
    // A name before the host would make another host look like this one.
    let named = address.authority().is_some_and(|whole| !whole.as_str().contains('@'));
    let here = || address.host().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
    named && (address.scheme_str() == Some("https") || address.scheme_str() == Some("http") && here())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// `realm="…",service="…"`.
fn fields(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while let Some((key, behind)) = rest.split_once("=\"") {
        let Some((value, behind)) = behind.split_once('"') else { break };
        found.insert(key.trim_matches([' ', ',']).to_owned(), value.to_owned());
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Known, fields, is_unheard};
    use std::fs;
    use std::time::Duration;

    #[test]
    fn a_challenge_is_read_field_by_field() {
        let found =
            fields("realm=\"https://auth.example/token\",service=\"registry\",scope=\"repository:a/b:pull,push\"");
        assert_eq!(found["realm"], "https://auth.example/token");
        assert_eq!(found["scope"], "repository:a/b:pull,push");
    }

    #[test]
    fn a_password_goes_where_nobody_hears_it() {
        let unheard =
            ["https://auth.example/token", "http://localhost/t", "http://127.0.0.1:5000/t", "http://[::1]:1/t"];
        let heard = [
            "http://auth.example/token",
            "http://127.0.0.1@192.0.2.2:5092/token",
            "https://127.0.0.1@192.0.2.2/token",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "ftp://localhost/",
            "//localhost/",
            "",
        ];
        assert!(unheard.into_iter().all(is_unheard));
        assert!(!heard.into_iter().any(is_unheard));
    }

    #[test]
    fn credentials_are_those_of_the_host_alone() {
        let folder = std::env::temp_dir().join(format!("writ-docker-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.json"), "{\"auths\": {\"https://ghcr.io/v1/\": {\"auth\": \"YTpi\"}}}")
            .expect("a file");
        let credentials = Credentials::new(Some(&folder), Duration::from_secs(9));
        assert_eq!(credentials.of("ghcr.io").expect("it reads").basic.as_deref(), Some("Basic YTpi"));
        assert_eq!(credentials.of("ghcr.io.example").expect("it reads"), Known::default());
        fs::write(folder.join("config.json"), "{\"auths\": {\"ghcr.io\": {\"identitytoken\": \"t\"}}}")
            .expect("a file");
        let said = credentials.of("ghcr.io").expect_err("it is not known").to_string();
        assert!(said.contains("for ghcr.io it keeps an identity token"), "{said}");
        fs::write(folder.join("config.json"), "{\"credsStore\": \"../../bin/sh\"}").expect("a file");
        assert!(credentials.of("ghcr.io").is_err());
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[cfg(unix)]
    #[test]
    fn a_helper_is_waited_for_and_what_it_says_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("writ-helper-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let ask = |name: &str, script: &str, patience: u64| {
            let program = folder.join(name);
            fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
            super::helped(&program, "ghcr.io", Duration::from_millis(patience))
        };
        let known = ask("good", "cat > /dev/null; echo '{\"Username\":\"a\",\"Secret\":\"b\"}'", 20_000);
        assert_eq!(known.expect("it answers").basic.as_deref(), Some("Basic YTpi"));
        // Neither of them reads what it is asked.
        let locked = ask("locked", "echo 'locked keychain' >&2; exit 1", 20_000).expect("it may do without");
        assert_eq!(locked, Known { basic: None, why: String::from("\n  locked says: locked keychain") });
        let late = ask("slow", "sleep 20", 300).expect_err("it says nothing").to_string();
        assert!(late.starts_with("slow says nothing for 0.3 seconds about ghcr.io"), "{late}");
        fs::remove_dir_all(&folder).expect("it is there");
    }
}
