//! Checks a block document before it is rendered, so that both renderers may rely on it.

use std::collections::BTreeSet;

use crate::block::{Block, Document, Inline, Target, plain};
use crate::error::ReportError;
use crate::visible::visible;

/// Refuses a document that could not be rendered faithfully: an id used twice or not usable as a link target, a link
/// to an id that does not exist or with a scheme other than `https:`, `http:` and `mailto:`, to a file outside of the document's folder, a row with a cell too
/// many or too few, a heading level outside 1 to 4, a cover that is not first, a value that is not a finite number.
///
/// # Errors
/// [`ReportError::Content`] with the place of the first contradiction.
pub fn validate(document: &Document) -> Result<(), ReportError> {
    let ids = collect_ids(document)?;
    for (index, block) in document.blocks.iter().enumerate() {
        let place = || place(index, block);
        shape(index, block)?;
        for inlines in inlines_of(block) {
            for inline in inlines {
                if let Inline::Link { to, text } = inline
                    && let Some(what) = astray(to, text, &ids)
                {
                    return fault(place(), what);
                }
            }
        }
        if let Block::KpiRow(row) = block {
            let links = row.kpis.iter().filter_map(|k| Some((k.rows.as_ref()?, &k.value)));
            if let Some(what) = links.filter_map(|(to, text)| astray(to, text, &ids)).next() {
                return fault(place(), what);
            }
        }
    }
    Ok(())
}

/// What is wrong with the target of a link.
fn astray(to: &Target, text: &str, ids: &BTreeSet<&str>) -> Option<String> {
    match to {
        Target::Id(id) if !ids.contains(id.as_str()) => {
            Some(format!("the link \"{text}\" leads to \"{id}\", which does not exist"))
        }
        Target::Url(url) if !safe_url(url) => Some(format!("the address \"{url}\" is not https, http or mailto")),
        Target::File(path) | Target::Place { file: path, .. } if !safe_path(path) => {
            Some(format!("\"{path}\" is not a path below the document's folder"))
        }
        Target::Place { id, .. } if !usable(id) => Some(format!("\"{id}\" cannot be a link target")),
        _ => None,
    }
}

/// True for what can be the target of a link.
fn usable(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
}

/// Every run of inlines of a block, in reading order.
pub(crate) fn inlines_of(block: &Block) -> Vec<&[Inline]> {
    match block {
        Block::Cover(cover) => cover.facts.iter().map(|f| f.value.as_slice()).collect(),
        Block::KeyValue(pairs) => pairs.facts.iter().map(|f| f.value.as_slice()).collect(),
        Block::Para(para) => vec![&para.inlines],
        Block::Callout(callout) => vec![&callout.inlines],
        Block::List(list) => list.items.iter().map(Vec::as_slice).collect(),
        Block::HeatStrip(strip) => strip.rows.iter().map(|r| r.label.as_slice()).collect(),
        Block::Completeness(completeness) => vec![&completeness.note],
        Block::Table(table) => table
            .rows
            .iter()
            .flat_map(|r| r.cells.iter().map(Vec::as_slice))
            .chain([table.footnote.as_slice()])
            .collect(),
        Block::Toc(_) | Block::Heading(_) | Block::KpiRow(_) | Block::Chart(_) | Block::PageBreak => Vec::new(),
    }
}

/// Names a block for messages; what a terminal would obey is made visible.
pub(crate) fn place(index: usize, block: &Block) -> String {
    let number = index + 1;
    let name = match block {
        Block::Cover(_) => format!("block {number} (cover)"),
        Block::Toc(_) => format!("block {number} (table of contents)"),
        Block::Heading(h) => format!("block {number} (heading \"{}\")", h.text),
        Block::Para(p) => {
            format!("block {number} (paragraph \"{}…\")", plain(&p.inlines).chars().take(40).collect::<String>())
        }
        Block::KeyValue(_) => format!("block {number} (facts)"),
        Block::KpiRow(_) => format!("block {number} (key figures)"),
        Block::Chart(c) => format!("block {number} (chart \"{}\")", c.title),
        Block::HeatStrip(s) => format!("block {number} (calendar \"{}\")", s.id),
        Block::Table(t) => format!("block {number} (table \"{}\")", t.id),
        Block::Completeness(c) => format!("block {number} (completeness of \"{}\")", c.table),
        Block::Callout(c) => format!("block {number} (remark \"{}\")", c.title),
        Block::List(_) => format!("block {number} (list)"),
        Block::PageBreak => format!("block {number} (page break)"),
    };
    visible(&name).into_owned()
}

fn fault<T>(place: String, what: impl Into<String>) -> Result<T, ReportError> {
    Err(ReportError::Content { place, what: what.into() })
}

fn collect_ids(document: &Document) -> Result<BTreeSet<&str>, ReportError> {
    let mut ids = BTreeSet::new();
    for (index, block) in document.blocks.iter().enumerate() {
        let found: Vec<&str> = match block {
            Block::Heading(h) => vec![&h.id],
            Block::HeatStrip(s) => vec![&s.id],
            Block::Table(t) => std::iter::once(t.id.as_str())
                .chain(t.rows.iter().map(|r| r.id.as_str()).filter(|id| !id.is_empty()))
                .collect(),
            _ => Vec::new(),
        };
        for id in found {
            if !usable(id) {
                return fault(place(index, block), format!("\"{id}\" cannot be a link target"));
            }
            if !ids.insert(id) {
                return fault(place(index, block), format!("the id \"{id}\" is used twice"));
            }
        }
    }
    Ok(ids)
}

/// A relative path that stays below its folder and that every browser reads as one.
pub(crate) fn safe_path(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part.chars().any(|c| c != '.'))
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

fn safe_url(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
        && !url.chars().any(|c| c.is_control() || c == ' ')
}

fn shape(index: usize, block: &Block) -> Result<(), ReportError> {
    let at = |what: String| fault(place(index, block), what);
    match block {
        Block::Cover(_) if index != 0 => at("a cover must be the first block".into()),
        Block::Heading(h) if !(1..=4).contains(&h.level) => at(format!("level {} is not 1 to 4", h.level)),
        Block::Table(table) => {
            if table.columns.is_empty() || table.columns.iter().any(|c| !(c.width.is_finite() && c.width > 0.0)) {
                return at("a table needs columns, each with a width above zero".into());
            }
            match table.rows.iter().position(|r| r.cells.len() != table.columns.len()) {
                Some(n) => at(format!("row {} does not have {} cells", n + 1, table.columns.len())),
                None => Ok(()),
            }
        }
        Block::HeatStrip(strip) => match strip.rows.iter().position(|r| r.cells.len() != strip.days.len()) {
            Some(n) => at(format!("row {} does not have {} days", n + 1, strip.days.len())),
            None => Ok(()),
        },
        Block::Chart(chart) => {
            let mut values = chart.points.iter().filter_map(|p| p.value);
            let mut limits = chart.target.iter().map(|t| t.value).chain(chart.min).chain(chart.max);
            if values.any(|v| !v.is_finite()) || limits.any(|v| !v.is_finite()) {
                return at("a value is not a finite number".into());
            }
            Ok(())
        }
        Block::KpiRow(row) => {
            if row.kpis.iter().flat_map(|k| &k.sparkline).flatten().any(|v| !v.is_finite()) {
                return at("a value is not a finite number".into());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
