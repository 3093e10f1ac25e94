//! The examples and edge cases of FRQ in `controls/checks.toml`.

use super::super::edges::Edge;
use super::super::edges::Shown::{By, In};
use crate::testing::{Fixture, plain};

mod design;
mod gaps;
mod logs;
mod on_time;
mod proof;

/// Examples asserted below.
pub(crate) const EXAMPLES: &[(&str, usize)] = &[
    ("FRQ-01", 0),
    ("FRQ-01", 1),
    ("FRQ-01", 2),
    ("FRQ-01", 3),
    ("FRQ-01", 4),
    ("FRQ-01", 5),
    ("FRQ-02", 0),
    ("FRQ-02", 1),
    ("FRQ-02", 2),
    ("FRQ-02", 3),
    ("FRQ-04", 0),
    ("FRQ-04", 1),
    ("FRQ-04", 2),
    ("FRQ-04", 3),
    ("FRQ-05", 0),
    ("FRQ-05", 1),
    ("FRQ-05", 2),
];

/// Edge cases shown here.
pub(crate) const EDGES: &[Edge] = &[
    ("FRQ-01", "Missed run with no log", By(gaps::frq_01_what_no_complete_source_covers_is_no_miss)),
    ("FRQ-01", "Late run", By(gaps::frq_01_a_late_run_shortens_the_next_gap)),
    ("FRQ-01", "Long run", By(gaps::frq_01_measures_from_start_to_start_and_in_service_only)),
    ("FRQ-01", "Daylight saving", By(gaps::frq_01_the_day_the_clock_goes_back_has_25_hours)),
    ("FRQ-01", "Running at period end", By(gaps::frq_01_measures_from_start_to_start_and_in_service_only)),
    ("FRQ-01", "Onboarded mid-period", By(gaps::frq_01_the_first_gap_runs_from_onboarding_and_has_a_limit_of_its_own)),
    ("FRQ-01", "Retired mid-period", By(gaps::frq_01_measures_from_start_to_start_and_in_service_only)),
    ("FRQ-01", "Retry", By(gaps::frq_01_attempts_that_failed_neither_close_a_gap_nor_open_one)),
    ("FRQ-01", "Partial, empty", By(gaps::frq_01_partial_empty_damaged_and_copied_points_close_no_gap)),
    ("FRQ-01", "Deleted points", By(gaps::frq_01_partial_empty_damaged_and_copied_points_close_no_gap)),
    ("FRQ-01", "A copy", By(gaps::frq_01_partial_empty_damaged_and_copied_points_close_no_gap)),
    ("FRQ-01", "Waiver", By(gaps::frq_01_only_the_waived_part_is_waived)),
    ("FRQ-02", "Missed", By(on_time::frq_02_a_miss_is_proven_over_the_whole_start_window_or_unknown)),
    ("FRQ-02", "Late", By(on_time::frq_02_what_does_not_fill_a_slot)),
    ("FRQ-02", "Running at as_of", By(on_time::frq_02_a_slot_runs_until_its_deadline_and_a_later_report_corrects_it)),
    ("FRQ-02", "A final state", By(on_time::frq_02_a_slot_runs_until_its_deadline_and_a_later_report_corrects_it)),
    ("FRQ-02", "Retries", By(on_time::frq_02_a_retry_saves_its_slot)),
    ("FRQ-02", "Manual runs", By(on_time::frq_02_what_does_not_fill_a_slot)),
    ("FRQ-02", "Spring change", By(on_time::frq_02_wall_clock_times_at_the_changes_of_the_clock)),
    ("FRQ-02", "Plan changed", By(on_time::frq_02_each_version_of_a_plan_has_slots_in_its_own_time)),
    ("FRQ-02", "Plan disabled", By(on_time::frq_02_each_version_of_a_plan_has_slots_in_its_own_time)),
    ("FRQ-02", "Start-window expiry", By(on_time::frq_02_what_does_not_fill_a_slot)),
    (
        "FRQ-02",
        "Provider maintenance",
        By(on_time::frq_02_maintenance_of_a_provider_fails_unless_an_exception_is_in_force),
    ),
    ("FRQ-02", "Duplicate records", By(on_time::frq_02_records_of_one_run_are_one_attempt)),
    ("FRQ-03", "If no database", By(design::frq_03_without_a_marked_database_the_criterion_is_a_signed_statement)),
    ("FRQ-03", "The criterion", By(design::frq_03_without_a_marked_database_the_criterion_is_a_signed_statement)),
    ("FRQ-04", "Daily snapshot", By(design::frq_04_a_good_job_log_does_not_mend_the_design)),
    ("FRQ-04", "Log shipping every", By(design::frq_04_examples)),
    ("FRQ-04", "A replica", By(design::frq_04_edge_cases)),
    ("FRQ-04", "Log shipping without", By(design::frq_04_edge_cases)),
    ("FRQ-04", "Objective changed", By(design::frq_04_edge_cases)),
    ("FRQ-04", "The basic 24 h rule", By(design::frq_04_a_longer_objective_leaves_the_daily_rule)),
    ("FRQ-04", "Objective of zero", By(design::frq_04_edge_cases)),
    ("FRQ-05", "Samples further apart", By(logs::frq_05_examples)),
    ("FRQ-05", "An idle database", By(logs::frq_05_an_idle_database_needs_a_status_that_states_its_restorable_time)),
    ("FRQ-05", "Restorable time later", By(logs::frq_05_a_sample_from_the_future_proves_nothing)),
    ("FRQ-05", "Archive failures", By(logs::frq_05_failures_that_recover_in_time_are_told_and_maintenance_counts)),
    ("FRQ-05", "Planned maintenance", By(logs::frq_05_failures_that_recover_in_time_are_told_and_maintenance_counts)),
    ("FRQ-05", "After a failover", By(logs::frq_05_after_a_failover_the_new_timeline_counts_from_its_base)),
    ("FRQ-06", "A managed platform", By(logs::frq_06_a_stated_range_is_proven_by_a_restore_to_a_moment_inside_of_it)),
    ("FRQ-06", "Timeline switch", By(logs::frq_06_listed_sequences)),
    (
        "FRQ-06",
        "A gap before",
        In("collectors/src/wal/tests/listings.rs", "a_hole_before_the_oldest_base_backup_is_none"),
    ),
    ("FRQ-06", "A new base", By(logs::frq_06_a_base_after_a_gap_starts_a_new_chain_and_the_loss_is_told)),
];

/// A database with a point objective of its own in October 2026.
fn with_objective(rpo_s: i64) -> Fixture {
    let mut f = Fixture::new("2026-10");
    f.system("db", plain());
    f.objective("own", |o| (o.system_id, o.rpo_s) = (Some("db".to_owned()), Some(rpo_s)));
    f
}
