//! Pages to printpdf operations.
//!
//! printpdf embeds fonts whole unless its own layout engine is built in, so the used glyphs are subset here. Text is
//! handed over as characters of a private area, one per glyph of the subset: this gives compact strings and any glyph
//! (tabular figures have no character of their own); the finishing pass then writes the true ToUnicode maps.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use lopdf::{Document as File, Object, Stream};
use model::logo::Logo;
use model::parallel;
use printpdf::{
    Color, DictItem, FontId, FontMetrics, Line, LineCapStyle, LineDashPattern, LineJoinStyle, LinePoint, Mm, Op,
    PaintMode, ParsedFont, PdfDocument, PdfFont, PdfFontHandle, PdfFontMetricsStub, PdfPage, PdfSaveOptions, Point,
    Polygon, PolygonRing, Pt, RawImage, RawImageData, RawImageFormat, Rgb, TextItem, TextMatrix, WindingOrder, XObject,
    XObjectId, XObjectTransform,
};
use sha2::{Digest, Sha256};
use subsetter::GlyphRemapper;

use crate::drawing::{Ink, Stroke};
use crate::error::ReportError;
use crate::pdf::finish::Finish;
use crate::pdf::fonts::{Face, Fonts, Word};
use crate::pdf::output::compressed;
use crate::pdf::paper::{HEIGHT, Item, Paper, Placed, Run, Tree};
use crate::pdf::structure::Structure;
use crate::pdf::{Meta, Tags, Writer};

/// First character of the private area that stands for glyph 0.
const PRIVATE: u32 = 0xF_0000;

/// Resource name of the logo.
const LOGO: &str = "Logo";

/// Writes by way of printpdf and lopdf.
pub struct Printpdf;

/// Pages that are operations at a time: as compressed content they take far less room.
const GROUP: usize = 32;

/// A subset font.
pub struct Subset {
    /// Resource name.
    pub id: String,
    /// Old glyph id to new.
    remapper: GlyphRemapper,
    /// New glyph id to the text it stands for.
    pub text: BTreeMap<u16, String>,
}

/// Fonts by resource name, as printpdf embeds them.
type Embeddable = BTreeMap<FontId, PdfFont>;

/// What pages show by name, as printpdf embeds it.
struct Embedded {
    fonts: Embeddable,
    images: BTreeMap<XObjectId, XObject>,
}

impl Writer for Printpdf {
    fn write(&self, mut paper: Paper, fonts: &Fonts, meta: &Meta<'_>) -> Result<Vec<u8>, ReportError> {
        let (subsets, fonts) = subset(&paper, fonts)?;
        let images = meta.document.logo.iter().map(|logo| (XObjectId(LOGO.to_owned()), image(logo))).collect();
        let embedded = Embedded { fonts, images };
        let accent = meta.document.accent.map_or_else(|| rgb(Ink::Accent), |c| of(c.rgb()));
        let file = printed(vec![PdfPage::new(Mm(210.0), Mm(297.0), specimen(&subsets, &embedded))], &embedded);
        let pages = std::mem::take(&mut paper.pages);
        let mut structure = Structure::new(std::mem::replace(&mut paper.tree, Tree::new()), pages.len(), meta.tags);
        let mut finish = Finish::new(file, pages.len())?;
        let mut rest = pages.into_iter().enumerate();
        let groups = std::iter::from_fn(|| {
            let group = rest.by_ref().take(GROUP).map(|(n, items)| {
                let ops = page_ops(n, &items, &subsets, accent, &mut structure);
                PdfPage::new(Mm(210.0), Mm(297.0), ops)
            });
            Some(group.collect::<Vec<_>>()).filter(|group| !group.is_empty())
        });
        let mut done = Ok(());
        parallel::stream(
            groups,
            |group| contents(&printed(group, &embedded)),
            |streams| {
                let written = streams.and_then(|streams| streams.iter().try_for_each(|s| finish.content(s)));
                done = std::mem::replace(&mut done, Ok(())).and(written);
            },
        );
        done?;
        finish.end(&paper, &structure, &subsets, meta)
    }
}

/// A logo as printpdf embeds it.
fn image(logo: &Logo) -> XObject {
    XObject::Image(RawImage {
        pixels: RawImageData::U8(logo.rgb.clone()),
        width: logo.width as usize,
        height: logo.height as usize,
        data_format: RawImageFormat::RGB8,
        tag: Vec::new(),
    })
}

/// Pages as printpdf writes them.
fn printed(pages: Vec<PdfPage>, embedded: &Embedded) -> File {
    let mut document = PdfDocument::new("");
    document.resources.fonts.map = embedded.fonts.clone();
    document.resources.xobjects.map = embedded.images.clone();
    document.pages = pages;
    let options = PdfSaveOptions { optimize: false, subset_fonts: false, secure: true, image_optimization: None };
    document.to_lopdf_document(&options, &mut Vec::new())
}

/// The content of each page.
fn contents(file: &File) -> Result<Vec<Stream>, ReportError> {
    let fault = |e: lopdf::Error| ReportError::Pdf(e.to_string());
    file.page_iter()
        .map(|page| {
            let content = file.get_dictionary(page).and_then(|p| p.get(b"Contents")?.as_reference()).map_err(fault)?;
            compressed(file.get_object(content).and_then(Object::as_stream).map_err(fault)?.clone())
        })
        .collect()
}

/// Every glyph of every font, and every image: printpdf embeds what a page shows. The page itself is left out of the file.
fn specimen(subsets: &BTreeMap<Face, Subset>, embedded: &Embedded) -> Vec<Op> {
    let mut ops = vec![Op::StartTextSection];
    for subset in subsets.values() {
        ops.push(Op::SetFont { font: PdfFontHandle::External(FontId(subset.id.clone())), size: Pt(1.0) });
        let all = subset.text.keys().filter_map(|id| char::from_u32(PRIVATE + u32::from(*id))).collect();
        ops.push(Op::ShowText { items: vec![TextItem::Text(all)] });
    }
    ops.push(Op::EndTextSection);
    let images = embedded.images.keys().cloned();
    ops.extend(images.map(|id| Op::UseXobject { id, transform: XObjectTransform::default() }));
    ops
}

/// The fonts with the glyphs that the pages show and no other.
fn subset(paper: &Paper, fonts: &Fonts) -> Result<(BTreeMap<Face, Subset>, Embeddable), ReportError> {
    let mut used: BTreeMap<Face, BTreeMap<u16, String>> = BTreeMap::new();
    // Words are shared: each is looked at once.
    let mut seen: HashSet<*const Word> = HashSet::new();
    for placed in paper.pages.iter().flatten() {
        let Item::Run(run) = &placed.item else { continue };
        for word in run.words.iter().filter(|word| seen.insert(Rc::as_ptr(word))) {
            for segment in &word.segments {
                let glyphs = used.entry(segment.face).or_default();
                for glyph in &segment.glyphs {
                    let text = glyphs.entry(glyph.id).or_default();
                    if text.is_empty() {
                        word.text_of(glyph).clone_into(text);
                    }
                }
            }
        }
    }
    let mut subsets = BTreeMap::new();
    let mut embedded = BTreeMap::new();
    for (face, glyphs) in used {
        let fault = |what: String| ReportError::Font { font: face.name().to_owned(), what };
        let mut remapper = GlyphRemapper::new();
        for id in glyphs.keys() {
            remapper.remap(*id);
        }
        let bytes = subsetter::subset(face.bytes(), 0, &remapper).map_err(|e| fault(e.to_string()))?;
        let metrics = fonts.metrics(face);
        let new = |id: &u16| remapper.get(*id).unwrap_or(0);
        let widths: BTreeMap<u16, u16> =
            fonts.advances(face, glyphs.keys().copied()).iter().map(|(id, width)| (new(id), *width)).collect();
        let characters = glyphs.keys().map(|id| (PRIVATE + u32::from(new(id)), new(id))).collect();
        let name = format!("{}+{}", prefix(&bytes), face.name());
        let line = FontMetrics { ascent: metrics.ascent, descent: metrics.descent };
        let mut font = ParsedFont::with_glyph_data(bytes, 0, Some(name), characters, widths, metrics.units, line);
        let [x_min, y_min, x_max, y_max] = metrics.bounds;
        font.pdf_font_metrics = PdfFontMetricsStub {
            units_per_em: metrics.units,
            x_min,
            y_min,
            x_max,
            y_max,
            us_weight_class: metrics.weight,
            ..PdfFontMetricsStub::default()
        };
        let id = format!("Face{}", face as usize);
        embedded.insert(FontId(id.clone()), PdfFont::new(font));
        let text = glyphs.into_iter().map(|(id, text)| (remapper.get(id).unwrap_or(0), text)).collect();
        subsets.insert(face, Subset { id, remapper, text });
    }
    Ok((subsets, embedded))
}

/// Six capitals that mark a subset, derived from its bytes.
fn prefix(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|b| char::from(b'A' + b % 26)).collect()
}

struct Pen<'a> {
    ops: Vec<Op>,
    subsets: &'a BTreeMap<Face, Subset>,
    /// Colour of [`Ink::Accent`].
    accent: (f32, f32, f32),
    fill: Option<(f32, f32, f32)>,
    dashed: bool,
}

fn page_ops(
    page: usize,
    items: &[Placed],
    subsets: &BTreeMap<Face, Subset>,
    accent: (f32, f32, f32),
    structure: &mut Structure,
) -> Vec<Op> {
    let mut pen = Pen { ops: Vec::new(), subsets, accent, fill: None, dashed: false };
    let mut open: Option<Option<usize>> = None;
    for placed in items {
        if let Item::Link { area, target, text } = &placed.item {
            structure.link(page, placed.owner, *area, target, text);
            continue;
        }
        if structure.tags == Tags::With && open != Some(placed.owner) {
            if open.is_some() {
                pen.ops.push(Op::EndMarkedContent);
            }
            pen.begin(structure.content(page, placed.owner), structure.role(placed.owner));
            open = Some(placed.owner);
        }
        pen.item(&placed.item);
    }
    if open.is_some() {
        pen.ops.push(Op::EndMarkedContent);
    }
    pen.ops
}

impl Pen<'_> {
    /// Begins content of a structure element, by its number on the page, or furniture.
    fn begin(&mut self, number: Option<u32>, role: &str) {
        self.ops.push(match number {
            Some(number) => {
                let map = BTreeMap::from([("MCID".to_owned(), DictItem::Int(number.into()))]);
                Op::BeginMarkedContentWithProperties { tag: role.to_owned(), properties: DictItem::Dict { map } }
            }
            None => Op::BeginMarkedContent { tag: "Artifact".to_owned() },
        });
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Run(run) => self.run(run),
            Item::Path { points, closed, fill, stroke } => {
                let points = points.iter().map(|p| corner(*p, false)).collect();
                self.path(points, *closed, *fill, stroke.as_ref());
            }
            Item::Circle { centre, radius, fill, stroke } => {
                self.path(circle(*centre, *radius), true, *fill, stroke.as_ref());
            }
            Item::Ground { area: [x, y, width, height] } => {
                let points = [(*x, *y), (x + width, *y), (x + width, y + height), (*x, y + height)];
                self.colour(RAISED);
                self.polygon(points.iter().map(|p| corner(*p, false)).collect());
            }
            Item::Logo { area } => self.logo(*area),
            // Links are annotations; page numbers were resolved before.
            Item::Link { .. } | Item::PageOf { .. } => {}
        }
    }

    fn run(&mut self, run: &Run) {
        self.colour(self.rgb(run.style.ink));
        self.ops.push(Op::StartTextSection);
        let matrix = TextMatrix::Raw([1.0, 0.0, 0.0, 1.0, round(run.x), round(HEIGHT - run.y)]);
        self.ops.push(Op::SetTextMatrix { matrix });
        let mut face = None;
        let mut items = Vec::new();
        let mut text = String::new();
        for segment in run.words.iter().flat_map(|w| &w.segments) {
            let Some(subset) = self.subsets.get(&segment.face) else { continue };
            if face != Some(segment.face) {
                show(&mut self.ops, &mut items, &mut text);
                let font = PdfFontHandle::External(FontId(subset.id.clone()));
                self.ops.push(Op::SetFont { font, size: Pt(round(run.style.size)) });
                face = Some(segment.face);
            }
            for glyph in &segment.glyphs {
                shift(&mut items, &mut text, glyph.shift);
                let code = PRIVATE + u32::from(subset.remapper.get(glyph.id).unwrap_or(0));
                text.extend(char::from_u32(code));
                shift(&mut items, &mut text, glyph.kern - glyph.shift);
            }
        }
        show(&mut self.ops, &mut items, &mut text);
        self.ops.push(Op::EndTextSection);
    }

    fn logo(&mut self, [x, y, width, height]: [f64; 4]) {
        // An image is a square of one point until it is scaled.
        let transform = XObjectTransform {
            translate_x: Some(Pt(round(x))),
            translate_y: Some(Pt(round(HEIGHT - y - height))),
            scale_x: Some(round(width)),
            scale_y: Some(round(height)),
            no_auto_scale: true,
            ..XObjectTransform::default()
        };
        self.ops.push(Op::UseXobject { id: XObjectId(LOGO.to_owned()), transform });
    }

    fn path(&mut self, points: Vec<LinePoint>, closed: bool, fill: Option<Ink>, stroke: Option<&Stroke>) {
        if let Some(fill) = fill {
            self.colour(self.rgb(fill));
            self.polygon(points.clone());
        }
        let Some(stroke) = stroke else { return };
        let (r, g, b) = self.rgb(stroke.ink);
        self.ops.push(Op::SetOutlineColor { col: Color::Rgb(Rgb { r, g, b, icc_profile: None }) });
        self.ops.push(Op::SetOutlineThickness { pt: Pt(round(stroke.width)) });
        let (cap, join) = if stroke.round {
            (LineCapStyle::Round, LineJoinStyle::Round)
        } else {
            (LineCapStyle::Butt, LineJoinStyle::Miter)
        };
        self.ops.push(Op::SetLineCapStyle { cap });
        self.ops.push(Op::SetLineJoinStyle { join });
        if let Some((on, off)) = stroke.dash {
            self.ops.push(Op::SetLineDashPattern { dash: LineDashPattern::new(0.0, &[round(on), round(off)]) });
            self.dashed = true;
        } else if self.dashed {
            self.ops.push(Op::SetLineDashPattern { dash: LineDashPattern::solid() });
            self.dashed = false;
        }
        self.ops.push(Op::DrawLine { line: Line { points, is_closed: closed } });
    }

    fn polygon(&mut self, points: Vec<LinePoint>) {
        let polygon = Polygon {
            rings: vec![PolygonRing { points }],
            mode: PaintMode::Fill,
            winding_order: WindingOrder::NonZero,
        };
        self.ops.push(Op::DrawPolygon { polygon });
    }

    fn rgb(&self, ink: Ink) -> (f32, f32, f32) {
        if ink == Ink::Accent { self.accent } else { rgb(ink) }
    }

    fn colour(&mut self, colour: (f32, f32, f32)) {
        if self.fill != Some(colour) {
            let (r, g, b) = colour;
            self.ops.push(Op::SetFillColor { col: Color::Rgb(Rgb { r, g, b, icc_profile: None }) });
            self.fill = Some(colour);
        }
    }
}

fn shift(items: &mut Vec<TextItem>, text: &mut String, by: i32) {
    if by != 0 {
        if !text.is_empty() {
            items.push(TextItem::Text(std::mem::take(text)));
        }
        // A positive number moves the pen to the left.
        items.push(TextItem::Offset(-by as f32));
    }
}

fn show(ops: &mut Vec<Op>, items: &mut Vec<TextItem>, text: &mut String) {
    if !text.is_empty() {
        items.push(TextItem::Text(std::mem::take(text)));
    }
    if !items.is_empty() {
        ops.push(Op::ShowText { items: std::mem::take(items) });
    }
}

/// Two decimals: a hundredth of a point is finer than any printer, and short numbers keep files small.
fn round(value: f64) -> f32 {
    ((value * 100.0).round() / 100.0) as f32
}

fn corner((x, y): (f64, f64), bezier: bool) -> LinePoint {
    LinePoint { p: Point { x: Pt(round(x)), y: Pt(round(HEIGHT - y)) }, bezier }
}

/// A circle as four Bézier curves.
fn circle((x, y): (f64, f64), r: f64) -> Vec<LinePoint> {
    let k = r * 0.552_284_75;
    let quarters = [
        [(x + r, y + k), (x + k, y + r), (x, y + r)],
        [(x - k, y + r), (x - r, y + k), (x - r, y)],
        [(x - r, y - k), (x - k, y - r), (x, y - r)],
        [(x + k, y - r), (x + r, y - k), (x + r, y)],
    ];
    let mut points = vec![corner((x + r, y), false)];
    for [first, second, end] in quarters {
        points.extend([corner(first, true), corner(second, true), corner(end, false)]);
    }
    points
}

/// Ground of panels.
const RAISED: (f32, f32, f32) = hex(0xf6, 0xf7, 0xf8);

/// The light palette of the style sheet.
const fn rgb(ink: Ink) -> (f32, f32, f32) {
    match ink {
        Ink::Paper => hex(0xff, 0xff, 0xff),
        Ink::Text => hex(0x18, 0x21, 0x2b),
        Ink::Muted => hex(0x55, 0x60, 0x6c),
        Ink::Rule => hex(0xd3, 0xd9, 0xdf),
        Ink::Accent => hex(0x1d, 0x5b, 0x92),
        Ink::Good => hex(0x2b, 0x8a, 0x72),
        Ink::Late => hex(0xb4, 0x5f, 0x06),
        Ink::Bad => hex(0xb3, 0x26, 0x1e),
        Ink::Missed => hex(0x96, 0x27, 0x6f),
        Ink::Unknown => hex(0x66, 0x71, 0x7d),
    }
}

const fn of([r, g, b]: [u8; 3]) -> (f32, f32, f32) {
    hex(r, g, b)
}

/// Three decimals are enough for eight bits.
const fn hex(r: u8, g: u8, b: u8) -> (f32, f32, f32) {
    const fn part(value: u8) -> f32 {
        (value as u32 * 1000 / 255) as f32 / 1000.0
    }
    (part(r), part(g), part(b))
}
