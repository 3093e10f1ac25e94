//! The laid-out report: pages of placed items, with anchors, outline and structure. It knows nothing of PDF syntax,
//! so that another writer can take it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::block::Target;
use crate::drawing::{Ink, Stroke};
use crate::pdf::fonts::{Face, Word};

/// Width of an A4 page in points.
pub const WIDTH: f64 = 595.28;
/// Height of an A4 page in points.
pub const HEIGHT: f64 = 841.89;

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Typeface.
    pub face: Face,
    /// Size in points.
    pub size: f64,
    /// Colour.
    pub ink: Ink,
    /// Figures of equal width.
    pub tabular: bool,
}

/// A line of words in one style; `y` is the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Left end.
    pub x: f64,
    /// Baseline, from the top of the page.
    pub y: f64,
    /// Style.
    pub style: Style,
    /// The words and blanks, set one after the other.
    pub words: Vec<Rc<Word>>,
}

/// What can be placed; y grows downwards.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text.
    Run(Run),
    /// A path.
    Path {
        /// Corners.
        points: Vec<(f64, f64)>,
        /// Joined to its beginning.
        closed: bool,
        /// Fill.
        fill: Option<Ink>,
        /// Stroke.
        stroke: Option<Stroke>,
    },
    /// A circle.
    Circle {
        /// Centre.
        centre: (f64, f64),
        /// Radius.
        radius: f64,
        /// Fill.
        fill: Option<Ink>,
        /// Stroke.
        stroke: Option<Stroke>,
    },
    /// A coloured ground behind text.
    Ground {
        /// Left, top, width, height.
        area: [f64; 4],
    },
    /// The document's logo.
    Logo {
        /// Left, top, width, height.
        area: [f64; 4],
    },
    /// An area that leads somewhere.
    Link {
        /// Left, top, width, height.
        area: [f64; 4],
        /// Where to.
        target: Rc<Target>,
        /// Its words.
        text: String,
    },
    /// The number of the page on which an anchor stands; `x` is its right end. Resolved after all pages are known.
    PageOf {
        /// Right end.
        x: f64,
        /// Baseline.
        y: f64,
        /// Style.
        style: Style,
        /// Anchor.
        id: String,
    },
}

impl Item {
    /// Moves an item down.
    pub fn lower(&mut self, by: f64) {
        match self {
            Item::Run(run) => run.y += by,
            Item::Path { points, .. } => points.iter_mut().for_each(|p| p.1 += by),
            Item::Circle { centre, .. } => centre.1 += by,
            Item::Ground { area } | Item::Logo { area } | Item::Link { area, .. } => area[1] += by,
            Item::PageOf { y, .. } => *y += by,
        }
    }
}

/// An item with the structure element it belongs to; none for furniture such as rules and running headers.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Structure element.
    pub owner: Option<usize>,
    /// Item.
    pub item: Item,
}

/// An entry of the outline.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlineEntry {
    /// 1 is the outermost.
    pub level: u8,
    /// Title.
    pub title: String,
    /// Page, from 0.
    pub page: usize,
    /// Distance from the top of the page.
    pub y: f64,
}

/// An element of the structure tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Standard structure type.
    pub role: &'static str,
    /// Parent; the root is its own.
    pub parent: usize,
    /// Alternative text; empty for none.
    pub alt: String,
}

/// The structure tree; element 0 is the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// Elements; a parent comes before its children.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// A tree of the document alone.
    pub fn new() -> Tree {
        Tree { nodes: vec![Node { role: "Document", parent: 0, alt: String::new() }] }
    }

    /// Adds an element.
    pub fn add(&mut self, parent: usize, role: &'static str) -> usize {
        self.nodes.push(Node { role, parent, alt: String::new() });
        self.nodes.len() - 1
    }

    /// Adds a figure with its alternative text.
    pub fn figure(&mut self, parent: usize, alt: &str) -> usize {
        self.nodes.push(Node { role: "Figure", parent, alt: alt.to_owned() });
        self.nodes.len() - 1
    }
}

/// The laid-out report.
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// Items of each page.
    pub pages: Vec<Vec<Placed>>,
    /// Page and distance from its top of each anchor.
    pub anchors: BTreeMap<String, (usize, f64)>,
    /// Outline, in order.
    pub outline: Vec<OutlineEntry>,
    /// Structure.
    pub tree: Tree,
}
