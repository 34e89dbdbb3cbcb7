//! An OCI registry: a repository for each package, a tag for each version, the archive as the one layer.
//!
//! The manifest's config is what a release says of itself, so that versions are searched without their archives. The signature
//! is an annotation; whether it may be missing is not for the registry to say. A version that is yanked has a second tag, whose
//! annotation says why.
//!
//! INVARIANT: a blob counts if it has the digest that its manifest names; a manifest that was locked is asked for by its
//! digest, so that a tag which was moved moves nothing.
//! Not here: who one is (`credentials`), where an answer points (`links`), how long who is busy is waited for (`busy`).
//! Why no library: with `oci-client` (0.18) in its place what is left here was longer, 904 lines for 695, since it reads lists and
//! manifests without end, follows no link to a next page, and asks for no token of the catalogue; `Cargo.lock` grew from 328
//! to 389 crates, and what this room takes to build from 153 s to 273 s.
//! Source: OCI distribution specification 1.1, *pull*, *push*, *content discovery*.
// LONG: one protocol, and each of its questions is asked and answered in one place.

mod busy;
mod credentials;
mod links;

use super::{Listed, Published, Registry, Release, SIGNED_OTHERWISE};
use crate::{Failure, Name, Version, archive, malformed, tree};
use credentials::Credentials;
use program::Digest;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::Duration;
use ureq::http::{HeaderMap, Request, Response, StatusCode};
use ureq::{Agent, Body, Timeout};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const ARTIFACT: &str = "application/vnd.writ.package.v1";
const RELEASE: &str = "application/vnd.writ.release.v1+json";
const SIGNATURE: &str = "org.writ-lang.signature";
const YANKED: &str = "org.writ-lang.yanked";

/// Bytes of a manifest, a config, a list.
const TOLD: u64 = 4 << 20;
/// How often what can be asked again is asked, where the connection breaks.
const TRIES: usize = 3;
/// How long a registry may say nothing where an answer is due; what is long may take ten times that.
const SILENCE: Duration = Duration::from_secs(30);
/// How long another who publishes the same version may take from asking whether it is there to writing it.
const SETTLED: Duration = Duration::from_secs(1);
/// How often it is asked whether what was published is there: some registries take a while.
const LOOKS: usize = 5;
/// Pages of a list that are read.
const PAGES: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

impl Manifest {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("bug: a manifest is plain data")
    }
}

impl Descriptor {
    fn of(kind: &str, bytes: &[u8]) -> Descriptor {
        Descriptor { media_type: kind.to_owned(), digest: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

#[derive(Deserialize)]
struct Tags {
    /// Nothing where a repository has none.
    #[serde(deserialize_with = "Option::deserialize")]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Catalogue {
    #[serde(default)]
    repositories: Vec<String>,
}

/// An OCI registry, and the folder of repositories in it.
pub struct Oci {
    base: String,
    host: String,
    prefix: String,
    agent: Agent,
    credentials: Credentials,
    silence: Duration,
    settled: Duration,
    /// What stands behind `Authorization:`, by what it is for: a scope, or nothing for the registry itself.
    allowed: RefCell<BTreeMap<String, String>>,
    /// Manifests that were read, by their address with their digest.
    manifests: RefCell<BTreeMap<String, (Manifest, Digest)>>,
    /// Releases that were read, by the address of their manifest: as it was asked for, and with its digest.
    releases: RefCell<BTreeMap<String, Release>>,
}

impl Oci {
    /// The registry at `host[:port]/folder`. One on this machine is spoken to without TLS, as docker does.
    ///
    /// - `docker`: the folder of docker's `config.json`, where credentials are looked for.
    pub fn new(location: &str, docker: Option<&Path>) -> Result<Oci, Failure> {
        Oci::patient(location, docker, SILENCE)
    }

    /// - `silence`: how long it may say nothing.
    fn patient(location: &str, docker: Option<&Path>, silence: Duration) -> Result<Oci, Failure> {
        let (host, prefix) = location.split_once('/').unwrap_or((location, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c))
        };
        if host.is_empty() || !host.chars().all(plain) || !(prefix.is_empty() || prefix.split('/').all(word)) {
            return malformed(format!("\"oci://{location}\" is no registry; write \"oci://ghcr.io/acme/policies\""));
        }
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(silence))
            .timeout_connect(Some(silence))
            .timeout_send_request(Some(silence))
            .timeout_send_body(Some(10 * silence))
            .timeout_recv_response(Some(silence))
            .timeout_recv_body(Some(10 * silence))
            .user_agent(concat!("writ/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Oci {
            base: format!("{}://{host}/v2", if here { "http" } else { "https" }),
            host: host.to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            agent: config.into(),
            credentials: Credentials::new(docker, silence),
            silence,
            settled: SETTLED.min(silence),
            allowed: RefCell::default(),
            manifests: RefCell::default(),
            releases: RefCell::default(),
        })
    }

    fn repository(&self, name: &Name) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Asks, with a token where one is wanted. What changes nothing is asked again where the connection breaks, and that
    /// or what begins an upload where who is asked is busy.
    fn ask(
        &self,
        method: &str,
        url: &str,
        accept: &str,
        sent: Option<(&str, &[u8])>,
    ) -> Result<Response<Body>, Failure> {
        // The registry itself and each repository may want a token of their own. What it is for is said here: some registries
        // ask in vain for less, whatever is done.
        let part = url.strip_prefix(&self.base).unwrap_or_default();
        let places = ["/manifests/", "/blobs/", "/tags/"];
        let repository = places.into_iter().find_map(|place| Some(part.strip_prefix('/')?.split_once(place)?.0));
        let right = if sent.is_some() || method == "POST" { "pull,push" } else { "pull" };
        let whom = repository.map(|name| format!("repository:{name}:{right}")).unwrap_or_default();
        let mut tried = false;
        let mut left = if sent.is_none() && method != "POST" { TRIES } else { 1 };
        loop {
            let mut request = Request::builder().method(method).uri(url);
            if !accept.is_empty() {
                request = request.header("Accept", accept);
            }
            // Only who asked for a token gets it.
            if url.starts_with(&self.base)
                && let Some(word) = self.allowed.borrow().get(&whom)
            {
                request = request.header("Authorization", word);
            }
            let bad = |e: ureq::http::Error| Failure::Malformed(format!("{url}: {e}"));
            let answer = match sent {
                Some((kind, bytes)) => self.agent.run(request.header("Content-Type", kind).body(bytes).map_err(bad)?),
                // Without bytes it would come in chunks, and registries and proxies refuse what has no length.
                None if method == "POST" => {
                    let request = request.body(&[][..]).map_err(bad)?;
                    busy::patiently(self.silence, || self.agent.run(request.clone()))
                }
                None => {
                    let request = request.body(()).map_err(bad)?;
                    busy::patiently(self.silence, || self.agent.run(request.clone()))
                }
            };
            left -= 1;
            match answer {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED && !tried => {
                    tried = true;
                    left += 1;
                    let word = self.credentials.answer(&self.agent, &self.host, answer.headers(), &whom)?;
                    self.allowed.borrow_mut().insert(whom.clone(), word);
                }
                Ok(answer) => return Ok(answer),
                Err(ureq::Error::Io(e)) if left > 0 && e.kind() != ErrorKind::ConnectionRefused => {}
                Err(e) => return Err(self.silent(&e)),
            }
        }
    }

    /// The bytes of an answer; `None` where there is no such thing.
    fn read(&self, method: &str, url: &str, accept: &str, most: u64) -> Result<Option<(Vec<u8>, HeaderMap)>, Failure> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let mut answer = self.ask(method, url, accept, None)?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(None),
                _ => return Err(self.refused(url, answer)),
            }
            let headers = answer.headers().clone();
            let promised = headers.get("Content-Length").and_then(|size| size.to_str().ok()?.parse::<u64>().ok());
            match answer.body_mut().with_config().limit(most).read_to_vec() {
                Ok(bytes) if promised.is_none_or(|size| size == bytes.len() as u64) => {
                    return Ok(Some((bytes, headers)));
                }
                Ok(bytes) => last = format!("it ended after {} bytes", bytes.len()),
                Err(ureq::Error::BodyExceedsLimit(_)) => {
                    return malformed(format!(
                        "{url}: it gives more than {most} bytes\n  help: nothing of it was kept"
                    ));
                }
                Err(e @ ureq::Error::Timeout(_)) => return Err(self.silent(&e)),
                Err(e) => last = e.to_string(),
            }
        }
        Err(Failure::Fault(format!(
            "{url}: the download broke off {TRIES} times: {last}\n  help: nothing of it was kept; try again"
        )))
    }

    /// What a person is told where no answer comes.
    fn silent(&self, error: &ureq::Error) -> Failure {
        let (who, help) = (self.shown(), "help: look at [registries] in writ.toml and at the network; try again later");
        let seconds = |wait: Duration| wait.as_secs_f64();
        Failure::Fault(match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                format!("{who} takes no connection within {} seconds\n  {help}", seconds(self.silence))
            }
            ureq::Error::Timeout(Timeout::SendBody | Timeout::RecvBody) => {
                format!("{who} was not done within {} seconds\n  {help}", seconds(10 * self.silence))
            }
            ureq::Error::Timeout(_) => {
                format!("{who} takes the connection and says nothing for {} seconds\n  {help}", seconds(self.silence))
            }
            other => format!("{who}: {other}\n  {help}"),
        })
    }

    fn refused(&self, url: &str, mut answer: Response<Body>) -> Failure {
        let said = answer.body_mut().with_config().limit(2_000).lossy_utf8(true).read_to_string().unwrap_or_default();
        let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
        if busy::is_busy(answer.status()) {
            return busy::told(&self.shown(), &self.host, url, answer.status(), answer.headers(), &said);
        }
        let help = match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "\n  help: `docker login` keeps credentials where they are looked for"
            }
            _ => "",
        };
        Failure::Fault(format!("{url}: the registry answers {}: {said}{help}", answer.status().as_u16()))
    }

    /// What a person is told of an answer that no registry gives.
    ///
    /// - `what`: what was asked for.
    fn none(&self, url: &str, headers: &HeaderMap, what: &str, error: &serde_json::Error) -> Failure {
        if error.is_data() {
            return Failure::Fault(format!("{url}: this is no {what}: {error}\n  help: ask who runs {}", self.shown()));
        }
        let kind = headers.get("Content-Type").and_then(|kind| kind.to_str().ok());
        let kind: String = kind.unwrap_or("something without a kind").chars().take(80).collect();
        Failure::Fault(format!(
            "{url}: this is no registry: it gives {kind} for a {what}\n  help: look at [registries] in writ.toml; a proxy, or a page that wants to know who you are, may stand before it"
        ))
    }

    /// A list that comes in pages.
    ///
    /// - returns: whether there is such a list.
    ///
    /// # Errors
    /// Also where it breaks off: of a list that is not whole nobody knows what it lacks, such as that a version is yanked.
    fn listed(
        &self,
        first: String,
        take: &mut dyn FnMut(&[u8]) -> Result<(), serde_json::Error>,
    ) -> Result<bool, Failure> {
        let mut url = first;
        for page in 0..PAGES {
            let broken = |why: String| {
                let shown = self.shown();
                Failure::Fault(format!(
                    "{url}: the list breaks off: {why}\n  help: nothing of it counts; try again, or ask who runs {shown}"
                ))
            };
            let Some((bytes, headers)) = self.read("GET", &url, "", TOLD)? else {
                if page == 0 {
                    return Ok(false);
                }
                return Err(broken(String::from("the page before it says that this is the next, and it is not there")));
            };
            take(&bytes).map_err(|e| self.none(&url, &headers, "list", &e))?;
            let next = links::next(&headers)
                .map_err(|why| broken(format!("what its `Link:` says of the next page is not understood: {why}")))?;
            let Some(target) = next else { return Ok(true) };
            url = links::resolved(&url, &target)
                .ok_or_else(|| broken(format!("the next page is {target:?}, where nobody can ask")))?;
        }
        malformed(format!("{}: its list has no end", self.shown()))
    }

    /// The manifest under a tag or a digest. What a digest names is asked for once.
    fn manifest(&self, name: &Name, reference: &str) -> Result<Option<(Manifest, Digest)>, Failure> {
        let url = self.manifest_url(name, reference);
        if let Some(known) = self.manifests.borrow().get(&url) {
            return Ok(Some(known.clone()));
        }
        let Some((bytes, headers)) = self.read("GET", &url, MANIFEST, TOLD)? else { return Ok(None) };
        let digest = Digest::of(&bytes);
        let read = serde_json::from_slice::<Manifest>(&bytes);
        if let Err(e) = &read
            && !e.is_data()
        {
            return Err(self.none(&url, &headers, "manifest", e));
        }
        if reference.starts_with("sha256:") && digest.to_string() != reference {
            return malformed(format!(
                "{url}: it gives a manifest of another digest\n  help: nothing of it was kept; ask who runs that registry"
            ));
        }
        match read {
            Ok(manifest) => {
                let known = (manifest, digest);
                let url = self.manifest_url(name, &known.1.to_string());
                self.manifests.borrow_mut().insert(url, known.clone());
                Ok(Some(known))
            }
            Err(e) => malformed(format!("{url}: this is no manifest of a package: {e}")),
        }
    }

    fn manifest_url(&self, name: &Name, reference: &str) -> String {
        format!("{}/{}/manifests/{reference}", self.base, self.repository(name))
    }

    /// What a person is told of a manifest that is not there any more by its digest.
    fn gone(&self, name: &Name, version: &Version, pin: &Digest) -> Failure {
        let anew = match self.manifest(name, &version.to_string()) {
            Ok(Some((_, there))) => format!("; under {version} there is another, {there}"),
            Ok(None) => format!("; nor is there any under {version}"),
            Err(_) => String::new(),
        };
        Failure::Malformed(format!(
            "{name} {version} is locked as the manifest {pin}, and {} does not have that any more{anew}\n  help: `writ update {name}` takes what is there, where its files are what they were; its authors know what became of it",
            self.shown()
        ))
    }

    /// Why nobody should take a version anew, if anybody says so.
    fn yanked(&self, name: &Name, version: &Version) -> Result<Option<String>, Failure> {
        let found = self.manifest(name, &format!("{version}.yanked"))?;
        let why = found.and_then(|(mut manifest, _)| manifest.annotations.remove(YANKED));
        Ok(why.filter(|why| !why.is_empty()))
    }

    fn blob(&self, name: &Name, described: &Descriptor, most: u64) -> Result<Vec<u8>, Failure> {
        let url = format!("{}/{}/blobs/{}", self.base, self.repository(name), described.digest);
        let Some((bytes, _)) = self.read("GET", &url, "", most.min(described.size))? else {
            return malformed(format!("{url}: the registry does not have what its manifest names"));
        };
        if Digest::of(&bytes) != described.digest {
            return malformed(format!(
                "{url}: it gives other bytes than it names\n  help: nothing of it was kept; ask who runs that registry"
            ));
        }
        Ok(bytes)
    }

    fn push_blob(&self, name: &Name, bytes: &[u8]) -> Result<(), Failure> {
        let uploads = format!("{}/{}/blobs/uploads/", self.base, self.repository(name));
        let answer = self.ask("POST", &uploads, "", None)?;
        let place = answer.headers().get("Location").and_then(|place| place.to_str().ok());
        let place = place.and_then(|place| links::resolved(&uploads, place));
        if answer.status() != StatusCode::ACCEPTED {
            return Err(self.refused(&uploads, answer));
        }
        let Some(place) = place else {
            return Err(Failure::Fault(format!(
                "{uploads}: the registry does not say where what is sent goes\n  help: ask who runs that registry"
            )));
        };
        let joint = if place.contains('?') { '&' } else { '?' };
        let answer = self.ask(
            "PUT",
            &format!("{place}{joint}digest={}", Digest::of(bytes)),
            "",
            Some(("application/octet-stream", bytes)),
        )?;
        if answer.status() == StatusCode::CREATED { Ok(()) } else { Err(self.refused(&place, answer)) }
    }

    fn push_manifest(&self, name: &Name, tag: &str, manifest: &Manifest) -> Result<(), Failure> {
        let bytes = manifest.bytes();
        let url = self.manifest_url(name, tag);
        let answer = self.ask("PUT", &url, "", Some((MANIFEST, &bytes)))?;
        if answer.status() == StatusCode::CREATED { Ok(()) } else { Err(self.refused(&url, answer)) }
    }
}

impl Registry for Oci {
    fn shown(&self) -> String {
        format!("the registry oci://{}/{}", self.host, self.prefix).trim_end_matches('/').to_owned()
    }

    fn names(&self) -> Result<Vec<Name>, Failure> {
        let mut found = Vec::new();
        let all = self.listed(format!("{}/_catalog?n=500", self.base), &mut |bytes| {
            let catalogue: Catalogue = serde_json::from_slice(bytes)?;
            found.extend(
                catalogue.repositories.iter().filter_map(|one| Name::parse(one.strip_prefix(&self.prefix)?).ok()),
            );
            Ok(())
        })?;
        if !all {
            return Err(Failure::Fault(format!("{} lists no packages", self.shown())));
        }
        found.sort();
        Ok(found)
    }

    fn versions(&self, name: &Name) -> Result<Vec<Listed>, Failure> {
        let mut tags = Vec::new();
        self.listed(format!("{}/{}/tags/list?n=500", self.base, self.repository(name)), &mut |bytes| {
            let found: Tags = serde_json::from_slice(bytes)?;
            tags.extend(found.tags.unwrap_or_default());
            Ok(())
        })?;
        let mut listed = Vec::new();
        for version in tags.iter().filter_map(|tag| Version::parse(tag).ok()) {
            let yanked = match tags.contains(&format!("{version}.yanked")) {
                true => self.yanked(name, &version)?,
                false => None,
            };
            listed.push(Listed { version, yanked });
        }
        listed.sort();
        Ok(listed)
    }

    fn release(&self, name: &Name, version: &Version, pin: Option<&Digest>) -> Result<Release, Failure> {
        let reference = pin.map_or_else(|| version.to_string(), Digest::to_string);
        let asked = self.manifest_url(name, &reference);
        let known = self.releases.borrow().get(&asked).filter(|known| known.version == *version).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let Some((manifest, digest)) = self.manifest(name, &reference)? else {
            return match pin {
                Some(pin) => Err(self.gone(name, version, pin)),
                None => malformed(format!("{} does not have {name} {version}", self.shown())),
            };
        };
        let [layer] = manifest.layers.as_slice() else {
            return malformed(format!("{name} {version} in {} is no package: a package is one layer", self.shown()));
        };
        if layer.media_type != archive::MEDIA_TYPE || manifest.config.media_type != RELEASE {
            return malformed(format!("{name} {version} in {} is no package but {}", self.shown(), layer.media_type));
        }
        let bytes = self.blob(name, &manifest.config, TOLD)?;
        let told: Release = match serde_json::from_slice(&bytes) {
            Ok(told) => told,
            Err(e) => return malformed(format!("{name} {version} in {}: {e}", self.shown())),
        };
        if told.name != *name || told.version != *version || told.archive != layer.digest {
            return malformed(format!(
                "{name} {version} in {}: it speaks of {} {}, or of another archive",
                self.shown(),
                told.name,
                told.version
            ));
        }
        let pinned = self.manifest_url(name, &digest.to_string());
        let found = Release { oci: Some(digest), ..told };
        self.releases.borrow_mut().extend([(asked, found.clone()), (pinned, found.clone())]);
        Ok(found)
    }

    fn fetch(&self, release: &Release) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
        let reference = release.oci.as_ref().map_or_else(|| release.version.to_string(), Digest::to_string);
        let found = self.manifest(&release.name, &reference)?;
        let Some((Manifest { layers, mut annotations, .. }, _)) = found else {
            return match &release.oci {
                Some(pin) => Err(self.gone(&release.name, &release.version, pin)),
                None => malformed(format!("{} does not have {} {}", self.shown(), release.name, release.version)),
            };
        };
        let [layer] = layers.as_slice() else { return malformed(format!("{}: a package is one layer", release.name)) };
        Ok((self.blob(&release.name, layer, tree::WHOLE)?, annotations.remove(SIGNATURE).map(String::into_bytes)))
    }

    fn publish(&self, release: &Release, archive: &[u8], signature: Option<&[u8]>) -> Result<Published, Failure> {
        let (name, version) = (&release.name, &release.version);
        let told = serde_json::to_vec(release).expect("bug: a release is plain data");
        let mut annotations = BTreeMap::from([
            (String::from("org.opencontainers.image.title"), name.to_string()),
            (String::from("org.opencontainers.image.version"), version.to_string()),
        ]);
        if let Some(description) = &release.description {
            annotations.insert(String::from("org.opencontainers.image.description"), description.clone());
        }
        if let Some(note) = signature {
            annotations.insert(SIGNATURE.to_owned(), String::from_utf8_lossy(note).into_owned());
        }
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            artifact_type: Some(ARTIFACT.to_owned()),
            config: Descriptor::of(RELEASE, &told),
            layers: vec![Descriptor::of(archive::MEDIA_TYPE, archive)],
            annotations,
        };
        let ours = Digest::of(&manifest.bytes());
        let free = || match self.manifest(name, &version.to_string())? {
            None => Ok(true),
            Some((_, there)) if there == ours => Ok(false),
            Some((there, _)) => {
                let files = there.config == manifest.config && there.layers == manifest.layers;
                let other = if files { SIGNED_OTHERWISE } else { "" };
                Err(super::published(name, version, &self.shown(), other))
            }
        };
        if !free()? {
            return Ok(Published::Before);
        }
        self.push_blob(name, &told)?;
        self.push_blob(name, archive)?;
        // No registry refuses a tag that is there. So it is asked again at the last moment, and once more when whoever asked
        // in the same moment has written too: of several only the last is told that its release is there.
        if !free()? {
            return Ok(Published::Before);
        }
        let pushed = self.push_manifest(name, &version.to_string(), &manifest);
        let mut last = String::new();
        for _ in 0..LOOKS {
            thread::sleep(self.settled);
            match self.manifest(name, &version.to_string()) {
                Ok(Some((_, there))) if there == ours => return Ok(Published::Anew),
                Ok(Some(_)) => {
                    return malformed(format!(
                        "{name} {version} was published by somebody else in the same moment, and it is that which is in {}\n  help: nobody got this one; look at what is there, and raise the version in writ.toml",
                        self.shown()
                    ));
                }
                Ok(None) => last.clear(),
                Err(failure) => last = format!("\n  {failure}"),
            }
            // It may have been written, and only the answer lost.
            if pushed.is_err() {
                return pushed.map(|()| Published::Anew);
            }
        }
        Err(Failure::Fault(format!(
            "{} says that it took {name} {version}, and it is not there (yet): it was asked for {LOOKS} times{last}\n  help: publish it again after a while: if it is there by then, that is all that is said",
            self.shown()
        )))
    }

    fn yank(&self, name: &Name, version: &Version, why: Option<&str>) -> Result<(), Failure> {
        let Some((mut manifest, _)) = self.manifest(name, &version.to_string())? else {
            return malformed(format!("{name} {version} is not in {}", self.shown()));
        };
        if why.is_none() && self.yanked(name, version)?.is_none() {
            return malformed(super::not_yanked(name, version));
        }
        // An empty reason takes it back: many registries let nobody delete.
        manifest.annotations.insert(YANKED.to_owned(), why.unwrap_or_default().to_owned());
        self.push_manifest(name, &format!("{version}.yanked"), &manifest)
    }
}

#[cfg(test)]
mod tests;
