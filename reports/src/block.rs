//! The block document: what a report says and in which order, free of any output format.
//!
//! A report is written once as a list of [`Block`]s; the HTML and the PDF renderer both read that list,
//! so neither can say something the other does not. Every string is data. Nothing here is markup: `<b>`
//! in a backup's name is printed as the five characters it consists of, everywhere.

use chrono::{DateTime, Utc};
use model::colour::Colour;
use model::logo::Logo;
use serde::Serialize;

pub use crate::build::{badge, code, column, file, link, place, plain, row, strong, text, url};
pub use crate::state::{Severity, State, Tone};
pub use crate::validate::validate;

/// A run of inline pieces: one paragraph, one table cell, one list item.
pub type Inlines = Vec<Inline>;

/// One report, ready to be rendered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// Title: the largest words on the page and the document's title in its metadata.
    pub title: String,
    /// One line under the title; empty for none.
    pub subtitle: String,
    /// Organisation the report is about.
    pub organization: String,
    /// Colour of its name, of links and of charts; `None` for the reports' own.
    pub accent: Option<Colour>,
    /// Logo in the title block.
    pub logo: Option<Logo>,
    /// Period label, for example `October 2026`.
    pub period: String,
    /// Language of the text as a BCP 47 tag, for example `en-GB`.
    pub language: String,
    /// SHA-256 (64 hexadecimal digits) of the canonical JSON of the report model. A file cannot contain its own
    /// hash; this one names the data both renderings were made from, and is printed on every page.
    pub document_hash: String,
    /// Instant up to which evidence was read. It is the only date in the files' metadata: the time of rendering
    /// is never read, so that the same data give the same bytes.
    pub as_of: DateTime<Utc>,
    /// The content in reading order.
    pub blocks: Vec<Block>,
}

/// One unit of content.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    /// The document's title block. At most one, and first.
    Cover(Cover),
    /// Table of contents, made from the headings.
    Toc(Toc),
    /// A heading; also an entry of the table of contents and of the PDF outline.
    Heading(Heading),
    /// A paragraph.
    Para(Para),
    /// Label and value pairs.
    KeyValue(KeyValue),
    /// A row of key figures.
    KpiRow(KpiRow),
    /// A chart.
    Chart(Chart),
    /// Calendar strips: one row a plan or system, one cell a day.
    HeatStrip(HeatStrip),
    /// A table.
    Table(Table),
    /// Completeness and accuracy of the table above it.
    Completeness(Completeness),
    /// A framed remark.
    Callout(Callout),
    /// A list.
    List(List),
    /// The next block starts a new page in print.
    PageBreak,
}

/// The document's title block; title, subtitle, organisation and period come from the [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cover {
    /// A page of its own (packets), or a masthead above the first content (monthly reports).
    pub full_page: bool,
    /// Facts printed under the title, such as reporting zone, as-of instant, signature.
    pub facts: Vec<Fact>,
}

/// A label with its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// Label.
    pub label: String,
    /// Value.
    pub value: Inlines,
}

/// Table of contents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Toc {
    /// Heading above the list, for example `Contents`.
    pub title: String,
    /// Deepest heading level listed (1 to 4).
    pub depth: u8,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heading {
    /// 1 (section) to 4.
    pub level: u8,
    /// Link target, unique in the document: letters, digits, `-`, `_`, `.`, `:`.
    pub id: String,
    /// Text.
    pub text: String,
}

/// A paragraph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Para {
    /// Content.
    pub inlines: Inlines,
    /// Weight of the paragraph in the page.
    pub role: ParaRole,
}

/// What a paragraph is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParaRole {
    /// Running text.
    Body,
    /// The answer of a page or section, set larger.
    Lead,
    /// Remarks, set smaller and quieter.
    Note,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "inline", rename_all = "snake_case")]
pub enum Inline {
    /// Plain text.
    Text {
        /// Text.
        text: String,
    },
    /// Emphasised text.
    Strong {
        /// Text.
        text: String,
    },
    /// Something to be read letter by letter: an id, a path, a hash. Set in a monospaced face and breakable anywhere.
    Code {
        /// Text.
        text: String,
    },
    /// A link.
    Link {
        /// Where to.
        to: Target,
        /// Text.
        text: String,
    },
    /// A state: its mark (shape and colour) and a word.
    Badge {
        /// State whose mark is drawn.
        state: State,
        /// Word beside the mark; empty for the state's own.
        text: String,
    },
    /// A severity: one to four bars and its word.
    Severity {
        /// Severity.
        severity: Severity,
    },
    /// A line break inside a paragraph or cell.
    Break,
}

/// Target of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Target {
    /// The heading, table or table row of this document with that id.
    Id(String),
    /// Outside: `https:`, `http:` or `mailto:`; other schemes are refused.
    Url(String),
    /// A file that lies beside the document, by its path from there: a link in HTML. A PDF is also read away from its
    /// folder and prints the text alone.
    File(String),
    /// A place in an HTML file that lies beside the document; treated as [`Target::File`].
    Place {
        /// Path of the file.
        file: String,
        /// Anchor in it.
        id: String,
    },
}

/// Label and value pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyValue {
    /// The pairs.
    pub facts: Vec<Fact>,
}

/// A row of key figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KpiRow {
    /// The figures; four fit on a line.
    pub kpis: Vec<Kpi>,
}

/// One key figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kpi {
    /// The figure as printed, already cut to its digits.
    pub value: String,
    /// What it measures.
    pub label: String,
    /// Target, counts, unknowns; empty for none.
    pub note: String,
    /// Judgement.
    pub tone: Tone,
    /// Where the rows are that it counts; a PDF prints the figure alone.
    pub rows: Option<Target>,
    /// Course over the last periods, oldest first; `None` where a period has no value. Empty for no sparkline.
    pub sparkline: Vec<Option<f64>>,
}

/// A chart over ordered categories, such as periods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    /// Caption above the chart.
    pub title: String,
    /// What the chart shows, in words, for those who cannot see it.
    pub alt: String,
    /// Form.
    pub kind: ChartKind,
    /// Unit of the values, for the axis.
    pub unit: Unit,
    /// Points in order.
    pub points: Vec<Point>,
    /// Limit drawn as a dashed line.
    pub target: Option<Limit>,
    /// Lowest value of the axis; `None` to derive it from the data.
    pub min: Option<f64>,
    /// Highest value of the axis; `None` to derive it from the data.
    pub max: Option<f64>,
}

/// Form of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// Points joined by straight lines; a gap where a value is absent.
    Line,
    /// A level that holds for each category.
    Step,
    /// One upright bar a category.
    Bars,
}

/// Unit of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Fractions of one, printed in percent.
    Percent,
    /// Counts.
    Count,
    /// Seconds, printed in minutes, hours or days.
    Seconds,
}

/// One category of a chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Label under the axis.
    pub label: String,
    /// Value; `None` is drawn as a gap with a mark, never as zero.
    pub value: Option<f64>,
    /// The value as printed beside the point and in tooltips.
    pub text: String,
    /// Judgement of this point.
    pub tone: Tone,
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// Value on the axis.
    pub value: f64,
    /// Its label.
    pub label: String,
}

/// Calendar strips.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeatStrip {
    /// Unique id; see [`Heading::id`].
    pub id: String,
    /// Caption.
    pub caption: String,
    /// The days, in order.
    pub days: Vec<Day>,
    /// The rows.
    pub rows: Vec<StripRow>,
    /// States to explain, with their words here; empty for every state that occurs, with its own word.
    pub legend: Vec<(State, String)>,
}

/// A column of a calendar strip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Day {
    /// Short label, for example `1`.
    pub label: String,
    /// Full date, for example `2026-10-01`.
    pub date: String,
    /// Starts a new week: drawn with a little more room before it.
    pub week_start: bool,
}

/// A row of calendar strips.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StripRow {
    /// System or plan.
    pub label: Inlines,
    /// Second line, quieter; empty for none.
    pub note: String,
    /// One cell a day, as many as there are days.
    pub cells: Vec<StripCell>,
    /// Figure at the row's end, for example `30/31`; empty for none.
    pub summary: String,
}

/// A day of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StripCell {
    /// State; the worst of the day.
    pub state: State,
    /// What happened, in words, for example `1 of 2 slots missed`; empty for the state's word.
    pub text: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Unique id; see [`Heading::id`].
    pub id: String,
    /// Caption.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows; each has one cell a column.
    pub rows: Vec<TableRow>,
    /// Remark under the table; empty for none.
    pub footnote: Inlines,
    /// How close its rows stand.
    pub density: Density,
}

/// How close the rows of a table stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// To be read.
    #[default]
    Usual,
    /// To be looked up: records by the hundred, raw bytes.
    Dense,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Title.
    pub title: String,
    /// Alignment of title and cells.
    pub align: Align,
    /// Share of the table's width, relative to the other columns; above zero.
    pub width: f64,
}

/// Alignment by type: words left, numbers right (with figures of equal width), single marks centred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Single marks.
    Centre,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableRow {
    /// Link target; empty for none.
    pub id: String,
    /// Cells.
    pub cells: Vec<Inlines>,
    /// A total, a group or a marked row, set stronger on a ground of its own.
    pub strong: bool,
}

/// What an auditor needs to trust a table: where its rows come from and whether they are all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Completeness {
    /// Id of the table described.
    pub table: String,
    /// Rows printed in that table.
    pub rows_in_table: u64,
    /// Who extracted, where it is the same for all sources; else empty, and each source tells.
    pub identity: String,
    /// When all of it was extracted; else empty, and each source tells.
    pub extracted: String,
    /// One entry a source.
    pub sources: Vec<Provenance>,
    /// Remark, for example how rows were merged; empty for none.
    pub note: Inlines,
}

/// Provenance of the rows one source gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    /// Source id and kind.
    pub source: String,
    /// `Success` for complete, `Unknown` for incomplete, `Failed` for failed.
    pub state: State,
    /// Query and parameters.
    pub query: String,
    /// Identity the query ran as; empty where the block tells it for all.
    pub identity: String,
    /// Window asked for.
    pub window: String,
    /// Time of extraction; empty where the block tells it for all.
    pub extracted: String,
    /// Row count at the source, or why it is not known.
    pub rows_at_source: String,
    /// Rows of this source that reached the table.
    pub rows: String,
    /// SHA-256 of the objects read.
    pub objects: Vec<String>,
}

/// A framed remark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Callout {
    /// Mood.
    pub tone: Tone,
    /// Title.
    pub title: String,
    /// Content.
    pub inlines: Inlines,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct List {
    /// Numbered, or with bullets.
    pub ordered: bool,
    /// Items.
    pub items: Vec<Inlines>,
}
