//! Tables: header repeated on every page, rows divided between lines where they are too tall to move.

use std::rc::Rc;

use crate::block::{Align, Density, Inline, Table, TableRow};
use crate::columns::{Least, divide};
use crate::drawing::Ink;
use crate::error::ReportError;
use crate::pdf::flow::{Chunk, Header, SIDE};
use crate::pdf::fonts::Face;
use crate::pdf::layout::{Layout, MEASURE, SMALL, baseline, rule, style};
use crate::pdf::lines::Line;
use crate::pdf::paper::{Item, Placed, Style};

/// How a table is set.
#[derive(Clone, Copy)]
struct Setting {
    /// Size of its type.
    size: f64,
    /// Height of a line.
    leading: f64,
    /// Room between columns.
    gutter: f64,
    /// Room above and below a row's text.
    pad: f64,
}

impl Setting {
    const fn of(density: Density) -> Self {
        match density {
            Density::Usual => Self { size: SMALL.0, leading: SMALL.1, gutter: 11.0, pad: 4.2 },
            Density::Dense => Self { size: 7.2, leading: 9.6, gutter: 8.0, pad: 1.9 },
        }
    }

    const fn baseline(self) -> f64 {
        baseline(self.size, self.leading)
    }
}

/// A row of more lines may be divided between pages.
const TALL: usize = 12;

struct Columns {
    set: Setting,
    /// Left end and width.
    spans: Vec<(f64, f64)>,
    aligns: Vec<Align>,
}

impl Columns {
    fn of(table: &Table, set: Setting, least: &[Least]) -> Columns {
        let usable = MEASURE - set.gutter * (table.columns.len() as f64 - 1.0);
        let shares: Vec<f64> = table.columns.iter().map(|c| c.width).collect();
        let mut x = SIDE;
        let mut spans = Vec::new();
        for width in divide(usable, &shares, least) {
            spans.push((x, width));
            x += width + set.gutter;
        }
        Columns { set, spans, aligns: table.columns.iter().map(|c| c.align).collect() }
    }

    fn place(&self, column: usize, line: &Line, y: f64, out: &mut Vec<Placed>) {
        let (Some((x, width)), Some(align)) = (self.spans.get(column), self.aligns.get(column)) else { return };
        let slack = width - line.width;
        let x = match align {
            Align::Left => *x,
            Align::Right => x + slack,
            Align::Centre => x + slack / 2.0,
        };
        line.place(x, y, out);
    }
}

impl Layout<'_> {
    /// Lays out a table.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn table(&mut self, table: &Table) -> Result<(), ReportError> {
        let node = self.tree.add(0, "Table");
        let place = self.fonts.place.clone();
        let start = self.chunks.len();
        self.caption(&table.caption, node, Some(&table.id))?;
        let set = Setting::of(table.density);
        let least = self.least_widths(table, set.size);
        let columns = Columns::of(table, set, &least);
        let header = self.table_header(table, &columns, node)?;
        let last = table.rows.len().saturating_sub(1);
        for (n, row) in table.rows.iter().enumerate() {
            self.fonts.place = format!("{place}, row {}", n + 1);
            self.table_row(row, &columns, node, &header)?;
            // No single row stands alone at either end.
            if (n == 0 || n + 1 == last)
                && n < last
                && let Some(chunk) = self.chunks.last_mut()
            {
                chunk.keep = true;
            }
        }
        self.fonts.place = place;
        if table.rows.is_empty() {
            self.no_rows(node, table.columns.len(), set)?;
        }
        if !table.footnote.is_empty() {
            if let Some(chunk) = self.chunks.last_mut() {
                chunk.keep = true;
            }
            let owner = Some(self.tree.add(0, "P"));
            let note = style(Face::Regular, SMALL.0, Ink::Muted);
            let lines = self.setter().lines(&table.footnote, MEASURE, note, owner)?;
            self.lines(&lines, SIDE, SMALL.0, SMALL.1, 5.0);
        }
        self.bind(start, 190.0);
        Ok(())
    }

    /// Says that there is nothing, rather than leave room for doubt.
    fn no_rows(&mut self, node: usize, columns: usize, set: Setting) -> Result<(), ReportError> {
        let row = self.tree.add(node, "TR");
        let owner = Some(self.tree.add(row, "TD"));
        for _ in 1..columns {
            self.tree.add(row, "TD");
        }
        let line = self.setter().single("None", style(Face::Regular, set.size, Ink::Muted), owner)?;
        let height = set.leading + 2.0 * set.pad;
        let mut chunk = Chunk { height, ..Chunk::default() };
        line.place(SIDE, set.pad + set.baseline(), &mut chunk.items);
        rule(SIDE, height, MEASURE, Ink::Rule, 0.5, &mut chunk.items);
        self.add(chunk);
        Ok(())
    }

    /// Widths of each column's longest words. A character without a glyph is reported where its row is set.
    fn least_widths(&mut self, table: &Table, size: f64) -> Vec<Least> {
        const ROWS: usize = 100;
        const MOST: f64 = 76.0;
        let mut widths = Vec::new();
        for (n, column) in table.columns.iter().enumerate() {
            let mut least = Least { title: self.longest(&column.title, Face::SemiBold, size), cells: 0.0 };
            for inline in table.rows.iter().take(ROWS).filter_map(|r| r.cells.get(n)).flatten() {
                let (face, size, mark) = match inline {
                    Inline::Code { .. } => (Face::Mono, size * 0.9, 0.0),
                    Inline::Strong { .. } => (Face::SemiBold, size, 0.0),
                    Inline::Badge { .. } | Inline::Severity { .. } => (Face::Regular, size, size * 1.12),
                    _ => (Face::Regular, size, 0.0),
                };
                let words = crate::block::plain(std::slice::from_ref(inline));
                least.cells = least.cells.max((self.longest(&words, face, size) + mark).min(MOST));
            }
            widths.push(least);
        }
        widths
    }

    fn longest(&mut self, text: &str, face: Face, size: f64) -> f64 {
        let text = crate::visible::visible(text);
        let words = text.split(' ').filter(|w| !w.is_empty());
        let widths = words.filter_map(|w| self.fonts.shape(face, true, w).ok()).map(|w| f64::from(w.width));
        widths.fold(0.0, f64::max) * size / 1000.0 + 0.1
    }

    fn table_header(&mut self, table: &Table, columns: &Columns, node: usize) -> Result<Rc<Header>, ReportError> {
        let set = columns.set;
        let row = self.tree.add(node, "TR");
        let mut cells = Vec::new();
        for (column, (_, width)) in table.columns.iter().zip(&columns.spans) {
            let owner = Some(self.tree.add(row, "TH"));
            let title = [Inline::Text { text: column.title.clone() }];
            cells.push(self.setter().lines(&title, *width, style(Face::SemiBold, set.size, Ink::Text), owner)?);
        }
        let count = cells.iter().map(Vec::len).max().unwrap_or(1);
        let mut items = Vec::new();
        for (column, lines) in cells.iter().enumerate() {
            // Titles stand at the bottom of the header.
            let first = count - lines.len();
            for (n, line) in lines.iter().enumerate() {
                let y = 3.0 + set.leading * (first + n) as f64 + set.baseline();
                columns.place(column, line, y, &mut items);
            }
        }
        let height = 3.0 + set.leading * count as f64 + 3.6;
        rule(SIDE, height, MEASURE, Ink::Text, 0.9, &mut items);
        let header = Rc::new(Header { height, items });
        self.add(Chunk { height, keep: true, items: header.items.clone(), ..Chunk::default() });
        Ok(header)
    }

    fn table_row(
        &mut self,
        row: &TableRow,
        columns: &Columns,
        node: usize,
        header: &Rc<Header>,
    ) -> Result<(), ReportError> {
        let set = columns.set;
        let element = self.tree.add(node, "TR");
        let face = if row.strong { Face::SemiBold } else { Face::Regular };
        let style = Style { tabular: true, ..style(face, set.size, Ink::Text) };
        let mut cells = Vec::new();
        for (cell, (_, width)) in row.cells.iter().zip(&columns.spans) {
            let owner = Some(self.tree.add(element, "TD"));
            cells.push(self.setter().lines(cell, *width, style, owner)?);
        }
        let count = cells.iter().map(Vec::len).max().unwrap_or(1);
        let anchors = if row.id.is_empty() { Vec::new() } else { vec![row.id.clone()] };
        // One chunk for a usual row; one a line for a tall one, so that it may go on over the page.
        let (pieces, each) = if count > TALL { (count, 1) } else { (1, count) };
        for piece in 0..pieces {
            let top = if piece == 0 { set.pad } else { 0.0 };
            let mut items = Vec::new();
            for (column, lines) in cells.iter().enumerate() {
                for (n, line) in lines.iter().skip(piece * each).take(each).enumerate() {
                    let y = top + set.leading * n as f64 + set.baseline();
                    columns.place(column, line, y, &mut items);
                }
            }
            let last = piece + 1 == pieces;
            let height = top + set.leading * each as f64 + if last { set.pad } else { 0.0 };
            if last {
                rule(SIDE, height, MEASURE, Ink::Rule, if row.strong { 0.9 } else { 0.5 }, &mut items);
            }
            if row.strong {
                let area = [SIDE, 0.0, MEASURE, height];
                items.insert(0, Placed { owner: None, item: Item::Ground { area } });
            }
            self.add(Chunk {
                height,
                keep: pieces > 1 && (piece == 0 || piece + 2 == pieces),
                repeat: Some(Rc::clone(header)),
                items,
                anchors: if piece == 0 { anchors.clone() } else { Vec::new() },
                ..Chunk::default()
            });
        }
        Ok(())
    }
}
