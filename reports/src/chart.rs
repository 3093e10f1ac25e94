//! Draws charts and sparklines. A value that is absent is a gap with a dotted mark on the axis, never a zero.

use crate::block::{Chart, ChartKind, Tone, Unit};
use crate::drawing::{Anchor, Drawing, Ink, Shape, Stroke, line, rect, solid};
use crate::marks::ink_of_tone;

const LABEL: f64 = 8.5;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 20.0;
const LEFT: f64 = 38.0;
const RIGHT: f64 = 8.0;

/// Draws a chart at a given size.
pub fn chart(chart: &Chart, width: f64, height: f64) -> Drawing {
    let scale = Scale::of(chart);
    let plot = Plot { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
    let mut shapes = Vec::new();
    for tick in &scale.ticks {
        let y = plot.y(scale.part(*tick));
        shapes.push(line((plot.left, y), (plot.right, y), solid(Ink::Rule, 0.6)));
        shapes.push(text((plot.left - 6.0, y + LABEL * 0.35), Anchor::End, Ink::Muted, tick_label(chart.unit, *tick)));
    }
    let step = (plot.right - plot.left) / chart.points.len().max(1) as f64;
    let x = |n: usize| plot.left + step * (n as f64 + 0.5);
    x_labels(chart, step, &x, height, &mut shapes);
    match chart.kind {
        ChartKind::Bars => bars(chart, &scale, &plot, step, &x, &mut shapes),
        ChartKind::Line => lines(chart, &scale, &plot, &x, &mut shapes),
        ChartKind::Step => steps(chart, &scale, &plot, step, &x, &mut shapes),
    }
    target(chart, &scale, &plot, &mut shapes);
    for (n, point) in chart.points.iter().enumerate() {
        if point.value.is_none() {
            shapes.push(Shape::Circle {
                centre: (x(n), plot.bottom - 6.0),
                radius: 3.0,
                fill: None,
                stroke: Some(Stroke { ink: Ink::Unknown, width: 1.0, dash: Some((1.2, 1.2)), round: false }),
            });
        }
    }
    point_labels(chart, &scale, &plot, step, &x, &mut shapes);
    Drawing { width, height, shapes }
}

/// Draws a sparkline: the course of a figure, its last value marked.
pub fn sparkline(values: &[Option<f64>], tone: Tone, width: f64, height: f64) -> Drawing {
    let known = || values.iter().flatten().copied();
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let span = high - low;
    let last = values.len().saturating_sub(1).max(1) as f64;
    let at = |n: usize, value: f64| {
        let part = if span > 0.0 { (value - low) / span } else { 0.5 };
        (3.0 + (width - 6.0) * n as f64 / last, 3.0 + (height - 6.0) * (1.0 - part))
    };
    let mut shapes = Vec::new();
    for points in stretches(values, &at) {
        shapes.push(Shape::Path { points, closed: false, fill: None, stroke: Some(trend(1.2)) });
    }
    if let Some((n, Some(value))) = values.iter().enumerate().next_back() {
        let centre = at(n, *value);
        shapes.push(Shape::Circle { centre, radius: 2.2, fill: Some(ink_of_tone(tone)), stroke: None });
    }
    Drawing { width, height, shapes }
}

struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot {
    fn y(&self, part: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * part.clamp(0.0, 1.0)
    }
}

struct Scale {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Scale {
    fn of(chart: &Chart) -> Scale {
        let values = || chart.points.iter().filter_map(|p| p.value).chain(chart.target.iter().map(|t| t.value));
        let data_low = values().fold(f64::INFINITY, f64::min);
        let data_high = values().fold(f64::NEG_INFINITY, f64::max);
        let (data_low, data_high) = if data_low.is_finite() { (data_low, data_high) } else { (0.0, 1.0) };
        let from_zero = chart.kind == ChartKind::Bars || chart.unit != Unit::Percent;
        let low = chart.min.unwrap_or(if from_zero { data_low.min(0.0) } else { data_low });
        let top = if chart.unit == Unit::Percent && data_high <= 1.0 { 1.0 } else { data_high };
        let high = chart.max.unwrap_or(top);
        let step = nice_step(chart.unit, (high - low).abs().max(f64::EPSILON) / 3.0);
        let mut first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        // A valley needs room for its label above the axis.
        let valley = chart.kind == ChartKind::Line && chart.min.is_none() && first >= 1.0;
        if valley && low - first * step < 0.16 * (last - first) * step {
            first -= 1.0;
        }
        // At most a handful: `step` was chosen from the span.
        let ticks: Vec<f64> = (0..=((last - first) as usize).min(12)).map(|n| (first + n as f64) * step).collect();
        Scale { low: first * step, high: last * step, ticks }
    }

    fn part(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

fn nice_step(unit: Unit, rough: f64) -> f64 {
    if unit == Unit::Seconds {
        const NICE: [f64; 17] = [
            60.0,
            300.0,
            900.0,
            1800.0,
            3600.0,
            7200.0,
            14400.0,
            21600.0,
            43200.0,
            86400.0,
            172_800.0,
            345_600.0,
            604_800.0,
            1_209_600.0,
            2_592_000.0,
            7_776_000.0,
            31_536_000.0,
        ];
        if let Some(step) = NICE.iter().find(|s| **s >= rough) {
            return *step;
        }
    }
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|f| f * power >= rough * 0.999).unwrap_or(10.0);
    let step = factor * power;
    if unit == Unit::Count { step.max(1.0).ceil() } else { step }
}

fn tick_label(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Percent => format!("{}%", trim(value * 100.0)),
        Unit::Count => trim(value),
        Unit::Seconds if value == 0.0 => "0".into(),
        Unit::Seconds if value % 86400.0 == 0.0 && value >= 172_800.0 => format!("{} d", trim(value / 86400.0)),
        Unit::Seconds if value >= 3600.0 => format!("{} h", trim(value / 3600.0)),
        Unit::Seconds if value >= 60.0 => format!("{} min", trim(value / 60.0)),
        Unit::Seconds => format!("{} s", trim(value)),
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn text(at: (f64, f64), anchor: Anchor, ink: Ink, text: String) -> Shape {
    Shape::Text { at, anchor, size: LABEL, ink, strong: false, text }
}

/// Width of a label, near enough to decide whether two of them collide.
fn rough_width(text: &str) -> f64 {
    text.chars().count() as f64 * LABEL * 0.58
}

fn trend(width: f64) -> Stroke {
    Stroke { ink: Ink::Accent, width, dash: None, round: true }
}

fn x_labels(chart: &Chart, step: f64, x: &dyn Fn(usize) -> f64, height: f64, shapes: &mut Vec<Shape>) {
    let widest = chart.points.iter().map(|p| rough_width(&p.label)).fold(0.0, f64::max) + 6.0;
    let every = ((widest / step).ceil() as usize).max(1);
    let last = chart.points.len().saturating_sub(1);
    for (n, point) in chart.points.iter().enumerate() {
        // Counted from the newest: the last period is always named.
        if (last - n).is_multiple_of(every) {
            shapes.push(text((x(n), height - 5.0), Anchor::Middle, Ink::Muted, point.label.clone()));
        }
    }
}

fn target(chart: &Chart, scale: &Scale, plot: &Plot, shapes: &mut Vec<Shape>) {
    let Some(limit) = &chart.target else { return };
    let y = plot.y(scale.part(limit.value));
    let dash = Stroke { ink: Ink::Text, width: 0.9, dash: Some((4.0, 3.0)), round: false };
    shapes.push(line((plot.left, y), (plot.right, y), dash));
    shapes.push(line((plot.left, TOP - 12.0), (plot.left + 18.0, TOP - 12.0), dash));
    shapes.push(text((plot.left + 23.0, TOP - 9.0), Anchor::Start, Ink::Muted, limit.label.clone()));
}

fn bars(chart: &Chart, scale: &Scale, plot: &Plot, step: f64, x: &dyn Fn(usize) -> f64, shapes: &mut Vec<Shape>) {
    let width = (step * 0.56).min(34.0);
    let zero = plot.y(scale.part(0.0));
    for (n, point) in chart.points.iter().enumerate() {
        let Some(value) = point.value else { continue };
        let y = plot.y(scale.part(value));
        let (top, height) = (y.min(zero), (zero - y).abs().max(0.6));
        shapes.push(rect(x(n) - width / 2.0, top, width, height, ink_of_tone(point.tone)));
    }
}

fn lines(chart: &Chart, scale: &Scale, plot: &Plot, x: &dyn Fn(usize) -> f64, shapes: &mut Vec<Shape>) {
    let values: Vec<Option<f64>> = chart.points.iter().map(|p| p.value).collect();
    for points in stretches(&values, &|n, value| (x(n), plot.y(scale.part(value)))) {
        shapes.push(Shape::Path { points, closed: false, fill: None, stroke: Some(trend(1.6)) });
    }
    for (n, point) in chart.points.iter().enumerate() {
        let Some(value) = point.value else { continue };
        let centre = (x(n), plot.y(scale.part(value)));
        let bad = matches!(point.tone, Tone::Bad | Tone::Warning);
        let radius = if bad || n + 1 == chart.points.len() { 3.4 } else { 2.2 };
        // Below target: hollow, so that the judgement does not rest on colour.
        let (fill, stroke) =
            if bad { (Ink::Paper, Some(solid(ink_of_tone(point.tone), 1.8))) } else { (ink_of_tone(point.tone), None) };
        shapes.push(Shape::Circle { centre, radius, fill: Some(fill), stroke });
    }
}

fn steps(chart: &Chart, scale: &Scale, plot: &Plot, step: f64, x: &dyn Fn(usize) -> f64, shapes: &mut Vec<Shape>) {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut flush = |points: &mut Vec<(f64, f64)>| {
        if !points.is_empty() {
            let points = std::mem::take(points);
            shapes.push(Shape::Path { points, closed: false, fill: None, stroke: Some(trend(1.6)) });
        }
    };
    for (n, point) in chart.points.iter().enumerate() {
        let Some(value) = point.value else {
            flush(&mut points);
            continue;
        };
        let y = plot.y(scale.part(value));
        points.extend([(x(n) - step / 2.0, y), (x(n) + step / 2.0, y)]);
    }
    flush(&mut points);
}

fn point_labels(
    chart: &Chart,
    scale: &Scale,
    plot: &Plot,
    step: f64,
    x: &dyn Fn(usize) -> f64,
    shapes: &mut Vec<Shape>,
) {
    let roomy = chart.points.iter().all(|p| rough_width(&p.text) + 4.0 < step);
    for (n, point) in chart.points.iter().enumerate() {
        let Some(value) = point.value else { continue };
        let last = n + 1 == chart.points.len();
        if point.text.is_empty() || !(roomy || last) {
            continue;
        }
        let y = plot.y(scale.part(value));
        let neighbours = [n.checked_sub(1), Some(n + 1)].into_iter().flatten();
        let lowest = chart.kind == ChartKind::Line
            && neighbours.filter_map(|m| chart.points.get(m)?.value).all(|other| other > value);
        // Where the line has a valley the label stands below, else above; bars carry theirs on top.
        let at = if lowest && y + 14.0 < plot.bottom { y + 14.0 } else { (y - 7.0).max(TOP - 4.0) };
        let half = rough_width(&point.text) / 2.0;
        let centre = x(n).min(plot.right + RIGHT - half);
        if chart.kind != ChartKind::Bars {
            shapes.push(rect(centre - half - 1.0, at - LABEL + 1.0, 2.0 * half + 2.0, LABEL + 0.5, Ink::Paper));
        }
        shapes.push(Shape::Text {
            at: (centre, at),
            anchor: Anchor::Middle,
            size: LABEL,
            ink: Ink::Text,
            strong: last,
            text: point.text.clone(),
        });
    }
}

fn stretches(values: &[Option<f64>], at: &dyn Fn(usize, f64) -> (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let mut all = vec![Vec::new()];
    for (n, value) in values.iter().enumerate() {
        match (value, all.last_mut()) {
            (Some(value), Some(points)) => points.push(at(n, *value)),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|points: &Vec<(f64, f64)>| points.len() > 1);
    all
}
