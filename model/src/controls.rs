//! The control data: checks, metrics, frameworks, data model and evidence kinds, compiled in.
//!
//! Format and meaning of every field: `controls/README.md`. The data are tested as a whole:
//! every cross reference resolves (see the tests of this module).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

use crate::inventory::System;
use crate::words::words;

static FRAMEWORKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../controls/frameworks");
const CHECKS: &str = include_str!("../../controls/checks.toml");
const MODEL: &str = include_str!("../../controls/model.toml");

words! {
    /// How bad a failed check is (`[conventions] severity`). Ordered: `Low < Critical`.
    Severity { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}
words! {
    /// The most that can be had without a person.
    Automation { Automatic = "automatic", Register = "register", Attestation = "attestation" }
}
words! {
    /// Where a rule comes from (`[conventions] basis`).
    Basis { Policy = "policy", Framework = "framework", Integrity = "integrity" }
}
words! {
    /// Whether a control's title may be quoted and from where.
    TitleKind { Official = "official", OwnWords = "own_words", PublicListing = "public_listing" }
}
words! {
    /// How a control relates to backup and restore; statements map to the first two only.
    Relevance {
        Primary = "primary", Supporting = "supporting", CitedGap = "cited_gap",
        Miscited = "miscited", Unrelated = "unrelated", Uncovered = "uncovered",
    }
}
words! {
    /// How identifier and meaning of a control were checked.
    Verification {
        Catalogue = "catalogue", OfficialTextCopy = "official_text_copy",
        IdentifierAndMeaning = "identifier_and_meaning", TwoPublicSources = "two_public_sources",
        OnePublicSource = "one_public_source", Unverified = "unverified",
    }
}

/// A group of checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Three letters.
    pub id: String,
    /// For people.
    pub name: String,
}

/// A worked example of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The situation.
    pub given: String,
    /// The result.
    pub expect: String,
}

/// A precise rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// For example `FRQ-01`.
    pub id: String,
    /// Group id.
    pub group: String,
    /// For people.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// The most that can be had without a person.
    pub automation: Automation,
    /// Where the rule comes from.
    pub basis: Basis,
    /// What one result is about: system, slot, asset …
    pub unit: String,
    /// `table.field` of the data model.
    pub inputs: Vec<String>,
    /// Parameter ids of the policy.
    pub parameters: Vec<String>,
    /// What is judged.
    pub population: String,
    /// The rule.
    pub rule: String,
    /// When it passes.
    pub pass: String,
    /// When it fails.
    pub fail: String,
    /// When it does not apply.
    pub not_applicable: String,
    /// When it cannot be evaluated.
    pub no_evidence: String,
    /// Cases that are easily got wrong.
    pub edge_cases: Vec<String>,
    /// Worked examples.
    #[serde(default)]
    pub examples: Vec<Example>,
    /// What to do about a failure.
    pub remediation: String,
    /// Policy statements that use the check.
    pub statements: Vec<String>,
    /// Control ids by framework id.
    pub controls: BTreeMap<String, Vec<String>>,
}

/// A worked example of a metric; its figures are recomputed by a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricExample {
    /// The situation.
    pub given: String,
    /// Numerator.
    pub numerator: u32,
    /// Denominator; 1 for counts.
    pub denominator: u32,
    /// Left out for lack of evidence.
    pub unknown: u32,
    /// `numerator / denominator`.
    pub value: f64,
    /// With all unknown against.
    pub lowest: f64,
    /// With all unknown in favour.
    pub highest: f64,
}

/// A figure that the policy asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Id, as in the JSON output.
    pub id: String,
    /// For people.
    pub title: String,
    /// Policy statement.
    pub statement: String,
    /// Check that it is issued.
    pub check: String,
    /// `monthly` or `quarterly`.
    pub frequency: String,
    /// Role that issues it.
    pub owner_role: String,
    /// `ratio` or `count`.
    pub unit: String,
    /// What is counted.
    pub population: String,
    /// Numerator.
    pub numerator: String,
    /// Denominator.
    pub denominator: String,
    /// What is left out.
    pub excluded: String,
    /// What an empty denominator means.
    pub undefined: String,
    /// Ways it is broken down.
    pub breakdown: Vec<String>,
    /// Worked examples.
    #[serde(rename = "example")]
    pub examples: Vec<MetricExample>,
}

/// What a framework's entries were checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Id within the framework.
    pub id: String,
    /// What it is.
    pub what: String,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: String,
}

/// A requirement of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// As its authority writes it.
    pub id: String,
    /// Title.
    pub title: String,
    /// Whose words the title is.
    pub title_kind: TitleKind,
    /// In our own words.
    pub summary: String,
    /// How it relates to backup and restore.
    pub relevance: Relevance,
    /// The policy names it.
    pub cited_by_policy: bool,
    /// The policy names it only through a wildcard.
    #[serde(default)]
    pub cited_by_wildcard: bool,
    /// How the entry was checked.
    pub verification: Verification,
    /// Ids of [`Reference`]s.
    pub sources: Vec<String>,
    /// NIST baselines.
    #[serde(default)]
    pub baselines: Vec<String>,
    /// HIPAA: required or addressable.
    #[serde(default)]
    pub designation: Option<String>,
    /// IEC part.
    #[serde(default)]
    pub part: Option<String>,
    /// IEC security level from which it is asked for.
    #[serde(default)]
    pub lowest_security_level: Option<u8>,
    /// ISO: clause or control.
    #[serde(default)]
    pub kind: Option<String>,
    /// SOC 2 points of focus.
    #[serde(default)]
    pub focus: Vec<String>,
    /// Remark.
    #[serde(default)]
    pub note: Option<String>,
}

words! {
    /// Systems that a framework is about, where it is not about all.
    Concern { Ephi = "ephi", Iacs = "iacs" }
}

/// A framework and its controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framework {
    /// Id, equal to the file name.
    pub id: String,
    /// Name.
    pub name: String,
    /// Edition.
    pub edition: String,
    /// Who issues it.
    pub authority: String,
    /// Of the authority.
    pub url: String,
    /// What may be quoted.
    pub text_use: String,
    /// When its results count.
    pub applies_when: String,
    /// The systems that it is about; absent: all of them.
    #[serde(default)]
    pub concerns: Option<Concern>,
    /// Change that is proposed but not in force.
    #[serde(default)]
    pub pending_change: Option<String>,
    /// What its entries were checked against.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Controls in file order, which is the framework's own.
    #[serde(default)]
    pub controls: Vec<Control>,
}

/// A field of a normalised table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name.
    pub name: String,
    /// `text`, `integer`, `number`, `bool`, `date`, `instant`, `list` or `enum(a,b)`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A row without it is incomplete.
    pub required: bool,
    /// For people.
    pub meaning: String,
}

/// A normalised table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Field, or fields joined by `+`, that identify a row.
    pub key: String,
    /// Remark.
    #[serde(default)]
    pub note: Option<String>,
    /// Fields in order.
    pub fields: Vec<Field>,
}

/// A kind of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceKind {
    /// `EV-…`.
    pub id: String,
    /// For people.
    pub title: String,
    /// How it is had.
    pub collection: Automation,
    /// What it is.
    pub description: String,
    /// Tables it fills.
    pub tables: Vec<String>,
}

/// All control data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Controls {
    /// Meanings that bind every check, by name, in file order.
    pub conventions: Vec<(String, String)>,
    /// Groups of checks, in file order.
    pub groups: Vec<Group>,
    /// Checks, in file order.
    pub checks: Vec<Check>,
    /// Metrics, in file order.
    pub metrics: Vec<Metric>,
    /// Frameworks, by id.
    pub frameworks: Vec<Framework>,
    /// Normalised tables, in file order.
    pub tables: Vec<Table>,
    /// Kinds of evidence, in file order.
    pub evidence_kinds: Vec<EvidenceKind>,
    /// Queries of the checks that a workspace adds.
    pub own_checks: Vec<OwnCheck>,
}

mod own;
mod own_checks;
mod parse;
mod policy_findings;

pub use own_checks::{DERIVED_TABLES, OwnCheck};
pub use policy_findings::PolicyFinding;

impl Controls {
    /// The data compiled into the program.
    ///
    /// # Panics
    /// Never in a program whose tests passed: they parse the same bytes.
    #[must_use]
    #[allow(clippy::panic)]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Controls> = LazyLock::new(|| {
            let mut files = vec![("checks.toml", CHECKS), ("model.toml", MODEL)];
            files.extend(FRAMEWORKS.files().filter_map(|f| Some((f.path().to_str()?, f.contents_utf8()?))));
            Controls::parse(&files).unwrap_or_else(|faults| panic!("the embedded control data:\n{faults}"))
        });
        &EMBEDDED
    }

    /// The check of this id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|c| c.id == id)
    }

    /// The metric of this id.
    #[must_use]
    pub fn metric(&self, id: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.id == id)
    }

    /// The framework of this id.
    #[must_use]
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|f| f.id == id)
    }

    /// Every control of this id, with its framework: identifiers may occur in more than one.
    #[must_use]
    pub fn controls(&self, id: &str) -> Vec<(&Framework, &Control)> {
        self.frameworks.iter().filter_map(|f| Some((f, f.control(id)?))).collect()
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }

    /// The evidence kind of this id.
    #[must_use]
    pub fn evidence_kind(&self, id: &str) -> Option<&EvidenceKind> {
        self.evidence_kinds.iter().find(|e| e.id == id)
    }

    /// Checks whose results support a control.
    pub fn checks_of<'a>(&'a self, framework: &'a str, control: &'a str) -> impl Iterator<Item = &'a Check> {
        self.checks
            .iter()
            .filter(move |c| c.controls.get(framework).is_some_and(|ids| ids.iter().any(|id| id == control)))
    }
}

impl Concern {
    /// True where a system is one of those.
    #[must_use]
    pub fn holds(self, system: &System) -> bool {
        match self {
            Self::Ephi => system.ephi == Some(true),
            Self::Iacs => system.iacs == Some(true),
        }
    }
}

impl Framework {
    /// The control of this id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|c| c.id == id)
    }
}

#[cfg(test)]
mod tests;
