//! Breaks inlines into lines.
//!
//! Lines break at blanks. A word wider than the line breaks after punctuation, and failing that anywhere, so that no
//! identifier, however long, leaves its column.

use std::rc::Rc;

use crate::block::{Inline, Severity, State, Target};
use crate::drawing::Ink;
use crate::error::ReportError;
use crate::pdf::fonts::{Face, Fonts, Word};
use crate::pdf::paper::{Item, Placed, Run, Style, Tree};
use crate::{drawing, marks};

/// A mark inside a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// Of a state.
    State(State),
    /// Of a severity.
    Severity(Severity),
}

#[derive(Debug, Clone)]
enum Content {
    Word(Rc<Word>),
    Mark(Mark),
}

/// A piece that no line break divides.
#[derive(Debug, Clone)]
struct Piece {
    content: Content,
    width: f64,
    style: Style,
    link: Option<(Rc<Target>, usize)>,
    owner: Option<usize>,
    /// The blank before it, when it is not first on its line.
    gap: Option<Rc<Word>>,
    gap_width: f64,
    /// A forced break before it.
    broken: bool,
}

/// A line, ready to be placed.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pieces: Vec<Piece>,
    /// Width of its content.
    pub width: f64,
}

/// What inlines need to become lines.
pub struct Setter<'a> {
    /// Fonts.
    pub fonts: &'a mut Fonts,
    /// Structure tree, for links.
    pub tree: &'a mut Tree,
}

impl Setter<'_> {
    /// Sets inlines into lines of at most `width`. At least one line comes back, so that empty cells have a height.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn lines(
        &mut self,
        inlines: &[Inline],
        width: f64,
        style: Style,
        owner: Option<usize>,
    ) -> Result<Vec<Line>, ReportError> {
        let styled: Vec<(&Inline, Style)> = inlines.iter().map(|inline| (inline, style)).collect();
        self.mixed(&styled, width, owner)
    }

    /// Sets inlines that each have a style of their own.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn mixed(
        &mut self,
        inlines: &[(&Inline, Style)],
        width: f64,
        owner: Option<usize>,
    ) -> Result<Vec<Line>, ReportError> {
        let pieces = self.pieces(inlines, owner)?;
        let mut lines = Vec::new();
        let mut line = Line::default();
        let mut rest = pieces.into_iter().peekable();
        while let Some(first) = rest.next() {
            // Pieces without a blank between them stay together where the line is wide enough.
            let mut group = vec![first];
            while rest.peek().is_some_and(|p| p.gap.is_none() && !p.broken) {
                group.extend(rest.next());
            }
            let group_width: f64 = group.iter().map(|p| p.width).sum();
            let (gap, broken) = group.first().map_or((0.0, false), |p| (p.gap_width, p.broken));
            let fits = line.pieces.is_empty() || line.width + gap + group_width <= width + 0.01;
            if broken || !fits && !line.pieces.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if group_width <= width + 0.01 {
                for piece in group {
                    line.push(piece);
                }
            } else {
                self.split(group, width, &mut line, &mut lines)?;
            }
        }
        lines.push(line);
        Ok(lines)
    }

    /// One line of plain text, never broken.
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no font has.
    pub fn single(&mut self, text: &str, style: Style, owner: Option<usize>) -> Result<Line, ReportError> {
        let inlines = [Inline::Text { text: text.to_owned() }];
        Ok(self.lines(&inlines, f64::INFINITY, style, owner)?.into_iter().next().unwrap_or_default())
    }

    fn pieces(&mut self, inlines: &[(&Inline, Style)], owner: Option<usize>) -> Result<Vec<Piece>, ReportError> {
        let mut state = Pieces { out: Vec::new(), blank: false, broken: false };
        for (inline, style) in inlines {
            let style = *style;
            match inline {
                Inline::Text { text } => self.words(&mut state, text, style, None, owner)?,
                Inline::Strong { text } => {
                    let face = if style.face == Face::Bold { Face::Bold } else { Face::SemiBold };
                    self.words(&mut state, text, Style { face, ..style }, None, owner)?;
                }
                Inline::Code { text } => {
                    let size = style.size * 0.9;
                    self.words(&mut state, text, Style { face: Face::Mono, size, ..style }, None, owner)?;
                }
                Inline::Link { to: Target::File(_), text } => {
                    let size = style.size * 0.9;
                    self.words(&mut state, text, Style { face: Face::Mono, size, ..style }, None, owner)?;
                }
                // A place in another file is for those who have that file beside this one.
                Inline::Link { to: Target::Place { .. }, text } => self.words(&mut state, text, style, None, owner)?,
                Inline::Link { to, text } => {
                    let node = owner.map(|o| self.tree.add(o, "Link"));
                    let link = Some((Rc::new(to.clone()), node.unwrap_or(0)));
                    let style = Style { ink: Ink::Accent, ..style };
                    self.words(&mut state, text, style, link, node.or(owner))?;
                }
                Inline::Badge { state: mark, text } => {
                    let words = if text.is_empty() { mark.word() } else { text };
                    self.mark(&mut state, Mark::State(*mark), words, style, owner)?;
                }
                Inline::Severity { severity } => {
                    self.mark(&mut state, Mark::Severity(*severity), severity.word(), style, owner)?;
                }
                Inline::Break => state.broken = true,
            }
        }
        Ok(state.out)
    }

    fn mark(
        &mut self,
        state: &mut Pieces,
        mark: Mark,
        word: &str,
        style: Style,
        owner: Option<usize>,
    ) -> Result<(), ReportError> {
        let width = style.size * 1.12;
        self.push(state, Content::Mark(mark), width, style, None, owner)?;
        self.words(state, word, style, None, owner)
    }

    fn words(
        &mut self,
        state: &mut Pieces,
        text: &str,
        style: Style,
        link: Option<(Rc<Target>, usize)>,
        owner: Option<usize>,
    ) -> Result<(), ReportError> {
        let text = crate::visible::visible(text);
        let mut rest: &str = &text;
        while !rest.is_empty() {
            let blank = rest.len() - rest.trim_start_matches(' ').len();
            if blank > 0 {
                state.blank = true;
                rest = rest.get(blank..).unwrap_or_default();
                continue;
            }
            let end = rest.find(' ').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let word = self.fonts.shape(style.face, style.tabular, word)?;
            let width = f64::from(word.width) * style.size / 1000.0;
            self.push(state, Content::Word(word), width, style, link.clone(), owner)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        state: &mut Pieces,
        content: Content,
        width: f64,
        style: Style,
        link: Option<(Rc<Target>, usize)>,
        owner: Option<usize>,
    ) -> Result<(), ReportError> {
        // A blank has the style of what stands before it, but beside running text never the width of a monospaced one.
        let before = state.out.last().map(|p| if p.style.face == Face::Mono { style } else { p.style });
        let before = before.filter(|_| state.blank);
        let gap = before.map(|b| self.fonts.shape(b.face, b.tabular, " ")).transpose()?;
        let size = before.map_or(0.0, |b| b.size);
        let gap_width = gap.as_ref().map_or(0.0, |g| f64::from(g.width) * size / 1000.0);
        state.out.push(Piece { content, width, style, link, owner, gap, gap_width, broken: state.broken });
        (state.blank, state.broken) = (false, false);
        Ok(())
    }

    /// Divides pieces that together are wider than a line.
    fn split(
        &mut self,
        group: Vec<Piece>,
        width: f64,
        line: &mut Line,
        lines: &mut Vec<Line>,
    ) -> Result<(), ReportError> {
        for piece in group {
            let Content::Word(word) = &piece.content else {
                if line.width + piece.width > width && !line.pieces.is_empty() {
                    lines.push(std::mem::take(line));
                }
                line.push(piece);
                continue;
            };
            let mut rest: &str = &word.text;
            while !rest.is_empty() {
                let gap = if line.pieces.is_empty() { 0.0 } else { piece.gap_width };
                let room = width - line.width - gap;
                let cut = self.cut(rest, piece.style, room, line.pieces.is_empty())?;
                if cut == 0 {
                    lines.push(std::mem::take(line));
                    continue;
                }
                let (part, after) = rest.split_at(cut);
                let part = self.fonts.shape(piece.style.face, piece.style.tabular, part)?;
                let part_width = f64::from(part.width) * piece.style.size / 1000.0;
                line.push(Piece { content: Content::Word(part), width: part_width, ..piece.clone() });
                rest = after;
                if !rest.is_empty() {
                    lines.push(std::mem::take(line));
                }
            }
        }
        Ok(())
    }

    /// How many bytes of a word fit into `room`: up to the last punctuation mark, else up to the last character. On an
    /// empty line at least one character is taken.
    fn cut(&mut self, text: &str, style: Style, room: f64, empty: bool) -> Result<usize, ReportError> {
        let mut wide = 0.0;
        let mut any = 0;
        let mut good = 0;
        for (at, c) in text.char_indices() {
            let mut buffer = [0; 4];
            let glyph = self.fonts.shape(style.face, style.tabular, c.encode_utf8(&mut buffer))?;
            wide += f64::from(glyph.width) * style.size / 1000.0;
            let end = at + c.len_utf8();
            if wide > room && !(empty && any == 0) {
                return Ok(if good > 0 { good } else { any });
            }
            any = end;
            if "-/_.:,;=?&@\\|".contains(c) {
                good = end;
            }
        }
        Ok(text.len())
    }
}

struct Pieces {
    out: Vec<Piece>,
    blank: bool,
    broken: bool,
}

impl Line {
    fn push(&mut self, piece: Piece) {
        let gap = if self.pieces.is_empty() { 0.0 } else { piece.gap_width };
        self.width += gap + piece.width;
        self.pieces.push(piece);
    }

    /// Places the line with its left end at `x` and its baseline at `y`.
    pub fn place(&self, x: f64, y: f64, out: &mut Vec<Placed>) {
        let mut pen = x;
        let mut run: Option<(Run, Option<usize>, f64)> = None;
        let mut link: Option<LinkArea> = None;
        for (n, piece) in self.pieces.iter().enumerate() {
            let gap = if n == 0 { None } else { piece.gap.as_ref() };
            let gap_width = if n == 0 { 0.0 } else { piece.gap_width };
            let same = run.as_ref().is_some_and(|(r, owner, _)| r.style == piece.style && *owner == piece.owner);
            if !same {
                // The blank before a change of style belongs to the piece before it.
                if let (Some((r, _, _)), Some(gap)) = (run.as_mut(), gap) {
                    r.words.push(Rc::clone(gap));
                }
                flush(&mut run, out);
            }
            let start = pen + gap_width;
            match &piece.content {
                Content::Word(word) => match (run.as_mut(), same) {
                    (Some((r, _, _)), true) => {
                        r.words.extend(gap.map(Rc::clone));
                        r.words.push(Rc::clone(word));
                    }
                    _ => {
                        let fresh = Run { x: start, y, style: piece.style, words: vec![Rc::clone(word)] };
                        run = Some((fresh, piece.owner, start));
                    }
                },
                Content::Mark(mark) => {
                    flush(&mut run, out);
                    place_mark(*mark, start, y, piece.style.size, out);
                }
            }
            pen = start + piece.width;
            self.extend_link(&mut link, piece, start, pen, y, out);
        }
        flush(&mut run, out);
        finish_link(&mut link, out);
    }

    fn extend_link(
        &self,
        link: &mut Option<LinkArea>,
        piece: &Piece,
        from: f64,
        to: f64,
        y: f64,
        out: &mut Vec<Placed>,
    ) {
        let same = match (link.as_ref(), &piece.link) {
            (Some(open), Some((_, node))) => open.node == *node,
            _ => false,
        };
        if !same {
            finish_link(link, out);
        }
        let (Some((target, node)), Content::Word(word)) = (&piece.link, &piece.content) else { return };
        match link {
            Some(open) => {
                open.to = to;
                open.text.push(' ');
                open.text.push_str(&word.text);
            }
            None => {
                *link = Some(LinkArea {
                    target: Rc::clone(target),
                    node: *node,
                    owner: piece.owner,
                    from,
                    to,
                    y,
                    size: piece.style.size,
                    text: word.text.clone(),
                });
            }
        }
    }
}

struct LinkArea {
    target: Rc<Target>,
    node: usize,
    owner: Option<usize>,
    from: f64,
    to: f64,
    y: f64,
    size: f64,
    text: String,
}

fn finish_link(link: &mut Option<LinkArea>, out: &mut Vec<Placed>) {
    let Some(l) = link.take() else { return };
    let stroke = drawing::Stroke { ink: Ink::Accent, width: 0.45, dash: None, round: false };
    let under = l.y + l.size * 0.17;
    let points = vec![(l.from, under), (l.to, under)];
    out.push(Placed { owner: None, item: Item::Path { points, closed: false, fill: None, stroke: Some(stroke) } });
    let area = [l.from, l.y - l.size * 0.8, l.to - l.from, l.size * 1.05];
    out.push(Placed { owner: l.owner, item: Item::Link { area, target: l.target, text: l.text } });
}

fn flush(run: &mut Option<(Run, Option<usize>, f64)>, out: &mut Vec<Placed>) {
    if let Some((run, owner, _)) = run.take() {
        out.push(Placed { owner, item: Item::Run(run) });
    }
}

/// Places a mark beside text of a given size; its meaning is in the word beside it.
pub fn place_mark(mark: Mark, x: f64, y: f64, size: f64, out: &mut Vec<Placed>) {
    let picture = match mark {
        Mark::State(state) => marks::state(state),
        Mark::Severity(severity) => marks::severity(severity),
    };
    let scale = size * 0.76 / marks::SIZE;
    place_drawing(&picture, x, y - size * 0.735, scale, None, out);
}

/// Places a drawing's shapes; text in drawings is placed by the caller.
pub fn place_drawing(
    picture: &drawing::Drawing,
    x: f64,
    y: f64,
    scale: f64,
    owner: Option<usize>,
    out: &mut Vec<Placed>,
) {
    let at = |p: (f64, f64)| (x + p.0 * scale, y + p.1 * scale);
    let thin = |stroke: &Option<drawing::Stroke>| {
        stroke.map(|s| drawing::Stroke {
            width: s.width * scale,
            dash: s.dash.map(|(on, off)| (on * scale, off * scale)),
            ..s
        })
    };
    for shape in &picture.shapes {
        let item = match shape {
            drawing::Shape::Path { points, closed, fill, stroke } => Item::Path {
                points: points.iter().map(|p| at(*p)).collect(),
                closed: *closed,
                fill: *fill,
                stroke: thin(stroke),
            },
            drawing::Shape::Circle { centre, radius, fill, stroke } => {
                Item::Circle { centre: at(*centre), radius: radius * scale, fill: *fill, stroke: thin(stroke) }
            }
            drawing::Shape::Text { .. } => continue,
        };
        out.push(Placed { owner, item });
    }
}
