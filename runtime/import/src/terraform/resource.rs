//! One resource instance, and the facts that state what it is.

use super::address::{Address, module_text};
use crate::sensitive::Sealer;
use crate::workers::{PART, spread};
use crate::{Malformed, node::Node, sheet::Sheet};
use program::{Fact, Json, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// Attributes by which others may name a resource, whatever its type: conventions of the format, not of a provider.
/// Only top-level text counts that is known and not sensitive.
pub(crate) const IDENTIFIERS: [&str; 6] = ["arn", "crn", "id", "self_link", "self_link_unique", "urn"];

/// How the file holds the configuration, for the places of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As it is here.
    Nested,
    /// As it is here, but for these attributes, whose value stands one step further down, under `value`.
    Wrapped(BTreeSet<Arc<str>>),
    /// Flattened: a part has no place of its own.
    Flat,
}

/// A resource instance in one world.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) address: Address,
    pub(crate) provider: Arc<str>,
    /// Its configuration; sensitive parts are sealed.
    pub(crate) config: Json,
    /// Where it stands in the file.
    pub(crate) place: String,
    /// Where its configuration stands.
    pub(crate) config_place: String,
    /// What its state says it depends on, and where.
    pub(crate) dependencies: Vec<(Arc<str>, String)>,
    /// Whether the file says which parts are sensitive.
    pub(crate) marked: bool,
    pub(crate) layout: Layout,
}

/// What a node with `type`, `name`, `index`, `mode` and perhaps `deposed` names.
///
/// - returns: `None` for a mode that is no resource (`ephemeral`).
pub(crate) fn address_of(
    node: &Node<'_>,
    modules: &[(Arc<str>, Option<super::address::Key>)],
) -> Result<Option<Address>, Malformed> {
    let data = match &**node.need("mode")?.text()? {
        "managed" => false,
        "data" => true,
        _ => return Ok(None),
    };
    let key = match node.get("index")? {
        None => None,
        Some(index) => Some(super::address::Key::of(index.json).ok_or_else(|| index.wrong("an integer or text"))?),
    };
    let deposed = match node.text_of("deposed")? {
        Some(deposed) => Some(deposed.clone()),
        None => node.text_of("deposed_key")?.cloned(),
    };
    let (kind, name) = (node.need("type")?.text()?.clone(), node.need("name")?.text()?.clone());
    Ok(Some(Address { modules: modules.to_vec(), data, kind, name, key, deposed }))
}

/// Refuses a mode that nobody knows: it may be anything. What is kept for the run alone is no resource.
pub(crate) fn passing(node: &Node<'_>) -> Result<(), Malformed> {
    let mode = node.need("mode")?;
    match &**mode.text()? {
        "ephemeral" => Ok(()),
        other => Err(Malformed::new(mode.at.clone(), format!("the mode `{other}` is not known here"))
            .help("known are `managed` and `data`")),
    }
}

impl Instance {
    /// Its type and module, the block it is one of, its configuration, the strings that name it.
    pub(crate) fn describe(&self, sheet: &Sheet, facts: &mut Vec<Fact>) {
        self.describe_with(self.config.clone(), sheet, facts);
    }

    /// As [`Instance::describe`], with another word for its configuration.
    pub(crate) fn describe_with(&self, config: Json, sheet: &Sheet, facts: &mut Vec<Fact>) {
        let resource = Value::Text(sheet.named(&self.address.to_string()));
        let relation = if self.address.data { "std.terraform.data" } else { "std.terraform.resource" };
        let module = Value::Text(sheet.named(&module_text(&self.address.modules)));
        let words =
            vec![resource.clone(), Value::Text(self.address.kind.clone()), Value::Text(self.provider.clone()), module];
        facts.push(sheet.fact(relation, words, &self.place));
        if let Some(block) = self.address.block() {
            let block = Value::Text(sheet.named(&block.to_string()));
            facts.push(sheet.fact("std.terraform.one_of", vec![resource.clone(), block], &self.place));
        }
        let config = Value::json(config);
        facts.push(sheet.fact("std.state.config", vec![resource.clone(), config], &self.config_place));
        for (name, value) in self.identifiers() {
            let place = format!("{}/{name}", self.config_place);
            let tuple = vec![Value::Text(value.clone()), resource.clone()];
            facts.push(sheet.fact("std.terraform.identifier", tuple, &place));
        }
        self.mentions(sheet, facts);
    }

    /// The strings that name it, by attribute.
    pub(crate) fn identifiers(&self) -> impl Iterator<Item = (&'static str, &Arc<str>)> {
        IDENTIFIERS.into_iter().filter_map(|name| match &self.config {
            Json::Object(entries) => match entries.get(name) {
                Some(Json::Text(value)) if !value.is_empty() => Some((name, value)),
                _ => None,
            },
            _ => None,
        })
    }

    /// The known strings in it that could name another resource.
    pub(crate) fn mentions(&self, sheet: &Sheet, facts: &mut Vec<Fact>) {
        let resource = sheet.named(&self.address.to_string());
        let own: Vec<&str> = self.identifiers().map(|(_, value)| &**value).collect();
        let (mut attribute, mut place) = (String::new(), self.config_place.clone());
        strings(&self.config, &mut attribute, &mut place, &mut |attribute, place, value| {
            if is_word(value) && !own.contains(&&**value) {
                let tuple = vec![
                    Value::Text(resource.clone()),
                    Value::Text(sheet.shared(attribute)),
                    Value::Text(value.clone()),
                ];
                facts.push(sheet.fact("std.terraform.mention", tuple, &self.place_of(place)));
            }
        });
    }
}

/// Seals what was learnt, wherever it stands in these instances.
pub(crate) fn cover_learnt(mut instances: Vec<&mut Instance>, sealer: &Sealer) {
    let parts = instances.chunks_mut(PART).collect();
    spread(parts, |some| some.iter_mut().for_each(|instance| sealer.cover_learnt(&mut instance.config)));
}

impl Instance {
    /// Where a part of the configuration stands in the file.
    fn place_of<'p>(&'p self, place: &'p str) -> Cow<'p, str> {
        match &self.layout {
            Layout::Nested => Cow::Borrowed(place),
            Layout::Flat => Cow::Borrowed(&self.config_place),
            Layout::Wrapped(names) => {
                let inside = place.strip_prefix(&self.config_place).and_then(|inside| inside.strip_prefix('/'));
                let inside = inside.unwrap_or_default();
                let (name, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
                let value = if names.contains(name) { "/value" } else { "" };
                Cow::Owned(format!("{}/{name}{value}{rest}", self.config_place))
            }
        }
    }
}

/// Whether a text has 3 to 512 characters, none of them white space.
fn is_word(text: &str) -> bool {
    // Nearly every text is ASCII, and its characters are its bytes.
    match text.is_ascii() {
        true => (3..=512).contains(&text.len()) && !text.bytes().any(|byte| matches!(byte, b'\t'..=b'\r' | b' ')),
        false => (3..=512).contains(&text.chars().count()) && !text.contains(char::is_whitespace),
    }
}

/// Visits every known string with its attribute (names joined by dots, without indexes) and its JSON pointer.
fn strings(json: &Json, attribute: &mut String, place: &mut String, visit: &mut dyn FnMut(&str, &str, &Arc<str>)) {
    let (named, placed) = (attribute.len(), place.len());
    match json {
        Json::Text(value) => visit(attribute, place, value),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let _ = write!(place, "/{index}");
                strings(item, attribute, place, visit);
                place.truncate(placed);
            }
        }
        Json::Object(entries) => {
            for (key, value) in entries {
                if named > 0 {
                    attribute.push('.');
                }
                attribute.push_str(key);
                place.push('/');
                match key.contains(['~', '/']) {
                    true => place.push_str(&key.replace('~', "~0").replace('/', "~1")),
                    false => place.push_str(key),
                }
                strings(value, attribute, place, visit);
                attribute.truncate(named);
                place.truncate(placed);
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) | Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}

/// The fact that an expression of `from` refers to `to`.
pub(crate) fn reference_fact(
    sheet: &Sheet,
    from: &Address,
    attribute: &str,
    to: &Address,
    to_attribute: &str,
    place: &str,
) -> Fact {
    let tuple = vec![
        Value::Text(sheet.named(&from.to_string())),
        Value::Text(sheet.shared(attribute)),
        Value::Text(sheet.named(&to.to_string())),
        Value::Text(sheet.shared(to_attribute)),
    ];
    sheet.fact("std.terraform.reference", tuple, place)
}

/// The provider's source address: `registry.terraform.io/hashicorp/aws` of
/// `module.a.provider["registry.terraform.io/hashicorp/aws"].west`, `aws` of `provider.aws`.
pub(crate) fn provider(text: &str) -> Arc<str> {
    if let Some((_, quoted)) = text.split_once("provider[\"")
        && let Some((source, _)) = quoted.split_once("\"]")
    {
        return source.into();
    }
    match text.rsplit_once("provider.") {
        Some((_, name)) => name.split('.').next().unwrap_or(name).into(),
        None => text.into(),
    }
}
