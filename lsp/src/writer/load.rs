//! What a package says: its files on disk, the open documents in their place, its manifest and what it depends on.
//!
//! Read downwards: [`Writer::load`] reads all of it, `depend` what the manifest says; `settle` finds whose the open documents are.
//!
//! INVARIANT: a file that keeps its package from being read is kept with it, so that nothing is answered by the rest.

use super::{Document, Writer};
use crate::folder::{self, Home};
use crate::installed;
use crate::manifest::{self, Manifest};
use crate::package::{self, Refused};
use crate::publish::{self, Published, Told};
use compiler::database::{Database, Source};
use std::collections::BTreeMap;
use std::sync::Arc;
use tower_lsp_server::ls_types::Uri;

impl Writer {
    /// Brings a package up to what is on disk and in the open documents; these count.
    pub(super) fn load(&mut self, home: &Home) {
        let (modules, mut refused) = match home {
            Home::Package(root) => {
                let saved = package::text(&root.join(manifest::FILE)).unwrap_or_default();
                folder::own_modules(root, &saved)
            }
            Home::Alone(_) => Default::default(),
        };
        let mut texts: BTreeMap<String, String> =
            modules.into_iter().map(|module| (module.path, module.text)).collect();
        for document in self.documents.values().filter(|document| document.home == *home) {
            texts.insert(document.path.clone(), document.text.clone());
            // One that was never saved.
            if let Some(why) = document.refused().filter(|_| refused.iter().all(|(path, _)| *path != document.path)) {
                refused.push((document.path.clone(), why));
            }
        }
        self.refused.insert(home.clone(), Arc::new(refused));
        let package = self.packages.entry(home.clone()).or_insert_with(|| Database::new(manifest::no_info(home)));
        let gone: Vec<String> = package.paths().filter(|path| !texts.contains_key(*path)).map(str::to_owned).collect();
        gone.iter().for_each(|path| package.remove_file(path));
        for (path, text) in texts {
            if let Some(module) = folder::own_module(&path) {
                package.set_file(Source { path, module, text });
            }
        }
        for document in self.documents.values().filter(|document| document.home == *home) {
            package.open_file(&document.path);
        }
        self.depend(home);
    }

    /// Reads the manifest of a package, and those that it depends on; an open one as it is now. What is wrong with it is told
    /// where it stands, and the `use` of a package that is not there is marked.
    pub(super) fn depend(&mut self, home: &Home) {
        let (Home::Package(root), Some(package)) = (home, self.packages.get_mut(home)) else { return };
        let open = self.documents.values().find(|document| document.home == *home && document.path == manifest::FILE);
        let saved = package::text(&root.join(manifest::FILE));
        let declares = saved.as_ref().is_ok_and(|text| self.known.declares(text));
        let being_written = open.is_some_and(|open| saved.as_ref().is_ok_and(|saved| *saved != open.text));
        let (text, wrong) = match (open, saved) {
            // One that was saved wrong stays so until it is saved again.
            (Some(open), Err(wrong)) if root.join(manifest::FILE).exists() => {
                (open.text.clone(), Some(wrong.to_string()))
            }
            (Some(open), _) => (open.text.clone(), None),
            (None, Ok(saved)) => (saved, None),
            (None, Err(wrong)) => (String::new(), Some(wrong.to_string())),
        };
        let names: Vec<String> = package.paths().filter_map(folder::own_module).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let read = wrong.map_or(Ok(()), Err).and_then(|()| self.known.manifest(&text));
        let read = read.and_then(|()| installed::read(root, &text, &names, self.known.store()));
        let wrong = read.as_ref().err().cloned();
        let refused = self.refused.get(home).cloned().unwrap_or_default();
        let others = publish::beside(&refused, wrong.is_none().then(|| self.known.unread(root)).flatten());
        // While it is being written, what was said stays; else nothing does, so that the same files show the same.
        let (info, read) = match being_written {
            true => (manifest::info(&text), read.ok()),
            false => (manifest::info(&text).or_else(|| Some(manifest::no_info(home))), Some(read.unwrap_or_default())),
        };
        if let Some(info) = info {
            package.set_info(info);
        }
        if let Some((dependencies, places)) = read {
            package.set_dependencies(dependencies);
            self.places.insert(home.clone(), Arc::new(places));
        }
        self.overlay(home);
        let open = self.documents.values().find(|document| document.home == *home && document.path == manifest::FILE);
        let version = open.map(|document| document.version);
        let store = self.known.store();
        let mut manifest = Manifest::new(root, text, wrong, others, store, self.encoding);
        manifest.declares = declares;
        let quiet = |manifest: &Manifest| manifest.diagnostics.is_empty();
        let was_quiet = self.manifests.get(home).is_none_or(|before| quiet(before));
        let uri = open.map(|document| document.uri.clone()).or_else(|| Uri::from_file_path(root.join(manifest::FILE)));
        if let (false, Some(uri)) = (self.pulled || version.is_none() && was_quiet && quiet(&manifest), uri) {
            let diagnostics = manifest.diagnostics.clone();
            let _ = self.tell.send(Told::Publish(Published { uri, diagnostics, version }));
        }
        self.manifests.insert(home.clone(), Arc::new(manifest));
    }
}

impl Writer {
    /// Finds out anew whose each open document is: a manifest may have come, or gone.
    pub(super) fn settle(&mut self) {
        let mut left = Vec::new();
        for document in self.documents.values_mut() {
            let file = document.uri.to_file_path().map(|path| path.into_owned());
            let (home, path) = folder::home(document.uri.as_str(), file.as_deref());
            if home != document.home {
                left.push(std::mem::replace(&mut document.home, home));
            }
            document.path = path;
        }
        let mut said = self.said.lock();
        said.open.extend(self.documents.values().map(|document| document.home.clone()));
        left.retain(|home| self.documents.values().all(|document| document.home != *home));
        for home in &left {
            // What is wrong in its other files is told again by who looks at what nobody has open.
            for published in said.news(home, BTreeMap::new(), |_| false) {
                let _ = self.tell.send(Told::Publish(published));
            }
            said.open.remove(home);
        }
        drop(said);
        left.iter().for_each(|home| self.forget(home));
    }
}

impl Document {
    /// Why it can be no module of its package.
    fn refused(&self) -> Option<Refused> {
        let file = self.uri.to_file_path()?;
        let other = self.path == manifest::FILE || folder::is_library(&file);
        if other { None } else { package::named(&file, &self.path).err() }
    }
}
