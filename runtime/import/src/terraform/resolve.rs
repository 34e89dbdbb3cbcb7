//! Which instances a reference means: through module inputs and outputs, to the instances of one world.
//!
//! A reference without an index means every instance of its block, unless the expression uses `each` or `count.index`
//! and both blocks have the same keys: then the one with the same key.
//!
//! What a provider block refers to, everything that it provides refers to.
//!
//! Not followed: local values, which a plan does not state.

use super::address::{Address, Key, ModulePath, Reference, Target, module_names};
use super::configuration::{Block, Call, Expression, Module, Provider};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The instances of one world, by block.
pub(crate) struct World<'a> {
    root: &'a Module,
    blocks: BTreeMap<BlockPath, Instances<&'a Address>>,
    /// What each call makes, by the module instance it stands in and its name.
    calls: BTreeMap<(ModulePath, Arc<str>), Instances<ModulePath>>,
    /// The places of a block in all instances of its module.
    places: BTreeMap<BlockName, BTreeSet<ModulePath>>,
    /// What expressions in other modules refer to, so that each is followed once.
    known: Mutex<BTreeMap<Question<'a>, Found<'a>>>,
}

/// A block in one instance of its module: whether data, type, name.
type BlockPath = (ModulePath, bool, Arc<str>, Arc<str>);

/// A block: the names of the modules on the way, whether data, type, name.
type BlockName = (Vec<Arc<str>>, bool, Arc<str>, Arc<str>);

/// An expression by its place, the module instance and the key it is evaluated for, whether it counts along.
type Question<'a> = (&'a str, ModulePath, Option<Key>, bool);

/// The instances of a block or a call, in one instance of the module it stands in.
struct Instances<T> {
    by_key: BTreeMap<Option<Key>, T>,
    keys: KeySet,
}

/// Equal sets of keys have equal numbers; the empty set is 0.
type KeySet = usize;

/// What an expression refers to.
#[derive(Clone, Debug, Default)]
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
#[derive(Clone, Default)]
struct Repeat<'a> {
    key: Option<Key>,
    /// The keys of all instances of its block.
    keys: KeySet,
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

/// No configuration hands a value on so often; a file that says so is cut off here.
const DEPTH: usize = 128;

impl<'a> World<'a> {
    pub(crate) fn new(root: &'a Module, instances: impl Iterator<Item = &'a Address>) -> World<'a> {
        let (mut blocks, mut calls) = (BTreeMap::new(), BTreeMap::new());
        let mut places: BTreeMap<BlockName, BTreeSet<ModulePath>> = BTreeMap::new();
        for address in instances.filter(|address| address.deposed.is_none()) {
            let Address { modules, data, kind, name, key, .. } = address;
            for (depth, (call, key)) in modules.iter().enumerate() {
                let made = calls.entry((modules[..depth].to_vec(), call.clone())).or_insert_with(Instances::none);
                made.by_key.entry(key.clone()).or_insert_with(|| modules[..=depth].to_vec());
            }
            let block = blocks.entry((modules.clone(), *data, kind.clone(), name.clone()));
            block.or_insert_with(Instances::none).by_key.insert(key.clone(), address);
            let place = places.entry((module_names(modules), *data, kind.clone(), name.clone()));
            place.or_default().insert(modules.clone());
        }
        let mut sets = BTreeMap::new();
        blocks.values_mut().for_each(|instances| instances.number(&mut sets));
        calls.values_mut().for_each(|instances| instances.number(&mut sets));
        World { root, blocks, calls, places, known: Mutex::default() }
    }

    /// Every module instance with the call that makes it, for all calls that can be found.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&ModulePath, &'a Call)> {
        self.calls.iter().flat_map(|((above, name), made)| {
            let call = self.root.below(above).and_then(|module| module.calls.get(name));
            call.into_iter().flat_map(|call| made.by_key.values().map(move |path| (path, call)))
        })
    }

    /// The block that an instance comes from, unless the configuration has it no more.
    pub(crate) fn block(&self, from: &Address) -> Option<&'a Block> {
        self.root.block(from)
    }

    /// What an expression of `from`'s block refers to.
    pub(crate) fn refers(&self, from: &Address, expression: &'a Expression) -> Found<'a> {
        let mut found = Found::default();
        if let Some(chain) = self.chain(&from.modules) {
            let for_each = self.block(from).and_then(|block| block.for_each.as_ref());
            let block = (from.modules.clone(), from.data, from.kind.clone(), from.name.clone());
            let keys = self.blocks.get(&block).map_or(0, |instances| instances.keys);
            let repeat = Repeat { key: from.key.clone(), keys, for_each };
            let scope = Scope { path: &from.modules, chain: &chain, repeat };
            self.follow(&scope, expression, expression.counted, &mut found, 0);
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
                let scope = Scope { path, chain: &chain, repeat: Repeat::default() };
                self.follow(&scope, expression, false, &mut found, 0);
                out.push((expression, found));
            }
        }
        out
    }

    /// The provider block of an instance, unless there is none.
    pub(crate) fn provider(&self, from: &Address) -> Option<&'a Provider> {
        let key = &*self.block(from)?.provider;
        // A module that only says which provider it needs has that of the root.
        let own = self.root.providers.get(key).filter(|provider| !provider.attributes.is_empty());
        own.or_else(|| self.root.providers.get(key.rsplit(':').next()?))
    }

    /// Where the provider block of an instance says that it stands. Only of the very block that the instance names: a module
    /// that is handed another provider under the same name stands elsewhere.
    pub(crate) fn provider_places(&self, from: &Address) -> impl Iterator<Item = (&'a Arc<str>, &'a Arc<str>)> {
        let named = self.block(from).and_then(|block| self.root.providers.get(&*block.provider));
        named.into_iter().flat_map(|provider| &provider.places)
    }

    /// What the provider block of `from` refers to.
    pub(crate) fn provider_dependencies(&self, from: &Address) -> Vec<(&'a Expression, Found<'a>)> {
        let Some(provider) = self.provider(from) else { return Vec::new() };
        let Some(chain) = self.chain(&provider.modules) else { return Vec::new() };
        let refers = |expression: &'a Expression| {
            let mut found = Found::default();
            let scope = Scope { path: &provider.modules, chain: &chain, repeat: Repeat::default() };
            self.follow(&scope, expression, false, &mut found, 0);
            (expression, found)
        };
        provider.expressions.iter().map(refers).collect()
    }

    /// The instances that a dependency of a state names. It has no keys: those of the modules that it shares with `from`
    /// are the same, and what has as many instances as `from`, or a module around it, under the same keys counts along.
    pub(crate) fn dependency(&self, from: &Address, text: &str) -> Vec<&'a Address> {
        let Some(to) = super::address::address(text) else { return Vec::new() };
        let at = |modules| self.places.get(&(modules, to.data, to.kind.clone(), to.name.clone()));
        // Terraform 0.12 wrote addresses relative to the module.
        let places = at(module_names(&to.modules)).or_else(|| at(module_names(&from.modules)));
        let counters = self.counters(from);
        let own = |keys: KeySet| counters.iter().find(|(counted, _)| *counted == keys).map(|(_, key)| *key);
        let meant = |path: &&ModulePath| {
            let shared = path.iter().zip(&from.modules).take_while(|(a, b)| a.0 == b.0).count();
            let along = (shared..path.len()).all(|depth| {
                let made = self.calls.get(&(path[..depth].to_vec(), path[depth].0.clone()));
                made.and_then(|made| own(made.keys)).is_none_or(|key| path[depth].1.as_ref() == Some(key))
            });
            path[..shared] == from.modules[..shared] && along
        };
        let blocks = places
            .into_iter()
            .flatten()
            .filter(meant)
            .filter_map(|path| self.blocks.get(&(path.clone(), to.data, to.kind.clone(), to.name.clone())));
        let instances = blocks.flat_map(|block| {
            let wanted = to.key.as_ref().or_else(|| own(block.keys));
            block.by_key.values().copied().filter(move |a| wanted.is_none_or(|key| a.key.as_ref() == Some(key)))
        });
        instances.filter(|a| *a != from).collect()
    }

    /// The keys of an instance and of the modules around it, innermost first, each with the set it is one of.
    fn counters<'f>(&self, from: &'f Address) -> Vec<(KeySet, &'f Key)> {
        let block = (from.modules.clone(), from.data, from.kind.clone(), from.name.clone());
        let own = self.blocks.get(&block).zip(from.key.as_ref()).map(|(block, key)| (block.keys, key));
        let around = (0..from.modules.len()).rev().filter_map(|depth| {
            let (name, key) = &from.modules[depth];
            let made = self.calls.get(&(from.modules[..depth].to_vec(), name.clone()))?;
            Some((made.keys, key.as_ref()?))
        });
        own.into_iter().chain(around).collect()
    }

    fn chain(&self, path: &[(Arc<str>, Option<Key>)]) -> Option<Vec<&'a Module>> {
        let mut chain = vec![self.root];
        for (name, _) in path {
            chain.push(&chain.last()?.calls.get(name)?.module);
        }
        Some(chain)
    }

    /// Adds what an expression refers to.
    fn follow(
        &self,
        scope: &Scope<'_, 'a>,
        expression: &'a Expression,
        counted: bool,
        found: &mut Found<'a>,
        depth: usize,
    ) {
        for reference in &expression.references {
            match &reference.target {
                Target::Resource { data, kind, name, key } => {
                    let block = (scope.path.to_vec(), *data, kind.clone(), name.clone());
                    if let Some(instances) = self.blocks.get(&block) {
                        let meant = instances.meant(key, counted, &scope.repeat);
                        found.targets.extend(meant.map(|address| (*address, reference.rest.clone())));
                    }
                }
                Target::Input(name) => self.input(scope, name, reference, found, depth),
                Target::Output { call, key, output } => {
                    let (output, whole) = (output.as_ref(), expression.attribute.is_empty());
                    let wanted = Wanted { call, key, output, counted, whole };
                    self.output(scope, &wanted, reference, found, depth);
                }
                Target::EachValue => {
                    if let Some(for_each) = scope.repeat.for_each {
                        self.through(scope, for_each, true, reference, found, depth);
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
        let keys = self.calls.get(&(above.to_vec(), last.0.clone())).map_or(0, |made| made.keys);
        let repeat = Repeat { key: last.1.clone(), keys, for_each: call.for_each.as_ref() };
        let outside = Scope { path: above, chain, repeat };
        for expression in call.inputs.get(name).into_iter().flatten() {
            self.through(&outside, expression, expression.counted, reference, found, depth);
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
        let Some(made) = self.calls.get(&(scope.path.to_vec(), of.call.clone())) else { return };
        for path in made.meant(of.key, of.counted, &scope.repeat) {
            if of.output.is_none() && of.whole {
                let from = (path.clone(), false, Arc::from(""), Arc::from(""));
                let inside = self.blocks.range(from..).take_while(|(block, _)| block.0.starts_with(path));
                let all = inside.flat_map(|(_, instances)| instances.by_key.values());
                found.targets.extend(all.map(|address| (*address, String::new())));
                continue;
            }
            let Some(chain) = self.chain(path) else { continue };
            let inside = Scope { path, chain: &chain, repeat: Repeat::default() };
            let outputs = chain.last().into_iter().flat_map(|module| &module.outputs);
            for (_, output) in outputs.filter(|(name, _)| of.output.is_none_or(|wanted| wanted == *name)) {
                found.sensitive |= output.sensitive;
                for expression in &output.expressions {
                    self.through(&inside, expression, expression.counted, reference, found, depth);
                }
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Question<'a>, Found<'a>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what an expression elsewhere refers to, with the attributes behind `reference` on every whole resource.
    fn through(
        &self,
        scope: &Scope<'_, 'a>,
        expression: &'a Expression,
        counted: bool,
        reference: &Reference,
        found: &mut Found<'a>,
        depth: usize,
    ) {
        if depth == DEPTH {
            return;
        }
        let question = (&*expression.place, scope.path.to_vec(), scope.repeat.key.clone(), counted);
        let known = self.known().get(&question).cloned();
        let inner = known.unwrap_or_else(|| {
            // Until it is answered it refers to nothing: so a circle, which cannot be planned, ends.
            self.known().insert(question.clone(), Found::default());
            let mut inner = Found::default();
            self.follow(scope, expression, counted, &mut inner, depth + 1);
            self.known().insert(question, inner.clone());
            inner
        });
        found.sensitive |= inner.sensitive;
        found.local |= inner.local;
        let behind = |attribute: String| if attribute.is_empty() { reference.rest.clone() } else { attribute };
        found.targets.extend(inner.targets.into_iter().map(|(address, attribute)| (address, behind(attribute))));
    }
}

impl<T> Instances<T> {
    fn none() -> Instances<T> {
        Instances { by_key: BTreeMap::new(), keys: 0 }
    }

    fn number(&mut self, sets: &mut BTreeMap<Vec<Option<Key>>, KeySet>) {
        let next = sets.len() + 1;
        self.keys = *sets.entry(self.by_key.keys().cloned().collect()).or_insert(next);
    }

    /// The one with the stated key; or where the expression counts along with these, the one with its own; or all.
    fn meant<'i>(&'i self, stated: &Option<Key>, counted: bool, repeat: &Repeat<'_>) -> impl Iterator<Item = &'i T> {
        let along = repeat.key.is_some() && counted && self.keys == repeat.keys;
        let wanted = if stated.is_some() { stated } else { &repeat.key };
        let one = (stated.is_some() || along).then(|| self.by_key.get(wanted));
        let all = one.is_none().then(|| self.by_key.values()).into_iter().flatten();
        one.flatten().into_iter().chain(all)
    }
}
