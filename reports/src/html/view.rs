//! What the templates see: the document's blocks with everything already decided (names of partials, classes,
//! drawings), so that templates only place it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::logo::Logo;
use serde_json::{Value, json};

use crate::block::{
    Align, Block, Chart, Completeness, Density, Document, Heading, HeatStrip, Inline, Kpi, ParaRole, Severity, State,
    StripRow, Table, TableRow, Target, plain,
};
use crate::build::logo_alt;
use crate::columns::{Least, divide};
use crate::html::svg::svg;
use crate::strip::{legend, row_summary};
use crate::visible::visible;
use crate::{chart, marks};

/// The whole page.
pub fn page(document: &Document, style: &str) -> Value {
    let symbols: Vec<Value> = State::ALL
        .iter()
        .map(|s| json!({"id": s.slug(), "drawing": svg(&marks::state(*s))}))
        .chain(severities().map(|s| json!({"id": s.word(), "drawing": svg(&marks::severity(s))})))
        .collect();
    let has_toc = document.blocks.iter().any(|b| matches!(b, Block::Toc(_)));
    let mut page = json!({
        "title": document.title,
        "subtitle": document.subtitle,
        "organization": document.organization,
        "period": document.period,
        "language": document.language,
        "hash": document.document_hash,
        "as_of": instant(document),
        "symbols": symbols,
        "body_class": if has_toc { "with-toc" } else { "" },
    });
    show_hidden(&mut page);
    if let Some(page) = page.as_object_mut() {
        page.insert("style".into(), Value::from(style));
    }
    page
}

/// An object with a list more, which is moved there: `json!` copies what it is given.
fn with(mut object: Value, name: &str, list: Vec<Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), Value::Array(list));
    }
    object
}

/// Makes invisible characters visible in every string.
fn show_hidden(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = visible(text) {
                *text = shown;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(show_hidden),
        Value::Object(values) => values.values_mut().for_each(show_hidden),
        _ => {}
    }
}

fn instant(document: &Document) -> String {
    document.as_of.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn severities() -> impl Iterator<Item = Severity> {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical].into_iter()
}

/// Template and view of a block, but for the rows of long ones.
pub fn block(document: &Document, block: &Block) -> (&'static str, Value) {
    let (template, mut view) = whole(document, block);
    show_hidden(&mut view);
    (template, view)
}

/// Template and view of the rows of a block, a few at a time.
pub fn rows(block: &Block) -> Box<dyn Iterator<Item = (&'static str, Value)> + '_> {
    const TABLE: usize = 100;
    // A row has a cell a day.
    const STRIP: usize = 10;
    let shown = |template: &'static str, mut view: Value| {
        show_hidden(&mut view);
        (template, view)
    };
    match block {
        Block::Table(t) => Box::new(t.rows.chunks(TABLE).map(move |rows| shown("table_rows", table_rows(t, rows)))),
        Block::HeatStrip(strip) => {
            Box::new(strip.rows.chunks(STRIP).map(move |rows| shown("heat_strip_rows", heat_strip_rows(strip, rows))))
        }
        _ => Box::new(std::iter::empty()),
    }
}

fn whole(document: &Document, block: &Block) -> (&'static str, Value) {
    match block {
        Block::Cover(cover) => (
            "cover",
            json!({
                "logo": document.logo.as_ref().map(|logo| logo_view(document, logo)),
                "class": if cover.full_page { "cover full" } else { "cover" },
                "title": document.title,
                "subtitle": document.subtitle,
                "organization": document.organization,
                "period": document.period,
                "facts": facts(&cover.facts),
            }),
        ),
        Block::Toc(toc) => (
            "toc",
            json!({
                "title": toc.title,
                "entries": headings(document)
                    .filter(|h| h.level <= toc.depth)
                    .map(|h| json!({"class": format!("l{}", h.level), "id": h.id, "text": h.text}))
                    .collect::<Vec<_>>(),
            }),
        ),
        // The document's title is the only h1.
        Block::Heading(h) => ("heading", json!({"tag": format!("h{}", h.level + 1), "id": h.id, "text": h.text})),
        Block::Para(para) => {
            let class = match para.role {
                ParaRole::Body => "body",
                ParaRole::Lead => "lead",
                ParaRole::Note => "note",
            };
            ("para", json!({"class": class, "inlines": inlines(&para.inlines)}))
        }
        Block::KeyValue(pairs) => ("key_value", json!({"facts": facts(&pairs.facts)})),
        Block::KpiRow(row) => ("kpi_row", json!({"kpis": row.kpis.iter().map(kpi).collect::<Vec<_>>()})),
        Block::Chart(c) => ("chart", chart_view(c)),
        Block::HeatStrip(strip) => ("heat_strip", heat_strip(strip)),
        Block::Table(t) => ("table", table(t)),
        Block::Completeness(c) => ("completeness", completeness(c)),
        Block::Callout(c) => (
            "callout",
            json!({
                "class": format!("callout t-{}", c.tone.slug()),
                "mark": tone_mark(c.tone),
                "title": c.title,
                "inlines": inlines(&c.inlines),
            }),
        ),
        Block::List(list) => (
            "list",
            json!({
                "tag": if list.ordered { "ol" } else { "ul" },
                "items": list.items.iter().map(|i| json!({"inlines": inlines(i)})).collect::<Vec<_>>(),
            }),
        ),
        Block::PageBreak => ("page_break", json!({})),
    }
}

/// The logo as it is shown, inside the page.
fn logo_view(document: &Document, logo: &Logo) -> Value {
    let (width, height) = logo.fit(260.0, 64.0);
    json!({
        "data": format!("data:image/png;base64,{}", STANDARD.encode(&logo.png)),
        "width": width.round() as u32, "height": height.round() as u32,
        "alt": logo_alt(document),
    })
}

fn headings(document: &Document) -> impl Iterator<Item = &Heading> {
    document.blocks.iter().filter_map(|b| if let Block::Heading(h) = b { Some(h) } else { None })
}

fn facts(facts: &[crate::block::Fact]) -> Vec<Value> {
    facts.iter().map(|f| json!({"label": f.label, "inlines": inlines(&f.value)})).collect()
}

fn inlines(inlines: &[Inline]) -> Vec<Value> {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text { text } => json!({"partial": "inline_text", "text": text}),
            Inline::Strong { text } => json!({"partial": "inline_strong", "text": text}),
            Inline::Code { text } => json!({"partial": "inline_code", "text": text}),
            // The name of a file is to be read letter by letter.
            Inline::Link { to: to @ Target::File(_), text } => {
                json!({"partial": "inline_file", "href": href(to), "text": text})
            }
            Inline::Link { to, text } => json!({"partial": "inline_link", "href": href(to), "text": text}),
            Inline::Badge { state, text } => {
                let text = if text.is_empty() { state.word() } else { text };
                json!({"partial": "inline_badge", "mark": state.slug(), "text": text})
            }
            Inline::Severity { severity } => {
                json!({"partial": "inline_badge", "mark": severity.word(), "text": severity.word()})
            }
            Inline::Break => json!({"partial": "inline_break"}),
        })
        .collect()
}

fn href(to: &Target) -> String {
    match to {
        Target::Id(id) => format!("#{id}"),
        Target::File(path) => path.clone(),
        Target::Place { file, id } => format!("{file}#{id}"),
        Target::Url(url) => url.clone(),
    }
}

fn tone_mark(tone: crate::block::Tone) -> &'static str {
    marks::of_tone(tone).map_or("", State::slug)
}

fn kpi(kpi: &Kpi) -> Value {
    let drawing = (kpi.sparkline.iter().flatten().count() > 1)
        .then(|| svg(&chart::sparkline(&kpi.sparkline, kpi.tone, 84.0, 22.0)));
    json!({
        "label": kpi.label, "value": kpi.value, "note": kpi.note,
        "href": kpi.rows.as_ref().map(href),
        "class": format!("t-{}", kpi.tone.slug()), "mark": tone_mark(kpi.tone), "sparkline": drawing,
    })
}

fn chart_view(c: &Chart) -> Value {
    json!({
        "title": c.title,
        "alt": c.alt,
        "wide": svg(&chart::chart(c, 720.0, 190.0)),
        "narrow": svg(&chart::chart(c, 340.0, 190.0)),
    })
}

fn heat_strip_rows(strip: &HeatStrip, rows: &[StripRow]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let cells: Vec<Value> = row
                .cells
                .iter()
                .zip(&strip.days)
                .map(|(cell, day)| {
                    let what = if cell.text.is_empty() { cell.state.word() } else { &cell.text };
                    json!({
                        "class": if day.week_start { "cell week" } else { "cell" },
                        "mark": cell.state.slug(),
                        "title": format!("{}: {what}", day.date),
                    })
                })
                .collect();
            let row = json!({
                "inlines": inlines(&row.label), "note": row.note, "summary": row.summary,
                "alt": row_summary(strip, row),
            });
            with(row, "cells", cells)
        })
        .collect();
    with(json!({"count": strip.days.len()}), "rows", rows)
}

fn heat_strip(strip: &HeatStrip) -> Value {
    let days: Vec<Value> = strip
        .days
        .iter()
        .map(|d| json!({"class": if d.week_start { "day week" } else { "day" }, "label": d.label}))
        .collect();
    let legend: Vec<Value> =
        legend(strip).into_iter().map(|(state, text)| json!({"mark": state.slug(), "text": text})).collect();
    json!({
        "class": if strip.days.len() > 45 { "strip dense" } else { "strip" },
        "id": strip.id, "caption": strip.caption, "count": strip.days.len(), "days": days, "legend": legend,
    })
}

const fn class(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Right => "right",
        Align::Centre => "centre",
    }
}

fn table(t: &Table) -> Value {
    let (shares, least) = measures(t);
    let columns: Vec<Value> = t
        .columns
        .iter()
        .zip(shares)
        .map(|(c, share)| json!({"title": c.title, "class": class(c.align), "share": format!("{share:.2}")}))
        .collect();
    json!({
        "class": if t.density == Density::Dense { "table dense" } else { "table" },
        "id": t.id, "caption": t.caption, "least": format!("{least:.1}"), "columns": columns,
        "empty": t.rows.is_empty(), "span": t.columns.len(), "footnote": inlines(&t.footnote),
    })
}

fn table_rows(t: &Table, rows: &[TableRow]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|r| {
            let cells: Vec<Value> = r
                .cells
                .iter()
                .zip(&t.columns)
                .map(|(cell, c)| with(json!({"class": class(c.align)}), "inlines", inlines(cell)))
                .collect();
            let length: usize = r.cells.iter().flatten().map(|i| plain(std::slice::from_ref(i)).len()).sum();
            let class = match (r.strong, length > 900) {
                (true, _) => "total",
                // Too tall to be moved to the next page as a whole.
                (false, true) => "tall",
                (false, false) => "",
            };
            with(json!({"id": r.id, "class": class}), "cells", cells)
        })
        .collect();
    with(json!({}), "rows", rows)
}

/// Width in rem that a table has on a wide screen.
const WIDE: f64 = 58.0;

/// Shares of the columns in percent, and the width in rem below which a column would break words; a table wider than
/// the screen scrolls inside its box.
fn measures(t: &Table) -> (Vec<f64>, f64) {
    const CHARACTER: f64 = 0.47;
    const GUTTER: f64 = 1.4;
    let width = |characters: usize| characters as f64 * CHARACTER + GUTTER;
    let longest = |text: &str| text.split_whitespace().map(|w| w.chars().count()).max().unwrap_or(0);
    let least = |(n, column): (usize, &crate::block::Column)| {
        let cells = t.rows.iter().take(200).filter_map(|r| r.cells.get(n)).map(|cell| cell_word(cell)).max();
        Least { title: width(longest(&column.title)), cells: width(cells.unwrap_or(0).min(14)) }
    };
    let least: Vec<Least> = t.columns.iter().enumerate().map(least).collect();
    let shares: Vec<f64> = t.columns.iter().map(|c| c.width).collect();
    let widths = divide(WIDE, &shares, &least);
    let narrowest =
        widths.iter().zip(&least).map(|(w, l)| l.title.max(l.cells) * WIDE / w).fold(0.0, f64::max).min(1.3 * WIDE);
    (widths.iter().map(|w| 100.0 * w / WIDE).collect(), narrowest)
}

/// Characters of the longest piece of a cell that should stay on one line.
fn cell_word(cell: &[Inline]) -> usize {
    let piece = |inline: &Inline| match inline {
        Inline::Badge { .. } | Inline::Severity { .. } => plain(std::slice::from_ref(inline)).chars().count() + 2,
        other => plain(std::slice::from_ref(other)).split_whitespace().map(|w| w.chars().count()).max().unwrap_or(0),
    };
    cell.iter().map(piece).max().unwrap_or(0)
}

fn completeness(c: &Completeness) -> Value {
    let sources: Vec<Value> = c
        .sources
        .iter()
        .map(|p| {
            let objects: Vec<Value> =
                p.objects.iter().map(|o| json!({"full": o, "short": crate::strip::short_hash(o)})).collect();
            json!({
                "source": p.source, "mark": p.state.slug(), "state": crate::strip::source_word(p.state),
                "query": p.query, "identity": p.identity, "window": p.window, "extracted": p.extracted,
                "rows_at_source": p.rows_at_source, "rows": p.rows, "objects": objects,
            })
        })
        .collect();
    json!({
        "table": c.table, "rows": c.rows_in_table, "identity": c.identity, "extracted": c.extracted, "sources": sources,
        "note": inlines(&c.note),
    })
}
