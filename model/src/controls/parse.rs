//! Control data files into [`Controls`].

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Check, Control, Controls, EvidenceKind, Framework, Group, Metric, Reference, Table};
use crate::fault::{Fault, Faults, File};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checks {
    schema: String,
    conventions: toml::Table,
    group: Vec<Group>,
    check: Vec<Check>,
    metric: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    schema: String,
    table: Vec<Table>,
    evidence_kind: Vec<EvidenceKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneFramework {
    framework: Framework,
    #[serde(default)]
    source: Vec<Reference>,
    control: Vec<Control>,
}

/// The format this program reads.
const SCHEMA: &str = "backproof-controls/1";

impl Controls {
    /// Reads `checks.toml`, `model.toml`, and one framework from every other file.
    ///
    /// # Errors
    /// What does not parse, or is of another format version.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut out = Self {
            conventions: Vec::new(),
            groups: Vec::new(),
            checks: Vec::new(),
            metrics: Vec::new(),
            frameworks: Vec::new(),
            tables: Vec::new(),
            evidence_kinds: Vec::new(),
            own_checks: Vec::new(),
        };
        for (name, text) in files {
            let file = File { name, text };
            match *name {
                "checks.toml" => {
                    let Some(read) = read::<Checks>(file, &mut faults) else { continue };
                    version(file, &read.schema, &mut faults);
                    let text = |(name, value): (String, toml::Value)| Some((name, value.as_str()?.trim().to_owned()));
                    out.conventions = read.conventions.into_iter().filter_map(text).collect();
                    (out.groups, out.checks, out.metrics) = (read.group, read.check, read.metric);
                }
                "model.toml" => {
                    let Some(read) = read::<Model>(file, &mut faults) else { continue };
                    version(file, &read.schema, &mut faults);
                    (out.tables, out.evidence_kinds) = (read.table, read.evidence_kind);
                }
                _ => {
                    let Some(read) = read::<OneFramework>(file, &mut faults) else { continue };
                    out.frameworks.push(Framework {
                        references: read.source,
                        controls: read.control,
                        ..read.framework
                    });
                }
            }
        }
        out.frameworks.sort_by(|a, b| a.id.cmp(&b.id));
        faults.or(out)
    }
}

fn read<T: DeserializeOwned>(file: File<'_>, faults: &mut Faults) -> Option<T> {
    toml::from_str(file.text)
        .map_err(|e| faults.push(Fault::at(&file, &e.span().unwrap_or(0..0), "", e.message().trim())))
        .ok()
}

fn version(file: File<'_>, schema: &str, faults: &mut Faults) {
    if schema != SCHEMA {
        faults.push(
            Fault::of_file(file.name, format!("format \"{schema}\"; this program reads \"{SCHEMA}\""))
                .help("use the control data that came with this version"),
        );
    }
}
