//! What followed each failed, missed or overrun backup, link by link.

use model::dossier::{ClosureSheet, Dossier};

use super::{count, dash_if_empty, evidenced, heading, note, of_outcome, para, seconds, short, text};
use crate::block::{
    Align, Block, Inline, Inlines, State, Table, TableRow, badge, code, column, row, strong, text as plain,
};

/// Most lines of the table in a report for people; the workbook holds all.
pub(crate) const LINES: usize = 250;

/// At most `most` failures, in order of time.
pub(crate) fn blocks(d: &Dossier, most: usize) -> Vec<Block> {
    let mut out = vec![heading(1, "closures", "Failures and their closure")];
    let unknown: u64 = d.systems.iter().map(|s| s.slots[2]).sum();
    let unseen = match unknown {
        0 => String::new(),
        1 => " Of 1 expected run the outcome is not known; it may have failed.".to_owned(),
        n => format!(" Of {n} expected runs the outcome is not known; they may have failed."),
    };
    if d.closures.is_empty() {
        out.push(para(text(format!("No backup is known to have failed, been missed or run over its time.{unseen}"))));
        return out;
    }
    let closed = d.closures.iter().filter(|c| c.broken_link.is_none()).count();
    out.push(note(format!(
        "Each failed, missed or overrun backup with its alert, incident, cause, resolution and the next good recovery point. Times count from the \
         failure: to the alert, to the first act of a person, to the recovery. Closed \
         link by link: {closed} of {}.{unseen}",
        d.closures.len()
    )));
    let shown = d.closures.get(..most).unwrap_or(&d.closures);
    let more = d.closures.len() - shown.len();
    let footnote = if more == 0 {
        Vec::new()
    } else {
        text(format!(
            "{} not shown here. All of them: the sheet closure of the workbook.",
            count(more, "further line is", "further lines are")
        ))
    };
    let table = Table::new(
        "closures-table".to_owned(),
        count(d.closures.len(), "failure, from alert to recovery", "failures, from alert to recovery"),
        vec![
            column("Backup due (UTC)", Align::Left, 2.2),
            column("Outcome", Align::Left, 1.1),
            column("Alert (UTC)", Align::Left, 1.6),
            column("Incident, cause, resolution", Align::Left, 3.4),
            column("Recovered (UTC)", Align::Left, 1.5),
            column("Detect, respond, recover", Align::Left, 1.5),
            column("Chain", Align::Left, 1.6),
        ],
        shown.iter().enumerate().map(|(n, c)| line(c, shown.get(..n).unwrap_or_default())).collect(),
    )
    .footnote(footnote);
    out.extend(evidenced(d, table, &["backup_runs", "recovery_points", "incidents"],
        None,
        "Alerts and incidents come from the registers of the workspace, and incidents from trackers too; the sources below give runs and \
         recovery points.",
    ));
    out
}

/// One failure. What an incident of the lines `before` says is not said again.
fn line(c: &ClosureSheet, before: &[ClosureSheet]) -> TableRow {
    let alert = match c.alerted_at {
        None => text("–"),
        Some(at) => {
            let seen = c
                .acknowledged_at
                .map_or_else(|| "not acknowledged".to_owned(), |at| format!("acknowledged {}", short(Some(at))));
            vec![code(c.alert_id.clone()), plain(format!(" {}", short(Some(at)))), Inline::Break, plain(seen)]
        }
    };
    let mut incident = if c.incident_id.is_empty() { Vec::new() } else { vec![code(c.incident_id.clone())] };
    let told = !c.incident_id.is_empty() && before.iter().any(|b| b.incident_id == c.incident_id);
    if told {
        incident.push(plain(", as above"));
    }
    for said in [&c.root_cause, &c.resolution].into_iter().filter(|said| !told && !said.is_empty()) {
        incident.extend([Inline::Break, plain(said.clone())]);
    }
    if let Some(at) = c.closed_at.filter(|_| !told) {
        incident.extend([Inline::Break, plain(format!("closed {}", short(Some(at))))]);
    }
    row(vec![
        vec![strong(c.system.clone()), Inline::Break, plain(format!("{} {}", c.plan_id, short(Some(c.scheduled_for))))],
        vec![badge(of_outcome(c.outcome), c.outcome.as_str().replace('_', " "))],
        alert,
        if incident.is_empty() { text("–") } else { incident },
        text(short(c.recovered_at)),
        dash_if_empty(&times(c)),
        chain(c.broken_link.as_deref()),
    ])
}

fn times(c: &ClosureSheet) -> String {
    let all = [c.detect_s, c.respond_s, c.recover_s];
    if all.iter().all(Option::is_none) { String::new() } else { all.map(seconds).join(", ") }
}

/// The standing of a chain, with the link that breaks it.
fn chain(broken: Option<&str>) -> Inlines {
    let word = |link: &str| link.replace('_', " ");
    match broken.map(|link| link.split_once(':').unwrap_or(("", link))) {
        None => vec![badge(State::Success, "closed")],
        Some(("unknown", link)) => vec![badge(State::Unknown, format!("{} not known", word(link)))],
        Some(("pending", link)) => vec![badge(State::Running, format!("{} not yet due", word(link)))],
        Some((_, link)) => vec![badge(State::Failed, format!("no {}", word(link)))],
    }
}

#[cfg(test)]
mod tests {
    use model::assessment::Outcome;

    use super::*;
    use crate::block::plain as words;

    fn closure() -> ClosureSheet {
        let at = |text: &str| model::time::instant(text, None).unwrap();
        ClosureSheet {
            slot_id: "nightly@2026-10-05T02:00:00Z".to_owned(),
            system: "Billing".to_owned(),
            plan_id: "nightly".to_owned(),
            scheduled_for: at("2026-10-05T02:00:00Z"),
            outcome: Outcome::Failed,
            alert_id: "A1".to_owned(),
            alerted_at: Some(at("2026-10-05T02:20:00Z")),
            acknowledged_at: None,
            incident_id: "I1".to_owned(),
            root_cause: "disk full".to_owned(),
            resolution: String::new(),
            closed_at: None,
            recovered_at: None,
            detect_s: Some(600),
            respond_s: None,
            recover_s: None,
            broken_link: Some("acknowledgement".to_owned()),
        }
    }

    #[test]
    fn a_line_tells_each_link_and_the_one_that_breaks() {
        let cells: Vec<String> = line(&closure(), &[]).cells.iter().map(|c| words(c)).collect();
        assert_eq!(cells[0], "Billing nightly 2026-10-05 02:00");
        assert_eq!(cells[2], "A1 2026-10-05 02:20 not acknowledged");
        assert_eq!(cells[3], "I1 disk full");
        assert_eq!(cells[5], "10 min, –, –");
        assert_eq!(cells[6], "no acknowledgement");
        for (link, word) in
            [("unknown:root_cause", "root cause not known"), ("pending:incident", "incident not yet due")]
        {
            assert_eq!(words(&chain(Some(link))), word);
        }
        assert_eq!(words(&chain(None)), "closed");
        let again: Vec<String> = line(&closure(), &[closure()]).cells.iter().map(|c| words(c)).collect();
        assert_eq!(again[3], "I1, as above");
    }
}
