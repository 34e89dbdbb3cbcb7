//! Intents: what an environment is for, what it covers, which blueprints it applies.

use crate::constant::constant;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Apply, Blueprint, Intent, Item};
use crate::names::meant;
use crate::resolve::Context;
use crate::resolve::rule::{Head, Written};
use crate::scope::Wanted;
use crate::signatures::{severity_named, unknown_word};
use program::{Type, Value};
use syntax::ast::{self, Argument, Member, Name, Path, Span};

impl Context<'_> {
    pub(super) fn intent(self, written: &ast::Intent, resolved: &mut Item, diagnostics: &mut Vec<Diagnostic>) {
        let name = written.name.text.clone();
        let mut intent = Intent {
            name: name.clone(),
            purpose: written.purpose.text.clone(),
            owner: None,
            criticality: None,
            overlay: written.overlay,
            applies: Vec::new(),
            span: written.name.span,
        };
        for member in &written.members {
            match member {
                Member::Cover { variable, body, span } => {
                    let cover =
                        Written { head: Head::Cover(&name, variable), body, message: None, to: None, span: *span };
                    self.rule(&cover, resolved, diagnostics);
                }
                Member::Owner(owner) => {
                    if intent.owner.replace(owner.text.clone()).is_some() {
                        diagnostics.push(repeated(owner.span, "owner"));
                    }
                }
                Member::Criticality(level) => {
                    let known = severity_named(&level.text);
                    if known.is_none() {
                        diagnostics.push(unknown_word(level, "criticality", &["low", "medium", "high", "critical"]));
                    } else if intent.criticality.is_some() {
                        diagnostics.push(repeated(level.span, "criticality"));
                    }
                    intent.criticality = intent.criticality.or(known);
                }
                Member::Apply { blueprint, arguments, name: given, span } => {
                    let Some(apply) = self.apply(&name, blueprint, arguments, given.as_ref(), *span, diagnostics)
                    else {
                        continue;
                    };
                    let same = |other: &Apply| other.name == apply.name && other.blueprint == apply.blueprint;
                    if intent.applies.iter().any(same) {
                        diagnostics.push(applied_twice(
                            *span,
                            &apply.name,
                            &blueprint.names[blueprint.names.len() - 1].text,
                        ));
                    }
                    intent.applies.push(apply);
                }
                Member::Rule(rule) => self.rule(&Written::rule(rule), resolved, diagnostics),
            }
        }
        resolved.intent = Some(intent);
    }

    fn apply(
        self,
        intent: &str,
        path: &Path,
        arguments: &[Argument],
        name: Option<&Name>,
        span: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Apply> {
        let found = self.module.scope.find(&self.library.names, &path.names, None, Wanted::Blueprint);
        let symbol = found.map_err(|diagnostic| diagnostics.push(*diagnostic)).ok()?;
        let blueprint = self.library.blueprint(&symbol.qualified())?;
        let values = self.arguments(blueprint, arguments, path.span, diagnostics);
        Some(Apply {
            blueprint: symbol.qualified(),
            arguments: values?,
            name: name.map_or_else(|| intent.to_owned(), |name| name.text.clone()),
            span,
        })
    }

    /// One value per parameter.
    fn arguments(
        self,
        blueprint: &Blueprint,
        arguments: &[Argument],
        span: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Value>> {
        let local = blueprint.declared.name.rsplit('.').next().unwrap_or_default();
        let mut given: Vec<Option<Value>> = vec![None; blueprint.parameters.len()];
        let mut sound = true;
        for (position, argument) in arguments.iter().enumerate() {
            let found = match &argument.name {
                Some(name) => blueprint.parameters.iter().position(|parameter| parameter.name == name.text),
                None => (position < given.len()).then_some(position),
            };
            let Some(found) = found else {
                diagnostics.push(unknown_parameter(local, argument, blueprint));
                sound = false;
                continue;
            };
            let members = |of: &Type| self.library.members(of);
            match constant(&argument.value, &blueprint.parameters[found].r#type, &members) {
                Ok(value) if !value.is_known() => {
                    diagnostics.push(not_known(argument.value.span));
                    sound = false;
                }
                Ok(value) => {
                    if given[found].replace(value).is_some() {
                        diagnostics.push(repeated(argument.value.span, &blueprint.parameters[found].name));
                    }
                }
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    sound = false;
                }
            }
        }
        let mut values = Vec::new();
        for (value, parameter) in given.into_iter().zip(&blueprint.parameters) {
            match value.or_else(|| parameter.default.clone()) {
                Some(value) => values.push(value),
                None if sound => {
                    diagnostics.push(missing_argument(span, local, &parameter.name, &parameter.r#type));
                    return None;
                }
                None => return None,
            }
        }
        sound.then_some(values)
    }
}

fn repeated(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::RepeatedMember, format!("`{what}` is given twice"))
        .label(span, "given before")
        .law("an intent has one owner and one criticality, an application one value for each parameter")
}

fn applied_twice(span: Span, name: &str, blueprint: &str) -> Diagnostic {
    Diagnostic::new(Code::RepeatedInstance, format!("`{name}/{blueprint}` is applied twice"))
        .label(span, "applied before under this name")
        .law("each application of a blueprint has a name of its own")
        .help(format!("name it: `apply {blueprint}(…) as other;`"))
}

fn not_known(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotConstant, "what a blueprint is applied with is known")
        .label(span, "an unknown")
        .law("the model and a change may hold what is not known yet; what an intent says holds as it is written")
        .help("write the value; or leave the parameter out, where it has a default")
}

fn unknown_parameter(blueprint: &str, argument: &Argument, known: &Blueprint) -> Diagnostic {
    let names: Vec<&str> = known.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let has = match names.as_slice() {
        [] => format!("`{blueprint}` has no parameters: `apply {blueprint}();`"),
        [one] => format!("its parameter is `{one}`"),
        all => format!("its parameters are {}", crate::constant::listed(all).replace(" or ", " and ")),
    };
    match &argument.name {
        Some(name) => Diagnostic::new(Code::UnknownColumn, format!("`{blueprint}` has no parameter `{}`", name.text))
            .label(name.span, "not a parameter")
            .law(has)
            .did_you_mean(name.span, meant(&name.text, &names)),
        None => {
            let plural = if names.len() == 1 { "" } else { "s" };
            Diagnostic::new(Code::WrongArguments, format!("`{blueprint}` has {} parameter{plural}", names.len()))
                .label(argument.value.span, "one too many")
                .law(has)
        }
    }
}

fn missing_argument(span: Span, blueprint: &str, parameter: &str, wanted: &Type) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, format!("`{blueprint}` needs `{parameter}`"))
        .label(span, format!("`{parameter}` is not given, and has no default"))
        .law("an application gives every parameter that has no default")
        .help(format!("add `{parameter}: …`, {}", crate::constant::described(wanted)))
}
