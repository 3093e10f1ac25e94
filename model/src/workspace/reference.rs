//! The reference of `backproof.toml`, made from what the reader knows: a page for people and a JSON Schema for editors.
//!
//! Keys of kinds are those that the reader takes ([`KindKeys`]); the others stand here, and a test compares them with
//! what the reader asks for.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Key, KindKeys, NETWORK_KEYS, Takes};
use sections::{Entry, Form, SECTIONS};

mod sections;

/// A kind of source, for the reference.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its keys.
    pub keys: KindKeys,
    /// For people.
    pub title: &'static str,
    /// What to point it at.
    pub reads: &'static str,
    /// What its credential must be allowed to do, as text; empty for kinds that ask nobody.
    pub rights: &'static str,
}

/// Keys of a kind: its own, those of every live kind, and those that a `path` in S3 takes.
fn all_keys(kind: &Kind) -> Vec<&'static Key> {
    let own = kind.keys.keys;
    let mut out: Vec<&'static Key> = own.iter().collect();
    for key in kind.keys.path_keys.iter().chain(NETWORK_KEYS) {
        if !out.iter().any(|k| k.name == key.name) {
            out.push(key);
        }
    }
    out
}

/// The reference as Markdown.
#[must_use]
pub fn page(kinds: &[Kind]) -> String {
    let mut out = String::from(
        "# backproof.toml\n\n\
         Made by the tests from what the program reads; [a JSON Schema](configuration.schema.json) holds the same. Unknown keys, wrong \
         types and dangling references are errors that name file, line and key, all told at once. Secrets never stand in this file: \
         a key that takes one says where it is, `{ env = \"NAME\" }` or `{ file = \"path\" }` (readable by its owner only).\n",
    );
    for section in SECTIONS {
        let _ = write!(
            out,
            "\n## {}\n\n{}\n\n| Key | Takes | Meaning |\n|---|---|---|\n",
            code(section.title),
            section.says
        );
        for e in section.entries {
            let required = if e.required { " **Required.**" } else { "" };
            let _ = writeln!(out, "| `{}` | {} | {}{required} |", e.name, e.form.words(), e.says);
        }
    }
    let remote: &[Key] = kinds.first().map_or(&[], |k| k.keys.path_keys);
    out.push_str("\n## Where `path` begins with `s3://`\n\nEvery kind then has these keys as well:\n\n| Key | Takes | Meaning |\n|---|---|---|\n");
    for key in remote.iter().chain(NETWORK_KEYS) {
        let _ = writeln!(out, "| `{}` | {} | {} |", key.name, words(key.takes), key.says);
    }
    out.push_str("\n# Kinds of source\n");
    for kind in kinds {
        let _ = write!(out, "\n## {}\n\n{}. Reads {}.\n", code(kind.keys.kind), kind.title, kind.reads);
        if kind.keys.keys.is_empty() {
            continue;
        }
        out.push_str("\n| Key | Takes | Meaning |\n|---|---|---|\n");
        for key in kind.keys.keys.iter().chain(NETWORK_KEYS) {
            let _ = writeln!(out, "| `{}` | {} | {} |", key.name, words(key.takes), key.says);
        }
        if !kind.rights.is_empty() {
            let _ = write!(out, "\nLeast permissions:\n\n{}\n", kind.rights.trim());
        }
    }
    out
}

/// A commented `backproof.toml`: what every workspace needs, and each kind of source as an example.
#[must_use]
pub fn template(kinds: &[Kind]) -> String {
    let mut out = String::from(
        "# What to collect, from where, for which organisation. Remove the # of lines such as #[policy] or #file = … to use them;\n\
         # a # with a blank behind it is an explanation.\n\
         # Secrets never stand in this file: a key that takes one says where it is.\n",
    );
    for section in SECTIONS.iter().filter(|s| !s.title.contains("sources") && s.title != "covers") {
        // The organisation's name and zone are what no workspace can do without.
        let is_needed = section.title == "[organization]";
        let off = |needed: bool| if needed { "" } else { "#" };
        let _ = write!(
            out,
            "\n# {}\n{}{}\n",
            section
                .says
                .replace("[every register and its columns](registers.md)", "see registers/README.md")
                .replace("; [what it does](packet.md#publishing)", ""),
            off(is_needed),
            section.title
        );
        for e in section.entries {
            let value = example(e.name, e.form);
            let _ = write!(out, "# {}\n{}{} = {value}\n", e.says, off(is_needed && e.required), e.name);
        }
    }
    out.push_str(
        "\n# Sources: [sources.<kind>.<id>], with ids of your own that differ across kinds. Every kind has these keys:\n#\n",
    );
    let common = SECTIONS.iter().filter(|s| s.title.contains("sources") || s.title == "covers");
    for e in common.flat_map(|s| s.entries) {
        let _ = writeln!(out, "#   {}: {}", e.name, e.says);
    }
    out.push_str(
        "#\n# A source states with `covers` that it holds every record, and only then a missing backup is a miss:\n#\n\
         #   covers = { systems = [\"*\"], from = 2026-10-01T00:00:00Z, complete = true }\n",
    );
    for kind in kinds {
        let Kind { keys, title, reads, .. } = kind;
        let _ = write!(out, "\n# {title}: {reads}.\n#[sources.{}.my-{}]\n", keys.kind, keys.kind);
        let _ = writeln!(out, "#path = \"drop/{}\"", keys.kind);
        if !keys.keys.is_empty() {
            out.push_str("# Or, without `path`, the service itself is asked:\n");
        }
        for key in keys.keys {
            let _ = writeln!(out, "#   {} ({}): {}", key.name, key.takes.words(), key.says);
        }
    }
    out
}

/// A value as it could stand for a key.
fn example(name: &str, form: Form) -> String {
    match (name, form) {
        ("name", _) => "\"Example Robotics\"".to_owned(),
        (_, Form::Zone) => "\"UTC\"".to_owned(),
        (_, Form::Colour) => "\"#1d5b92\"".to_owned(),
        (_, Form::File) => "{ file = \"signing-key\" }".to_owned(),
        (_, Form::Secret) => format!("{{ env = \"{}\" }}", name.to_uppercase()),
        ("url", _) => "\"https://example.com\"".to_owned(),
        (_, Form::Id) => "1".to_owned(),
        (_, Form::Ids) => "[\"1\"]".to_owned(),
        (_, Form::Parameters) => "{ min_retention = \"P35D\" }".to_owned(),
        (_, Form::Flag) => "true".to_owned(),
        (_, Form::Count) => "25000".to_owned(),
        (_, Form::Instant) => "2026-10-01T00:00:00Z".to_owned(),
        ("documents", _) => "[\"policies/*.md\"]".to_owned(),
        (_, Form::Texts | Form::OneOrMore) => "[\"*\"]".to_owned(),
        ("inventory", _) => "\"inventory.toml\"".to_owned(),
        ("file", _) => "\"policy.toml\"".to_owned(),
        ("logo", _) => "\"logo.png\"".to_owned(),
        (other, _) => format!("\"{other}\""),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn words(takes: Takes) -> String {
    if takes == Takes::Secret {
        format!("`{}`", takes.words().replace(" or ", "` or `"))
    } else {
        takes.words().to_owned()
    }
}

/// The reference as a JSON Schema (draft 2020-12).
#[must_use]
pub fn schema(kinds: &[Kind]) -> Value {
    let section = |title: &str| SECTIONS.iter().find(|s| s.title == title).map_or(&[][..], |s| s.entries);
    let object = |entries: &[Entry]| {
        let properties: Map<String, Value> =
            entries.iter().map(|e| (e.name.to_owned(), described(e.form.schema(), e.says))).collect();
        let required: Vec<&str> = entries.iter().filter(|e| e.required).map(|e| e.name).collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    let sources: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let mut source = object(section("[sources.<kind>.<id>]"));
            if let Some(properties) = source["properties"].as_object_mut() {
                properties.extend(
                    all_keys(kind).into_iter().map(|k| (k.name.to_owned(), described(of_key(k.takes), k.says))),
                );
            }
            (kind.keys.kind.to_owned(), json!({"type": "object", "additionalProperties": source}))
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "backproof.toml",
        "type": "object",
        "properties": {
            "organization": object(section("[organization]")),
            "policy": object(section("[policy]")),
            "signing": object(section("[signing]")),
            "timestamp": object(section("[timestamp]")),
            "publish": {
                "type": "object",
                "properties": {
                    "drata": object(section("[publish.drata]")),
                    "vanta": object(section("[publish.vanta]")),
                },
                "additionalProperties": false,
            },
            "paths": object(section("[paths]")),
            "registers": object(section("[registers]")),
            "reports": object(section("[reports]")),
            "sources": {"type": "object", "properties": sources, "additionalProperties": false},
        },
        "required": ["organization"],
        "additionalProperties": false,
        "$defs": {"covers": object(section("covers"))},
    })
}

fn described(mut schema: Value, says: &str) -> Value {
    schema["description"] = says.into();
    schema
}

fn of_key(takes: Takes) -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    match takes {
        Takes::Text => json!({"type": ["string", "integer"]}),
        Takes::List => json!({"oneOf": [{"type": "string"}, texts]}),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Span => json!({"type": "string", "pattern": "^P"}),
        Takes::Secret => json!({
            "type": "object",
            "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::load;

    /// A configuration with every key of every section; `extra` goes into the table of that title.
    fn config(extra: (&str, &str)) -> String {
        let more = |title: &str| if title == extra.0 { format!("{}\n", extra.1) } else { String::new() };
        format!(
            "[organization]\nname = \"A\"\ntimezone = \"UTC\"\naccent = \"#1d5b92\"\nlogo = \"l.png\"\n{}[policy]\nfile = \"policy.toml\"\nparameters = {{}}\n{}\
             [signing]\nkey = {{ file = \"k\" }}\n{}[timestamp]\nurl = \"https://a\"\n{}[publish.drata]\nurl = \"https://a\"\nworkspace = 1\nevidence = \"2\"\ntoken = {{ env = \"A\" }}\n{}\
             [publish.vanta]\nurl = \"https://a\"\ndocuments = \"a\"\nclient_id = \"b\"\nclient_secret = {{ env = \"A\" }}\n{}[paths]\nevidence = \"e\"\nreports = \"r\"\ninventory = \"i.toml\"\nregisters = \"g\"\n{}[registers]\ndocuments = []\n{}[reports]\nrows = 1\ntagged = true\n{}\
             [sources.runs.a]\npath = \"p\"\ntimezone = \"UTC\"\n{}[sources.runs.a.covers]\nsystems = [\"*\"]\nfrom = 2026-01-01T00:00:00Z\n\
             to = 2026-02-01T00:00:00Z\ncomplete = true\ntables = []\n\
             gaps = [{{ from = 2026-01-02T00:00:00Z, to = 2026-01-03T00:00:00Z }}]\n{}",
            more("[organization]"),
            more("[policy]"),
            more("[signing]"),
            more("[timestamp]"),
            more("[publish.drata]"),
            more("[publish.vanta]"),
            more("[paths]"),
            more("[registers]"),
            more("[reports]"),
            more("[sources.<kind>.<id>]"),
            more("covers"),
        )
    }

    /// What the program says of an unknown key names all keys that it knows there.
    #[test]
    fn the_reference_and_the_reader_know_the_same_keys() {
        let kinds = [KindKeys { kind: "runs", keys: &[], path_keys: &[] }];
        for section in SECTIONS {
            let text = config((section.title, "xxxxxxxxxxxxxxxxxxxxxxxx = 1"));
            let told = load(&[("backproof.toml".to_owned(), text)], &kinds).unwrap_err();
            let help = told.0.iter().find(|f| f.message.contains("xxxxxxxxxx")).and_then(|f| f.help.clone()).unwrap();
            let known: BTreeSet<&str> = help.strip_prefix("known: ").unwrap().split(", ").collect();
            let network = NETWORK_KEYS.iter().filter(|_| section.title.starts_with("[sources")).map(|k| k.name);
            let documented: BTreeSet<&str> = section.entries.iter().map(|e| e.name).chain(network).collect();
            assert_eq!(known, documented, "{}", section.title);
        }
        let mut unknown = load(&[("backproof.toml".to_owned(), config(("", "")))], &kinds).unwrap_err();
        unknown.0.retain(|f| f.message.contains("unknown"));
        assert!(unknown.0.is_empty(), "{unknown:?}");
    }
}
