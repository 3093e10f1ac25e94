//! Turns blocks into chunks: the plain blocks. Tables, calendars and pictures have files of their own.

use crate::block::{
    Block, Callout, Completeness, Cover, Document, Fact, Heading, Inline, KeyValue, List, Para, ParaRole, Provenance,
    Toc, Tone, badge, code, strong, text,
};
use crate::build::logo_alt;
use crate::drawing::{self, Ink, solid};
use crate::error::ReportError;
use crate::marks;
use crate::pdf::flow::{Chunk, SIDE};
use crate::pdf::fonts::{Face, Fonts};
use crate::pdf::lines::{Line, Mark, Setter, place_mark};
use crate::pdf::paper::{Item, Placed, Style, Tree, WIDTH};
use crate::strip::{short_hash, source_word};

/// Width of the text area.
pub const MEASURE: f64 = WIDTH - 2.0 * SIDE;

/// Widest line of running text: longer lines are hard to read.
const READING: f64 = 430.0;

/// Size and leading of running text.
pub const BODY: (f64, f64) = (9.5, 14.2);
/// Size and leading of tables.
pub const SMALL: (f64, f64) = (8.0, 11.4);
/// Size and leading of completeness blocks.
const TINY: (f64, f64) = (7.2, 10.4);

/// A style in Inter.
pub const fn style(face: Face, size: f64, ink: Ink) -> Style {
    Style { face, size, ink, tabular: false }
}

/// The state of laying out one document.
pub struct Layout<'a> {
    /// Fonts.
    pub fonts: &'a mut Fonts,
    /// Structure.
    pub tree: Tree,
    /// Chunks so far.
    pub chunks: Vec<Chunk>,
    new_page: bool,
}

/// Lays out every block.
///
/// # Errors
/// [`ReportError::Glyph`] for a character that no font has.
pub fn layout(document: &Document, fonts: &mut Fonts) -> Result<(Vec<Chunk>, Tree), ReportError> {
    let mut layout = Layout { fonts, tree: Tree::new(), chunks: Vec::new(), new_page: false };
    let mut under = None;
    for (index, block) in document.blocks.iter().enumerate() {
        layout.fonts.place = crate::validate::place(index, block);
        layout.block(document, block)?;
        let above = std::mem::replace(&mut under, if let Block::Heading(h) = block { Some(h.level) } else { None });
        if introduces(above, block, document.blocks.get(index + 1))
            && let Some(chunk) = layout.chunks.last_mut()
        {
            chunk.keep = true;
        }
    }
    Ok((layout.chunks, layout.tree))
}

/// Whether a paragraph is the short lead-in of what follows, and not to be parted from it: of a table or picture, or,
/// right under a heading of level `above`, of the sections below that heading.
fn introduces(above: Option<u8>, block: &Block, next: Option<&Block>) -> bool {
    let follows = match next {
        Some(Block::Heading(heading)) => above.is_some_and(|level| heading.level > level),
        other => matches!(other, Some(Block::Table(_) | Block::HeatStrip(_) | Block::Chart(_) | Block::List(_))),
    };
    matches!(block, Block::Para(p) if follows && crate::block::plain(&p.inlines).chars().count() < 400)
}

impl Layout<'_> {
    /// Line setter on this layout's fonts and structure.
    pub fn setter(&mut self) -> Setter<'_> {
        Setter { fonts: self.fonts, tree: &mut self.tree }
    }

    /// Adds a chunk; a page break before it becomes its own.
    pub fn add(&mut self, mut chunk: Chunk) {
        chunk.new_page |= std::mem::take(&mut self.new_page);
        self.chunks.push(chunk);
    }

    fn block(&mut self, document: &Document, block: &Block) -> Result<(), ReportError> {
        match block {
            Block::Cover(cover) => self.cover(document, cover),
            Block::Toc(toc) => self.toc(document, toc),
            Block::Heading(heading) => self.heading(heading),
            Block::Para(para) => self.para(para),
            Block::KeyValue(pairs) => self.key_value(pairs),
            Block::KpiRow(row) => self.kpi_row(row),
            Block::Chart(chart) => self.chart(chart),
            Block::HeatStrip(strip) => self.heat_strip(strip),
            Block::Table(table) => self.table(table),
            Block::Completeness(completeness) => self.completeness(completeness),
            Block::Callout(callout) => self.callout(callout),
            Block::List(list) => self.list(list),
            Block::PageBreak => {
                self.new_page = true;
                Ok(())
            }
        }
    }

    /// Adds lines, one chunk each, the first and the last two kept together.
    pub fn lines(&mut self, lines: &[Line], x: f64, size: f64, leading: f64, before: f64) {
        let count = lines.len();
        for (n, line) in lines.iter().enumerate() {
            let mut chunk =
                Chunk { height: leading, keep: count > 1 && (n == 0 || n + 2 == count), ..Chunk::default() };
            chunk.before = if n == 0 { before } else { 0.0 };
            line.place(x, baseline(size, leading), &mut chunk.items);
            self.add(chunk);
        }
    }

    /// Keeps the chunks from `start` on one page, when together they are at most `most` high.
    pub fn bind(&mut self, start: usize, most: f64) {
        let added = self.chunks.get_mut(start..).unwrap_or_default();
        if added.iter().map(|c| c.height + c.before).sum::<f64>() <= most
            && let Some((_, all_but_last)) = added.split_last_mut()
        {
            all_but_last.iter_mut().for_each(|c| c.keep = true);
        }
    }

    /// A caption; stays with what follows.
    pub fn caption(&mut self, caption: &str, parent: usize, anchor: Option<&str>) -> Result<(), ReportError> {
        // A section has no caption of its own in the standard structure types.
        let grouping = self.tree.nodes.get(parent).is_some_and(|n| n.role == "Sect");
        let owner = Some(self.tree.add(parent, if grouping { "P" } else { "Caption" }));
        let caption = [Inline::Text { text: caption.to_owned() }];
        let lines = self.setter().lines(&caption, MEASURE, style(Face::SemiBold, 9.0, Ink::Text), owner)?;
        let start = self.chunks.len();
        self.lines(&lines, SIDE, 9.0, 12.5, 16.0);
        for chunk in self.chunks.iter_mut().skip(start) {
            chunk.keep = true;
        }
        if let Some(chunk) = self.chunks.get_mut(start) {
            chunk.anchors.extend(anchor.map(str::to_owned));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.height += 3.0;
        }
        Ok(())
    }

    fn cover(&mut self, document: &Document, cover: &Cover) -> Result<(), ReportError> {
        let node = self.tree.add(0, "Sect");
        let top = if cover.full_page { 150.0 } else { 0.0 };
        let named = if document.accent.is_some() { Ink::Accent } else { Ink::Muted };
        let rows: [(&str, &'static str, Style, f64, f64); 4] = [
            (&document.organization, "P", style(Face::SemiBold, 10.0, named), 15.0, top),
            (&document.title, "H1", style(Face::Bold, 25.0, Ink::Text), 31.0, 4.0),
            (&document.period, "P", style(Face::Regular, 13.5, Ink::Text), 19.0, 2.0),
            (&document.subtitle, "P", style(Face::Regular, 9.5, Ink::Muted), 14.0, 4.0),
        ];
        let start = self.chunks.len();
        if let Some(logo) = &document.logo {
            let (width, height) = logo.fit(195.0, 48.0);
            let owner = Some(self.tree.figure(node, &logo_alt(document)));
            let items = vec![Placed { owner, item: Item::Logo { area: [SIDE, 0.0, width, height] } }];
            self.add(Chunk { height: height + 10.0, keep: true, items, ..Chunk::default() });
        }
        for (words, role, style, leading, before) in rows {
            if words.is_empty() {
                continue;
            }
            let owner = Some(self.tree.add(node, role));
            let inlines = [Inline::Text { text: words.to_owned() }];
            let lines = self.setter().lines(&inlines, MEASURE, style, owner)?;
            self.lines(&lines, SIDE, style.size, leading, before);
        }
        if top > 0.0 {
            // At the top of a page room above is dropped; a full page's title stands lower on purpose.
            self.chunks.insert(start, Chunk { height: top, keep: true, ..Chunk::default() });
        }
        self.fact_grid(&cover.facts, node)?;
        self.new_page = cover.full_page;
        Ok(())
    }

    /// Facts side by side, three to a row, under a rule.
    fn fact_grid(&mut self, facts: &[Fact], parent: usize) -> Result<(), ReportError> {
        let gap = 18.0;
        for (n, row) in facts.chunks(3).enumerate() {
            let width = (MEASURE - gap * 2.0) / 3.0;
            let mut chunk = Chunk { before: if n == 0 { 14.0 } else { 4.0 }, ..Chunk::default() };
            let top = if n == 0 {
                rule(SIDE, 0.0, MEASURE, Ink::Rule, 0.8, &mut chunk.items);
                9.0
            } else {
                0.0
            };
            for (column, fact) in row.iter().enumerate() {
                let x = SIDE + (width + gap) * column as f64;
                let owner = Some(self.tree.add(parent, "P"));
                let label = self.setter().single(&fact.label, style(Face::Regular, 7.6, Ink::Muted), owner)?;
                label.place(x, top + 8.0, &mut chunk.items);
                let lines = self.setter().lines(&fact.value, width, style(Face::Regular, 8.2, Ink::Text), owner)?;
                for (k, line) in lines.iter().enumerate() {
                    line.place(x, top + 19.5 + 11.4 * k as f64, &mut chunk.items);
                }
                chunk.height = chunk.height.max(top + 12.0 + 11.4 * lines.len() as f64 + 2.0);
            }
            self.add(chunk);
        }
        Ok(())
    }

    fn toc(&mut self, document: &Document, toc: &Toc) -> Result<(), ReportError> {
        let node = self.tree.add(0, "TOC");
        self.caption(&toc.title, node, None)?;
        let start = self.chunks.len();
        for block in &document.blocks {
            let Block::Heading(h) = block else { continue };
            if h.level > toc.depth {
                continue;
            }
            let item = self.tree.add(node, "TOCI");
            let ink = if h.level == 1 { Ink::Text } else { Ink::Muted };
            let style = style(Face::Regular, 8.8, ink);
            let indent = 12.0 * f64::from(h.level - 1);
            let owner = Some(self.tree.add(item, "Link"));
            let words = [Inline::Text { text: h.text.clone() }];
            let lines = self.setter().lines(&words, MEASURE - indent - 40.0, style, owner)?;
            let last = lines.len().saturating_sub(1);
            for (n, line) in lines.iter().enumerate() {
                let mut chunk = Chunk { height: 13.6, keep: n < last, ..Chunk::default() };
                line.place(SIDE + indent, baseline(8.8, 13.6), &mut chunk.items);
                if n == last {
                    let y = baseline(8.8, 13.6);
                    let page = Item::PageOf {
                        x: SIDE + MEASURE,
                        y,
                        style: Style { tabular: true, ..style },
                        id: h.id.clone(),
                    };
                    chunk.items.push(Placed { owner, item: page });
                    let area = [SIDE, 0.0, MEASURE, 13.6];
                    let target = std::rc::Rc::new(crate::block::Target::Id(h.id.clone()));
                    chunk.items.push(Placed { owner, item: Item::Link { area, target, text: h.text.clone() } });
                    rule(SIDE, 13.3, MEASURE, Ink::Rule, 0.4, &mut chunk.items);
                }
                self.add(chunk);
            }
        }
        self.bind(start, 200.0);
        Ok(())
    }

    fn heading(&mut self, heading: &Heading) -> Result<(), ReportError> {
        let (size, leading, before, role) = match heading.level {
            1 => (16.0, 21.0, 38.0, "H2"),
            2 => (12.0, 16.0, 20.0, "H3"),
            3 => (10.0, 14.0, 14.0, "H4"),
            _ => (9.5, 13.5, 12.0, "H5"),
        };
        let owner = Some(self.tree.add(0, role));
        let words = [Inline::Text { text: heading.text.clone() }];
        let lines = self.setter().lines(&words, MEASURE, style(Face::SemiBold, size, Ink::Text), owner)?;
        let start = self.chunks.len();
        self.lines(&lines, SIDE, size, leading, before);
        let last = self.chunks.len() - 1;
        for chunk in self.chunks.iter_mut().skip(start) {
            chunk.keep = true;
        }
        if let Some(chunk) = self.chunks.get_mut(start) {
            chunk.anchors.push(heading.id.clone());
            chunk.outline = Some((heading.level, heading.text.clone()));
            if heading.level == 1 {
                rule(SIDE, -9.0, MEASURE, Ink::Rule, 0.8, &mut chunk.above);
            }
        }
        if let Some(chunk) = self.chunks.get_mut(last) {
            chunk.height += 3.0;
        }
        Ok(())
    }

    fn para(&mut self, para: &Para) -> Result<(), ReportError> {
        let (style, leading, before) = match para.role {
            ParaRole::Body => (style(Face::Regular, BODY.0, Ink::Text), BODY.1, 6.0),
            ParaRole::Lead => (style(Face::Regular, 12.0, Ink::Text), 17.5, 16.0),
            ParaRole::Note => (style(Face::Regular, SMALL.0, Ink::Muted), SMALL.1, 6.0),
        };
        let owner = Some(self.tree.add(0, "P"));
        let lines = self.setter().lines(&para.inlines, READING, style, owner)?;
        self.lines(&lines, SIDE, style.size, leading, before);
        Ok(())
    }

    fn key_value(&mut self, pairs: &KeyValue) -> Result<(), ReportError> {
        let label_width = 120.0;
        let x = SIDE + label_width + 14.0;
        // A short list is read at one glance.
        let few = pairs.facts.len() <= 6;
        for (n, fact) in pairs.facts.iter().enumerate() {
            let owner = Some(self.tree.add(0, "P"));
            let label = [Inline::Text { text: fact.label.clone() }];
            let label =
                self.setter().lines(&label, label_width, style(Face::Regular, SMALL.0 + 0.5, Ink::Muted), owner)?;
            let value = self.setter().lines(
                &fact.value,
                MEASURE - label_width - 14.0,
                style(Face::Regular, SMALL.0 + 0.5, Ink::Text),
                owner,
            )?;
            let count = label.len().max(value.len());
            for k in 0..count {
                let top = if k == 0 { 2.6 } else { 0.0 };
                let before = if n == 0 && k == 0 { 6.0 } else { 0.0 };
                let mut chunk = Chunk { height: 11.6 + top, before, ..Chunk::default() };
                let last = n + 1 == pairs.facts.len() && k + 1 == count;
                chunk.keep = (few && !last) || (count > 1 && (k == 0 || k + 2 == count));
                if let Some(line) = label.get(k) {
                    line.place(SIDE, top + baseline(8.5, 11.6), &mut chunk.items);
                }
                if let Some(line) = value.get(k) {
                    line.place(x, top + baseline(8.5, 11.6), &mut chunk.items);
                }
                if k + 1 == count {
                    chunk.height += 2.6;
                    let y = chunk.height;
                    rule(SIDE, y, MEASURE, Ink::Rule, 0.5, &mut chunk.items);
                }
                self.add(chunk);
            }
        }
        Ok(())
    }

    fn callout(&mut self, callout: &Callout) -> Result<(), ReportError> {
        let node = self.tree.add(0, "Sect");
        let x = SIDE + 14.0;
        let ink = if callout.tone == Tone::Neutral { Ink::Rule } else { marks::ink_of_tone(callout.tone) };
        let start = self.chunks.len();
        let owner = Some(self.tree.add(node, "P"));
        let mark = marks::of_tone(callout.tone);
        let indent = if mark.is_some() { BODY.0 * 1.12 } else { 0.0 };
        let title = [Inline::Text { text: callout.title.clone() }];
        let lines = self.setter().lines(&title, READING - indent, style(Face::SemiBold, BODY.0, Ink::Text), owner)?;
        self.lines(&lines, x + indent, BODY.0, BODY.1, 14.0);
        if let (Some(mark), Some(chunk)) = (mark, self.chunks.get_mut(start)) {
            place_mark(Mark::State(mark), x, baseline(BODY.0, BODY.1), BODY.0, &mut chunk.items);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.keep = true;
        }
        let owner = Some(self.tree.add(node, "P"));
        let lines = self.setter().lines(&callout.inlines, READING, style(Face::Regular, BODY.0, Ink::Text), owner)?;
        self.lines(&lines, x, BODY.0, BODY.1, 0.0);
        for chunk in self.chunks.iter_mut().skip(start) {
            let dash = (callout.tone == Tone::Unknown).then_some((2.0, 2.0));
            let stroke = drawing::Stroke { dash, ..solid(ink, 2.4) };
            chunk.items.push(furniture(drawing::line((SIDE + 1.2, 0.0), (SIDE + 1.2, chunk.height), stroke)));
        }
        Ok(())
    }

    fn list(&mut self, list: &List) -> Result<(), ReportError> {
        let node = self.tree.add(0, "L");
        for (n, item) in list.items.iter().enumerate() {
            let element = self.tree.add(node, "LI");
            let label = Some(self.tree.add(element, "Lbl"));
            let body = Some(self.tree.add(element, "LBody"));
            let sign = if list.ordered { format!("{}.", n + 1) } else { "•".to_owned() };
            let muted = Style { tabular: true, ..style(Face::Regular, BODY.0, Ink::Muted) };
            let sign = self.setter().single(&sign, muted, label)?;
            let lines = self.setter().lines(item, READING - 18.0, style(Face::Regular, BODY.0, Ink::Text), body)?;
            let start = self.chunks.len();
            self.lines(&lines, SIDE + 18.0, BODY.0, BODY.1, if n == 0 { 6.0 } else { 2.5 });
            if let Some(chunk) = self.chunks.get_mut(start) {
                let mut items = Vec::new();
                sign.place(SIDE + 2.0, baseline(BODY.0, BODY.1), &mut items);
                chunk.items.splice(0..0, items);
            }
        }
        Ok(())
    }

    fn completeness(&mut self, completeness: &Completeness) -> Result<(), ReportError> {
        let node = self.tree.add(0, "Sect");
        let start = self.chunks.len();
        let told =
            |words: &str, value: &str| if value.is_empty() { String::new() } else { format!("; {words} {value}") };
        let identity = told("read by", &completeness.identity);
        let extracted = told("extracted", &completeness.extracted);
        let title = [
            (strong("Completeness and accuracy"), Ink::Muted),
            (
                text(format!("\u{a0}\u{a0} {} rows in the table{identity}{extracted}", completeness.rows_in_table)),
                Ink::Muted,
            ),
        ];
        self.panel_line(node, &title, 6.0, 10.0)?;
        self.chunks.iter_mut().skip(start).for_each(|chunk| chunk.keep = true);
        for source in &completeness.sources {
            let first = self.chunks.len();
            for (n, inlines) in source_lines(source).iter().enumerate() {
                self.panel_line(node, inlines, if n == 0 { 5.0 } else { 0.0 }, 0.0)?;
            }
            // A source's first two lines stay together.
            if let Some(chunk) = self.chunks.get_mut(first) {
                chunk.keep = true;
            }
        }
        if !completeness.note.is_empty() {
            let note: Vec<(Inline, Ink)> = completeness.note.iter().map(|i| (i.clone(), Ink::Muted)).collect();
            self.panel_line(node, &note, 5.0, 0.0)?;
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.height += 6.0;
        }
        self.bind(start, 200.0);
        for chunk in self.chunks.iter_mut().skip(start) {
            let area = [SIDE, 0.0, MEASURE, chunk.height];
            chunk.items.insert(0, Placed { owner: None, item: Item::Ground { area } });
        }
        Ok(())
    }

    fn panel_line(&mut self, node: usize, inlines: &[(Inline, Ink)], top: f64, before: f64) -> Result<(), ReportError> {
        let owner = Some(self.tree.add(node, "P"));
        let styled: Vec<(&Inline, Style)> =
            inlines.iter().map(|(inline, ink)| (inline, style(Face::Regular, TINY.0, *ink))).collect();
        let lines = self.setter().mixed(&styled, MEASURE - 20.0, owner)?;
        for (n, line) in lines.iter().enumerate() {
            let (top, before) = if n == 0 { (top, before) } else { (0.0, 0.0) };
            let mut chunk = Chunk { height: TINY.1 + top, before, ..Chunk::default() };
            line.place(SIDE + 10.0, top + baseline(TINY.0, TINY.1), &mut chunk.items);
            self.add(chunk);
        }
        Ok(())
    }
}

fn source_lines(source: &Provenance) -> Vec<Vec<(Inline, Ink)>> {
    let label = |words: &str| (text(format!("{words} ")), Ink::Muted);
    let value = |words: &str| (text(format!("{words}\u{a0}\u{a0}\u{a0} ")), Ink::Text);
    let mut objects = vec![label("Objects")];
    for object in &source.objects {
        objects.extend([(code(short_hash(object)), Ink::Text), (text(" "), Ink::Text)]);
    }
    let mut first = vec![
        (strong(&source.source), Ink::Text),
        (text("\u{a0}\u{a0} "), Ink::Text),
        (badge(source.state, source_word(source.state)), Ink::Text),
        (text("\u{a0}\u{a0}\u{a0} "), Ink::Text),
        label("Rows used"),
        value(&source.rows),
        label("at source"),
        value(&source.rows_at_source),
        label("Query"),
        (code(&source.query), Ink::Text),
        (text("\u{a0}\u{a0}\u{a0} "), Ink::Text),
    ];
    for (words, told) in [("Identity", &source.identity), ("Extracted", &source.extracted)] {
        if !told.is_empty() {
            first.extend([label(words), value(told)]);
        }
    }
    let mut lines = vec![first, vec![label("Window"), value(&source.window)]];
    // Tables that share their sources list the objects once, elsewhere.
    if !source.objects.is_empty() {
        lines.push(objects);
    }
    lines
}

/// Where the baseline of a line stands below its top.
pub const fn baseline(size: f64, leading: f64) -> f64 {
    (leading - size) / 2.0 + size * 0.86
}

/// Places a horizontal rule.
pub fn rule(x: f64, y: f64, width: f64, ink: Ink, weight: f64, out: &mut Vec<Placed>) {
    out.push(furniture(drawing::line((x, y), (x + width, y), solid(ink, weight))));
}

/// A shape that is no content.
pub fn furniture(shape: drawing::Shape) -> Placed {
    let item = match shape {
        drawing::Shape::Path { points, closed, fill, stroke } => Item::Path { points, closed, fill, stroke },
        drawing::Shape::Circle { centre, radius, fill, stroke } => Item::Circle { centre, radius, fill, stroke },
        drawing::Shape::Text { .. } => Item::Ground { area: [0.0; 4] },
    };
    Placed { owner: None, item }
}
