//! A package together with those that depend on it.
//!
//! Read downwards: [`Near`] is for a question that is asked seldom: those with no open document are read for it. [`Used`] is
//! for the counts that stand in a text and are asked for after each edit: there they are read once, until files change.
//! What is wrong in those is found out elsewhere (`members`), which `look` tells of changes.

use super::Writer;
use crate::folder::{self, Home, is_same};
use crate::handlers;
use crate::manifest;
use crate::members::{Look, Message, Written};
use crate::view::Request;
use packages::manifest::Origin;
use packages::{Name, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tower_lsp_server::ls_types::Uri;

/// A file of a package, and the packages that use it.
pub(crate) struct Near {
    pub(crate) request: Request,
    /// What the others call the package: `acme.words`.
    pub(crate) module: String,
    pub(crate) others: Vec<Request>,
    /// Why there may be others that use it.
    pub(crate) unseen: Option<String>,
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
            let (others, unseen) = writer.dependents(&home);
            let others = others.into_iter();
            let others = others.filter_map(|other| writer.with(&other, |writer| writer.request(&other, String::new())));
            Some(Near { others: others.collect(), unseen, request, module })
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
        let closed = self.dependents(home).0.into_iter().filter(|other| !self.packages.contains_key(other));
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

    /// The packages that depend on one: of its workspace, in folders that are worked in, and with an open document.
    ///
    /// - returns: with the reason where others may, too.
    fn dependents(&self, home: &Home) -> (Vec<Home>, Option<String>) {
        let (Home::Package(root), Some(manifest)) = (home, self.manifests.get(home)) else { return Default::default() };
        let first = |why: &str| why.lines().next().unwrap_or_default().to_owned();
        let name = match packages::manifest::read(manifest::FILE, &manifest.text) {
            // A name without a scope is nobody's to depend on.
            Ok(read) => match Name::parse(&read.package.name) {
                Ok(name) => name,
                Err(_) => return Default::default(),
            },
            Err(why) => return (Vec::new(), Some(first(&why.to_string()))),
        };
        let workspace = Workspace::read(root);
        let mut unseen = workspace.as_ref().err().map(|why| first(&why.to_string()));
        let workspace = workspace.ok();
        let members =
            workspace.iter().flat_map(|workspace| workspace.members.iter().map(|one| folder::plain(&one.folder)));
        let open = self.packages.keys().filter_map(|home| handlers::root(home).map(Path::to_owned));
        let worked_in = self.roots.iter().flat_map(|folder| folder::packages(folder));
        let all: BTreeSet<PathBuf> = members.chain(open).chain(worked_in).collect();
        let mut users = Vec::new();
        for other in all.into_iter().filter(|other| other != root) {
            match depends(&other, &name, root, workspace.as_ref()) {
                Ok(true) => users.push(Home::Package(other)),
                Ok(false) => {}
                Err(why) => unseen = Some(first(&why)),
            }
        }
        (users, unseen)
    }
}

/// Whether the package in a folder depends on another in its folder: by the path, or as members of one workspace.
///
/// - `near`: the workspace of the other, whose members are read already.
///
/// # Errors
/// Why that cannot be known.
fn depends(folder: &Path, name: &Name, other: &Path, near: Option<&Workspace>) -> Result<bool, String> {
    let member = near.and_then(|near| Some((near, near.members.iter().find(|one| is_same(&one.folder, folder))?)));
    let read = || -> Result<_, packages::Failure> {
        let workspace = Workspace::read(folder)?;
        // The root of a workspace may be no package, and depends on nothing then.
        let own = workspace.members.iter().find(|one| is_same(&one.folder, folder)).cloned();
        Ok(own.map(|own| (workspace, own)))
    };
    let found = match member {
        Some((near, own)) => Some((near.clone(), own.clone())),
        None => read().or_else(|why| {
            // Whoever depends on it names it.
            let bytes = fs::read(folder.join(manifest::FILE)).unwrap_or_default();
            let named = String::from_utf8_lossy(&bytes).contains(name.as_str());
            if named { Err(why.to_string()) } else { Ok(None) }
        })?,
    };
    let Some((workspace, own)) = found else { return Ok(false) };
    Ok(own.manifest.wanted().any(|(wanted, how)| match &how.origin {
        Origin::Path(path) => wanted == name && is_same(&folder.join(path), other),
        Origin::Registry => wanted == name && workspace.member(name).is_some_and(|one| is_same(&one.folder, other)),
        Origin::Git(_) => false,
    }))
}
