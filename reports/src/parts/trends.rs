//! Metrics over the last twelve periods.

use model::assessment::undefined;
use model::dossier::{Dossier, RegisterStart, Trend, TrendPoint};
use model::time::Instant;

use super::{day, evidenced, figure, heading, note, rate, table, text};
use crate::block::{
    Align, Block, Chart, ChartKind, Inlines, Limit, Point, Table, Tone, Unit, column, row, strong, text as plain,
};

pub(crate) fn blocks(d: &Dossier) -> Vec<Block> {
    let mut out = vec![heading(1, "metrics", "Metrics")];
    out.push(note(
        "Expected runs are counted, not attempts. Approved exceptions never improve a figure. Percentages are cut, not rounded. \
         Unknown units are left out of the value; the bounds show what it would be if all of them were bad, or good.",
    ));
    let rows: Vec<_> = d
        .trends
        .iter()
        .filter_map(|t| t.points.last().map(|p| (t, p)))
        .map(|(t, p)| {
            let bounds = if t.is_rate && p.unknown > 0 {
                format!(
                    "{} to {}",
                    rate(p.numerator, p.denominator + p.unknown),
                    rate(p.numerator + p.unknown, p.denominator + p.unknown)
                )
            } else {
                "–".to_owned()
            };
            let part = |name: &str, n: u64| figure(d, &format!("{}/{name}", t.metric), n.to_string());
            let of = if t.is_rate { of(d, &t.metric, "", p.numerator, p.denominator) } else { text("–") };
            let unknown = if t.is_rate { vec![part("unknown", p.unknown)] } else { text("–") };
            let shown = if p.has_value && !t.is_rate { part("count", p.numerator) } else { strong(value(t, p)) };
            row(vec![
                text(t.title.clone()),
                vec![shown],
                of,
                unknown,
                text(bounds),
                text(t.target.clone().unwrap_or_else(|| "none set".to_owned())),
                text(remark(d, t, p)),
            ])
        })
        .collect();
    out.extend(evidenced(
        d,
        Table::new(
            "metrics-table",
            format!("Metrics of {}", d.period_title),
            vec![
                column("Metric", Align::Left, 3.0),
                column("Value", Align::Right, 1.2),
                column("Good of counted", Align::Right, 1.4),
                column("Unknown", Align::Right, 1.0),
                column("Bounds", Align::Left, 1.8),
                column("Target", Align::Left, 1.1),
                column("Remark", Align::Left, 2.0),
            ],
            rows,
        ),
        &["backup_runs", "restore_tests", "incidents"],
        None,
        "Incidents and exceptions come from the registers of the workspace.",
    ));
    out.extend(months(d));
    let told = |t: &&Trend| t.points.iter().any(|p| p.has_value);
    for trend in d.trends.iter().filter(told) {
        let title = format!("{}, last {} periods", trend.title, trend.points.len());
        out.push(chart(trend, &trend.points, title));
        out.extend(trend.register.as_ref().map(|r| note(reach(r, d.assessment.period.end))));
    }
    let silent: Vec<&str> = d.trends.iter().filter(|t| !told(t)).map(|t| t.title.as_str()).collect();
    if !silent.is_empty() {
        out.push(note(format!("No value in the last twelve periods: {}.", silent.join(", "))));
    }
    out.push(breakdown(d));
    out
}

/// Good and counted units of a rate, or of a part of it.
fn of(d: &Dossier, metric: &str, part: &str, good: u64, counted: u64) -> Inlines {
    let one = |name: &str, n: u64| figure(d, &format!("{metric}/{name}{part}"), n.to_string());
    vec![one("numerator", good), plain(" of "), one("denominator", counted)]
}

/// Why there is no value, or what the value would be without the units under a waiver, which never improve it.
fn remark(d: &Dossier, t: &Trend, p: &TrendPoint) -> String {
    if let Some(why) = p.undefined.as_deref() {
        return undefined(why).to_owned();
    }
    let waived = d.assessment.metrics.iter().find(|m| m.id == t.metric).map_or(0, |m| m.waived);
    if !t.is_rate || waived == 0 {
        return String::new();
    }
    let without = rate(p.numerator, p.denominator.saturating_sub(waived));
    format!("{waived} of the bad ones under a waiver; {without} without them")
}

/// The months of a longer period.
fn months(d: &Dossier) -> Option<Block> {
    let first = d.trends.first().filter(|t| !t.months.is_empty())?;
    let mut columns = vec![column("Month", Align::Left, 1.6)];
    columns.extend(d.trends.iter().map(|t| column(t.title.as_str(), Align::Right, 2.0)));
    let rows = (0..first.months.len())
        .map(|n| {
            let points = d.trends.iter().map(|t| (t, t.months.get(n)));
            let mut cells = vec![text(first.months.get(n).map(|p| p.label.clone()).unwrap_or_default())];
            cells.extend(points.map(|(t, p)| {
                text(p.map_or_else(String::new, |p| match (t.is_rate && p.has_value, p.unknown) {
                    (false, _) => value(t, p),
                    (true, 0) => format!("{} ({} of {})", value(t, p), p.numerator, p.denominator),
                    (true, unknown) => {
                        format!("{} ({} of {}, {unknown} unknown)", value(t, p), p.numerator, p.denominator)
                    }
                }))
            }));
            row(cells)
        })
        .collect();
    Some(table("months-table", "Month by month", columns, rows))
}

/// How far back a register speaks, under the counts taken from it.
fn reach(register: &RegisterStart, end: Instant) -> String {
    let name = &register.name;
    let begins = match register.begins {
        Some(at) if register.covered => {
            return format!(
                "A complete source states that it holds {name} from {} on: periods that ended before are not known (–).",
                day(at)
            );
        }
        Some(at) if at >= end => format!("Its first entry is of {}, after this period", day(at)),
        Some(at) => format!("Its first entry is of {}", day(at)),
        None => "It has no entry".to_owned(),
    };
    format!(
        "The register of {name} does not state what it covers. {begins}: earlier periods that ended before it begins are \
         not known (–), and a 0 says that nothing was entered, not that nothing happened."
    )
}

fn value(t: &Trend, p: &TrendPoint) -> String {
    match (p.has_value, t.is_rate) {
        (false, _) => "undefined".to_owned(),
        (true, true) => rate(p.numerator, p.denominator),
        (true, false) => p.numerator.to_string(),
    }
}

/// The course of a metric over some periods.
pub(crate) fn chart(t: &Trend, periods: &[TrendPoint], title: String) -> Block {
    let points: Vec<Point> = periods
        .iter()
        .map(|p| Point {
            label: p.label.clone(),
            value: p
                .has_value
                .then(|| if t.is_rate { p.numerator as f64 / p.denominator.max(1) as f64 } else { p.numerator as f64 }),
            text: if p.has_value { value(t, p) } else { "–".to_owned() },
            tone: if p.undefined.is_some() { Tone::Unknown } else { Tone::Neutral },
        })
        .collect();
    let told: Vec<String> =
        periods.iter().filter(|p| p.has_value).map(|p| format!("{} {}", p.label, value(t, p))).collect();
    let alt = if told.is_empty() {
        format!("{}: no value in the last {} periods.", t.title, periods.len())
    } else {
        format!("{} over {} periods: {}. The others have no evidence.", t.title, periods.len(), told.join(", "))
    };
    let highest = periods.iter().map(|p| p.numerator).max().unwrap_or(0);
    Block::Chart(Chart {
        title,
        alt,
        kind: if t.is_rate { ChartKind::Line } else { ChartKind::Bars },
        unit: if t.is_rate { Unit::Percent } else { Unit::Count },
        target: t.target.as_ref().and_then(|v| v.parse().ok()).map(|v| Limit { value: v, label: "target".to_owned() }),
        min: Some(if t.is_rate { floor(&points) } else { 0.0 }),
        points,
        max: if t.is_rate { Some(1.0) } else { Some(highest.max(4) as f64) },
    })
}

/// Lowest value of a rate's axis: a tenth below the lowest point, so that a good month and a very good one
/// can be told apart. The axis is labelled.
fn floor(points: &[Point]) -> f64 {
    let lowest = points.iter().filter_map(|p| p.value).fold(1.0, f64::min);
    ((lowest * 10.0).floor() - 1.0).max(0.0) / 10.0
}

/// Success rate by tier and platform.
fn breakdown(d: &Dossier) -> Block {
    let mut rows = Vec::new();
    if let Some(metric) = d.assessment.metrics.iter().find(|m| m.id == "backup_success_rate") {
        for (what, parts) in [("tier", &metric.by.tier), ("platform", &metric.by.platform)] {
            for p in parts {
                let part = format!("/{what}/{}", p.key);
                rows.push(row(vec![
                    text(what),
                    text(p.key.replace('_', " ")),
                    text(rate(p.numerator, p.denominator)),
                    of(d, &metric.id, &part, p.numerator, p.denominator),
                    vec![figure(d, &format!("{}/unknown{part}", metric.id), p.unknown.to_string())],
                ]));
            }
        }
    }
    table(
        "success-by",
        "Backup success rate by tier and platform",
        vec![
            column("By", Align::Left, 1.0),
            column("Part", Align::Left, 3.0),
            column("Success rate", Align::Right, 1.5),
            column("Good of counted", Align::Right, 1.7),
            column("Unknown", Align::Right, 1.0),
        ],
        rows,
    )
}

#[cfg(test)]
mod tests {
    use model::assessment::{Breakdown, Metric};

    use super::*;
    use crate::sample::dossier;

    #[test]
    fn what_waivers_cover_is_told_beside_a_figure_that_they_do_not_change() {
        let point = TrendPoint {
            label: "2026-10".to_owned(),
            numerator: 28,
            denominator: 31,
            unknown: 0,
            undefined: None,
            has_value: true,
        };
        let trend = Trend {
            metric: "backup_success_rate".to_owned(),
            title: "Backup success rate".to_owned(),
            is_rate: true,
            population: String::new(),
            definition: String::new(),
            target: None,
            register: None,
            months: Vec::new(),
            points: vec![point.clone()],
        };
        let mut d = dossier();
        assert_eq!(remark(&d, &trend, &point), "");
        d.assessment.metrics.push(Metric {
            id: trend.metric.clone(),
            numerator: 28,
            denominator: 31,
            unknown: 0,
            value: None,
            lowest: None,
            highest: None,
            waived: 2,
            undefined: None,
            by: Breakdown::default(),
        });
        assert_eq!(remark(&d, &trend, &point), "2 of the bad ones under a waiver; 96.55\u{a0}% without them");
        assert!(value(&trend, &point).starts_with("90.32"), "a waiver improved the figure");
        let none = TrendPoint { undefined: Some("no_slots".to_owned()), ..point };
        assert_eq!(remark(&d, &trend, &none), "no run was due");
    }
}
