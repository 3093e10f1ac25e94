//! Reason codes of results and what they mean.

/// Code and meaning, in alphabetical order. A check may use further codes whose words say all there is to say.
pub const REASONS: &[(&str, &str)] = &[
    (
        "age_unknown",
        "A recovery point is gone and no record says when it was made, so its age at deletion can't be told.",
    ),
    ("alert_channel_missing", "The plan names no destination for its alerts, or one that reaches nobody."),
    ("alert_late", "An alert was raised, later than allowed after the failure."),
    (
        "approval_defective",
        "An approval is on record but does not count: wrong role at the time, the requester's own, or one person for two roles.",
    ),
    ("approval_missing", "No approval on record names this."),
    (
        "approved_after_start",
        "The exception was approved after it began: what happened before the approval is not waived.",
    ),
    ("archive_failures", "Shipping of logs failed some times in the period; noted beside what it came to."),
    ("attestation_missing", "No role holder attests it for the whole period."),
    ("below_minimum", "Plans keep recovery points for less than the minimum retention."),
    (
        "between_listings",
        "A recovery point disappeared between two listings, one before and one after its minimum age. List more often.",
    ),
    ("cause_recurs", "The same cause came back three times or more in a quarter and needs a record of its own: noted."),
    ("change_rate_normal", "The inventory says that the system does not change fast; the stricter rule is not for it."),
    ("change_rate_not_set", "The inventory does not say how fast the system changes (`change_rate`)."),
    (
        "class_list_not_given",
        "No approved policy lists the data classes of the organisation, so their names can't be checked.",
    ),
    ("class_unknown", "A data class that the data classification policy does not list."),
    (
        "clock_unknown",
        "The offset of the source's clock was never measured, and a comparison lies within the tolerance of its limit.",
    ),
    ("collector_unknown", "The manifest does not say who read the source."),
    ("component_missing", "A component that a rebuild needs has no good recovery point."),
    ("component_without_plan", "A component that a rebuild needs is in no enabled plan."),
    ("configured_too_long", "Recovery points are kept longer than the registered maximum."),
    ("copy_not_shown", "The records do not show whether a sound copy was taken before the move."),
    ("counts_disagree", "The number of runs that a monitor saw does not agree with the slots that were due."),
    ("counts_only", "A restore was shown to be whole by counts of records only: a pass, noted."),
    ("criterion_signed", "A signed statement says from when on a database changes fast, and no database is marked so."),
    ("custody_not_recorded", "Media were moved, and the record does not name who carried them."),
    ("data_differ", "A restore was recorded as a success, but the restored data differ from the source."),
    (
        "dated_by_asset",
        "The date of going live comes from the platform's listing, because it is earlier than the inventory's.",
    ),
    ("default_off", "A storage location did not encrypt new data by default."),
    ("delegate_performed", "The owner delegated the confirmation in writing, to the person who performed the test."),
    ("deleted_by_person", "A person, not a retention rule, deleted the recovery point."),
    ("deleted_early", "A recovery point was deleted before its minimum age."),
    (
        "design_exceeds_rpo",
        "The plans, even when every run succeeds, leave more time between recovery points than the recovery point objective allows.",
    ),
    (
        "deviation_unknown",
        "An expired exception is neither closed nor renewed, and no check shows whether its deviation is gone.",
    ),
    ("difference_explained", "Restored and expected counts differ, and the record says why."),
    ("digest_differs", "An object of the evidence store is gone, or is not as it was kept."),
    ("document_missing", "No approved document on record covers this."),
    ("document_stale", "The setting changed after its document was approved."),
    ("drift", "A gap is above the interval of the policy but within its tolerance: a pass, noted."),
    (
        "dst_extended",
        "The gap is one hour longer because the clock went back between two wall-clock runs: a pass, noted.",
    ),
    ("duplicate_id", "Two rows have this id."),
    ("encryption_not_shown", "Some recovery points are neither shown to be encrypted nor shown not to be."),
    (
        "event_not_explained",
        "No request for emergency access is on record, but a privileged event that nothing explains may have been such access.",
    ),
    ("expired_in_use", "An exception has expired, is neither closed nor renewed, and its deviation is still there."),
    ("exposure_exceeds_rpo", "At some time more data would have been lost than the recovery point objective allows."),
    ("failed", "Attempts were made for the slot and none succeeded before the next one."),
    (
        "failed_test_shown",
        "A successful test followed a failed one in the same quarter: a pass that shows the failure.",
    ),
    ("failure_point_missing", "A restore test does not record the moment of loss, so data loss can't be measured."),
    ("failures_unseen", "A monitor counted fewer failures than there were."),
    ("field_missing", "A field of the row that the check needs is empty."),
    ("final_state_changed", "One source gave the same record several final states; the newest is used."),
    (
        "gap_exceeds_limit",
        "Two neighbouring good recovery points lie further apart than the limit, and complete sources cover the time between them.",
    ),
    ("gap_not_covered", "A gap exceeds the limit, but no complete source covers it: a backup may exist unseen."),
    ("impossible_time", "Records end before they start, lie in the future, or come after what rests on them."),
    ("integrity_never_checked", "Neither checks nor restore tests compared data, so corruption could not be seen."),
    ("interval_not_documented", "A fast-changing system has no documented shorter interval to be judged by."),
    ("inventory_not_given", "The workspace has no inventory."),
    (
        "justified",
        "A plan keeps recovery points for less than the policy's minimum, and an approved note in its document justifies it.",
    ),
    ("kind_not_measured", "This kind of restore test brings back too little to measure recovery time or loss."),
    ("kind_unknown", "What a restore test restored is not recorded; a tool's log alone is no measurement."),
    ("late_addition", "An asset was added to the inventory later than allowed: noted."),
    ("late_success", "A good recovery point came after the deadline of the slot but before the next slot."),
    ("legal_hold", "Kept longer than the maximum under a legal hold."),
    ("listing_incomplete", "No complete listing shows which recovery points existed."),
    ("listings_incomplete", "No complete listings show which recovery points were deleted."),
    ("location_not_registered", "Plans write to a location that the register of storage locations does not have."),
    ("locked", "Locks that nobody can lift forbid that a recovery point was deleted early."),
    (
        "log_within_reach",
        "Somebody who used the access administers the platform that keeps its log and could change it: noted.",
    ),
    ("met_by_interval_plans", "Interval plans alone meet the objective, so no point-in-time restore is asked for."),
    ("missed", "No attempt was made for the slot, and a complete source covers it."),
    ("no_alert", "A backup failed, was missed or ran over its time, and no alert tells so."),
    (
        "no_audit",
        "The register of reviews shows no audit of the period, held or planned: nothing has to be handed over.",
    ),
    ("no_chain_evidence", "No source shows the log segments or dependencies that a point-in-time restore needs."),
    (
        "no_discovery_source",
        "No complete listing of assets covers the platform, so nothing shows that the inventory holds everything.",
    ),
    ("no_failure", "No backup failed, was missed or ran over its time."),
    (
        "no_lag_alert",
        "A continuous plan has no jobs whose state could raise an alert when logs stop: its alert must be on lag.",
    ),
    ("no_log_reliance", "The system does not rely on a chain of logs."),
    ("no_maximum_registered", "The register of obligations sets no longest retention."),
    ("no_objective", "Neither its tier nor an own objective gives the system a target."),
    ("no_plan", "The inventory holds no plan that protects the system."),
    ("no_report", "Only a tool's log shows the restore; no report describes it."),
    ("no_shorter_interval", "A fast-changing system has no plan that runs more often than the basic interval."),
    ("no_slot_due", "No expected run of the plan fell into the period."),
    ("no_source", "No source is configured and nothing was collected."),
    ("none_as_old", "No recovery point as old as the minimum retention is left."),
    ("not_acknowledged", "Nobody acknowledged the alert: noted."),
    ("not_covered", "No complete source covers a table of the system in part of the period."),
    ("not_exercised", "No point-in-time restore was made in the quarter, though the objective rests on logs."),
    ("not_investigated", "No incident or investigation names the failure, or no incident or action the failed test."),
    ("not_listed", "No listing shows which recovery points exist; runs alone do not show that a point is still there."),
    ("not_over", "The month or quarter has not ended."),
    (
        "not_provable_by_backup",
        "Periodic backups can't show this objective; evidence of continuous protection is needed.",
    ),
    (
        "not_proven",
        "The sources do not show that the system could be restored to every moment that the objective asks for.",
    ),
    ("not_restorable", "A part of the chain is broken, so the points that rest on it can't be restored."),
    ("not_significant", "The change is not marked as significant."),
    ("not_the_owner", "Somebody other than the owner confirmed the test."),
    ("not_verified", "The action is closed, and nobody checked its effect."),
    ("not_yet_due", "The obligation needs an age that the system has not reached."),
    ("open_too_long", "The record of the failure is open for longer than allowed."),
    ("orphan_points", "Recovery points have neither plan nor expiry: nothing will ever delete them."),
    ("overrun", "An attempt had no final state after the deadline of the slot."),
    ("owner_gap", "For more than a day nobody was appointed as a system owner."),
    ("plan_history_incomplete", "The inventory has no plan for a time in which the platform showed one."),
    ("platform_unknown", "Of a restore test it is not known which platform the recovery point came from."),
    ("point_too_old", "A recovery point is older than the registered maximum."),
    ("provider_managed", "A provider runs the backup of the system; STO-07 judges its statement."),
    ("quarter_not_covered", "No source states that it holds every restore test of the quarter."),
    ("quarter_running", "The quarter has not ended."),
    ("range_not_tested", "The interval in which a point-in-time restore is claimed to work was never shown to work."),
    ("range_reversed", "The lower end of a range of recovery time is above its upper end."),
    (
        "ready_time_missing",
        "When the service was usable again is not recorded, so only a lower bound of the restore time is known.",
    ),
    (
        "recovery_not_covered",
        "No complete source covers the time in which a good recovery point was due: one may exist unseen.",
    ),
    ("reduced_scale", "The test was smaller than production."),
    (
        "register_not_given",
        "A register that could hold what is looked for was not given. An empty register is not the same.",
    ),
    ("renewed_repeatedly", "The exception has been renewed again and again."),
    (
        "required_components_empty",
        "The inventory does not say what a rebuild of the system needs (`required_components`).",
    ),
    ("retention_not_visible", "Neither inventory nor platform shows how long the plan keeps recovery points."),
    (
        "returned_to_running",
        "A source showed a run as running after it had shown its end: the source is unreliable, and the end is used.",
    ),
    ("rolled_back", "The change was taken back."),
    ("rpo_exceeded", "A restore test lost more data than the recovery point objective allows."),
    ("rpo_not_applicable", "The tier has no recovery point objective; the policy says why."),
    ("rto_exceeded", "A restore test took longer than the recovery time objective allows."),
    ("saw_nothing", "A monitor saw no run at all on a day with slots."),
    ("scope_missing", "The request does not name the systems it is for."),
    ("segment_missing", "A log segment between two others is missing."),
    ("self_approval", "The requester of an exception approved it."),
    ("short_lived", "An asset without an inventory row was gone before it had to be registered."),
    (
        "shown_by_runs",
        "The inventory has no plan for some time in which a platform showed one, and job records show that it ran.",
    ),
    ("single_source", "Only one source recorded the runs, so none can contradict another."),
    ("size_drop", "A backup is much smaller than the ones before it."),
    ("size_not_reported", "The source does not report sizes."),
    ("slots_not_met", "Expected runs have no good recovery point; the detail counts them by outcome."),
    ("slots_unknown", "Slots have no known outcome, so whether one failed is not known."),
    (
        "source_not_complete",
        "A source states that it holds every run, and another source shows runs that are not in it.",
    ),
    (
        "source_not_named",
        "A system was left out because its data can be rebuilt, and the reason does not say from what.",
    ),
    ("system_left_out", "A review does not name the system."),
    ("system_unknown", "The record names no system of the inventory."),
    ("target_not_named", "A plan names neither platform nor location."),
    ("tests_not_covered", "No source states that it holds every restore test of the time in question."),
    ("times_out_of_order", "The times of a restore test contradict each other."),
    ("unequal", "The figures of the report are not those that the records give."),
    ("unknown_share_above_limit", "Too large a share of the slots is unknown to judge the plan."),
    ("unknown_within_limit", "Some slots are unknown, no more than the policy's limit: a pass, noted."),
    ("weak_cipher", "The cipher is weaker than the policy asks for."),
    (
        "within_range",
        "The restore time lies between the lower and the upper end of the objective's range: a pass, noted.",
    ),
    ("zero_size", "A successful run captured no bytes, and its source does not say that nothing changed."),
    (
        "zone_unknown",
        "Times without a zone, from a source whose `timezone` is not configured, can't be used for a time test.",
    ),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::REASONS;

    /// All program text of a folder.
    fn sources(folder: &Path, out: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, out);
            } else {
                out.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn codes_are_sorted_and_given_by_some_check() {
        assert!(REASONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut text = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("transform/src"), &mut text);
        let gone: Vec<&str> =
            REASONS.iter().map(|(code, _)| *code).filter(|code| !text.contains(&format!("\"{code}\""))).collect();
        assert!(gone.is_empty(), "no check gives {gone:?}");
    }
}
