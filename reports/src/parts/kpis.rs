//! The four metrics as key figures with their course.

use model::assessment::undefined;
use model::dossier::Dossier;

use super::{rate, rows_of};
use crate::block::{Block, Kpi, KpiRow, Tone};

/// A row of key figures, one a metric.
pub(crate) fn row(d: &Dossier) -> Block {
    let mut out = Vec::new();
    for trend in &d.trends {
        let Some(now) = trend.points.last() else { continue };
        let sparkline = trend
            .points
            .iter()
            .map(|p| {
                p.has_value.then(|| {
                    if trend.is_rate { p.numerator as f64 / p.denominator.max(1) as f64 } else { p.numerator as f64 }
                })
            })
            .collect();
        let value = match (now.has_value, trend.is_rate) {
            (false, _) => "–".to_owned(),
            (true, true) => rate(now.numerator, now.denominator),
            (true, false) => now.numerator.to_string(),
        };
        let (units, tone) = match trend.metric.as_str() {
            "backup_success_rate" => ("expected runs", Tone::Neutral),
            "restore_test_success_rate" => ("restore tests", Tone::Neutral),
            _ => ("", Tone::Neutral),
        };
        let note = match (&now.undefined, now.has_value) {
            (Some(why), false) => undefined(why).to_owned(),
            (_, true) if trend.is_rate && now.unknown > 0 => format!(
                "{} of {} {units}; {} unknown: {} to {}",
                now.numerator,
                now.denominator,
                now.unknown,
                rate(now.numerator, now.denominator + now.unknown),
                rate(now.numerator + now.unknown, now.denominator + now.unknown)
            ),
            (_, true) if trend.is_rate => format!("{} of {} {units}", now.numerator, now.denominator),
            _ => "in the period".to_owned(),
        };
        let tone = if now.has_value {
            if trend.is_rate && now.numerator < now.denominator { Tone::Warning } else { tone }
        } else {
            Tone::Unknown
        };
        let counted = if trend.is_rate { "numerator" } else { "count" };
        let rows = rows_of(d, &format!("{}/{counted}", trend.metric)).filter(|_| now.has_value);
        out.push(Kpi { value, label: trend.title.clone(), note, tone, rows, sparkline });
    }
    Block::KpiRow(KpiRow { kpis: out })
}
