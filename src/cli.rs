//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::assessment::Severity;
use model::time::{Instant, Span};

/// Backup and restore evidence, collected, judged and reported.
///
/// backproof collects the traces that backups leave (logs, listings, restore reports), keeps them unaltered, judges
/// them against a Backup & Restore Policy and renders reports that an auditor can check without trusting it.
/// Silence is never a pass: what was not looked at is reported as "no evidence".
#[derive(Debug, Parser)]
#[command(name = "backproof", version, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the program could not do it
  2  usage or configuration
  3  done, and a result at or above --fail-on failed
  4  done, but a source was incomplete or failed
  5  verification failed

Start here:  backproof demo, then backproof init";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// Configuration file; everything else of the workspace lies beside it.
    #[arg(long, global = true, value_name = "FILE", default_value = "backproof.toml")]
    pub config: PathBuf,
    /// Output on standard output: a table for people, JSON (stable keys) or CSV for programs.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Print results and errors only.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more about what is done.
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Colour in the terminal; NO_COLOR is obeyed under auto.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// CSV with a header.
    Csv,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a sample company, collect its evidence, judge it and render its reports.
    Demo {
        /// Folder to write: new, empty, or of an earlier demo [default: backproof-demo].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Write a commented workspace: configuration, inventory, templates of all registers.
    ///
    /// No file is overwritten: where one of them is there already, nothing is written.
    Init {
        /// Folder to write to [default: the folder of --config].
        dir: Option<PathBuf>,
    },
    /// Collect from every source into the evidence store: one run, one manifest, even when sources fail.
    Collect {
        /// Only these sources, as `kind.id` or `id`; may be repeated.
        #[arg(long, value_name = "ID")]
        source: Vec<String>,
    },
    /// Compute metrics and check results for a period.
    Assess {
        /// Period and cut-off.
        #[command(flatten)]
        period: PeriodArgs,
        /// Exit with 3 when a result of at least this severity fails and is not waived.
        #[arg(long, value_name = "LEVEL", value_parser = severity)]
        fail_on: Option<Severity>,
    },
    /// Print a population: every row, with its lineage.
    Show {
        /// Table.
        #[arg(value_enum)]
        table: Table,
        /// Period and cut-off.
        #[command(flatten)]
        period: PeriodArgs,
    },
    /// Draw rows of a population with a seed, so that anyone can redraw them.
    ///
    /// Rows come in the order of the smallest SHA-256 of "seed:row_id:n". Every row holds one ticket (n = 1), but for
    /// restore-candidates, what to restore next: a system holds the more the longer ago a restore of it was proven.
    Sample {
        /// What to draw from.
        #[arg(long, value_enum)]
        population: Population,
        /// How many.
        #[arg(long, value_name = "N")]
        size: usize,
        /// Any text; the auditor's own, or today's date. The same seed draws the same rows.
        #[arg(long, value_name = "TEXT")]
        seed: String,
        /// Period and cut-off.
        #[command(flatten)]
        period: PeriodArgs,
    },
    /// Render a report.
    Report {
        /// Kind of report.
        #[command(subcommand)]
        kind: ReportKind,
    },
    /// Walk from a metric, figure, result or row down to the object it was read from and how that was got.
    Trace {
        /// A metric (backup_success_rate), a figure of figures.csv (slots/missed), a result (FRQ-01 billing-db) or a row id.
        #[arg(required = true)]
        id: Vec<String>,
        /// Period and cut-off.
        #[command(flatten)]
        period: PeriodArgs,
        /// Rows shown of each figure or result in a terminal; JSON has all.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Verify an evidence store or a packet: hashes, chain, signatures, completeness both ways.
    Verify {
        /// Folder of the store or packet.
        path: PathBuf,
        /// Allowed signers (`ssh-keygen` format); without it signatures are checked but not who made them.
        #[arg(long, value_name = "FILE")]
        signers: Option<PathBuf>,
        /// SHA-256 of a run manifest noted earlier: the chain must hold it, so that nothing was removed since.
        #[arg(long, value_name = "SHA256", value_parser = digest)]
        expect_head: Option<String>,
    },
    /// Publish a packet: to S3 under Object Lock, to a folder, or as evidence in Drata or Vanta.
    ///
    /// Only a packet that verifies is published. Nothing that is there is replaced, so a publication that broke off goes on
    /// when it is repeated. In S3 and in folders, index.html over all packets there is renewed. Credentials of S3 come from
    /// where every AWS tool takes them; Drata and Vanta are configured in [publish]. Where [timestamp] names an authority, a
    /// timestamp over the packet is asked for first.
    Publish {
        /// Folder of the packet.
        packet: PathBuf,
        /// s3://BUCKET/PREFIX (the bucket must have Object Lock), a folder (./portal), drata or vanta.
        #[arg(value_name = "TARGET")]
        target: String,
        /// Options of the upload.
        #[command(flatten)]
        options: PublishArgs,
    },
    /// Explain a check, control, statement, metric, parameter, table or word: what it means, reads and supports.
    ///
    /// Works anywhere. In a workspace, parameters and statements are those of its policy.
    Explain {
        /// A check (FRQ-01), group (FRQ), control (CP-9), framework (soc2), statement (BRP-3.1-01), metric
        /// (backup_success_rate), parameter (min_retention), tier, role, table (backup_runs), field
        /// (systems.change_rate), evidence kind (EV-JOB-LOG), source kind (restic), convention (slot), reason code of a
        /// result (missed) or finding on the policy text (F-01).
        id: String,
    },
    /// Print a completion script.
    Completions {
        /// Shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Kinds of report.
#[derive(Debug, Subcommand)]
pub enum ReportKind {
    /// The monthly operations report: HTML, PDF, XLSX and CSV.
    Monthly {
        /// Period and cut-off.
        #[command(flatten)]
        period: PeriodArgs,
        /// Folder to write to [default: reports/<period>].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Exit with 3 when a result of at least this severity fails and is not waived.
        #[arg(long, value_name = "LEVEL", value_parser = severity)]
        fail_on: Option<Severity>,
    },
    /// The management review: what to decide, and what it rests on, on a few pages.
    ///
    /// The last page is the template of the minutes. A period that is not over is reported as it stands, and says so.
    Review {
        /// 2026-Q3, 2026 or 2026-01-01..2026-06-30, in the organisation's zone.
        #[arg(long, value_name = "P")]
        period: String,
        /// Read evidence collected up to this instant only (RFC 3339) [default: now].
        #[arg(long, value_name = "T", value_parser = instant)]
        as_of: Option<Instant>,
        /// Folder to write to [default: reports/review-<period>].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Exit with 3 when a result of at least this severity fails and is not waived.
        #[arg(long, value_name = "LEVEL", value_parser = severity)]
        fail_on: Option<Severity>,
    },
    /// The audit packet: a signed BagIt folder with every figure, row and object of a period.
    Packet(PacketArgs),
}

/// What a packet is made from.
#[derive(Debug, Clone, Args)]
pub struct PacketArgs {
    /// Period and cut-off.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Only the controls of this framework (soc2); may be repeated [default: all].
    #[arg(long, value_name = "F")]
    pub framework: Vec<String>,
    /// Folder to write: new or empty [default: reports/packet-<period>[-<frameworks>]].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of the samples: any text, the auditor's own for example [default: period and head of the store].
    #[arg(long, value_name = "TEXT")]
    pub seed: Option<String>,
    /// Rows drawn from each population [default: by its size, parameter sample_sizes].
    #[arg(long, value_name = "N")]
    pub sample_size: Option<u64>,
    /// Draw at least one row of each tier or system.
    #[arg(long, value_enum, value_name = "BY")]
    pub stratify: Option<Stratify>,
    /// Objects to leave out: lines of a SHA-256 and a reason. Figures stay the same, and the packet lists what is left
    /// out.
    #[arg(long, value_name = "FILE")]
    pub withhold: Option<PathBuf>,
    /// Exit with 3 when a result of at least this severity fails and is not waived.
    #[arg(long, value_name = "LEVEL", value_parser = severity)]
    pub fail_on: Option<Severity>,
}

/// What strata of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stratify {
    /// Tiers of systems.
    Tier,
    /// Systems.
    System,
}

/// How to upload a packet.
#[derive(Debug, Clone, Args)]
pub struct PublishArgs {
    /// How fast the lock holds: who may bypass governance can lift it; nobody can lift compliance before it ends.
    #[arg(long, value_enum, default_value_t = LockMode::Governance)]
    pub mode: LockMode,
    /// How long objects are locked from now on, as an ISO 8601 duration; given, it also extends locks that are there
    /// [default: P6Y].
    #[arg(long, value_name = "DURATION", value_parser = retention)]
    pub retain: Option<Span>,
    /// Address to ask in place of AWS, for servers that speak its protocol; https, or http on this machine.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Region of the bucket [default: that of the environment or profile].
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of ~/.aws/config to take credentials from.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Modes of Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LockMode {
    /// Can be lifted by who may bypass it.
    Governance,
    /// Can be lifted by nobody.
    Compliance,
}

/// Period and cut-off.
#[derive(Debug, Clone, Args)]
pub struct PeriodArgs {
    /// 2026-10, 2026-Q3, 2026 or 2026-01-01..2026-06-30, in the organisation's zone [default: the last whole month].
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
    /// Read evidence collected up to this instant only (RFC 3339) [default: now].
    #[arg(long, value_name = "T", value_parser = instant)]
    pub as_of: Option<Instant>,
}

/// Populations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Attempts to back up.
    Runs,
    /// Expected runs and what became of them.
    Slots,
    /// What followed each failed, missed or overrun slot, from alert to recovery.
    Closure,
    /// Restorable copies.
    RecoveryPoints,
    /// Restore tests and real restores.
    RestoreTests,
    /// The inventory.
    Systems,
    /// Configured backups.
    Plans,
    /// Sources and what they cover.
    Sources,
    /// Approved exceptions.
    Waivers,
    /// Incidents.
    Incidents,
    /// Where backups are kept.
    Storage,
    /// What platforms show, with its inventory row.
    Assets,
    /// Documents and records.
    Documents,
    /// Controls of frameworks: their state, what supports it and what does not.
    Controls,
    /// Statements of the policy: their state, or the evidence that is missing.
    Statements,
    /// What changed since the period before: scope, plans, settings, exceptions, results.
    Drift,
}

/// What `sample` draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Population {
    /// Attempts to back up.
    Runs,
    /// Expected runs and what became of them.
    Slots,
    /// Restorable copies.
    RecoveryPoints,
    /// Restore tests and real restores.
    RestoreTests,
    /// The inventory.
    Systems,
    /// Systems that have something to restore, and which recovery point to restore.
    RestoreCandidates,
}

fn severity(text: &str) -> Result<Severity, String> {
    text.parse().map_err(|e: model::UnknownWord| e.to_string())
}

fn digest(text: &str) -> Result<String, String> {
    let is_one = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_one { Ok(text.to_owned()) } else { Err("give 64 lower-case hexadecimal digits".to_owned()) }
}

fn instant(text: &str) -> Result<Instant, String> {
    model::time::instant(text, None).map_err(|e| e.to_string())
}

/// A lock can't be taken back: one that is longer than a person lives is a slip.
fn retention(text: &str) -> Result<Span, String> {
    const YEARS: u32 = 100;
    let span: Span = text.parse().map_err(|e: model::time::TimeError| e.to_string())?;
    let seconds = i64::from(YEARS) * 366 * 86_400;
    if span == Span::default() || span.months > YEARS * 12 || span.seconds > seconds {
        return Err(format!("a lock lasts longer than nothing and {YEARS} years at most"));
    }
    Ok(span)
}
