//! Which instances a reference means: through module inputs and outputs, to the instances of one world.
//!
//! A reference without an index means every instance of its block, unless the expression uses `each` or `count.index`
//! and both blocks have the same keys: then the one with the same key.
//!
//! Not followed: local values (a plan does not state them), provider blocks.

use super::address::{Address, Key, ModulePath, Reference, Target, module_names};
use super::configuration::{Block, Call, Expression, Module};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The instances of one world, by block.
pub(crate) struct World<'a> {
    root: &'a Module,
    groups: BTreeMap<BlockName, Vec<&'a Address>>,
    /// The instances of each called module, by the names on the way to it.
    modules: BTreeMap<Vec<Arc<str>>, BTreeSet<ModulePath>>,
}

/// The names of the modules on the way, whether data, type, name.
type BlockName = (Vec<Arc<str>>, bool, Arc<str>, Arc<str>);

/// What an expression refers to.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// The instances, each with the attribute meant (empty: the whole).
    pub(crate) targets: BTreeSet<(&'a Address, String)>,
    /// Whether a sensitive variable or output takes part.
    pub(crate) sensitive: bool,
    /// Whether a local value takes part: then there may be more targets than these.
    pub(crate) local: bool,
}

/// Where an expression stands.
struct Scope<'s, 'a> {
    path: &'s [(Arc<str>, Option<Key>)],
    /// The modules on the way, the root first: one more than `path`.
    chain: &'s [&'a Module],
    repeat: Repeat<'a>,
}

/// The instance that an expression is evaluated for.
#[derive(Clone)]
struct Repeat<'a> {
    key: Option<Key>,
    /// The keys of all instances of its block.
    keys: BTreeSet<Option<Key>>,
    for_each: Option<&'a Expression>,
}

/// The part of a reference that names a module's output.
struct Wanted<'r> {
    call: &'r Arc<str>,
    key: &'r Option<Key>,
    /// `None`: every output.
    output: Option<&'r Arc<str>>,
    counted: bool,
    /// `depends_on` means everything in the module, whatever its outputs.
    whole: bool,
}

/// Modules that feed each other in a circle cannot be planned; a file that says so is cut off here.
const DEPTH: usize = 64;

impl<'a> World<'a> {
    pub(crate) fn new(root: &'a Module, instances: impl Iterator<Item = &'a Address>) -> World<'a> {
        let mut world = World { root, groups: BTreeMap::new(), modules: BTreeMap::new() };
        for address in instances.filter(|address| address.deposed.is_none()) {
            for depth in 1..=address.modules.len() {
                let path = &address.modules[..depth];
                world.modules.entry(module_names(path)).or_default().insert(path.to_vec());
            }
            let group = (module_names(&address.modules), address.data, address.kind.clone(), address.name.clone());
            world.groups.entry(group).or_default().push(address);
        }
        world
    }

    /// Every module instance with the call that makes it, for all calls that can be found.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&ModulePath, &'a Call)> {
        self.modules.values().flatten().filter_map(|path| {
            let (last, above) = path.split_last()?;
            Some((path, self.chain(above)?.last()?.calls.get(&last.0)?))
        })
    }

    /// The block that an instance comes from, unless the configuration has it no more.
    pub(crate) fn block(&self, from: &Address) -> Option<&'a Block> {
        let chain = self.chain(&from.modules)?;
        chain.last()?.blocks.get(&(from.data, from.kind.clone(), from.name.clone()))
    }

    /// What an expression of `from`'s block refers to.
    pub(crate) fn refers(&self, from: &Address, expression: &'a Expression) -> Found<'a> {
        let mut found = Found::default();
        if let Some(chain) = self.chain(&from.modules) {
            let for_each = self.block(from).and_then(|block| block.for_each.as_ref());
            let keys = self.siblings(from).map(|sibling| sibling.key.clone()).collect();
            let repeat = Repeat { key: from.key.clone(), keys, for_each };
            self.resolve(&Scope { path: &from.modules, chain: &chain, repeat }, expression, &mut found, 0);
        }
        found
    }

    /// What the `depends_on` of the modules around `from` say.
    pub(crate) fn module_dependencies(&self, from: &Address) -> Vec<(&'a Expression, Found<'a>)> {
        let mut out = Vec::new();
        for depth in 0..from.modules.len() {
            let (path, (name, _)) = (&from.modules[..depth], &from.modules[depth]);
            let Some(chain) = self.chain(path) else { break };
            let call = chain.last().and_then(|module| module.calls.get(name));
            if let Some(expression) = call.and_then(|call| call.depends_on.as_ref()) {
                let mut found = Found::default();
                let repeat = Repeat { key: None, keys: BTreeSet::new(), for_each: None };
                self.resolve(&Scope { path, chain: &chain, repeat }, expression, &mut found, 0);
                out.push((expression, found));
            }
        }
        out
    }

    /// The instances that a dependency of a state names: it has no keys, so those that share their modules with `from`.
    pub(crate) fn dependency(&self, from: &Address, text: &str) -> Vec<&'a Address> {
        let Some(to) = super::address::address(text) else { return Vec::new() };
        let group = |modules: Vec<Arc<str>>| self.groups.get(&(modules, to.data, to.kind.clone(), to.name.clone()));
        let exact = group(module_names(&to.modules));
        // Terraform 0.12 wrote addresses relative to the module.
        let candidates = exact.or_else(|| group(module_names(&from.modules))).into_iter().flatten().copied();
        let shared =
            |a: &Address| a.modules.iter().zip(&from.modules).take_while(|(a, b)| a.0 == b.0).all(|(a, b)| a.1 == b.1);
        let keyed = |a: &Address| to.key.is_none() || a.key == to.key;
        candidates.filter(|a| *a != from && shared(a) && keyed(a)).collect()
    }

    fn chain(&self, path: &[(Arc<str>, Option<Key>)]) -> Option<Vec<&'a Module>> {
        let mut chain = vec![self.root];
        for (name, _) in path {
            chain.push(&chain.last()?.calls.get(name)?.module);
        }
        Some(chain)
    }

    fn siblings(&self, of: &Address) -> impl Iterator<Item = &'a Address> {
        let group = (module_names(&of.modules), of.data, of.kind.clone(), of.name.clone());
        let modules = of.modules.clone();
        self.groups.get(&group).into_iter().flatten().copied().filter(move |a| a.modules == modules)
    }

    fn resolve(&self, scope: &Scope<'_, 'a>, expression: &'a Expression, found: &mut Found<'a>, depth: usize) {
        self.follow(scope, expression, expression.counted, found, depth);
    }

    fn follow(
        &self,
        scope: &Scope<'_, 'a>,
        expression: &'a Expression,
        counted: bool,
        found: &mut Found<'a>,
        depth: usize,
    ) {
        if depth == DEPTH {
            return;
        }
        for reference in &expression.references {
            match &reference.target {
                Target::Resource { data, kind, name, key } => {
                    let address = Address {
                        modules: scope.path.to_vec(),
                        data: *data,
                        kind: kind.clone(),
                        name: name.clone(),
                        key: None,
                        deposed: None,
                    };
                    let siblings: Vec<&Address> = self.siblings(&address).collect();
                    let keys = siblings.iter().map(|a| a.key.clone()).collect();
                    let wanted = wanted(key, counted, &scope.repeat, &keys);
                    let meant = siblings.into_iter().filter(|a| wanted.is_none_or(|key| a.key.as_ref() == Some(key)));
                    found.targets.extend(meant.map(|a| (a, reference.rest.clone())));
                }
                Target::Input(name) => self.input(scope, name, reference, found, depth),
                Target::Output { call, key, output } => {
                    let wanted =
                        Wanted { call, key, output: output.as_ref(), counted, whole: expression.attribute.is_empty() };
                    self.output(scope, &wanted, reference, found, depth);
                }
                Target::EachValue => {
                    if let Some(for_each) = scope.repeat.for_each {
                        self.through(found, reference, |found| self.follow(scope, for_each, true, found, depth + 1));
                    }
                }
                Target::Local => found.local = true,
                Target::Counter | Target::Nothing => {}
            }
        }
    }

    /// `var.name`: what the caller gives.
    fn input(
        &self,
        scope: &Scope<'_, 'a>,
        name: &Arc<str>,
        reference: &Reference,
        found: &mut Found<'a>,
        depth: usize,
    ) {
        found.sensitive |= scope.chain.last().is_some_and(|module| module.secrets.contains(name));
        let Some((last, above)) = scope.path.split_last() else { return };
        let chain = &scope.chain[..scope.chain.len() - 1];
        let Some(call) = chain.last().and_then(|module| module.calls.get(&last.0)) else { return };
        let keys = self.module_instances(above, &last.0).into_iter().map(|path| path[above.len()].1.clone()).collect();
        let repeat = Repeat { key: last.1.clone(), keys, for_each: call.for_each.as_ref() };
        let outside = Scope { path: above, chain, repeat };
        for expression in call.inputs.get(name).into_iter().flatten() {
            self.through(found, reference, |found| self.resolve(&outside, expression, found, depth + 1));
        }
    }

    /// `module.call.output`, `module.call`: what the called module gives.
    fn output(
        &self,
        scope: &Scope<'_, 'a>,
        of: &Wanted<'_>,
        reference: &Reference,
        found: &mut Found<'a>,
        depth: usize,
    ) {
        let key_of = |path: &ModulePath| path[scope.path.len()].1.clone();
        let instances = self.module_instances(scope.path, of.call);
        let keys: BTreeSet<Option<Key>> = instances.iter().map(|path| key_of(path)).collect();
        let wanted = wanted(of.key, of.counted, &scope.repeat, &keys);
        for path in instances.into_iter().filter(|path| wanted.is_none_or(|key| key_of(path).as_ref() == Some(key))) {
            if of.output.is_none() && of.whole {
                let inside = |address: &&&Address| address.modules.starts_with(path);
                found.targets.extend(self.groups.values().flatten().filter(inside).map(|a| (*a, String::new())));
                continue;
            }
            let Some(chain) = self.chain(path) else { continue };
            let outputs = chain.last().into_iter().flat_map(|module| &module.outputs);
            for (_, output) in outputs.filter(|(name, _)| of.output.is_none_or(|wanted| wanted == *name)) {
                found.sensitive |= output.sensitive;
                let repeat = Repeat { key: None, keys: BTreeSet::new(), for_each: None };
                let inside = Scope { path, chain: &chain, repeat };
                for expression in &output.expressions {
                    self.through(found, reference, |found| self.resolve(&inside, expression, found, depth + 1));
                }
            }
        }
    }

    /// Runs `resolve`, and puts the attributes behind `reference` on every whole resource that it finds.
    fn through(&self, found: &mut Found<'a>, reference: &Reference, resolve: impl FnOnce(&mut Found<'a>)) {
        let mut inner = Found::default();
        resolve(&mut inner);
        found.sensitive |= inner.sensitive;
        found.local |= inner.local;
        let behind = |attribute: String| if attribute.is_empty() { reference.rest.clone() } else { attribute };
        found.targets.extend(inner.targets.into_iter().map(|(address, attribute)| (address, behind(attribute))));
    }

    fn module_instances(&self, above: &[(Arc<str>, Option<Key>)], call: &Arc<str>) -> Vec<&ModulePath> {
        let mut names = module_names(above);
        names.push(call.clone());
        let instances = self.modules.get(&names).into_iter().flatten();
        instances.filter(|path| path.starts_with(above)).collect()
    }
}

/// The one key that is meant: the stated one, or where the expression counts along with its target, the instance's own.
fn wanted<'k>(
    stated: &'k Option<Key>,
    counted: bool,
    repeat: &'k Repeat<'_>,
    keys: &BTreeSet<Option<Key>>,
) -> Option<&'k Key> {
    match (stated, &repeat.key) {
        (Some(key), _) => Some(key),
        (None, Some(own)) if counted && *keys == repeat.keys => Some(own),
        _ => None,
    }
}
