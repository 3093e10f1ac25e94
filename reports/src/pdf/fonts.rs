//! Fonts: which face has a character, how a word is shaped, how wide it is.
//!
//! Words are shaped once per face and kept. Ligatures and contextual alternates are off, so that each glyph stands
//! for the characters it came from and copied text is what was written. Text is set left to right: scripts that run
//! right to left are kept in logical order and not mirrored.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;
use std::str::FromStr;

use rustybuzz::{BufferClusterLevel, Direction, Feature, Script, ShapePlan, UnicodeBuffer};

use crate::error::ReportError;

/// A typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Face {
    /// Inter 400.
    Regular,
    /// Inter 600.
    SemiBold,
    /// Inter 700.
    Bold,
    /// JetBrains Mono 400.
    Mono,
    /// DejaVu Sans, for characters the others lack.
    Fallback,
}

/// Every face with its PostScript name and file.
const FACES: [(Face, &str, &[u8]); 5] = [
    (Face::Regular, "Inter-Regular", include_bytes!("../../../templates/fonts/Inter-Regular.ttf")),
    (Face::SemiBold, "Inter-SemiBold", include_bytes!("../../../templates/fonts/Inter-SemiBold.ttf")),
    (Face::Bold, "Inter-Bold", include_bytes!("../../../templates/fonts/Inter-Bold.ttf")),
    (Face::Mono, "JetBrainsMono-Regular", include_bytes!("../../../templates/fonts/JetBrainsMono-Regular.ttf")),
    (Face::Fallback, "DejaVuSans", include_bytes!("../../../templates/fonts/DejaVuSans.ttf")),
];

impl Face {
    /// PostScript name.
    pub const fn name(self) -> &'static str {
        FACES[self as usize].1
    }

    /// The font file.
    pub const fn bytes(self) -> &'static [u8] {
        FACES[self as usize].2
    }
}

/// A placed glyph; lengths are in thousandths of the font size.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// Glyph id in the whole font.
    pub id: u16,
    /// Width as the PDF states it.
    pub width: i32,
    /// How far right of the pen it is drawn.
    pub shift: i32,
    /// How far the pen moves beyond `width`: kerning.
    pub kern: i32,
    /// The characters it stands for: bytes of the word's text.
    pub text: Range<u32>,
}

/// Glyphs of one face.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The face; the fallback where the wanted one lacks a character.
    pub face: Face,
    /// The glyphs.
    pub glyphs: Vec<Glyph>,
}

/// A shaped word.
#[derive(Debug, PartialEq)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Its glyphs.
    pub segments: Vec<Segment>,
    /// Its width in thousandths of the font size.
    pub width: i32,
}

impl Word {
    /// The characters that a glyph of this word stands for.
    pub fn text_of(&self, glyph: &Glyph) -> &str {
        self.text.get(glyph.text.start as usize..glyph.text.end as usize).unwrap_or_default()
    }
}

/// Loaded faces and the words shaped so far.
pub struct Fonts {
    faces: Vec<rustybuzz::Face<'static>>,
    plain: Vec<Feature>,
    tabular: Vec<Feature>,
    words: HashMap<(Face, bool), HashMap<String, Rc<Word>>>,
    /// What shaping looks up in a face for a script: the same for every word.
    plans: HashMap<(Face, bool, Script), ShapePlan>,
    /// Where the text now being shaped stands, for messages.
    pub place: String,
}

impl Fonts {
    /// Reads the built-in faces.
    ///
    /// # Errors
    /// [`ReportError::Font`] when a file is damaged.
    pub fn load() -> Result<Fonts, ReportError> {
        let mut faces = Vec::new();
        for (_, name, bytes) in FACES {
            faces.push(rustybuzz::Face::from_slice(bytes, 0).ok_or_else(|| font_fault(name, "is not readable"))?);
        }
        let feature = |text: &str| Feature::from_str(text).map_err(|e| font_fault(text, e));
        let plain = vec![feature("-liga")?, feature("-calt")?, feature("-clig")?];
        let tabular = [plain.clone(), vec![feature("tnum")?]].concat();
        Ok(Fonts { faces, plain, tabular, words: HashMap::new(), plans: HashMap::new(), place: String::new() })
    }

    /// Shapes one word (or blank).
    ///
    /// # Errors
    /// [`ReportError::Glyph`] for a character that no face has.
    pub fn shape(&mut self, face: Face, tabular: bool, text: &str) -> Result<Rc<Word>, ReportError> {
        if let Some(word) = self.words.get(&(face, tabular)).and_then(|words| words.get(text)) {
            return Ok(Rc::clone(word));
        }
        let mut segments = Vec::new();
        let mut start = 0;
        let mut current = face;
        for (at, c) in text.char_indices() {
            let wanted = self.face_for(face, c, text)?;
            if wanted != current {
                self.segment(current, tabular, text, start..at, &mut segments);
                (start, current) = (at, wanted);
            }
        }
        self.segment(current, tabular, text, start..text.len(), &mut segments);
        let width = segments.iter().flat_map(|s: &Segment| &s.glyphs).map(|g| g.width + g.kern).sum();
        let word = Rc::new(Word { text: text.to_owned(), segments, width });
        self.words.entry((face, tabular)).or_default().insert(text.to_owned(), Rc::clone(&word));
        Ok(word)
    }

    /// Metrics the PDF needs of a face: units per em, ascent, descent, bounding box, weight.
    pub fn metrics(&self, face: Face) -> Metrics {
        let data = &self.faces[face as usize];
        let b = data.global_bounding_box();
        Metrics {
            units: u16::try_from(data.units_per_em()).unwrap_or(1000),
            ascent: data.ascender(),
            descent: data.descender(),
            bounds: [b.x_min, b.y_min, b.x_max, b.y_max],
            weight: data.weight().to_number(),
        }
    }

    /// Advances of some glyphs in font units.
    pub fn advances<'a>(&'a self, face: Face, ids: impl Iterator<Item = u16> + 'a) -> BTreeMap<u16, u16> {
        let data = &self.faces[face as usize];
        ids.map(|id| (id, data.glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(id)).unwrap_or(0))).collect()
    }

    fn face_for(&self, face: Face, c: char, text: &str) -> Result<Face, ReportError> {
        [face, Face::Regular, Face::Fallback]
            .into_iter()
            .find(|f| self.faces[*f as usize].glyph_index(c).is_some())
            .ok_or_else(|| ReportError::Glyph {
                character: c,
                place: self.place.clone(),
                context: text.chars().take(60).collect(),
            })
    }

    /// Shapes a part of a word that one face has.
    fn segment(&mut self, face: Face, tabular: bool, word: &str, part: Range<usize>, segments: &mut Vec<Segment>) {
        let Some(text) = word.get(part.clone()).filter(|text| !text.is_empty()) else { return };
        let place = |byte: usize| u32::try_from(part.start + byte).unwrap_or(u32::MAX);
        let data = &self.faces[face as usize];
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_cluster_level(BufferClusterLevel::Characters);
        buffer.guess_segment_properties();
        buffer.set_direction(Direction::LeftToRight);
        let script = buffer.script();
        let features = if tabular { &self.tabular } else { &self.plain };
        let plan = self
            .plans
            .entry((face, tabular, script))
            .or_insert_with(|| ShapePlan::new(data, Direction::LeftToRight, Some(script), None, features));
        let shaped = rustybuzz::shape_with_plan(data, plan, buffer);
        let units = data.units_per_em();
        let thousandths = |value: i32| value * 1000 / units;
        let infos = shaped.glyph_infos();
        let mut glyphs = Vec::with_capacity(infos.len());
        for (n, (info, position)) in infos.iter().zip(shaped.glyph_positions()).enumerate() {
            let id = u16::try_from(info.glyph_id).unwrap_or(0);
            let from = info.cluster as usize;
            let to = infos[n + 1..].iter().map(|i| i.cluster as usize).find(|c| *c > from).unwrap_or(text.len());
            // A second glyph of the same character stands for nothing more.
            let first = n == 0 || infos[n - 1].cluster != info.cluster;
            let advance = data.glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(id)).unwrap_or(0);
            let width = thousandths(i32::from(advance));
            glyphs.push(Glyph {
                id,
                width,
                shift: thousandths(position.x_offset),
                kern: thousandths(position.x_advance) - width,
                text: if first { place(from)..place(to) } else { 0..0 },
            });
        }
        segments.push(Segment { face, glyphs });
    }
}

/// Vertical metrics and bounds of a face in font units.
pub struct Metrics {
    /// Units per em.
    pub units: u16,
    /// Ascent.
    pub ascent: i16,
    /// Descent, negative.
    pub descent: i16,
    /// Least and greatest x and y: x, y, x, y.
    pub bounds: [i16; 4],
    /// Weight, 100 to 900.
    pub weight: u16,
}

fn font_fault(font: &str, what: &str) -> ReportError {
    ReportError::Font { font: font.to_owned(), what: what.to_owned() }
}
