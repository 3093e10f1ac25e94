//! `[publish.drata]` and `[publish.vanta]`.

use super::{secret, setting};
use crate::fault::Faults;
use crate::read::Fields;
use crate::workspace::{Drata, Secret, Setting, Takes, Targets, Vanta};

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
    let workspace = ids(&mut fields, "workspace", Takes::Text);
    let evidence = ids(&mut fields, "evidence", Takes::List);
    let token = needed(&mut fields, "token", faults);
    fields.finish(faults);
    Some(Drata { url: url?, workspace: workspace?.pop()?, evidence: evidence?, token: token? })
}

fn vanta(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Vanta> {
    let url = fields.get("url");
    let documents = ids(&mut fields, "documents", Takes::List);
    let client_id = fields.get("client_id");
    let client_secret = needed(&mut fields, "client_secret", faults);
    fields.finish(faults);
    Some(Vanta { url: url?, documents: documents?, client_id: client_id?, client_secret: client_secret? })
}

/// Ids become part of addresses.
fn ids(fields: &mut Fields<'_>, key: &'static str, takes: Takes) -> Option<Vec<String>> {
    let Some(entry) = fields.take(key) else {
        fields.refuse(format!("`{key}` is missing"), Some("the service shows the id in the address of its page"));
        return None;
    };
    let ids = match setting(&entry.node.value, takes, &fields.context) {
        Some(Setting::Text(id)) => vec![id],
        Some(Setting::List(ids)) => ids,
        _ => {
            let message = format!("expected {}, found {}", takes.words(), entry.node.value.kind());
            fields.fault(&entry.node.span, key, message, None);
            return None;
        }
    };
    let plain = |id: &String| {
        id.bytes().any(|b| b.is_ascii_alphanumeric())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    if ids.is_empty() || !ids.iter().all(plain) {
        let help = "the service shows the id in the address of its page: letters, digits, - _ and .".to_owned();
        fields.fault(&entry.node.span, key, "no id of the service", Some(help));
        return None;
    }
    Some(ids)
}

/// A secret that must be there.
fn needed(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<Secret> {
    if !fields.has(key) {
        fields.refuse(format!("`{key}` is missing"), Some("write { env = \"NAME\" } or { file = \"path\" }"));
    }
    secret(fields, key, faults)
}
