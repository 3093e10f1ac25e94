//! A workspace: configuration, policy, inventory and registers, read together so that every
//! fault of every file is reported at once.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::colour::Colour;
use crate::controls::Controls;
use crate::fault::{Fault, Faults, File};
use crate::inventory::{self, Inventory};
use crate::logo::MOST_BYTES;
use crate::policy::{self, Given, Policy};
use crate::registers::{self, Registers};
use crate::time::{Span, Tz};

mod config;
pub mod reference;

/// Name of the organisation and zone of its reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Name as reports print it.
    pub name: String,
    /// Months and quarters are cut here; times without an offset are read here.
    pub timezone: Tz,
    /// Colour of its name, of links and of charts in reports; `None` for the reports' own.
    pub accent: Option<Colour>,
    /// Its logo in reports.
    pub logo: Option<LogoFile>,
}

/// The file of a logo, and where the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoFile {
    /// File, relative to the configuration.
    pub path: String,
    /// Byte range of the value in the configuration.
    pub span: Range<usize>,
}

impl LogoFile {
    /// What is wrong with the file, told at its key in the configuration.
    #[must_use]
    pub fn fault(&self, configuration: File<'_>, what: &str) -> Fault {
        let message = format!("\"logo\" in [organization]: {} {what}", self.path);
        Fault::at(&configuration, &self.span, "[organization]: logo", message)
            .help(format!("name a PNG file of at most {} KiB, or take the key out", MOST_BYTES >> 10))
    }
}

/// Where a secret is; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// Environment variable.
    Env(String),
    /// File.
    File(String),
}

/// The value of a key that only some kinds of source understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// Text.
    Text(String),
    /// List of texts.
    List(Vec<String>),
    /// True or false.
    Flag(bool),
    /// ISO 8601 duration.
    Span(Span),
    /// Where a secret is.
    Secret(Secret),
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Text; a whole number is taken as its digits.
    Text,
    /// List of texts; one text is a list of one.
    List,
    /// True or false.
    Flag,
    /// ISO 8601 duration (`PT30S`).
    Span,
    /// `{ env = "NAME" }` or `{ file = "path" }`.
    Secret,
}

impl Takes {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::List => "text or a list of texts",
            Self::Flag => "true or false",
            Self::Span => "a duration such as \"PT30S\"",
            Self::Secret => "{ env = \"NAME\" } or { file = \"path\" }",
        }
    }
}

/// A key of `[sources.<kind>.<id>]` beside `path`, `timezone` and `covers`, which every kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub takes: Takes,
    /// What it does, in a sentence; with the default.
    pub says: &'static str,
}

/// The keys of one kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindKeys {
    /// Kind.
    pub kind: &'static str,
    /// Its own keys; none for kinds that read files only.
    pub keys: &'static [Key],
    /// Keys that it has as well where its `path` begins with `s3://`.
    pub path_keys: &'static [Key],
}

/// Keys of every source that asks a server.
pub const NETWORK_KEYS: &[Key] = &[
    Key {
        name: "timeout",
        takes: Takes::Span,
        says: "Longest that one answer may take, from connecting to its last byte; default PT60S.",
    },
    Key {
        name: "patience",
        takes: Takes::Span,
        says: "Longest that this source may wait in all, for rate limits and between attempts; default PT15M. A longer wait ends the source as incomplete, with the time at which it is worth asking again.",
    },
];

/// One configured source, `[sources.<kind>.<id>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// Kind.
    pub kind: String,
    /// Id, unique in the workspace.
    pub id: String,
    /// File, folder or glob, relative to the configuration; or `s3://bucket/prefix`. Absent: ask the service itself.
    pub path: Option<String>,
    /// Zone of local times without one.
    pub timezone: Option<Tz>,
    /// What it covers, as the user states it.
    pub covers: Vec<crate::evidence::Covers>,
    /// Keys of this kind.
    pub settings: BTreeMap<String, Setting>,
    /// File and line.
    pub declared_in: String,
}

impl SourceConfig {
    /// Its path in S3, where it has one.
    #[must_use]
    pub fn bucket_path(&self) -> Option<&str> {
        self.path.as_deref().filter(|p| is_bucket_path(p))
    }

    /// A text key of this kind.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.settings.get(key) {
            Some(Setting::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A list key of this kind.
    #[must_use]
    pub fn list(&self, key: &str) -> &[String] {
        match self.settings.get(key) {
            Some(Setting::List(list)) => list,
            _ => &[],
        }
    }

    /// A flag of this kind.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.settings.get(key) {
            Some(Setting::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// A duration of this kind, in seconds; months count 30 days.
    #[must_use]
    pub fn seconds(&self, key: &str) -> Option<u64> {
        match self.settings.get(key) {
            Some(Setting::Span(span)) => u64::try_from(span.seconds + i64::from(span.months) * 30 * 86_400).ok(),
            _ => None,
        }
    }

    /// Where a secret of this kind is.
    #[must_use]
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        match self.settings.get(key) {
            Some(Setting::Secret(secret)) => Some(secret),
            _ => None,
        }
    }
}

/// True for a path in S3.
fn is_bucket_path(path: &str) -> bool {
    path.starts_with("s3://")
}

/// Folders and files of a workspace, relative to the configuration, with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The store.
    pub evidence: String,
    /// What was rendered.
    pub reports: String,
    /// A TOML file, or a folder of CSV files.
    pub inventory: String,
    /// A folder of CSV and TOML files.
    pub registers: String,
}

impl Default for Paths {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            evidence: text("evidence"),
            reports: text("reports"),
            inventory: text("inventory.toml"),
            registers: text("registers"),
        }
    }
}

/// How reports are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printing {
    /// Most rows of one table of a packet in HTML and PDF; a longer one prints its exceptions.
    pub rows: usize,
    /// Whether PDFs carry their structure: PDF/A-2a and PDF/UA-1.
    pub tagged: bool,
}

impl Default for Printing {
    fn default() -> Self {
        Self { rows: 25_000, tagged: true }
    }
}

/// Where `publish … drata` hands in: `[publish.drata]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drata {
    /// Address of the API; `None` for the one of accounts in the United States.
    pub url: Option<String>,
    /// Id of the workspace in Drata.
    pub workspace: String,
    /// Ids of evidence items.
    pub evidence: Vec<String>,
    /// The API key.
    pub token: Secret,
}

/// Where `publish … vanta` hands in: `[publish.vanta]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanta {
    /// Address of the API; `None` for the one of commercial accounts.
    pub url: Option<String>,
    /// Ids of documents.
    pub documents: Vec<String>,
    /// Client id of the application, which is no secret.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Secret,
}

/// `backproof.toml`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whose backups.
    pub organization: Organization,
    /// Policy file that replaces the built-in profile.
    pub policy_file: Option<String>,
    /// Sources by kind and id.
    pub sources: Vec<SourceConfig>,
    /// File of the signing key, or of its public half for an agent.
    pub signing_key: Option<String>,
    /// Address of a time-stamping authority (RFC 3161).
    pub timestamp_url: Option<String>,
    /// Where packets are handed in, beside buckets and folders.
    pub targets: Targets,
    /// Folders and files.
    pub paths: Paths,
    /// How reports are printed.
    pub printing: Printing,
}

/// Services that packets are handed in to, `[publish]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// `[publish.drata]`
    pub drata: Option<Drata>,
    /// `[publish.vanta]`
    pub vanta: Option<Vanta>,
}

impl Config {
    /// The source of this id.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&SourceConfig> {
        self.sources.iter().find(|s| s.id == id)
    }
}

/// Folder of the frameworks that a workspace adds, beside the configuration.
pub const FRAMEWORKS: &str = "frameworks";
/// Folder of the checks that a workspace adds, beside the configuration.
pub const CHECKS: &str = "checks";

/// Everything that people write, read and checked.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// `backproof.toml`
    pub config: Config,
    /// The policy judged by.
    pub policy: Policy,
    /// Systems, plans, objectives.
    pub inventory: Inventory,
    /// Registers.
    pub registers: Registers,
    /// Checks, metrics and frameworks, those of the workspace among them.
    pub controls: Controls,
}

/// What to read for a configuration, before it is read in earnest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Folders and files.
    pub paths: Paths,
    /// Policy file.
    pub policy_file: Option<String>,
    /// Files, folders and patterns of documents whose front matter is a row of a register.
    pub documents: Vec<String>,
    /// File of the logo.
    pub logo: Option<LogoFile>,
}

/// Tells from the text of a configuration which other files belong to the workspace: the policy
/// file, `paths.inventory` (with every `.csv` in a folder of that name without `.toml`), and
/// every file in `paths.registers`, documents (`.md`), and the logo. Faults are ignored here; [`load`] reports them.
#[must_use]
pub fn wanted(config: &str) -> Wanted {
    let (read, _) = config::read(File { name: "", text: config }, &[]);
    let logo = read.organization.and_then(|o| o.logo);
    Wanted { paths: read.paths, policy_file: read.policy_file, documents: read.documents, logo }
}

/// Reads a workspace. The first file is the configuration; the names of the others are relative
/// to it, with `/`. `known_kinds` are the source kinds that exist, with their keys.
///
/// # Errors
/// Every fault of every file, sorted.
pub fn load(files: &[(String, String)], known_kinds: &[KindKeys]) -> Result<Workspace, Faults> {
    let mut files = files.iter().map(|(name, text)| File { name, text });
    let Some(config_file) = files.next() else {
        return Err(Faults(vec![
            Fault::of_file("backproof.toml", "there is no configuration").help("run `backproof init`"),
        ]));
    };
    let (read, mut faults) = config::read(config_file, known_kinds);
    let zone = read.organization.as_ref().map_or(Tz::UTC, |o| o.timezone);
    let paths = &read.paths;
    let folder = format!("{}/", paths.inventory.trim_end_matches(".toml").trim_end_matches('/'));
    let registers_folder = format!("{}/", paths.registers.trim_end_matches('/'));
    let mut inventory_files = Vec::new();
    let mut register_files = Vec::new();
    let mut framework_files = Vec::new();
    let mut check_files = Vec::new();
    let mut policy_file = None;
    for file in files {
        let base = file.name.rsplit('/').next().unwrap_or("").to_lowercase();
        if read.policy_file.as_deref() == Some(file.name) {
            policy_file = Some(file);
        } else if file.name == paths.inventory || file.name.starts_with(&folder) || base == "objectives.csv" {
            inventory_files.push(file);
        } else if file.name.starts_with(&registers_folder) || base.ends_with(".md") || base.ends_with(".markdown") {
            register_files.push(file);
        } else if file.name.strip_prefix(FRAMEWORKS).is_some_and(|rest| rest.starts_with('/')) {
            framework_files.push(file);
        } else if file.name.strip_prefix(CHECKS).is_some_and(|rest| rest.starts_with('/')) {
            check_files.push(file);
        } else {
            let fault = Fault::of_file(file.name, "this file has no place in the workspace");
            faults.push(fault.help(format!("inventory: {folder}, registers: {registers_folder}")));
        }
    }
    if let (Some(wanted), None) = (&read.policy_file, policy_file) {
        faults.push(Fault::of_file(wanted, "the policy file that the configuration names is not there"));
    }
    let before = faults.0.len();
    let inventory = inventory::load(&inventory_files, zone, &mut faults);
    let sound = faults.0.len() == before;
    let registers = registers::load(&register_files, zone, &mut faults);
    if sound && inventory.given {
        unknown_systems(&registers, &inventory, &mut faults);
    }
    let given = Given { file: policy_file, overrides: Some((config_file, read.overrides)) };
    let policy = policy::resolve(given).map_err(|more| faults.extend(more)).ok();
    let controls = policy.as_ref().map(|policy| {
        let mut controls = Controls::embedded().with_frameworks(&framework_files, policy, &mut faults);
        controls.add_checks(&check_files, policy, &mut faults);
        controls
    });
    match (read.organization, policy.zip(controls)) {
        (Some(organization), Some((policy, controls))) => {
            let config = Config {
                organization,
                policy_file: read.policy_file,
                sources: read.sources,
                signing_key: read.signing_key,
                timestamp_url: read.timestamp_url,
                targets: read.targets,
                paths: read.paths,
                printing: read.printing,
            };
            faults.or(Workspace { config, policy, inventory, registers, controls })
        }
        _ => Err(faults.or(()).err().unwrap_or_default()),
    }
}

/// Registers name systems by id; an id that no system has would silently waive or blame nothing.
fn unknown_systems(registers: &Registers, inventory: &Inventory, faults: &mut Faults) {
    registers.each_system_id(|declared_in, id| {
        let Some((message, help)) = inventory.unknown_system(id) else { return };
        let (file, line) = declared_in.rsplit_once(':').unwrap_or((declared_in, "1"));
        let fault = Fault { line: line.parse().unwrap_or(1), ..Fault::of_file(file, message) };
        faults.push(fault.help(help));
    });
}

#[cfg(test)]
mod tests;
