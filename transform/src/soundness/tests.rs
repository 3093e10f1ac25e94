//! What rests on sources that could not be read whole.

use chrono::Duration;
use model::assessment::State::{NoEvidence, Pass};
use model::evidence::SourceStatus::{Complete, Incomplete};
use model::rows::RunStatus;
use model::time::utc_text;

use crate::testing::{Fixture, at, origin, plain};

#[test]
fn a_run_that_a_whole_source_saw_as_well_is_sound() {
    for (log, second, expected) in [
        (Complete, Complete, Pass),
        (Incomplete, Complete, Pass),
        (Complete, Incomplete, Pass),
        (Incomplete, Incomplete, NoEvidence),
    ] {
        let mut f = Fixture::new("2026-10");
        f.system("db", plain()).plan("daily", "db", "0 2 * * *", plain());
        for day in 0..37 {
            let start = utc_text(at("2026-09-30T02:00:00Z") + Duration::days(day));
            f.run("db", &start, RunStatus::Success, plain());
            f.run("db", &start, RunStatus::Success, |r| {
                r.origin = origin("runs", "second", start.as_str(), r.origin.observed_at);
            });
        }
        f.collection("runs", "log", |c| c.status = log).collection("runs", "second", |c| c.status = second);
        f.judge().is("FRQ-02", "daily", expected);
    }
}

#[test]
fn of_two_collections_at_one_instant_the_worse_one_stands() {
    for statuses in [[Complete, Incomplete], [Incomplete, Complete]] {
        let mut f = Fixture::new("2026-10");
        for status in statuses {
            f.collection("runs", "log", |c| c.status = status);
        }
        // An earlier one says nothing of the source as it is now.
        f.collection("runs", "second", |c| c.collected_at += Duration::hours(-1));
        f.collection("runs", "second", |c| {
            (c.status, c.collected_at) = (Incomplete, c.collected_at - Duration::days(1))
        });
        let sources = f.judge().judged.assessment.sources;
        let found: Vec<_> = sources.iter().map(|s| (s.source_id.as_str(), s.status)).collect();
        assert_eq!(found, [("log", Incomplete), ("second", Complete)]);
    }
}
