//! Who one is to an OCI registry: what `docker login` kept, or a helper of docker's gives.
//!
//! INVARIANT: a password is sent to the registry that it was kept for and to where that sends for a token, over TLS or on this
//! machine, and printed nowhere.
//! Source: *Docker Registry v2 authentication*; `docker-credential-helpers`.

use crate::{Failure, disk, malformed};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use ureq::Agent;
use ureq::http::{HeaderMap, Uri};

/// Where credentials are looked for.
pub(super) struct Credentials {
    docker: Option<PathBuf>,
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
    pub(super) fn new(docker: Option<&Path>) -> Credentials {
        Credentials { docker: docker.map(Path::to_owned) }
    }

    /// What to say to a registry that wants to know who asks.
    ///
    /// - `headers`: of its answer, which say how.
    /// - returns: what stands behind `Authorization:`.
    pub(super) fn answer(&self, agent: &Agent, host: &str, headers: &HeaderMap) -> Result<String, Failure> {
        let wanted = headers.get("WWW-Authenticate").and_then(|wanted| wanted.to_str().ok()).unwrap_or_default();
        let basic = self.of(host)?;
        let (kind, rest) = wanted.split_once(' ').unwrap_or((wanted, ""));
        if kind.eq_ignore_ascii_case("basic") {
            return basic.ok_or_else(|| {
                Failure::Fault(format!("{host} wants to know who asks\n  help: `docker login {host}`"))
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
        let mut request = agent.get(realm);
        for key in ["service", "scope"] {
            if let Some(value) = fields.get(key) {
                request = request.query(key, value);
            }
        }
        if let Some(basic) = &basic {
            request = request.header("Authorization", basic);
        }
        let refused =
            |why: String| Failure::Fault(format!("{host} gives no token: {why}\n  help: `docker login {host}`"));
        let mut answer = request.call().map_err(|e| refused(e.to_string()))?;
        if !answer.status().is_success() {
            return Err(refused(format!("{realm} answers {}", answer.status().as_u16())));
        }
        let bytes = answer.body_mut().with_config().limit(1 << 20).read_to_vec().map_err(|e| refused(e.to_string()))?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|e| refused(e.to_string()))?;
        Ok(format!("Bearer {}", token.token))
    }

    /// `Basic …` for a registry, if anything is kept for it.
    fn of(&self, host: &str) -> Result<Option<String>, Failure> {
        let Some(docker) = &self.docker else { return Ok(None) };
        let path = docker.join("config.json");
        let Some(text) = disk::text(&path)? else { return Ok(None) };
        let config: Config = match serde_json::from_str(&text) {
            Ok(config) => config,
            Err(e) => return malformed(format!("{}: {e}", path.display())),
        };
        if let Some(helper) = config.cred_helpers.get(host).or(config.creds_store.as_ref()) {
            return helped(helper, host);
        }
        let kept = config.auths.iter().find(|(key, _)| {
            let key = key.trim_start_matches("https://").trim_start_matches("http://");
            key.split('/').next() == Some(host)
        });
        Ok(kept.and_then(|(_, auth)| auth.auth.as_ref()).map(|auth| format!("Basic {auth}")))
    }
}

/// Asks docker's helper of that name.
fn helped(helper: &str, host: &str) -> Result<Option<String>, Failure> {
    if !helper.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return malformed(format!("docker's config.json: {helper:?} is no name of a helper"));
    }
    let program = format!("docker-credential-{helper}");
    let fault = |e: std::io::Error| Failure::Fault(format!("{program}: {e}"));
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = command.spawn().map_err(fault)?;
    if let Some(mut into) = running.stdin.take() {
        into.write_all(host.as_bytes()).map_err(fault)?;
    }
    let ended = running.wait_with_output().map_err(fault)?;
    if !ended.status.success() {
        // It knows nobody there.
        return Ok(None);
    }
    match serde_json::from_slice::<Helped>(&ended.stdout) {
        Ok(one) => Ok(Some(format!("Basic {}", base64(&format!("{}:{}", one.username, one.secret))))),
        Err(_) => Err(Failure::Fault(format!("{program}: it answers with something else than a name and a secret"))),
    }
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
    use super::{Credentials, fields, is_unheard};
    use std::fs;

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
        let credentials = Credentials::new(Some(&folder));
        assert_eq!(credentials.of("ghcr.io").expect("it reads").as_deref(), Some("Basic YTpi"));
        assert_eq!(credentials.of("ghcr.io.example").expect("it reads"), None);
        fs::write(folder.join("config.json"), "{\"credsStore\": \"../../bin/sh\"}").expect("a file");
        assert!(credentials.of("ghcr.io").is_err());
        fs::remove_dir_all(&folder).expect("it is there");
    }
}
