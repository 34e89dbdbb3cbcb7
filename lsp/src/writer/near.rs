//! A package together with those that depend on it.
//!
//! Read downwards: [`Near`] is for a question that is asked seldom: those with no open document are read for it. [`Used`] is
//! for the counts that stand in a text and are asked for after each edit: there they are read once, until files change.
//! What is wrong in those is found out elsewhere (`members`), which `look` tells of changes.

use super::Writer;
use crate::folder::{self, Home};
use crate::handlers;
use crate::manifest;
use crate::members::{Look, Message, Written};
use crate::view::Request;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tower_lsp_server::ls_types::Uri;

/// A file of a package, and the packages that use it.
pub(crate) struct Near {
    pub(crate) request: Request,
    /// What the others call the package: `acme.words`.
    pub(crate) module: String,
    pub(crate) others: Vec<Request>,
}

/// A file of a package, and how often others use what it declares.
pub(crate) struct Used {
    pub(crate) request: Request,
    module: String,
    /// Those with an open document.
    open: Vec<Request>,
    closed: Arc<Closed>,
}

/// Uses by name, as the package that declares it calls it.
pub(crate) type Uses = BTreeMap<String, u32>;

/// The packages with no open document that use one.
#[derive(Default)]
pub(crate) struct Closed {
    /// Until they were asked.
    requests: Mutex<Vec<Request>>,
    uses: OnceLock<Uses>,
}

impl Used {
    /// Counts.
    ///
    /// - returns: with the file's own request; `None` where a write came between.
    pub(crate) fn count(self) -> Option<(Request, Uses)> {
        let Used { request, module, open, closed } = self;
        let mut all = closed.uses(&module).clone();
        for other in open {
            add(&mut all, other.ask(|view| view.snapshot.uses_of_other(&module))?);
        }
        Some((request, all))
    }
}

impl Closed {
    fn uses(&self, module: &str) -> &Uses {
        self.uses.get_or_init(|| {
            let requests = std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner));
            let mut all = Uses::new();
            // Nobody writes to what nobody has open.
            let each = requests.into_iter().filter_map(|other| other.ask(|view| view.snapshot.uses_of_other(module)));
            each.for_each(|uses| add(&mut all, uses));
            all
        })
    }
}

fn add(all: &mut Uses, more: Uses) {
    for (name, count) in more {
        *all.entry(name).or_default() += count;
    }
}

impl Writer {
    /// Has the packages looked at of which no document is open.
    ///
    /// - `touched`: the packages that changed; `None` where files did.
    pub(super) fn look(&self, touched: Option<&BTreeSet<Home>>) {
        let Some(members) = self.members.as_ref().filter(|_| !self.roots.is_empty()) else { return };
        let written = self.documents.values().filter_map(|document| {
            let root = handlers::root(&document.home)?.to_owned();
            Some(Written { root, path: document.path.clone(), text: document.text.clone() })
        });
        let touched = touched.map(|all| all.iter().filter_map(handlers::root).map(Path::to_owned).collect());
        let (roots, encoding) = (self.roots.clone(), self.encoding);
        let _ = members.send(Message::Look(Look { roots, encoding, written: written.collect(), touched }));
    }

    /// The packages that depend on a file's own are read for the question, where no document of theirs is open.
    pub(super) fn near(&mut self, uri: &Uri) -> Option<Near> {
        let (home, path) = self.locate(uri)?;
        self.with(&home, |writer| {
            let request = writer.request(&home, path)?;
            let module = writer.module(&home).unwrap_or_default();
            let others = writer.dependents(&home).into_iter();
            let others = others.filter_map(|other| writer.with(&other, |writer| writer.request(&other, String::new())));
            Some(Near { others: others.collect(), request, module })
        })
    }

    /// As [`Writer::near`], to count uses.
    pub(super) fn used(&mut self, uri: &Uri) -> Option<Used> {
        let (home, path) = self.locate(uri)?;
        self.with(&home, |writer| {
            let request = writer.request(&home, path)?;
            let module = writer.module(&home).unwrap_or_default();
            let open = writer.users(&home).into_iter();
            let open = open.filter_map(|user| writer.request(&user, String::new())).collect();
            Some(Used { open, request, module, closed: writer.closed(&home) })
        })
    }

    fn closed(&mut self, home: &Home) -> Arc<Closed> {
        if let Some(closed) = self.closed.get(home) {
            return closed.clone();
        }
        let closed = self.dependents(home).into_iter().filter(|other| !self.packages.contains_key(other));
        let closed: Vec<Home> = closed.collect();
        let requests =
            closed.iter().filter_map(|other| self.with(other, |writer| writer.request(other, String::new())));
        let closed = Arc::new(Closed { requests: Mutex::new(requests.collect()), uses: OnceLock::new() });
        self.closed.insert(home.clone(), closed.clone());
        closed
    }

    /// What others call a package, if they can depend on it.
    fn module(&self, home: &Home) -> Option<String> {
        Some(self.manifests.get(home)?.package()?.module())
    }

    /// The packages that depend on one, in folders that are worked in or with an open document.
    fn dependents(&self, home: &Home) -> Vec<Home> {
        let (Home::Package(root), Some(manifest)) = (home, self.manifests.get(home)) else { return Vec::new() };
        let Some(name) = manifest.package() else { return Vec::new() };
        let open = self.packages.keys().filter_map(|home| match home {
            Home::Package(root) => Some(root.clone()),
            Home::Alone(_) => None,
        });
        let all: BTreeSet<PathBuf> =
            open.chain(self.roots.iter().flat_map(|folder| folder::packages(folder))).collect();
        let using = all.into_iter().filter(|other| other != root && manifest::depends(other, &name, root));
        using.map(Home::Package).collect()
    }
}
