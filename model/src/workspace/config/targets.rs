//! `[publish.drata]` and `[publish.vanta]`.

use super::secret;
use crate::fault::Faults;
use crate::read::{Fields, Value};
use crate::workspace::{Drata, Secret, Targets, Vanta};

/// Where ids are found.
const WHERE: &str = "the service shows the id in the address of its page";

pub(super) fn read(mut fields: Fields<'_>, faults: &mut Faults) -> Targets {
    let out = Targets {
        drata: fields.table("drata").and_then(|fields| drata(fields, faults)),
        vanta: fields.table("vanta").and_then(|fields| vanta(fields, faults)),
    };
    fields.finish(faults);
    out
}

fn drata(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Drata> {
    let url = fields.get("url");
    let workspace = ids(&mut fields, "workspace").filter(|ids| {
        ids.len() == 1 || {
            fields.refuse("`workspace` is one id", None);
            false
        }
    });
    let evidence = ids(&mut fields, "evidence");
    let token = needed(&mut fields, "token", faults);
    fields.finish(faults);
    Some(Drata { url: url?, workspace: workspace?.pop()?, evidence: evidence?, token: token? })
}

fn vanta(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Vanta> {
    let url = fields.get("url");
    let documents = ids(&mut fields, "documents");
    let client_id = fields.get("client_id");
    let client_secret = needed(&mut fields, "client_secret", faults);
    fields.finish(faults);
    Some(Vanta { url: url?, documents: documents?, client_id: client_id?, client_secret: client_secret? })
}

/// Ids, as texts or numbers, one or a list of them. They become part of addresses.
fn ids(fields: &mut Fields<'_>, key: &'static str) -> Option<Vec<String>> {
    let Some(entry) = fields.take(key) else {
        fields.refuse(format!("`{key}` is missing"), Some(WHERE));
        return None;
    };
    let one = |value: &Value| match value {
        Value::Text(id) => Some(id.clone()),
        Value::Integer(id) => Some(id.to_string()),
        _ => None,
    };
    let given: Option<Vec<String>> = match &entry.node.value {
        Value::List(nodes) => nodes.iter().map(|node| one(&node.value)).collect(),
        value => one(value).map(|id| vec![id]),
    };
    let plain = |id: &String| {
        id.bytes().any(|b| b.is_ascii_alphanumeric())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let ids = given.filter(|ids| !ids.is_empty() && ids.iter().all(plain));
    if ids.is_none() {
        let help = format!("{WHERE}: letters, digits, - _ and .");
        fields.fault(&entry.node.span, key, "expected the id that the service gave, or a list of ids", Some(help));
    }
    ids
}

/// A secret that must be there.
fn needed(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<Secret> {
    if !fields.has(key) {
        fields.refuse(format!("`{key}` is missing"), Some("write { env = \"NAME\" } or { file = \"path\" }"));
    }
    secret(fields, key, faults)
}
