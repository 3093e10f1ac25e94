//! Drawings as data for the SVG templates.

use serde::Serialize;

use crate::drawing::{Anchor, Drawing, Ink, Shape, Stroke};

/// A drawing.
#[derive(Serialize)]
pub struct Svg {
    width: String,
    height: String,
    shapes: Vec<SvgShape>,
}

/// One shape; `partial` names its template.
#[derive(Serialize)]
struct SvgShape {
    partial: &'static str,
    class: String,
    d: String,
    x: String,
    y: String,
    r: String,
    width: String,
    dash: String,
    size: String,
    text: String,
}

/// Converts a drawing.
pub fn svg(drawing: &Drawing) -> Svg {
    Svg {
        width: number(drawing.width),
        height: number(drawing.height),
        shapes: drawing.shapes.iter().map(shape).collect(),
    }
}

/// At most two decimals, no trailing zeros.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn shape(shape: &Shape) -> SvgShape {
    let empty = SvgShape {
        partial: "",
        class: String::new(),
        d: String::new(),
        x: String::new(),
        y: String::new(),
        r: String::new(),
        width: "0".into(),
        dash: "none".into(),
        size: String::new(),
        text: String::new(),
    };
    match shape {
        Shape::Path { points, closed, fill, stroke } => {
            let mut d = String::new();
            for (n, (x, y)) in points.iter().enumerate() {
                d.push_str(if n == 0 { "M" } else { "L" });
                d.push_str(&format!("{} {}", number(*x), number(*y)));
            }
            if *closed {
                d.push('Z');
            }
            let (width, dash) = pen(stroke.as_ref());
            SvgShape { partial: "svg_path", class: class(*fill, stroke.as_ref()), d, width, dash, ..empty }
        }
        Shape::Circle { centre, radius, fill, stroke } => {
            let (width, dash) = pen(stroke.as_ref());
            let (x, y, r) = (number(centre.0), number(centre.1), number(*radius));
            SvgShape { partial: "svg_circle", class: class(*fill, stroke.as_ref()), x, y, r, width, dash, ..empty }
        }
        Shape::Text { at, anchor, size, ink, strong, text } => {
            let anchor = match anchor {
                Anchor::Start => "a-start",
                Anchor::Middle => "a-middle",
                Anchor::End => "a-end",
            };
            let weight = if *strong { " strong" } else { "" };
            SvgShape {
                partial: "svg_text",
                class: format!("f-{} {anchor}{weight}", ink.slug()),
                x: number(at.0),
                y: number(at.1),
                size: number(*size),
                text: text.clone(),
                ..empty
            }
        }
    }
}

fn class(fill: Option<Ink>, stroke: Option<&Stroke>) -> String {
    let fill = fill.map_or("f-no".to_owned(), |ink| format!("f-{}", ink.slug()));
    match stroke {
        Some(stroke) if stroke.round => format!("{fill} s-{} round", stroke.ink.slug()),
        Some(stroke) => format!("{fill} s-{}", stroke.ink.slug()),
        None => fill,
    }
}

fn pen(stroke: Option<&Stroke>) -> (String, String) {
    let width = stroke.map_or(0.0, |s| s.width);
    let dash = stroke.and_then(|s| s.dash).map_or("none".into(), |(on, off)| format!("{} {}", number(on), number(off)));
    (number(width), dash)
}
