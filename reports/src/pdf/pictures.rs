//! Key figures, charts and calendar strips.

use std::rc::Rc;

use crate::block::{Chart, HeatStrip, Kpi, KpiRow, StripRow};
use crate::drawing::{self, Anchor, Drawing, Ink, Shape, solid};
use crate::error::ReportError;
use crate::pdf::flow::{Chunk, Header, ROOM, SIDE};
use crate::pdf::fonts::Face;
use crate::pdf::layout::{Layout, MEASURE, baseline, furniture, rule, style};
use crate::pdf::lines::{Mark, place_drawing, place_mark};
use crate::pdf::paper::{Placed, Style};
use crate::strip::{legend, row_summary};
use crate::{chart, marks};

const FIGURES_A_LINE: usize = 4;
const FIGURE_GAP: f64 = 16.0;
const SPARK: f64 = 32.0;
const LABEL: f64 = 108.0;
const SUMMARY: f64 = 36.0;

impl Layout<'_> {
    /// Lays out key figures, four to a line.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn kpi_row(&mut self, row: &KpiRow) -> Result<(), ReportError> {
        for group in row.kpis.chunks(FIGURES_A_LINE) {
            let columns = FIGURES_A_LINE as f64;
            let width = (MEASURE - FIGURE_GAP * (columns - 1.0)) / columns;
            let mut chunk = Chunk { before: 16.0, ..Chunk::default() };
            for (n, kpi) in group.iter().enumerate() {
                let height = self.kpi(kpi, SIDE + (width + FIGURE_GAP) * n as f64, width, &mut chunk.items)?;
                chunk.height = chunk.height.max(height);
            }
            self.add(chunk);
        }
        Ok(())
    }

    fn kpi(&mut self, kpi: &Kpi, x: f64, width: f64, out: &mut Vec<Placed>) -> Result<f64, ReportError> {
        let owner = Some(self.tree.add(0, "P"));
        rule(x, 0.0, width, Ink::Text, 1.2, out);
        let words = |text: &str| [crate::block::text(text)];
        let mut y = 5.0;
        for line in self.setter().lines(&words(&kpi.label), width, style(Face::Regular, 7.8, Ink::Muted), owner)? {
            line.place(x, y + baseline(7.8, 11.0), out);
            y += 11.0;
        }
        let mark = marks::of_tone(kpi.tone);
        let indent = if mark.is_some() { 14.0 } else { 0.0 };
        // A value too long for its column is set smaller before it is broken.
        let mut face = Style { tabular: true, ..style(Face::SemiBold, 17.5, Ink::Text) };
        let mut value = self.setter().lines(&words(&kpi.value), width - indent, face, owner)?;
        while value.len() > 1 && face.size > 11.0 {
            face.size -= 2.0;
            value = self.setter().lines(&words(&kpi.value), width - indent, face, owner)?;
        }
        let leading = face.size * 1.28;
        if let Some(mark) = mark {
            place_mark(Mark::State(mark), x, y + leading * 0.5 + 4.3, 11.4, out);
        }
        let widest = value.iter().map(|l| l.width).fold(0.0, f64::max);
        for line in &value {
            line.place(x + indent, y + baseline(face.size, leading), out);
            y += leading;
        }
        if kpi.sparkline.iter().flatten().count() > 1 && indent + widest + SPARK + 4.0 < width {
            let picture = chart::sparkline(&kpi.sparkline, kpi.tone, SPARK, 15.0);
            place_drawing(&picture, x + width - SPARK, y - leading / 2.0 - 7.5, 1.0, None, out);
        }
        y += 1.0;
        if !kpi.note.is_empty() {
            for line in self.setter().lines(&words(&kpi.note), width, style(Face::Regular, 7.8, Ink::Text), owner)? {
                line.place(x, y + baseline(7.8, 11.0), out);
                y += 11.0;
            }
        }
        Ok(y)
    }

    /// Lays out a chart.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn chart(&mut self, source: &Chart) -> Result<(), ReportError> {
        let figure = self.tree.figure(0, &source.alt);
        self.caption(&source.title, figure, None)?;
        let picture = chart::chart(source, MEASURE, 138.0);
        let mut chunk = Chunk { height: picture.height + 4.0, before: 0.0, ..Chunk::default() };
        self.picture(&picture, SIDE, 0.0, Some(figure), &mut chunk.items)?;
        self.add(chunk);
        Ok(())
    }

    fn picture(
        &mut self,
        picture: &Drawing,
        x: f64,
        y: f64,
        owner: Option<usize>,
        out: &mut Vec<Placed>,
    ) -> Result<(), ReportError> {
        // Shapes first would hide the paper-coloured grounds of labels: keep the drawing's own order.
        for shape in &picture.shapes {
            let Shape::Text { at, anchor, size, ink, strong, text } = shape else {
                let single = Drawing { width: picture.width, height: picture.height, shapes: vec![shape.clone()] };
                place_drawing(&single, x, y, 1.0, owner, out);
                continue;
            };
            let face = if *strong { Face::SemiBold } else { Face::Regular };
            // On paper the drawing is set smaller than on a screen.
            let style = Style { face, size: size * 0.86, ink: *ink, tabular: true };
            let line = self.setter().single(text, style, owner)?;
            let left = match anchor {
                Anchor::Start => at.0,
                Anchor::Middle => at.0 - line.width / 2.0,
                Anchor::End => at.0 - line.width,
            };
            line.place(x + left, y + at.1, out);
        }
        Ok(())
    }

    /// Lays out calendar strips.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn heat_strip(&mut self, strip: &HeatStrip) -> Result<(), ReportError> {
        let node = self.tree.add(0, "Sect");
        let start = self.chunks.len();
        self.caption(&strip.caption, node, Some(&strip.id))?;
        let left = SIDE + LABEL + 10.0;
        let step = (MEASURE - LABEL - 10.0 - SUMMARY) / strip.days.len().max(1) as f64;
        let owner = Some(self.tree.add(node, "P"));
        let mut items = Vec::new();
        for (n, day) in strip.days.iter().enumerate() {
            // Where figures would touch, only the first days of weeks are named.
            if step < 9.0 && !day.week_start {
                continue;
            }
            let tiny = Style { tabular: true, ..style(Face::Regular, 6.4, Ink::Muted) };
            let line = self.setter().single(&day.label, tiny, owner)?;
            line.place(left + step * (n as f64 + 0.5) - line.width / 2.0, 8.0, &mut items);
        }
        rule(SIDE, 12.0, MEASURE, Ink::Rule, 0.5, &mut items);
        let header = Rc::new(Header { height: 12.0, items });
        self.add(Chunk { height: 12.0, keep: true, items: header.items.clone(), ..Chunk::default() });
        for row in &strip.rows {
            let chunk = self.strip_row(strip, row, (left, step), node, &header)?;
            self.add(chunk);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.keep = true;
        }
        let owner = Some(self.tree.add(node, "P"));
        let mut words = Vec::new();
        for (state, word) in legend(strip) {
            // Words of one state stay together, states stand apart.
            let word = format!("{}\u{a0}\u{a0}\u{a0}", word.replace(' ', "\u{a0}"));
            words.extend([crate::block::badge(state, word), crate::block::text(" ")]);
        }
        let lines = self.setter().lines(&words, MEASURE, style(Face::Regular, 7.6, Ink::Muted), owner)?;
        self.lines(&lines, SIDE, 7.6, 11.0, 5.0);
        self.bind(start, ROOM * 0.6);
        Ok(())
    }

    fn strip_row(
        &mut self,
        strip: &HeatStrip,
        row: &StripRow,
        (left, step): (f64, f64),
        node: usize,
        header: &Rc<Header>,
    ) -> Result<Chunk, ReportError> {
        let owner = Some(self.tree.add(node, "P"));
        let figure = self.tree.figure(node, &row_summary(strip, row));
        let mut items = Vec::new();
        let mut y = 3.4;
        for line in self.setter().lines(&row.label, LABEL, style(Face::Regular, 8.0, Ink::Text), owner)? {
            line.place(SIDE, y + baseline(8.0, 10.6), &mut items);
            y += 10.6;
        }
        if !row.note.is_empty() {
            let note = [crate::block::text(&row.note)];
            for line in self.setter().lines(&note, LABEL, style(Face::Regular, 7.0, Ink::Muted), owner)? {
                line.place(SIDE, y + baseline(7.0, 9.2), &mut items);
                y += 9.2;
            }
        }
        let height = y.max(15.0) + 3.4;
        let side = (step - 1.6).clamp(3.0, 8.6);
        for (n, (cell, day)) in row.cells.iter().zip(&strip.days).enumerate() {
            let x = left + step * n as f64;
            if day.week_start && n > 0 {
                items.push(furniture(drawing::line((x, 3.0), (x, height - 3.0), solid(Ink::Rule, 0.5))));
            }
            let at = (x + (step - side) / 2.0, (height - side) / 2.0);
            place_drawing(&marks::state(cell.state), at.0, at.1, side / marks::SIZE, Some(figure), &mut items);
        }
        let sum = Style { tabular: true, ..style(Face::Regular, 8.0, Ink::Text) };
        let line = self.setter().single(&row.summary, sum, owner)?;
        line.place(SIDE + MEASURE - line.width, height / 2.0 + 2.9, &mut items);
        rule(SIDE, height, MEASURE, Ink::Rule, 0.5, &mut items);
        Ok(Chunk { height, repeat: Some(Rc::clone(header)), items, ..Chunk::default() })
    }
}
