//! Whether the roles that a text asks for approved, each by a person who held the role then.
//!
//! Exceptions (EXC-02), outputs of sections (PRC-04), signatures (DOC-03) and the approval of the policy (DOC-07) are
//! judged alike.

use model::registers::Registers;
use model::time::Instant;

/// What one person decided in one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote<'a> {
    /// Role id.
    pub role: &'a str,
    /// Who.
    pub person: &'a str,
    /// First and last moment at which it may have been: the same instant, or the ends of a day.
    pub when: (Instant, Instant),
    /// True for a rejection.
    pub rejects: bool,
}

impl<'a> Vote<'a> {
    /// An approval at an instant.
    #[must_use]
    pub const fn approves(role: &'a str, person: &'a str, at: Instant) -> Self {
        Self { role, person, when: (at, at), rejects: false }
    }
}

/// Which approvals are needed.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Role ids, all of them needed.
    pub roles: &'a [String],
    /// Who may not decide, and why: `("rita", "asked for it")`.
    pub barred: Option<(&'a str, &'a str)>,
    /// Different roles must be decided by different people.
    pub distinct: bool,
}

/// Why an approval that was given does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Reason code.
    pub code: &'static str,
    /// A clause without a full stop.
    pub text: String,
}

/// What the votes come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// Roles without any vote, in the order asked.
    pub missing: Vec<String>,
    /// Why votes do not count; empty where all do.
    pub defects: Vec<Defect>,
    /// Roles that voted while no register of roles shows who held them.
    pub not_shown: Vec<String>,
    /// The latest of the needed approvals, where all are there.
    pub complete_at: Option<Instant>,
}

/// Judges votes. The last rejection of a role stands until it approves; of several approvals the newest without a
/// defect counts.
#[must_use]
pub fn approval(asked: Asked<'_>, votes: &[Vote<'_>], registers: &Registers) -> Approval {
    let mut out = Approval::default();
    let mut candidates: Vec<Vec<Vote<'_>>> = Vec::new();
    for role in asked.roles {
        let mut own: Vec<Vote<'_>> = votes.iter().filter(|v| v.role == role).copied().collect();
        own.sort_by_key(|v| v.when);
        let Some(last) = own.last().copied() else {
            out.missing.push(role.clone());
            continue;
        };
        if last.rejects {
            out.defects.push(Defect { code: "rejected", text: format!("{role} decided reject") });
            continue;
        }
        let sound: Vec<Vote<'_>> =
            own.into_iter().rev().filter(|v| !v.rejects && defects(asked, *v, registers).is_empty()).collect();
        if sound.is_empty() {
            out.defects.extend(defects(asked, last, registers));
        } else if registers.role_assignments.is_none() {
            out.not_shown.push(role.clone());
        }
        candidates.push(sound);
    }
    candidates.retain(|sound| !sound.is_empty());
    let chosen = choose(&candidates, asked.distinct, &mut Vec::new());
    if chosen.is_none() {
        let firsts: Vec<&str> = candidates.iter().filter_map(|c| c.first()).map(|v| v.person).collect();
        let twice = firsts.iter().enumerate().find(|(i, person)| firsts[..*i].contains(person)).map_or("one", |t| t.1);
        let text = format!("{twice} decided in more than one needed role");
        out.defects.push(Defect { code: "one_person_two_roles", text });
    }
    if out.missing.is_empty() && out.defects.is_empty() && out.not_shown.is_empty() {
        out.complete_at = chosen.and_then(|votes| votes.iter().map(|v| v.when.1).max());
    }
    out
}

/// What speaks against one approval, whoever else approved.
fn defects(asked: Asked<'_>, vote: Vote<'_>, registers: &Registers) -> Vec<Defect> {
    let (person, role) = (vote.person, vote.role);
    let mut out = Vec::new();
    if let Some((_, why)) = asked.barred.filter(|(barred, _)| *barred == person) {
        let text = format!("self-approval: {person} {why} and approved it as {role}");
        out.push(Defect { code: "self_approval", text });
    }
    if registers.role_assignments.is_some() && !registers.held_role_within(person, role, vote.when.0, vote.when.1) {
        let text = format!("{person} did not hold the role {role} when deciding");
        out.push(Defect { code: "role_not_held", text });
    }
    out
}

/// One approval for each role, the newest where there is a choice; by different people where `distinct`.
fn choose<'a>(roles: &[Vec<Vote<'a>>], distinct: bool, taken: &mut Vec<&'a str>) -> Option<Vec<Vote<'a>>> {
    let Some((first, rest)) = roles.split_first() else { return Some(Vec::new()) };
    for vote in first.iter().filter(|v| !distinct || !taken.contains(&v.person)).copied().collect::<Vec<_>>() {
        taken.push(vote.person);
        if let Some(mut others) = choose(rest, distinct, taken) {
            others.push(vote);
            return Some(others);
        }
        taken.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use model::fault::{Faults, File};
    use model::registers::load;

    use super::*;
    use crate::testing::at;

    fn registers(rows: &str) -> Registers {
        let text = format!("role,person,valid_from,valid_to\n{rows}");
        let mut faults = Faults::default();
        let file = File { name: "registers/role_assignments.csv", text: &text };
        let registers = load(&[file], model::time::Tz::UTC, &mut faults);
        assert!(faults.is_empty());
        registers
    }

    fn asked(roles: &[String], distinct: bool) -> Asked<'_> {
        Asked { roles, barred: None, distinct }
    }

    #[test]
    fn the_newest_approval_without_a_defect_counts() {
        let registers = registers("owner,ann,2026-01-01,2026-06-01\n");
        let roles = ["owner".to_owned()];
        let early = Vote::approves("owner", "ann", at("2026-02-01T00:00:00Z"));
        let late = Vote::approves("owner", "ann", at("2026-07-01T00:00:00Z"));
        let both = approval(asked(&roles, true), &[late, early], &registers);
        assert_eq!(both.complete_at, Some(early.when.0), "she left the office in June");
        let only = approval(asked(&roles, true), &[late], &registers);
        assert_eq!(only.defects[0].code, "role_not_held");
        let rejected = approval(asked(&roles, true), &[early, Vote { rejects: true, ..late }], &registers);
        assert_eq!((rejected.defects[0].code, rejected.complete_at), ("rejected", None));
    }

    #[test]
    fn two_roles_need_two_people_where_that_is_asked_for() {
        let registers = registers("owner,ann,2026-01-01,\nowner,bob,2026-01-01,\nofficer,ann,2026-01-01,\n");
        let roles = ["owner".to_owned(), "officer".to_owned()];
        let when = at("2026-02-01T00:00:00Z");
        let votes = [Vote::approves("owner", "ann", when), Vote::approves("officer", "ann", when)];
        assert_eq!(approval(asked(&roles, true), &votes, &registers).defects[0].code, "one_person_two_roles");
        assert_eq!(approval(asked(&roles, false), &votes, &registers).complete_at, Some(when));
        let more = [votes[0], votes[1], Vote::approves("owner", "bob", at("2026-01-15T00:00:00Z"))];
        assert_eq!(approval(asked(&roles, true), &more, &registers).complete_at, Some(when), "bob is the other one");
    }

    #[test]
    fn a_signature_of_the_day_of_appointment_counts() {
        let registers = registers("owner,ann,2026-02-01T09:00:00Z,\n");
        let roles = ["owner".to_owned()];
        let day = (at("2026-02-01T00:00:00Z"), at("2026-02-01T23:59:59Z"));
        let vote = Vote { role: "owner", person: "ann", when: day, rejects: false };
        assert!(approval(asked(&roles, true), &[vote], &registers).defects.is_empty());
        let nobody = Registers::default();
        assert_eq!(approval(asked(&roles, true), &[vote], &nobody).not_shown, roles);
    }
}
