//! The reference of `backproof.toml`, made from what the reader knows: a page for people and a JSON Schema for editors.
//!
//! Keys of kinds are those that the reader takes ([`KindKeys`]); the others stand here, and a test compares them with
//! what the reader asks for.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Key, KindKeys, NETWORK_KEYS, Takes};

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

/// What a common key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Colour,
    Zone,
    Instant,
    Flag,
    Texts,
    Id,
    File,
    Secret,
    Parameters,
    OneOrMore,
    Covers,
    Gaps,
}

impl Form {
    const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Colour => "colour `#rrggbb`",
            Self::Zone => "IANA time zone",
            Self::Instant => "instant (RFC 3339)",
            Self::Flag => "true or false",
            Self::Texts => "list of texts",
            Self::Id => "text or a number",
            Self::File => "`{ file = \"path\" }`",
            Self::Secret => "`{ env = \"NAME\" }` or `{ file = \"path\" }`",
            Self::Parameters => "table: parameter = value",
            Self::OneOrMore => "text or a list of texts",
            Self::Covers => "table, or list of tables, see below",
            Self::Gaps => "list of `{ from = …, to = … }`",
        }
    }

    fn schema(self) -> Value {
        let texts = json!({"type": "array", "items": {"type": "string"}});
        match self {
            Self::Text | Self::Zone => json!({"type": "string"}),
            Self::Colour => json!({"type": "string", "pattern": "^#[0-9A-Fa-f]{6}$"}),
            // TOML has instants of its own; editors show them as texts.
            Self::Instant => json!({"type": "string", "format": "date-time"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Texts => texts,
            Self::OneOrMore => json!({"oneOf": [{"type": "string"}, texts]}),
            Self::Id => of_key(Takes::Text),
            Self::File => {
                json!({"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false})
            }
            Self::Secret => of_key(Takes::Secret),
            Self::Parameters => json!({"type": "object"}),
            Self::Covers => {
                let covers = json!({"$ref": "#/$defs/covers"});
                json!({"oneOf": [covers, {"type": "array", "items": covers}]})
            }
            Self::Gaps => {
                let at = Self::Instant.schema();
                let gap = json!({"type": "object", "properties": {"from": at, "to": at}, "required": ["from", "to"], "additionalProperties": false});
                json!({"type": "array", "items": gap})
            }
        }
    }
}

struct Entry {
    name: &'static str,
    form: Form,
    required: bool,
    says: &'static str,
}

const fn entry(name: &'static str, form: Form, required: bool, says: &'static str) -> Entry {
    Entry { name, form, required, says }
}

struct Section {
    title: &'static str,
    says: &'static str,
    entries: &'static [Entry],
}

const SECTIONS: &[Section] = &[
    Section {
        title: "[organization]",
        says: "Required.",
        entries: &[
            entry("name", Form::Text, true, "Name as reports print it."),
            entry(
                "timezone",
                Form::Zone,
                true,
                "Reporting zone: months and quarters are cut here; times of this file without an offset are read here.",
            ),
            entry(
                "accent",
                Form::Colour,
                false,
                "Colour of the name, of links and of charts in reports; one that reads on white paper.",
            ),
        ],
    },
    Section {
        title: "[policy]",
        says: "Absent: the built-in profile.",
        entries: &[
            entry("file", Form::Text, false, "A file that replaces the built-in profile."),
            entry(
                "parameters",
                Form::Parameters,
                false,
                "Single values that differ; `backproof explain <parameter>` tells what each means.",
            ),
        ],
    },
    Section {
        title: "[signing]",
        says: "Absent: runs are unsigned, and every output says so.",
        entries: &[entry("key", Form::File, true, "Ed25519 SSH key without passphrase, readable by its owner only.")],
    },
    Section {
        title: "[timestamp]",
        says: "Absent: no timestamp is asked for. With it, `collect` asks for one over each run's manifest, and `publish` for one over the packet.",
        entries: &[entry(
            "url",
            Form::Text,
            true,
            "Address of a time-stamping authority (RFC 3161); https, or http on this machine.",
        )],
    },
    Section {
        title: "[publish.drata]",
        says: "Where `publish PACKET drata` hands in; [what it does](packet.md#publishing).",
        entries: &[
            entry(
                "url",
                Form::Text,
                false,
                "Address of the API; default https://public-api.drata.com/public/v2 (accounts in the United States).",
            ),
            entry("workspace", Form::Id, true, "Id of the workspace in Drata."),
            entry("evidence", Form::OneOrMore, true, "Ids of the items of the evidence library that files are added to."),
            entry("token", Form::Secret, true, "API key."),
        ],
    },
    Section {
        title: "[publish.vanta]",
        says: "Where `publish PACKET vanta` hands in; [what it does](packet.md#publishing).",
        entries: &[
            entry("url", Form::Text, false, "Address of the API; default https://api.vanta.com."),
            entry("documents", Form::OneOrMore, true, "Ids of the documents that files are uploaded to."),
            entry("client_id", Form::Text, true, "OAuth client id of the application; it is no secret."),
            entry("client_secret", Form::Secret, true, "OAuth client secret."),
        ],
    },
    Section {
        title: "[paths]",
        says: "Folders and files, relative to this file.",
        entries: &[
            entry("evidence", Form::Text, false, "The store; default evidence."),
            entry("reports", Form::Text, false, "What is rendered; default reports."),
            entry("inventory", Form::Text, false, "A TOML file, or a folder of CSV files; default inventory.toml."),
            entry("registers", Form::Text, false, "A folder of CSV and TOML files; default registers."),
        ],
    },
    Section {
        title: "[registers]",
        says: "Registers that are kept as documents; [every register and its columns](registers.md).",
        entries: &[entry(
            "documents",
            Form::OneOrMore,
            false,
            "Markdown files, patterns over them, or folders (with those below), relative to this file. The front matter of each is a row of `documents`, or of the register that its key `register` names.",
        )],
    },
    Section {
        title: "[sources.<kind>.<id>]",
        says: "One table a source; ids differ across kinds. Keys of every kind:",
        entries: &[
            entry(
                "path",
                Form::Text,
                false,
                "A file, a folder (read whole), a glob, or s3://bucket/prefix. Kinds that can ask a service do so where it is absent.",
            ),
            entry("timezone", Form::Zone, false, "Zone of times that a tool prints without one."),
            entry(
                "covers",
                Form::Covers,
                false,
                "Your statement that the source holds every record of an interval. Without it a missing record proves nothing.",
            ),
        ],
    },
    Section {
        title: "covers",
        says: "What a statement on a source says:",
        entries: &[
            entry(
                "systems",
                Form::Texts,
                true,
                "System ids, or [\"*\"] for all whose resources are of this kind; in runs and restore-reports, whose records name systems themselves, for every system.",
            ),
            entry("from", Form::Instant, true, "First instant covered."),
            entry("to", Form::Instant, false, "First instant no longer covered; absent: up to each collection."),
            entry("complete", Form::Flag, true, "True where every record of the interval is there."),
            entry("tables", Form::Texts, false, "Tables it is true of; absent: all that the kind fills."),
            entry("gaps", Form::Gaps, false, "Intervals known to be missing."),
        ],
    },
];

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
        // The organisation is what no workspace can do without.
        let off = if section.title == "[organization]" { "" } else { "#" };
        let _ = write!(
            out,
            "\n# {}\n{off}{}\n",
            section
                .says
                .replace("[every register and its columns](registers.md)", "see registers/README.md")
                .replace("; [what it does](packet.md#publishing)", ""),
            section.title
        );
        for e in section.entries {
            let value = example(e.name, e.form);
            let _ = write!(out, "# {}\n{off}{} = {value}\n", e.says, e.name);
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
        (_, Form::Id) => "\"1\"".to_owned(),
        (_, Form::Parameters) => "{ min_retention = \"P35D\" }".to_owned(),
        (_, Form::Flag) => "true".to_owned(),
        (_, Form::Instant) => "2026-10-01T00:00:00Z".to_owned(),
        ("documents", _) => "[\"policies/*.md\"]".to_owned(),
        (_, Form::Texts | Form::OneOrMore) => "[\"*\"]".to_owned(),
        ("inventory", _) => "\"inventory.toml\"".to_owned(),
        ("file", _) => "\"policy.toml\"".to_owned(),
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
            "[organization]\nname = \"A\"\ntimezone = \"UTC\"\naccent = \"#1d5b92\"\n{}[policy]\nfile = \"policy.toml\"\nparameters = {{}}\n{}\
             [signing]\nkey = {{ file = \"k\" }}\n{}[timestamp]\nurl = \"https://a\"\n{}[publish.drata]\nurl = \"https://a\"\nworkspace = 1\nevidence = \"2\"\ntoken = {{ env = \"A\" }}\n{}\
             [publish.vanta]\nurl = \"https://a\"\ndocuments = \"a\"\nclient_id = \"b\"\nclient_secret = {{ env = \"A\" }}\n{}[paths]\nevidence = \"e\"\nreports = \"r\"\ninventory = \"i.toml\"\nregisters = \"g\"\n{}[registers]\ndocuments = []\n{}\
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
