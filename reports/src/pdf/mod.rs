//! PDF: own block layout, printpdf operations, a finishing pass over the object tree.
//!
//! `layout` turns blocks into chunks, `flow` fills pages with them, `write` turns pages into printpdf operations and
//! `finish` adds what makes the file a good citizen: outline, structure tree, links, metadata, identity. Structure
//! survives from block to file, so that the document is tagged. Pages become compressed content a few at a time, and
//! `output` packs the other objects as they come.

mod finish;
mod flow;
mod fonts;
mod layout;
mod lines;
mod output;
mod paper;
mod pictures;
mod structure;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod unicode;
mod write;
mod xmp;

use crate::block::{Document, Target, validate};
use crate::drawing::Ink;
use crate::error::ReportError;
use crate::pdf::fonts::{Face, Fonts};
use crate::pdf::layout::{MEASURE, rule, style};
use crate::pdf::lines::Setter;
use crate::pdf::paper::{HEIGHT, Item, Paper, Placed, Style, Tree};
use crate::pdf::write::Printpdf;

/// What a file says about itself.
pub struct Meta<'a> {
    document: &'a Document,
    tags: Tags,
}

/// Whether a file tells its structure to programs: what is a heading, a cell, a caption, and in which order to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// It does: PDF/A-2a and PDF/UA-1, which accessibility needs.
    With,
    /// It does not: PDF/A-2u, for documents of thousands of pages; half the size, made in three quarters of the time.
    Without,
}

/// Writes a laid-out report as a file. Layout does not depend on it: another writer can take its place.
trait Writer {
    /// # Errors
    /// [`ReportError::Pdf`] or [`ReportError::Font`] when the file cannot be made.
    fn write(&self, paper: Paper, fonts: &Fonts, meta: &Meta<'_>) -> Result<Vec<u8>, ReportError>;
}

/// Renders a document as PDF 1.7 on A4 with embedded fonts, outline, links and running headers. Text runs left to
/// right.
///
/// # Errors
/// [`ReportError::Content`] when the document contradicts itself; [`ReportError::Glyph`] for a character that no
/// embedded font has, rather than a document that lacks it.
pub fn pdf(document: &Document, tags: Tags) -> Result<Vec<u8>, ReportError> {
    validate(document)?;
    let mut fonts = Fonts::load()?;
    let (chunks, tree) = layout::layout(document, &mut fonts)?;
    let mut paper = flow::fill(chunks, tree);
    page_numbers(&mut paper, &mut fonts)?;
    furniture(document, &mut paper, &mut fonts)?;
    Printpdf.write(paper, &fonts, &Meta { document, tags })
}

/// Puts the numbers of pages where the table of contents left room for them.
fn page_numbers(paper: &mut Paper, fonts: &mut Fonts) -> Result<(), ReportError> {
    let anchors = &paper.anchors;
    for page in &mut paper.pages {
        for placed in page {
            let Item::PageOf { x, y, style, id } = &placed.item else { continue };
            let number = anchors.get(id).map_or(String::new(), |(page, _)| (page + 1).to_string());
            let mut setter = Setter { fonts, tree: &mut Tree::new() };
            let line = setter.single(&number, *style, placed.owner)?;
            let mut items = Vec::new();
            line.place(x - line.width, *y, &mut items);
            if let Some(Placed { item, .. }) = items.into_iter().next() {
                placed.item = item;
            }
        }
    }
    Ok(())
}

/// Running header and footer; the first page has its title instead of a header.
fn furniture(document: &Document, paper: &mut Paper, fonts: &mut Fonts) -> Result<(), ReportError> {
    fonts.place = "the running header".into();
    let quiet = Style { tabular: true, ..style(Face::Regular, 7.2, Ink::Muted) };
    let tiny = Style { face: Face::Mono, size: 5.6, ..quiet };
    let count = paper.pages.len();
    let mut setter = Setter { fonts, tree: &mut Tree::new() };
    let left = setter.single(&document.organization, quiet, None)?;
    let right = setter.single(&format!("{}, {}", document.title, document.period), quiet, None)?;
    let label = setter.single("SHA-256 of the report’s data", Style { tabular: false, ..quiet }, None)?;
    let hash = setter.single(&document.document_hash, tiny, None)?;
    let end = flow::SIDE + MEASURE;
    for (n, page) in paper.pages.iter_mut().enumerate() {
        if n > 0 {
            left.place(flow::SIDE, 38.0, page);
            right.place(end - right.width, 38.0, page);
            rule(flow::SIDE, 45.0, MEASURE, Ink::Rule, 0.5, page);
        }
        let y = HEIGHT - 34.0;
        rule(flow::SIDE, y - 12.0, MEASURE, Ink::Rule, 0.5, page);
        label.place(flow::SIDE, y, page);
        hash.place(flow::SIDE + label.width + 6.0, y, page);
        let number = setter.single(&format!("Page {} of {count}", n + 1), quiet, None)?;
        number.place(end - number.width, y, page);
    }
    Ok(())
}

/// Where a link leads: a page with a distance from its top, or an address.
enum Destination<'a> {
    Page(usize, f64),
    Address(&'a str),
}

fn destination<'a>(paper: &Paper, target: &'a Target) -> Option<Destination<'a>> {
    match target {
        Target::Id(id) => paper.anchors.get(id).map(|(page, y)| Destination::Page(*page, *y)),
        Target::Url(url) => Some(Destination::Address(url)),
        Target::File(_) | Target::Place { .. } => None,
    }
}
