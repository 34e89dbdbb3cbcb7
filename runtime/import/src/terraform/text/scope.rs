//! Where an expression stands: a folder's text in one instance of its module, and what repeats it.

use super::super::address::{Key, ModulePath, module_text};
use super::evaluate::Evaluate;
use super::folder::{Folder, Placed, attribute};
use super::functions;
use super::references::path_of;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Block;
use program::Json;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// How many values may hang on each other in a chain.
const DEPTH: usize = 200;

/// One instance of a module.
pub(super) struct Scope {
    pub(super) folder: Rc<Folder>,
    pub(super) path: ModulePath,
    /// Where it is called, unless it is the root.
    caller: Option<(Rc<Scope>, Arc<str>, Repeat)>,
    /// What is worked out already; `None` while it is under way.
    known: RefCell<BTreeMap<String, Option<Json>>>,
    /// The modules that it calls, once each.
    calls: RefCell<BTreeMap<Call, Rc<Scope>>>,
    depth: Rc<Cell<usize>>,
}

/// A call by its name and its key.
type Call = (Arc<str>, Option<Key>);

/// What repeats a block, and the words that surround an expression.
#[derive(Clone, Default)]
pub(super) struct Repeat {
    pub(super) key: Option<Json>,
    pub(super) value: Option<Json>,
    /// The words of `for` and `dynamic`, innermost last.
    pub(super) bound: Vec<(String, Json)>,
}

impl Scope {
    pub(super) fn root(folder: Rc<Folder>) -> Rc<Scope> {
        Rc::new(Scope {
            folder,
            path: Vec::new(),
            caller: None,
            known: RefCell::default(),
            calls: RefCell::default(),
            depth: Rc::default(),
        })
    }

    /// The instance that a call makes.
    pub(super) fn below(
        self: &Rc<Scope>,
        name: &Arc<str>,
        key: Option<Key>,
        folder: Rc<Folder>,
        repeat: Repeat,
    ) -> Rc<Scope> {
        let mut path = self.path.clone();
        path.push((name.clone(), key.clone()));
        let caller = Some((self.clone(), name.clone(), repeat));
        let (known, calls, depth) = (RefCell::default(), RefCell::default(), self.depth.clone());
        let below = Rc::new(Scope { folder, path, caller, known, calls, depth });
        self.calls.borrow_mut().insert((name.clone(), key), below.clone());
        below
    }

    /// The block of a provider, by its name here, with the root module, where it stands; `None` where the text has none.
    pub(super) fn provider(&self, name: &str) -> Option<(&Scope, &Placed<Block>)> {
        let Some((above, call, _)) = &self.caller else { return Some((self, self.folder.providers.get(name)?)) };
        let passed = above.folder.calls.get(call).and_then(|call| attribute(&call.part.body, "providers"));
        let Some(passed) = passed.and_then(Expression::as_object) else {
            // Without a word those without an alias are handed down.
            return (!name.contains('.')).then(|| above.provider(name)).flatten();
        };
        let said = |key: &ObjectKey| match key {
            ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
            ObjectKey::Expression(key) => path_of(key, &[]),
        };
        let outer = passed.iter().find(|(key, _)| said(key).as_deref() == Some(name));
        match outer {
            Some((_, value)) => above.provider(&path_of(value.expr(), &[])?),
            None => (!name.contains('.')).then(|| above.provider(name)).flatten(),
        }
    }

    /// A name of the module's, as an unknown of it is called: `module.network.var.cidr`.
    pub(super) fn named(&self, name: &str) -> String {
        let module = module_text(&self.path);
        if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
    }

    pub(super) fn unknown(&self, name: &str) -> Json {
        Json::Unknown(self.named(name).into())
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Json {
        self.once(format!("var.{name}"), |whole| {
            let Some(variable) = self.folder.variables.get(name) else { return self.unknown(whole) };
            let of = |value: Json| converted_to(variable.of.as_ref(), value).unwrap_or_else(|| self.unknown(whole));
            if let Some((scope, call, repeat)) = &self.caller
                && let Some(call) = scope.folder.calls.get(call)
                && let Some(input) = attribute(&call.part.body, name)
            {
                return of(scope.evaluate(repeat, &self.named(whole)).expression(input));
            }
            match &variable.value {
                Some(value) => of(self.evaluate(&Repeat::default(), &self.named(whole)).expression(value)),
                None => self.unknown(whole),
            }
        })
    }

    /// The value of a local.
    pub(super) fn local(&self, name: &str) -> Json {
        self.once(format!("local.{name}"), |whole| match self.folder.locals.get(name) {
            Some(local) => self.evaluate(&Repeat::default(), &self.named(whole)).expression(&local.part),
            None => self.unknown(whole),
        })
    }

    /// What a called module puts out.
    pub(super) fn output(&self, call: &Arc<str>, key: Option<Key>, output: &str) -> Json {
        let whole = match &key {
            Some(key) => format!("module.{call}{key}.{output}"),
            None => format!("module.{call}.{output}"),
        };
        self.once(whole, |whole| {
            let below = self.calls.borrow().get(&(call.clone(), key)).cloned();
            let Some(below) = below else { return self.unknown(whole) };
            let stated: Option<&Placed<Block>> = below.folder.outputs.get(output);
            match stated.and_then(|block| attribute(&block.part.body, "value")) {
                Some(value) => below.evaluate(&Repeat::default(), &self.named(whole)).expression(value),
                None => self.unknown(whole),
            }
        })
    }

    /// Works something out at most once. What hangs on itself, or on too much, is unknown.
    fn once(&self, name: String, work: impl FnOnce(&str) -> Json) -> Json {
        match self.known.borrow().get(&name) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return self.unknown(&name),
            None => {}
        }
        if self.depth.get() >= DEPTH {
            return self.unknown(&name);
        }
        self.depth.set(self.depth.get() + 1);
        self.known.borrow_mut().insert(name.clone(), None);
        let value = work(&name);
        self.known.borrow_mut().insert(name, Some(value.clone()));
        self.depth.set(self.depth.get() - 1);
        value
    }

    /// Evaluates here.
    ///
    /// - `place`: what the value is, in full: the name of an unknown that has no other.
    pub(super) fn evaluate<'s>(&'s self, repeat: &'s Repeat, place: &'s str) -> Evaluate<'s> {
        Evaluate { scope: self, repeat: std::borrow::Cow::Borrowed(repeat), place }
    }

    /// The value of an expression of a block.
    pub(super) fn value(&self, repeat: &Repeat, place: &str, expression: &Expression) -> Json {
        self.evaluate(repeat, place).expression(expression)
    }
}

/// A value as the type of a variable has it; `None` where it is of no such type. Parts of a value keep the types they have.
fn converted_to(of: Option<&Expression>, value: Json) -> Option<Json> {
    let function = match of {
        Some(Expression::Variable(word)) => match word.as_str() {
            "string" => "tostring",
            "number" => "tonumber",
            "bool" => "tobool",
            _ => return Some(value),
        },
        Some(Expression::FuncCall(call)) if call.name.name.as_str() == "set" => "toset",
        Some(_) | None => return Some(value),
    };
    match value {
        Json::Unknown(_) | Json::Sensitive(_) => Some(value),
        known => functions::call(function, &[known]),
    }
}
