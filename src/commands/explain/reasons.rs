//! Reason codes of results and what they mean.

/// Code and meaning, in alphabetical order. A check may use further codes whose words say all there is to say.
pub const REASONS: &[(&str, &str)] = &[
    ("change_rate_normal", "The inventory says that the system does not change fast; the stricter rule is not for it."),
    ("change_rate_not_set", "The inventory does not say how fast the system changes (`change_rate`)."),
    (
        "design_exceeds_rpo",
        "The plans, even when every run succeeds, leave more time between recovery points than the recovery point objective allows.",
    ),
    ("drift", "A gap is above the interval of the policy but within its tolerance: a pass, noted."),
    (
        "dst_extended",
        "The gap is one hour longer because the clock went back between two wall-clock runs: a pass, noted.",
    ),
    ("exposure_exceeds_rpo", "At some time more data would have been lost than the recovery point objective allows."),
    ("failed", "Attempts were made for the slot and none succeeded before the next one."),
    (
        "gap_exceeds_limit",
        "Two neighbouring good recovery points lie further apart than the limit, and complete sources cover the time between them.",
    ),
    ("gap_not_covered", "A gap exceeds the limit, but no complete source covers it: a backup may exist unseen."),
    ("interval_not_documented", "A fast-changing system has no documented shorter interval to be judged by."),
    ("late_success", "A good recovery point came after the deadline of the slot but before the next slot."),
    ("missed", "No attempt was made for the slot, and a complete source covers it."),
    ("no_chain_evidence", "No source shows the log segments or dependencies that a point-in-time restore needs."),
    ("no_log_reliance", "The system does not rely on a chain of logs."),
    ("no_objective", "Neither its tier nor an own objective gives the system a target."),
    ("no_plan", "The inventory holds no plan that protects the system."),
    ("no_shorter_interval", "A fast-changing system has no plan that runs more often than the basic interval."),
    ("no_slot_due", "No expected run of the plan fell into the period."),
    (
        "not_provable_by_backup",
        "Periodic backups can't show this objective; evidence of continuous protection is needed.",
    ),
    (
        "not_proven",
        "The sources do not show that the system could be restored to every moment that the objective asks for.",
    ),
    ("not_restorable", "A part of the chain is broken, so the points that rest on it can't be restored."),
    ("not_yet_due", "The obligation needs an age that the system has not reached."),
    ("overrun", "An attempt had no final state after the deadline of the slot."),
    ("range_not_tested", "The interval in which a point-in-time restore is claimed to work was never shown to work."),
    ("rpo_not_applicable", "The tier has no recovery point objective; the policy says why."),
    ("segment_missing", "A log segment between two others is missing."),
    ("slots_not_met", "Expected runs have no good recovery point; the detail counts them by outcome."),
    ("unknown_share_above_limit", "Too large a share of the slots is unknown to judge the plan."),
    ("unknown_within_limit", "Some slots are unknown, no more than the policy's limit: a pass, noted."),
    (
        "zone_unknown",
        "Times without a zone, from a source whose `timezone` is not configured, can't be used for a time test.",
    ),
];

#[cfg(test)]
mod tests {
    use super::REASONS;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(REASONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
