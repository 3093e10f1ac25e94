//! Tables of `backproof.toml` that every workspace may have, and their keys.

use serde_json::{Value, json};

use super::of_key;
use crate::workspace::Takes;

/// What a common key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Colour,
    Zone,
    Instant,
    Flag,
    Count,
    Texts,
    Id,
    Ids,
    File,
    Secret,
    Parameters,
    OneOrMore,
    Covers,
    Gaps,
}

impl Form {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Colour => "colour `#rrggbb`",
            Self::Zone => "IANA time zone",
            Self::Instant => "instant (RFC 3339)",
            Self::Flag => "true or false",
            Self::Count => "whole number from 0",
            Self::Texts => "list of texts",
            Self::Id => "text or a number",
            Self::Ids => "text or a number, or a list of these",
            Self::File => "`{ file = \"path\" }`",
            Self::Secret => "`{ env = \"NAME\" }` or `{ file = \"path\" }`",
            Self::Parameters => "table: parameter = value",
            Self::OneOrMore => "text or a list of texts",
            Self::Covers => "table, or list of tables, see below",
            Self::Gaps => "list of `{ from = …, to = … }`",
        }
    }

    pub(super) fn schema(self) -> Value {
        let texts = json!({"type": "array", "items": {"type": "string"}});
        match self {
            Self::Text | Self::Zone => json!({"type": "string"}),
            Self::Colour => json!({"type": "string", "pattern": "^#[0-9A-Fa-f]{6}$"}),
            // TOML has instants of its own; editors show them as texts.
            Self::Instant => json!({"type": "string", "format": "date-time"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Count => json!({"type": "integer", "minimum": 0}),
            Self::Texts => texts,
            Self::OneOrMore => json!({"oneOf": [{"type": "string"}, texts]}),
            Self::Id => of_key(Takes::Text),
            Self::Ids => {
                let id = of_key(Takes::Text);
                json!({"oneOf": [id, {"type": "array", "items": id, "minItems": 1}]})
            }
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

pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) required: bool,
    pub(super) says: &'static str,
}

const fn entry(name: &'static str, form: Form, required: bool, says: &'static str) -> Entry {
    Entry { name, form, required, says }
}

pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) says: &'static str,
    pub(super) entries: &'static [Entry],
}

pub(super) const SECTIONS: &[Section] = &[
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
            entry(
                "logo",
                Form::Text,
                false,
                "PNG file of at most 512 KiB and a million pixels, relative to this file: the logo at the head of reports. Its colours are taken as sRGB; PDFs lay what is transparent on white.",
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
            entry("evidence", Form::Ids, true, "Ids of the items of the evidence library that files are added to."),
            entry("token", Form::Secret, true, "API key."),
        ],
    },
    Section {
        title: "[publish.vanta]",
        says: "Where `publish PACKET vanta` hands in; [what it does](packet.md#publishing).",
        entries: &[
            entry("url", Form::Text, false, "Address of the API; default https://api.vanta.com."),
            entry("documents", Form::Ids, true, "Ids of the documents that files are uploaded to."),
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
        title: "[reports]",
        says: "How reports are printed.",
        entries: &[
            entry(
                "rows",
                Form::Count,
                false,
                "Most rows of one table of an audit packet in HTML and PDF; default 25000. A longer population prints its exceptions (at most 50000) and names the file that holds all rows with its SHA-256.",
            ),
            entry(
                "tagged",
                Form::Flag,
                false,
                "Whether PDFs carry their structure, which screen readers and other programs need; default true. Without it they are PDF/A-2u instead of PDF/A-2a and PDF/UA-1, and smaller by half: for packets of thousands of pages.",
            ),
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
