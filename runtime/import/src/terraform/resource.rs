//! One resource instance, and the facts that state what it is.

use super::address::{Address, module_text};
use crate::{Malformed, node::Node, sheet::Sheet};
use program::{Fact, Json, Value};
use std::sync::Arc;

/// Attributes by which others may name a resource, whatever its type: conventions of the format, not of a provider.
/// Only top-level text counts that is known and not sensitive.
pub(crate) const IDENTIFIERS: [&str; 6] = ["arn", "crn", "id", "self_link", "self_link_unique", "urn"];

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
}

/// What a node with `type`, `name`, `index`, `mode` and perhaps `deposed` names.
///
/// - returns: `None` for a mode that is no resource (`ephemeral`).
pub(crate) fn address_of(
    node: &Node<'_>,
    modules: &[(Arc<str>, Option<super::address::Key>)],
) -> Result<Option<Address>, Malformed> {
    let data = match node.text_of("mode")?.map(|mode| &**mode) {
        None | Some("managed") => false,
        Some("data") => true,
        Some(_) => return Ok(None),
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

impl Instance {
    /// Its type and module, its configuration, the strings that name it.
    pub(crate) fn describe(&self, sheet: &Sheet, facts: &mut Vec<Fact>) {
        let resource = Value::Text(sheet.named(&self.address.to_string()));
        let relation = if self.address.data { "std.terraform.data" } else { "std.terraform.resource" };
        let module = Value::Text(sheet.named(&module_text(&self.address.modules)));
        let words =
            vec![resource.clone(), Value::Text(self.address.kind.clone()), Value::Text(self.provider.clone()), module];
        facts.push(sheet.fact(relation, words, &self.place));
        let config = Value::json(self.config.clone());
        facts.push(sheet.fact("std.state.config", vec![resource.clone(), config], &self.config_place));
        let Json::Object(entries) = &self.config else { return };
        for name in IDENTIFIERS {
            if let Some(Json::Text(value)) = entries.get(name)
                && !value.is_empty()
            {
                let place = format!("{}/{name}", self.config_place);
                let tuple = vec![Value::Text(value.clone()), resource.clone()];
                facts.push(sheet.fact("std.terraform.identifier", tuple, &place));
            }
        }
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
        Value::text(attribute),
        Value::Text(sheet.named(&to.to_string())),
        Value::text(to_attribute),
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
