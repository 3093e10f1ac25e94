//! A small vector drawing: what charts and marks are made of. HTML turns it into SVG, PDF into path operators, so
//! both show the same picture.
//!
//! Coordinates are in points, x to the right, y downwards, the origin at the top left.

/// A drawing of fixed size.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Shapes, painted in order.
    pub shapes: Vec<Shape>,
}

/// A colour by its meaning; each renderer and colour scheme has its own value for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ink {
    /// The page.
    Paper,
    /// Running text.
    Text,
    /// Quieter text.
    Muted,
    /// Hairlines.
    Rule,
    /// Data without judgement, links.
    Accent,
    /// As it should be.
    Good,
    /// Needs attention.
    Late,
    /// Broken.
    Bad,
    /// Absent.
    Missed,
    /// Not known.
    Unknown,
}

impl Ink {
    /// Name used in class names.
    pub const fn slug(self) -> &'static str {
        match self {
            Ink::Paper => "paper",
            Ink::Text => "text",
            Ink::Muted => "muted",
            Ink::Rule => "rule",
            Ink::Accent => "accent",
            Ink::Good => "good",
            Ink::Late => "late",
            Ink::Bad => "bad",
            Ink::Missed => "missed",
            Ink::Unknown => "unknown",
        }
    }
}

/// How a path is stroked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub ink: Ink,
    /// Width.
    pub width: f64,
    /// Lengths of dash and gap; `None` for a solid line.
    pub dash: Option<(f64, f64)>,
    /// Round ends and joins.
    pub round: bool,
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Begins there.
    Start,
    /// Is centred there.
    Middle,
    /// Ends there.
    End,
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Straight lines through points; closed and filled where `fill` is given.
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
    /// A line of text; `at` is on its baseline.
    Text {
        /// Position.
        at: (f64, f64),
        /// Alignment.
        anchor: Anchor,
        /// Size.
        size: f64,
        /// Colour.
        ink: Ink,
        /// Semi-bold.
        strong: bool,
        /// Words.
        text: String,
    },
}

/// A solid stroke with square ends.
pub const fn solid(ink: Ink, width: f64) -> Stroke {
    Stroke { ink, width, dash: None, round: false }
}

/// A straight line.
pub fn line(from: (f64, f64), to: (f64, f64), stroke: Stroke) -> Shape {
    Shape::Path { points: vec![from, to], closed: false, fill: None, stroke: Some(stroke) }
}

/// A filled rectangle.
pub fn rect(x: f64, y: f64, width: f64, height: f64, fill: Ink) -> Shape {
    Shape::Path { points: corners(x, y, width, height), closed: true, fill: Some(fill), stroke: None }
}

/// The outline of a rectangle.
pub fn frame(x: f64, y: f64, width: f64, height: f64, stroke: Stroke) -> Shape {
    Shape::Path { points: corners(x, y, width, height), closed: true, fill: None, stroke: Some(stroke) }
}

fn corners(x: f64, y: f64, width: f64, height: f64) -> Vec<(f64, f64)> {
    vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
}
