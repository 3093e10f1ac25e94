//! `backproof.toml`.

use std::collections::BTreeMap;

use super::{
    Key, KindKeys, LogoFile, NETWORK_KEYS, Organization, Paths, Printing, Secret, Setting, SourceConfig, Takes, Targets,
};
use crate::evidence::{Covers, Gap};
use crate::fault::{Fault, Faults, File, meant};
use crate::read::{Column, Context, Entry, Fields, Value, toml};
use crate::time::{Instant, Span, Tz};

mod targets;

/// The configuration as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub organization: Option<Organization>,
    pub policy_file: Option<String>,
    pub overrides: Vec<Entry>,
    pub sources: Vec<SourceConfig>,
    pub signing_key: Option<String>,
    pub timestamp_url: Option<String>,
    pub targets: Targets,
    pub paths: Paths,
    pub documents: Vec<String>,
    pub printing: Printing,
}

pub(super) fn read(file: File<'_>, known_kinds: &[KindKeys]) -> (Read, Faults) {
    let mut faults = Faults::default();
    let mut out = Read::default();
    let context = |zone| Context { zone: Some(zone), comma_lists: false };
    let Some(mut root) = toml::document(file, context(Tz::UTC), &mut faults) else { return (out, faults) };
    match root.table("organization") {
        Some(mut fields) => {
            let (name, timezone) = (fields.get("name"), fields.get::<Tz>("timezone"));
            let accent = fields.get("accent").flatten();
            let logo = fields.span_of("logo");
            let logo = fields.get::<Option<String>>("logo").flatten().zip(logo);
            let logo = logo.map(|(path, span)| LogoFile { path, span });
            fields.finish(&mut faults);
            if let (Some(name), Some(timezone)) = (name, timezone) {
                out.organization = Some(Organization { name, timezone, accent, logo });
            }
        }
        None => root.refuse("missing table [organization]", Some("add it, with `name` and `timezone`")),
    }
    // Times of `covers` without an offset are the organisation's, whatever order tables stand in.
    root.context = context(out.organization.as_ref().map_or(Tz::UTC, |o| o.timezone));
    if let Some(mut fields) = root.table("policy") {
        out.policy_file = fields.get("file").flatten();
        if let Some(mut parameters) = fields.table("parameters") {
            out.overrides = parameters.rest();
        }
        fields.finish(&mut faults);
    }
    if let Some(mut fields) = root.table("signing") {
        if let Some(mut key) = fields.table("key") {
            out.signing_key = key.get("file");
            key.finish(&mut faults);
        }
        fields.finish(&mut faults);
    }
    if let Some(mut fields) = root.table("timestamp") {
        out.timestamp_url = fields.get("url");
        fields.finish(&mut faults);
    }
    if let Some(fields) = root.table("publish") {
        out.targets = targets::read(fields, &mut faults);
    }
    if let Some(mut fields) = root.table("paths") {
        let mut path = |key, path: &mut String| {
            if let Some(Some(given)) = fields.get::<Option<String>>(key) {
                *path = given.trim_start_matches("./").to_owned();
            }
        };
        path("evidence", &mut out.paths.evidence);
        path("reports", &mut out.paths.reports);
        path("inventory", &mut out.paths.inventory);
        path("registers", &mut out.paths.registers);
        fields.finish(&mut faults);
    }
    if let Some(mut fields) = root.table("reports") {
        let (rows, tagged) = (fields.get("rows").flatten(), fields.get("tagged").flatten());
        if let Some(rows) = rows.and_then(|rows: u32| usize::try_from(rows).ok()) {
            out.printing.rows = rows;
        }
        out.printing.tagged = tagged.unwrap_or(out.printing.tagged);
        fields.finish(&mut faults);
    }
    if let Some(mut fields) = root.table("registers") {
        if let Some(entry) = fields.take("documents") {
            match setting(&entry.node.value, Takes::List, &fields.context) {
                Some(Setting::List(list)) => out.documents = list,
                _ => fields.fault(&entry.node.span, "documents", "expected text or a list of texts", None),
            }
        }
        fields.finish(&mut faults);
    }
    if let Some(fields) = root.table("sources") {
        out.sources = sources(fields, known_kinds, &mut faults);
    }
    root.finish(&mut faults);
    (out, faults)
}

fn sources(mut fields: Fields<'_>, known_kinds: &[KindKeys], faults: &mut Faults) -> Vec<SourceConfig> {
    let (file, context) = (fields.file, fields.context);
    let mut out: Vec<SourceConfig> = Vec::new();
    for kind in fields.rest() {
        let label = format!("[sources.{}]", kind.key);
        let Some(known) = known_kinds.iter().find(|k| k.kind == kind.key) else {
            let fault = Fault::at(&file, &kind.key_span, &label, format!("unknown kind of source \"{}\"", kind.key));
            let names = known_kinds.iter().map(|k| k.kind);
            faults.push(match meant(&kind.key, names.clone()) {
                Some(known) => fault.help(format!("did you mean \"{known}\"?")),
                None => fault.help(format!("known: {}", names.collect::<Vec<_>>().join(", "))),
            });
            continue;
        };
        let Value::Table(ids) = kind.node.value else {
            let message = format!("expected [sources.{}.<id>], found {}", kind.key, kind.node.value.kind());
            faults.push(Fault::at(&file, &kind.node.span, &label, message));
            continue;
        };
        for id in ids {
            let label = format!("[sources.{}.{}]", kind.key, id.key);
            let Value::Table(entries) = id.node.value else {
                let message = format!("\"{}\" stands where the id of a source belongs", id.key);
                let help = format!("write [sources.{}.<id>] above it", kind.key);
                faults.push(Fault::at(&file, &id.key_span, &label, message).help(help));
                continue;
            };
            let mut fields = Fields::new(file, label, id.key_span.clone(), context, entries, None);
            let declared_in = file.line_of(id.key_span.start);
            if !id.key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) || id.key.is_empty() {
                fields.refuse(format!("\"{}\" is not an id", id.key), Some("use letters, digits, - _ and ."));
            }
            if let Some(other) = out.iter().find(|s| s.id == id.key) {
                let message = format!("source id \"{}\" stands here and at {}", id.key, other.declared_in);
                fields.refuse(message, Some("ids of sources are unique, also across kinds: rename one"));
            }
            let source = source(&mut fields, known, &id.key, declared_in, faults);
            fields.finish(faults);
            out.extend(source);
        }
    }
    out.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    out
}

fn source(
    fields: &mut Fields<'_>,
    kind: &KindKeys,
    id: &str,
    declared_in: String,
    faults: &mut Faults,
) -> Option<SourceConfig> {
    let path = fields.get::<Option<String>>("path");
    let timezone = fields.get::<Option<Tz>>("timezone");
    let covers: Vec<Covers> = fields
        .tables("covers")
        .into_iter()
        .filter_map(|mut f| {
            let covers = covers(&mut f, faults);
            f.finish(faults);
            covers
        })
        .collect();
    let mut settings = BTreeMap::new();
    let remote = path.as_ref().is_some_and(|p| p.as_deref().is_some_and(super::is_bucket_path));
    let asks = remote || !kind.keys.is_empty();
    let own = |key: &&Key| kind.keys.iter().any(|own| own.name == key.name);
    let of_paths = kind.path_keys.iter().filter(|key| !own(key)).map(|key| (key, remote));
    let keys = kind.keys.iter().map(|key| (key, true)).chain(of_paths);
    for (key, sensible) in keys.chain(NETWORK_KEYS.iter().map(|key| (key, asks))) {
        if !sensible {
            if let Some(entry) = fields.take(key.name) {
                let message = "serves only a `path` that begins with s3://";
                fields.fault(&entry.key_span, key.name, message, Some("remove it, or give such a path".to_owned()));
            }
            continue;
        }
        if let Takes::Secret = key.takes {
            if let Some(secret) = secret(fields, key.name, faults) {
                settings.insert(key.name.to_owned(), Setting::Secret(secret));
            }
        } else if let Some(entry) = fields.take(key.name) {
            match setting(&entry.node.value, key.takes, &fields.context) {
                Some(value) => {
                    settings.insert(key.name.to_owned(), value);
                }
                None => {
                    let message = format!("expected {}, found {}", key.takes.words(), entry.node.value.kind());
                    fields.fault(&entry.node.span, key.name, message, None);
                }
            }
        }
    }
    Some(SourceConfig {
        kind: kind.kind.to_owned(),
        id: id.to_owned(),
        path: path?,
        timezone: timezone?,
        covers,
        settings,
        declared_in,
    })
}

fn setting(value: &Value, takes: Takes, context: &Context) -> Option<Setting> {
    match (takes, value) {
        (Takes::Text, Value::Text(text)) => Some(Setting::Text(text.clone())),
        (Takes::Text, Value::Integer(number)) => Some(Setting::Text(number.to_string())),
        (Takes::Flag, Value::Bool(flag)) => Some(Setting::Flag(*flag)),
        (Takes::List, Value::Text(text)) => Some(Setting::List(vec![text.clone()])),
        (Takes::List, Value::List(_)) => Vec::<String>::read(value, context).ok().map(Setting::List),
        (Takes::Span, Value::Text(_)) => Span::read(value, context).ok().map(Setting::Span),
        _ => None,
    }
}

/// `{ env = "…" }` or `{ file = "…" }`. A literal is refused and not repeated.
fn secret(fields: &mut Fields<'_>, key: &'static str, faults: &mut Faults) -> Option<Secret> {
    let entry = fields.take(key)?;
    let advice = "write { env = \"NAME\" } or { file = \"path\" }";
    let Value::Table(entries) = entry.node.value else {
        let help = format!("{advice}; if this was a real secret, revoke it: it has been in a file");
        fields.fault(&entry.key_span, key, "a secret does not belong in this file", Some(help));
        return None;
    };
    let label = format!("{} {key}", fields.label);
    let mut inner = Fields::new(fields.file, label, entry.key_span.clone(), fields.context, entries, None);
    let (env, file) = (inner.get::<Option<String>>("env"), inner.get::<Option<String>>("file"));
    let secret = match (env?, file?) {
        (Some(env), None) => Some(Secret::Env(env)),
        (None, Some(file)) => Some(Secret::File(file)),
        _ => {
            inner.refuse("expected exactly one of `env` and `file`", Some(advice));
            None
        }
    };
    inner.finish(faults);
    secret
}

fn covers(f: &mut Fields<'_>, faults: &mut Faults) -> Option<Covers> {
    let (systems, tables) = (f.get::<Vec<String>>("systems"), f.get("tables"));
    let (from, to, complete) = (f.get::<Instant>("from"), f.get::<Option<Instant>>("to"), f.get("complete"));
    let gaps = f
        .tables("gaps")
        .into_iter()
        .filter_map(|mut gap| {
            let (from, to) = (gap.get::<Instant>("from"), gap.get::<Instant>("to"));
            if matches!((from, to), (Some(from), Some(to)) if to <= from) {
                gap.refuse("`to` is not after `from`", None);
            }
            gap.finish(faults);
            Some(Gap { from: from?, to: to? })
        })
        .collect();
    if systems.as_ref().is_some_and(Vec::is_empty) {
        f.refuse("`systems` is missing or empty", Some("write [\"*\"] for every system"));
    }
    if matches!((from, to), (Some(from), Some(Some(to))) if to <= from) {
        f.refuse("`to` is not after `from`", Some("`to` is the first instant that is no longer covered"));
    }
    Some(Covers {
        systems: systems?,
        resources: Vec::new(),
        tables: tables?,
        from: from?,
        to: to?,
        complete: complete?,
        gaps,
    })
}
