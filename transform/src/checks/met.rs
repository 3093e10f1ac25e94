//! MET: the metrics that the policy asks for were issued in time, by the right role, and are right.
//!
//! One mechanism for all four: what differs (metric, frequency, role) is read from the metric definitions.

use chrono::Duration;
use model::assessment::{Metric, percent};
use model::controls::Metric as Definition;
use model::registers::{MetricReport, Recorded};
use model::time::{Instant, Period, utc_text};

use super::cadence::programme_began;
use super::common::{ORGANIZATION, filled, no_register};
use super::faults::Faults;
use crate::closure::{Link, chains};
use crate::judgement::Judgement;
use crate::metrics::metric;
use crate::slots::slots;
use crate::world::{Shared, World};

/// MET-01: backup success rate, each month.
pub fn backup_success(world: &World<'_>) -> Vec<Judgement> {
    issued(world, "MET-01", Some("target_backup_success"))
}

/// MET-02: restore test success rate, each quarter.
pub fn restore_success(world: &World<'_>) -> Vec<Judgement> {
    issued(world, "MET-02", Some("target_restore_success"))
}

/// MET-03: backup-related incidents, each quarter. Failures that have no incident are told beside the count.
pub fn incidents(world: &World<'_>) -> Vec<Judgement> {
    issued(world, "MET-03", None)
}

/// MET-04: exceptions to the policy, each quarter.
pub fn exceptions(world: &World<'_>) -> Vec<Judgement> {
    issued(world, "MET-04", None)
}

/// One result a month or quarter that overlaps the period, `organization@2026-10`.
fn issued(world: &World<'_>, check: &str, target: Option<&str>) -> Vec<Judgement> {
    let Some(definition) = world.controls.metrics.iter().find(|m| m.check == check) else { return Vec::new() };
    let spans = match definition.frequency.as_str() {
        "monthly" => world.period.months(),
        _ => world.period.quarters(world.policy.first_month()),
    };
    let target = target.and_then(|t| world.policy.ratio_if_set(t));
    spans.iter().map(|span| judge(world, definition, span, target)).collect()
}

fn judge(world: &World<'_>, definition: &Definition, span: &Period, target: Option<f64>) -> Judgement {
    let unit = format!("{ORGANIZATION}@{}", span.label());
    let title = span.title();
    if span.end() > world.as_of {
        return Judgement::not_applicable(
            unit,
            "not_over",
            format!("{title} ends on {}; it is measured when it is over.", utc_text(span.end())),
        );
    }
    if programme_began(world).is_some_and(|began| began >= span.end()) {
        return Judgement::not_applicable(
            unit,
            "not_yet_due",
            format!("No system was in scope before the end of {title}."),
        );
    }
    let Some(reports) = &world.registers.metric_reports else { return no_register(&unit, "metric_reports") };
    let mut found: Vec<(Instant, &Recorded<MetricReport>)> = reports
        .iter()
        .filter(|r| r.metric_id == definition.id && is_of(r, span))
        .filter_map(|r| Some((r.issued_at.filter(|at| *at <= world.as_of)?, r)))
        .collect();
    found.sort_by_key(|(at, _)| *at);
    let due = span.end() + Duration::seconds(world.seconds("metric_issue_due"));
    let (Some((first, _)), Some((_, last))) = (found.first(), found.last()) else {
        let name = &definition.title;
        return if due > world.as_of {
            let text = format!("{name} of {title} is to be issued by {}.", utc_text(due));
            Judgement::not_applicable(unit, "not_yet_due", text)
        } else {
            let text = format!("No report of {name} for {title} is on record; it was due by {}.", utc_text(due));
            Judgement::fail(unit, "report_missing", text).violated(due, world.as_of.max(due))
        };
    };
    let computed = match computed(world, definition, span) {
        Ok(computed) => computed,
        Err(why) => return Judgement::no_evidence(unit, "not_computable", why),
    };
    let mut faults = Faults::default();
    faults.add_if(*first > due, "issued_late", || format!("issued on {}, due by {}", utc_text(*first), utc_text(due)));
    faults.add_if(filled(last.issuer_role.as_deref()) != Some(&definition.owner_role), "wrong_role", || {
        let role = filled(last.issuer_role.as_deref()).unwrap_or("nobody named");
        format!("issued by {role}, not by {}", definition.owner_role)
    });
    let told = tell(&computed.metric);
    let mut explained = false;
    if !computed.doubtful {
        match compare(last, &computed.metric, definition.unit == "ratio") {
            Ok(()) => {}
            // What ended after the report was issued may explain a difference, if the report says so.
            Err(_) if computed.late_after(world, last) > 0 && filled(last.difference_note.as_deref()).is_some() => {
                explained = true;
            }
            Err(why) => faults.add("unequal", format!("{why}, while the records give {told}")),
        }
        let value = computed.metric.value;
        let below = target.filter(|t| value.is_some_and(|v| v < *t));
        if let Some(target) = below {
            faults.add("below_target", format!("{told} is below the target of {target}"));
        }
    }
    let opening = format!("The report of {title} ({})", last.declared_in);
    let role = &definition.owner_role;
    let note = &computed.note;
    let good = format!(
        "{opening} was issued on {} by {role} and gives what the records give: {told}.{note}",
        utc_text(*first)
    );
    let judgement = faults.judge(&unit, &opening, good);
    if !judgement.reasons.is_empty() {
        return judgement;
    }
    if computed.doubtful {
        let m = &computed.metric;
        let bounds = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| v.to_string());
        return Judgement::no_evidence(
            unit,
            "unknown_share_above_limit",
            format!(
                "Of {} slots of {title} {} are unknown (backup_runs): the rate lies between {} and {} and can't be compared.",
                m.denominator + m.unknown,
                m.unknown,
                bounds(m.lowest),
                bounds(m.highest)
            ),
        );
    }
    if explained { judgement.reason("difference_explained") } else { judgement }
}

/// True where a report is about this span. Its ends may be written in another zone, or as the last day itself.
fn is_of(report: &MetricReport, span: &Period) -> bool {
    let near = |a: Instant, b: Instant| (a - b).abs() <= Duration::days(1);
    near(report.period_start, span.start()) && near(report.period_end, span.end())
}

/// What the records give for a span.
struct Computed {
    metric: Metric,
    /// Too much is unknown to compare anything with it.
    doubtful: bool,
    /// What is told beside it.
    note: String,
    /// Ends of the attempts of its slots.
    ends: Vec<Instant>,
}

impl Computed {
    /// Attempts that ended after the report was issued.
    fn late_after(&self, world: &World<'_>, report: &MetricReport) -> usize {
        let issued = report.issued_at.unwrap_or(world.as_of);
        self.ends.iter().filter(|end| **end > issued).count()
    }
}

fn computed(world: &World<'_>, definition: &Definition, span: &Period) -> Result<Computed, String> {
    let needs_slots = matches!(definition.id.as_str(), "backup_success_rate" | "backup_related_incidents");
    let slots = if needs_slots {
        slots(span, world.as_of, world.inventory, world.runs, world.points, world.coverage, world.defaults)
    } else {
        Vec::new()
    };
    let of_span = World { period: *span, slots: &slots, shared: Shared::default(), ..*world };
    let metric = metric(&of_span, &definition.id)
        .map_err(|e| format!("The metric could not be computed: {e}."))?
        .ok_or_else(|| format!("The metric {} is not known.", definition.id))?;
    if let Some(what) = metric.undefined.as_deref().and_then(|u| u.strip_prefix("no_evidence: ")) {
        return Err(format!("It can't be computed from the records: {what} was given."));
    }
    let mut note = String::new();
    let mut ends = Vec::new();
    if definition.id == "backup_related_incidents" {
        let open = chains(&of_span).iter().filter(|c| c.incident == Link::Missing).count();
        note = format!(" Beside them {open} failed, missed or overrun backups have no record (MON-03).");
    } else {
        let attempts = slots.iter().flat_map(|s| &s.attempts);
        ends.extend(attempts.filter_map(|a| world.runs.list.get(*a)?.ended_at));
    }
    let doubtful = metric.undefined.as_deref() == Some("not_evidenced");
    Ok(Computed { metric, doubtful, note, ends })
}

/// A metric in a sentence.
fn tell(m: &Metric) -> String {
    match (m.value, m.undefined.as_deref()) {
        (None, Some("no_tests")) => "no tests, so no rate".to_owned(),
        (None, _) => "nothing counted, so no rate".to_owned(),
        (Some(_), _) if m.id.ends_with("_rate") => {
            let share = percent(m.numerator, m.denominator).unwrap_or_default();
            format!("{} of {} ({share}), {} unknown", m.numerator, m.denominator, m.unknown)
        }
        (Some(_), _) => m.numerator.to_string(),
    }
}

/// Whether a report says what was computed; else what it says instead.
fn compare(report: &MetricReport, m: &Metric, is_rate: bool) -> Result<(), String> {
    let value = report.value.as_deref().map(str::trim).filter(|v| !v.is_empty());
    let told = value.and_then(Figure::read);
    if m.value.is_none() {
        // Undefined stays undefined: neither a figure nor anything counted.
        return match (told, report.denominator) {
            (Some(_), _) => Err(format!("it gives the value {}", value.unwrap_or_default())),
            (None, Some(n)) if n > 0 => Err(format!("it counts {n}")),
            (None, _) => Ok(()),
        };
    }
    if value.is_none() && report.numerator.is_none() {
        return Err("it gives no figures (metric_reports.value, numerator)".to_owned());
    }
    let figures = [
        ("numerator", report.numerator, m.numerator),
        ("denominator", report.denominator.filter(|_| is_rate), m.denominator),
        ("unknown", report.unknown.filter(|_| is_rate), m.unknown),
    ];
    for (name, said, is) in figures {
        if let Some(said) = said.filter(|said| *said != is) {
            return Err(format!("its {name} is {said}"));
        }
    }
    match (value, told, m.value) {
        (Some(text), None, _) => Err(format!("its value \"{text}\" is no figure")),
        (Some(text), Some(figure), Some(is)) if !figure.tells(is, is_rate) => Err(format!("its value is {text}")),
        _ => Ok(()),
    }
}

/// A value as a report prints it.
#[derive(Debug, Clone, Copy)]
struct Figure {
    value: f64,
    /// Half of the last digit, and a bit: a figure may be cut or rounded.
    step: f64,
}

impl Figure {
    /// Reads `0.9866`, `98.66`, `98.66 %`, `7`.
    fn read(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches('%').trim();
        let value: f64 = digits.parse().ok().filter(|v: &f64| v.is_finite())?;
        let places = digits.split_once('.').map_or(0, |(_, after)| after.len());
        let mut step = 1.0;
        (0..places.min(12)).for_each(|_| step /= 10.0);
        let scale = if text.ends_with('%') { 100.0 } else { 1.0 };
        Some(Self { value: value / scale, step: step / scale })
    }

    /// True where it prints this value to its last digit; a rate as a share or in percent. What is below one never
    /// reads as one, and a share needs two digits.
    fn tells(self, is: f64, is_rate: bool) -> bool {
        let near = |value: f64, step: f64| (value - is).abs() < step;
        if !is_rate {
            return near(self.value, self.step.min(0.5));
        }
        let shares = [(self.value, self.step), (self.value / 100.0, self.step / 100.0)];
        shares.into_iter().any(|(value, step)| near(value, step.min(0.011)) && (value < 1.0 || is >= 1.0))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::EDGES;
