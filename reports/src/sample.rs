//! A sample document with every kind of block and every awkward string, for the tests of both renderers.

use chrono::{DateTime, Utc};

use crate::block::*;

mod corners;
mod dossier;

pub use corners::{corners, sheet};
pub use dossier::{dossier, finding};

/// Strings that must come out as they went in.
pub const AWKWARD: [&str; 6] = [
    "O'Neil & Söhne <b>not bold</b> \"quoted\"",
    "{{not a template}} {{{nor this}}}",
    "=HYPERLINK(\"http://evil.example\")",
    "Škoda, Łódź, Ελλάδα, Київ, Nguyễn",
    "fi fl ffi: office, −12 °C, 5 ≥ 3, a → b, ✓",
    "a_very_long_identifier_without_any_break_opportunity_0123456789abcdef0123456789abcdef0123456789abcdef",
];

/// The instant used by samples.
pub fn as_of() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_613_600, 0).unwrap()
}

/// Keeps a rendering for looking at, in the folder that `REPORT_SAMPLES` names; without it nothing is written.
#[allow(clippy::disallowed_methods, reason = "for tests, which may look at their environment")]
pub fn keep(name: &str, bytes: &[u8]) {
    let Some(folder) = std::env::var_os("REPORT_SAMPLES") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// The logo of the sample company.
pub fn logo() -> model::logo::Logo {
    model::logo::Logo::read(include_bytes!("../../examples/company/logo.png").to_vec()).unwrap()
}

/// A report of a few pages, with every block.
pub fn report() -> Document {
    document(opening().into_iter().chain(systems()).chain(findings(26)).chain(method()).collect())
}

/// A report around some blocks.
pub fn document(blocks: Vec<Block>) -> Document {
    Document {
        title: "Backup and restore report".into(),
        subtitle: "Monthly report to management under the Backup & Restore Policy, version 2.3".into(),
        organization: "Example Robotics".into(),
        accent: None,
        logo: None,
        period: "October 2026".into(),
        language: "en-GB".into(),
        document_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        as_of: as_of(),
        blocks,
    }
}

fn heading(level: u8, id: &str, title: &str) -> Block {
    Block::Heading(Heading { level, id: id.into(), text: title.into() })
}

fn para(role: ParaRole, inlines: Inlines) -> Block {
    Block::Para(Para { inlines, role })
}

fn fact(label: &str, value: Inlines) -> Fact {
    Fact { label: label.into(), value }
}

fn kpi(label: &str, value: &str, note: &str, tone: Tone, sparkline: &[f64]) -> Kpi {
    Kpi {
        value: value.into(),
        label: label.into(),
        note: note.into(),
        tone,
        rows: None,
        sparkline: sparkline.iter().map(|v| Some(*v)).collect(),
    }
}

fn opening() -> Vec<Block> {
    vec![
        Block::Cover(Cover {
            full_page: false,
            facts: vec![
                fact("Period", vec![text("1 to 31 October 2026, America/New_York")]),
                fact("Evidence read up to", vec![text("2026-11-02 10:00 UTC")]),
                fact("Signature", vec![text("unsigned")]),
            ],
        }),
        para(
            ParaRole::Lead,
            vec![
                text("Eleven of twelve systems are recoverable within their objectives. "),
                strong("Billing database"),
                text(" is not: it went seven days without a backup, and nobody was alerted."),
            ],
        ),
        Block::KpiRow(KpiRow {
            kpis: vec![
                kpi(
                    "Backup success",
                    "97.3%",
                    "291 of 299 slots; 3 unknown. Target 99%",
                    Tone::Bad,
                    &[0.991, 0.995, 0.989, 0.998, 0.997, 0.973],
                ),
                kpi(
                    "Restore tests passed",
                    "8 of 9",
                    "one missed its RTO by 2 h 10 min",
                    Tone::Warning,
                    &[1.0, 1.0, 0.9, 1.0, 1.0, 0.88],
                ),
                kpi(
                    "Critical systems covered",
                    "100%",
                    "4 of 4 in tier “critical online services”",
                    Tone::Good,
                    &[1.0, 1.0, 1.0],
                ),
                kpi("Cannot be told", "1 source", "prod-archive could not be read for 4 days", Tone::Unknown, &[]),
            ],
        }),
        Block::Callout(Callout {
            tone: Tone::Bad,
            title: "A week of silence".into(),
            inlines: vec![
                text("The nightly run of "),
                code("billing-daily"),
                text(" did not start from 12 to 18 October. Remedy and owner stand under "),
                link("finding-1", "finding FRQ-02"),
                text("."),
            ],
        }),
        Block::Toc(Toc { title: "Contents".into(), depth: 2 }),
        heading(1, "metrics", "Metrics"),
        para(
            ParaRole::Body,
            vec![
                text(
                    "Rates count slots, not attempts. A slot without an attempt is missed only where a complete source covers it; everywhere else it is unknown. See ",
                ),
                link("method", "Method and definitions"),
                text(" and "),
                url("https://csrc.nist.gov/pubs/sp/800/34/r1/upd1/final", "NIST SP 800-34"),
                text("."),
            ],
        ),
        Block::Chart(success_chart()),
        Block::Chart(Chart {
            title: "Missed and failed slots by month".into(),
            alt: "Between none and two slots a month, eight in October 2026; July has no value.".into(),
            kind: ChartKind::Bars,
            unit: Unit::Count,
            points: [Some(1.0), Some(0.0), None, Some(2.0), Some(1.0), Some(8.0)]
                .into_iter()
                .zip(["May", "Jun", "Jul", "Aug", "Sep", "Oct"])
                .map(|(value, label)| Point {
                    label: label.into(),
                    value,
                    text: value.map_or(String::new(), |v| v.to_string()),
                    tone: if value > Some(2.0) { Tone::Bad } else { Tone::Neutral },
                })
                .collect(),
            target: None,
            min: None,
            max: None,
        }),
        Block::Chart(Chart {
            title: "Observed recovery point of the billing database".into(),
            alt: "About one day against an objective of 15 minutes; seven days in October.".into(),
            kind: ChartKind::Step,
            unit: Unit::Seconds,
            points: [86000.0, 86400.0, 87000.0, 612_000.0]
                .into_iter()
                .zip(["Jul", "Aug", "Sep", "Oct"])
                .map(|(value, label)| Point {
                    label: label.into(),
                    value: Some(value),
                    text: format!("{:.0} h", value / 3600.0),
                    tone: Tone::Bad,
                })
                .collect(),
            target: Some(Limit { value: 900.0, label: "Objective 15 min".into() }),
            min: None,
            max: None,
        }),
    ]
}

fn success_chart() -> Chart {
    let months = ["Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"];
    let values = [
        None,
        Some(0.981),
        Some(0.989),
        Some(0.993),
        Some(0.991),
        Some(0.991),
        Some(0.995),
        Some(0.989),
        None,
        Some(0.998),
        Some(0.997),
        Some(0.973),
    ];
    Chart {
        title: "Backup success rate, last twelve months".into(),
        alt: "Between 98 and 99.8 percent since December 2025, 97.3 percent in October 2026; July has no value.".into(),
        kind: ChartKind::Line,
        unit: Unit::Percent,
        points: months
            .iter()
            .zip(values)
            .map(|(label, value)| Point {
                label: (*label).into(),
                value,
                text: value.map_or(String::new(), |v| format!("{:.1}%", v * 100.0)),
                tone: match value {
                    Some(v) if v < 0.99 => Tone::Bad,
                    None => Tone::Unknown,
                    _ => Tone::Neutral,
                },
            })
            .collect(),
        target: Some(Limit { value: 0.99, label: "Target 99%".into() }),
        min: None,
        max: None,
    }
}

fn systems() -> Vec<Block> {
    let names =
        ["Billing database", "Customer portal", "Ledger archive", "Robot telemetry", "Source code", "Build cache"];
    let rows = names.iter().enumerate().map(|(n, name)| strip_row(n, name)).collect();
    let days = (1..=31)
        .map(|d| Day { label: d.to_string(), date: format!("2026-10-{d:02}"), week_start: d % 7 == 5 })
        .collect();
    vec![
        heading(1, "systems", "Systems"),
        heading(2, "tier-critical", "Critical online services"),
        Block::HeatStrip(HeatStrip {
            id: "calendar-critical".into(),
            caption: "Slots by day, October 2026".into(),
            days,
            rows,
            legend: Vec::new(),
        }),
        Table::new(
            "objectives",
            "Observed recovery against objectives",
            vec![
                column("System", Align::Left, 3.0),
                column("RPO", Align::Right, 1.2),
                column("Observed RPO", Align::Right, 1.5),
                column("RTO", Align::Right, 1.2),
                column("Observed RTO", Align::Right, 1.5),
                column("Met", Align::Left, 1.5),
            ],
            [
                ("Billing database", "15 min", "170 h 2 min", "4 h", "6 h 10 min", State::Failed),
                ("Customer portal", "1 h", "58 min", "4 h", "1 h 20 min", State::Success),
                ("Ledger archive", "24 h", "not known", "24 h", "not tested", State::Unknown),
                ("Robot telemetry", "24 h", "25 h 12 min", "8 h", "3 h 2 min", State::Waived),
            ]
            .into_iter()
            .map(|(name, rpo, orpo, rto, orto, state)| {
                row(vec![
                    vec![text(name)],
                    vec![text(rpo)],
                    vec![text(orpo)],
                    vec![text(rto)],
                    vec![text(orto)],
                    vec![badge(state, "")],
                ])
            })
            .collect(),
        )
        .footnote(vec![text("Observed RPO is the longest age of the newest good recovery point within the period.")])
        .into(),
        Block::Completeness(completeness("objectives")),
    ]
}

fn strip_row(n: usize, name: &str) -> StripRow {
    let state = |d: usize| match (n, d) {
        (0, 12..=18) => State::Missed,
        (1, 9) | (3, 22) => State::Late,
        (2, 20..=23) => State::Unknown,
        (3, 21) | (1, 27) => State::Failed,
        (4, d) if d % 7 != 0 => State::NoSlot,
        (5, 1..=8) => State::NotApplicable,
        (5, 14) => State::Overrun,
        (5, 31) => State::Running,
        (3, 5) => State::Waived,
        _ => State::Success,
    };
    let cells: Vec<StripCell> = (1..=31).map(|d| StripCell { state: state(d), text: String::new() }).collect();
    let good = cells.iter().filter(|c| matches!(c.state, State::Success | State::Late)).count();
    let due = cells.iter().filter(|c| !matches!(c.state, State::NoSlot | State::NotApplicable)).count();
    StripRow {
        label: vec![text(name)],
        note: if n == 4 { "weekly on Sunday".into() } else { "daily at 02:00".into() },
        cells,
        summary: format!("{good}/{due}"),
    }
}

/// Findings with a table of `count` rows, some with awkward strings and one taller than a page.
pub fn findings(count: usize) -> Vec<Block> {
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let rows = (1..=count)
        .map(|n| {
            let mut detail = vec![text(format!("Row {n:05}: ")), text(AWKWARD[n % AWKWARD.len()])];
            if n == 7 {
                detail.push(text(" "));
                detail.push(text((1..=900).map(|w| format!("word{w}")).collect::<Vec<_>>().join(" ")));
            }
            TableRow {
                id: format!("finding-{n}"),
                cells: vec![
                    vec![code(format!("FRQ-{:02}", n % 90))],
                    vec![Inline::Severity { severity: severities[n % 4] }],
                    detail,
                    vec![text("Payments team")],
                    vec![text(format!("{}", n * 37))],
                ],
                strong: false,
            }
        })
        .collect();
    vec![
        heading(1, "findings", "Exceptions noted"),
        para(
            ParaRole::Body,
            vec![text("Findings of the period, the most severe first. Each names its remedy and its owner.")],
        ),
        Table::new(
            "findings-table",
            "Findings",
            vec![
                column("Check", Align::Left, 1.0),
                column("Severity", Align::Left, 1.2),
                column("What was found", Align::Left, 5.0),
                column("Owner", Align::Left, 1.6),
                column("Minutes", Align::Right, 1.0),
            ],
            rows,
        )
        .into(),
        Block::Completeness(completeness("findings-table")),
    ]
}

fn completeness(table: &str) -> Completeness {
    Completeness {
        table: table.into(),
        rows_in_table: 26,
        identity: String::new(),
        extracted: String::new(),
        sources: vec![
            Provenance {
                source: "pgbackrest:db1".into(),
                state: State::Success,
                query: "drop/db1/**, pgbackrest info --output=json".into(),
                identity: "backup@db1.example.net".into(),
                window: "2026-10-01 04:00 to 2026-11-01 04:00 UTC".into(),
                extracted: "2026-11-02 06:00 UTC".into(),
                rows_at_source: "31".into(),
                rows: "31".into(),
                objects: vec!["2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".into()],
            },
            Provenance {
                source: "aws-backup:prod-archive".into(),
                state: State::Unknown,
                query: "ListBackupJobs(ByCreatedAfter=2026-10-01T04:00:00Z)".into(),
                identity: "arn:aws:sts::111122223333:assumed-role/backproof-read/collector".into(),
                window: "2026-10-01 04:00 to 2026-11-01 04:00 UTC".into(),
                extracted: "2026-11-02 06:00 UTC".into(),
                rows_at_source: "not known: access denied from 20 to 23 October".into(),
                rows: "27".into(),
                objects: vec![
                    "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9".into(),
                    "baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096".into(),
                ],
            },
        ],
        note: vec![text("Runs seen by two sources are merged on their recovery point.")],
    }
}

fn method() -> Vec<Block> {
    vec![
        Block::PageBreak,
        heading(1, "method", "Method and definitions"),
        Block::KeyValue(KeyValue {
            facts: vec![
                fact("Slot", vec![text("One expected run of one plan.")]),
                fact(
                    "Good recovery point",
                    vec![text(
                        "Complete, from a successful run, above zero bytes, integrity not failed. Never a mere copy.",
                    )],
                ),
                fact("States", State::ALL.iter().flat_map(|s| [badge(*s, ""), text("  ")]).collect()),
                fact("Awkward", vec![text(AWKWARD[0]), Inline::Break, code(AWKWARD[5])]),
            ],
        }),
        heading(2, "limits", "What this report cannot tell"),
        Block::List(List {
            ordered: false,
            items: vec![
                vec![text("Whether a backup can be restored, where no restore test was made.")],
                vec![strong("Unknown is not good:"), text(" it lowers the lower bound of every rate.")],
            ],
        }),
        Block::List(List { ordered: true, items: AWKWARD.iter().map(|a| vec![text(*a)]).collect() }),
        Block::Callout(Callout {
            tone: Tone::Unknown,
            title: "One source was incomplete".into(),
            inlines: vec![text(
                "aws-backup:prod-archive answered “access denied” for four days. Its slots of these days are unknown.",
            )],
        }),
        para(ParaRole::Note, vec![text("Percentages are cut, never rounded up.")]),
    ]
}
