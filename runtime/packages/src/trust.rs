//! Whose signature stands under a package, and whose must.
//!
//! What is signed is a note of three lines: what it is, name and version, and the digest of the files. It says nothing of where
//! the package is kept, so a signature holds for every copy.
//!
//! INVARIANT: a scope of which the manifest says nothing is believed from nobody. Whether a signature is there decides
//! nothing; whether it is of a key that speaks for the scope decides all.

use crate::manifest::{Shared, Speakers};
use crate::{Failure, Name, Version, malformed};
use evidence::{Note, PublicKey, SigningKey};
use program::Digest;

const FIRST: &str = "writ-package/1";

/// What is signed of a release.
pub fn statement(name: &Name, version: &Version, digest: &Digest) -> String {
    format!("{FIRST}\n{name} {version}\n{digest}\n")
}

/// Signs a release.
pub fn sign(name: &Name, version: &Version, digest: &Digest, key: &SigningKey) -> Vec<u8> {
    Note::sign(statement(name, version, digest), key).to_string().into_bytes()
}

/// Whether a release may be believed.
///
/// - `note`: the signature that came with it, if any.
/// - returns: name and hash of the key that signed it; `None` where the scope needs no signature.
///
/// # Errors
/// What is missing or wrong, and what the manifest would have to say.
pub fn verify(
    shared: &Shared,
    name: &Name,
    version: &Version,
    digest: &Digest,
    note: Option<&[u8]>,
) -> Result<Option<String>, Failure> {
    let scope = name.scope();
    let keys = match shared.speakers(scope) {
        Some(Speakers::Unsigned) => return Ok(None),
        Some(Speakers::Keys(keys)) => keys.as_slice(),
        None => &[],
    };
    let refuse = |why: String, help: &str| malformed(format!("{name} {version} is refused: {why}\n  help: {help}"));
    let unsigned =
        format!("only `{scope} = \"unsigned\"` under [trust.packages] takes packages of `{scope}` from anybody");
    let Some(bytes) = note else {
        return refuse(String::from("it has no signature"), &unsigned);
    };
    let note = match Note::parse(bytes) {
        Ok(note) => note,
        Err(no) => return refuse(format!("its signature does not read: {no}"), &unsigned),
    };
    if note.text != statement(name, version, digest) {
        return refuse(
            String::from("its signature is that of another package, version or content"),
            "ask who publishes it; nothing was taken over",
        );
    }
    let signed = |key: &&PublicKey| note.signed_by(key) == Some(true);
    if let Some(key) = keys.iter().find(signed) {
        return Ok(Some(key.short()));
    }
    let by: Vec<&str> = note.signatures.iter().map(|one| one.name.as_str()).collect();
    let whose = match keys {
        [] => format!("no key speaks for `{scope}`"),
        _ => format!("none of the keys that speak for `{scope}` signed it"),
    };
    refuse(
        format!("{whose}; its signature says `{}`", by.join("`, `")),
        &format!(
            "write the public key of who may speak for `{scope}` under [trust.packages], or `writ add {name} --trust KEY`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{sign, verify};
    use crate::{Name, Version, manifest};
    use evidence::SigningKey;
    use program::Digest;

    fn key(n: u8) -> SigningKey {
        SigningKey::new("acme", [n; 32]).expect("a name")
    }

    #[test]
    fn only_a_key_that_speaks_for_the_scope_is_believed() {
        let (name, version) = (Name::parse("acme/a").expect("a name"), Version::new(1, 0, 0));
        let digest = Digest::of(b"files");
        let manifest = |rest: &str| {
            manifest::read("writ.toml", &format!("[package]\nname = \"a/b\"\n{rest}")).expect("right").shared()
        };
        let ours = manifest(&format!("[trust.packages]\nacme = [\"{}\"]\n", key(1).public()));
        let note = sign(&name, &version, &digest, &key(1));
        assert_eq!(verify(&ours, &name, &version, &digest, Some(&note)), Ok(Some(key(1).public().short())));
        let refused = |note: Option<&[u8]>, digest: &Digest, version: &Version| {
            verify(&ours, &name, version, digest, note).expect_err("it is refused").to_string()
        };
        // Stripped; of another key, which has the same name; of another content, version, package; bent.
        assert!(refused(None, &digest, &version).contains("no signature"));
        let other = sign(&name, &version, &digest, &key(2));
        assert!(refused(Some(&other), &digest, &version).contains("none of the keys"));
        assert!(refused(Some(&note), &Digest::of(b"other"), &version).contains("another package"));
        assert!(refused(Some(&note), &digest, &Version::new(1, 0, 1)).contains("another package"));
        let elsewhere = sign(&Name::parse("acme/b").expect("a name"), &version, &digest, &key(1));
        assert!(refused(Some(&elsewhere), &digest, &version).contains("another package"));
        for at in 0..note.len() {
            let mut bent = note.clone();
            bent[at] ^= 1;
            assert!(verify(&ours, &name, &version, &digest, Some(&bent)).is_err(), "byte {at}");
        }
        // A scope of which nothing is said, or nobody, is believed from nobody.
        for silent in ["", "[trust.packages]\nacme = []\n", "[trust.packages]\nother = \"unsigned\"\n"] {
            let silent = manifest(silent);
            assert!(verify(&silent, &name, &version, &digest, Some(&note)).is_err());
            assert!(verify(&silent, &name, &version, &digest, None).is_err());
        }
        let open = manifest("[trust.packages]\nacme = \"unsigned\"\n");
        assert_eq!(verify(&open, &name, &version, &digest, None), Ok(None));
    }
}
