//! Random worlds. Every choice is a small number, and zero is always the plain, healthy choice, so that a failing world
//! shrinks towards a healthy one with the one thing in it that matters.

use chrono::{Days, Months, NaiveDate};
use model::registers::{ExceptionStatus, RiskLevel};
use model::rows::{Integrity, TestKind, TestResult};
use model::time::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

use super::attempts;
use super::case::{
    Case, DAY, HOUR, Listed, MINUTE, PlanVersion, Request, Restore, Seconds, Settings, Statement, Thing, Verdict, When,
};
use super::{clock, exceptions};

/// Ten zones: every kind of change there is, and offsets of 30 and 45 minutes with and without one.
pub(super) const ZONES: [Tz; 10] = [
    Tz::UTC,
    Tz::America__New_York,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Chatham,
    Tz::Asia__Kathmandu,
    Tz::America__St_Johns,
    Tz::Australia__Adelaide,
    Tz::America__Santiago,
    Tz::Africa__Casablanca,
];

pub(super) const SCHEDULES: [&str; 12] = [
    "0 2 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "15 1,13 * * *",
    "0 */6 * * *",
    "30 1 * * 1-5",
    "45 2 29 2 *",
    "0 3 1 * *",
    "59 23 28-31 * *",
    "10 12 1 * 5",
    "*/30 1-3 * * *",
    "5 0 * * 7",
];

/// Choices, read one after another; what is not there is zero.
pub(super) struct Dial<'a>(std::slice::Iter<'a, u16>);

impl<'a> Dial<'a> {
    pub(super) fn new(values: &'a [u16]) -> Self {
        Self(values.iter())
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % n
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// True once in `n`.
    pub(super) fn rarely(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn number(&mut self, below: usize) -> Seconds {
        Seconds::try_from(self.below(below)).unwrap()
    }
}

/// The choices of a world.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    head: Vec<u16>,
    systems: Vec<Vec<u16>>,
    plans: Vec<Vec<u16>>,
    changes: Vec<Vec<u16>>,
    points: Vec<Vec<u16>>,
    tests: Vec<Vec<u16>>,
    covers: Vec<Vec<u16>>,
    requests: Vec<Vec<u16>>,
}

fn dials() -> impl Strategy<Value = Vec<u16>> {
    vec(0..720_u16, 18)
}

pub(super) fn worlds() -> impl Strategy<Value = Draft> {
    let parts = (
        dials(),
        vec(dials(), 1..=2),
        vec(dials(), 1..=3),
        vec(dials(), 0..=8),
        vec(dials(), 0..=4),
        vec(dials(), 0..=3),
        vec(dials(), 0..=3),
        vec(dials(), 0..=3),
    );
    parts.prop_map(|(head, systems, plans, changes, points, tests, covers, requests)| Draft {
        head,
        systems,
        plans,
        changes,
        points,
        tests,
        covers,
        requests,
    })
}

/// A period: around a change of the clock, the end of a month or of February, or a whole month or quarter.
fn period(dial: &mut Dial<'_>, zone: Tz) -> (String, NaiveDate, NaiveDate) {
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    let mut middles = vec![day(2026, 10, 14), day(2024, 2, 29), day(2026, 2, 28), day(2025, 12, 31), day(2026, 6, 30)];
    let at_change = clock::changes(zone);
    if !at_change.is_empty() {
        middles.extend((0..5).map(|i| at_change[i % at_change.len()]));
    }
    let middle = dial.of(&middles);
    let month = middle - Days::new(u64::from(chrono::Datelike::day0(&middle)));
    match dial.below(40) {
        37 | 38 => (month.format("%Y-%m").to_string(), month, month + Months::new(1)),
        39 => {
            let quarter = chrono::Datelike::month0(&month) / 3;
            let first = month - Months::new(chrono::Datelike::month0(&month) % 3);
            (format!("{}-Q{}", first.format("%Y"), quarter + 1), first, first + Months::new(3))
        }
        n => {
            let (first, last) = (middle - Days::new(1 + n as u64 % 3), middle + Days::new(n as u64 / 9));
            (format!("{first}..{last}"), first, last + Days::new(1))
        }
    }
}

fn system(dial: &mut Dial<'_>, index: usize, start: Seconds, end: Seconds) -> Thing {
    let onboarded = match dial.below(8) {
        6 => start + dial.number(72) * HOUR,
        7 => start - dial.number(40) * DAY,
        _ => start - 400 * DAY,
    };
    Thing {
        id: format!("s{index}"),
        database: !dial.rarely(4),
        critical: !dial.rarely(3),
        production: !dial.rarely(6),
        in_scope: !dial.rarely(8),
        onboarded,
        retired: dial.rarely(6).then(|| end - dial.number(100) * HOUR + HOUR),
    }
}

/// A plan, and sometimes its next version.
fn plan(dial: &mut Dial<'_>, index: usize, systems: usize, home: Tz, start: Seconds) -> Vec<PlanVersion> {
    let when = |dial: &mut Dial<'_>| match dial.below(17) {
        n @ 0..=11 => When::Cron(SCHEDULES[n].to_owned()),
        12 => When::Every { seconds: 24 * HOUR, anchor: start - 30 * DAY + 90 * MINUTE },
        13 => When::Every { seconds: 6 * HOUR, anchor: start + 10 * MINUTE },
        14 => When::Continuous,
        15 => When::Cron("20 * * * *".to_owned()),
        _ => When::Cron(format!("{} {} * * *", dial.number(60), dial.number(4))),
    };
    let mut first = PlanVersion {
        id: format!("p{index}"),
        version: 1,
        system: dial.below(systems),
        when: when(dial),
        zone: if dial.rarely(4) { dial.of(&ZONES) } else { home },
        window: dial.of(&[None, Some(30 * MINUTE), Some(0), Some(2 * HOUR)]),
        longest: dial.of(&[None, Some(HOUR), Some(4 * HOUR), Some(30 * HOUR)]),
        retention: dial.of(&[Some(35 * DAY), Some(30 * DAY), Some(30 * DAY - 1), Some(7 * DAY), None]),
        retention_count: dial.of(&[None, Some(30), Some(29), Some(120)]),
        enabled: !dial.rarely(8),
        operational: !dial.rarely(8),
        from: start - 400 * DAY,
        to: None,
    };
    match (first.retention, &first.when) {
        // A number of points tells a time where the schedule is even.
        (None, When::Every { .. }) => {}
        (None, When::Cron(text)) if !text.contains(" 2 *") && first.retention_count != Some(29) => {}
        _ => first.retention_count = None,
    }
    if dial.rarely(6) {
        first.from = start + dial.number(60) * HOUR;
    }
    if dial.below(4) < 3 {
        return vec![first];
    }
    let change = start + dial.number(90) * HOUR;
    first.to = Some(change);
    let mut second = first.clone();
    (second.version, second.from, second.to) = (2, change, None);
    match dial.below(4) {
        0 => vec![first],
        1 => {
            second.enabled = false;
            vec![first, second]
        }
        _ => {
            second.when = when(dial);
            vec![first, second]
        }
    }
    .into_iter()
    .filter(|p| p.to.is_none_or(|to| p.from < to))
    .collect()
}

fn listed(dial: &mut Dial<'_>, index: usize, systems: usize, start: Seconds, as_of: Seconds) -> Listed {
    let taken = match dial.below(3) {
        0 => as_of - 30 * DAY - dial.of(&[12 * HOUR, 0, -1, 1, 24 * HOUR, 24 * HOUR + 1, HOUR, 23 * HOUR]),
        1 => start + dial.number(240) * HOUR - 48 * HOUR,
        _ => as_of - dial.number(35 * 24) * HOUR,
    };
    Listed {
        id: format!("extra{index}"),
        system: dial.below(systems),
        taken: taken.min(as_of),
        complete: !dial.rarely(6),
        bytes: dial.of(&[1_000, 1_000, 1_000, 1_000, 0]),
        integrity: dial.of(&[None, Some(Integrity::Pass), Some(Integrity::NotChecked), Some(Integrity::Fail)]),
        copy: dial.rarely(6),
        deleted: dial.rarely(4).then(|| (taken + dial.of(&[20 * DAY, 40 * DAY, HOUR])).min(as_of)),
    }
}

fn restore(dial: &mut Dial<'_>, index: usize, systems: usize, start: Seconds, end: Seconds) -> Restore {
    let result = dial.of(&[
        TestResult::Success,
        TestResult::Success,
        TestResult::Failed,
        TestResult::Partial,
        TestResult::Aborted,
    ]);
    let ended = match dial.below(6) {
        0..=2 => start + dial.number(72) * HOUR,
        3 => start,
        4 => end,
        _ => end - 1,
    };
    Restore {
        id: format!("t{index}"),
        system: dial.below(systems),
        kind: dial.of(&[
            TestKind::Full,
            TestKind::Partial,
            TestKind::Item,
            TestKind::PointInTime,
            TestKind::Tabletop,
            TestKind::RealIncident,
        ]),
        // A test that never started was cancelled.
        started: (!dial.rarely(6)).then_some(ended - 2 * HOUR),
        ended: Some(ended),
        result,
        integrity: dial.of(&[Some(Integrity::Pass), None, Some(Integrity::NotChecked), Some(Integrity::Fail)]),
    }
}

fn statement(dial: &mut Dial<'_>, systems: usize, start: Seconds, as_of: Seconds) -> Statement {
    let from = start + dial.of(&[-70 * DAY, -2 * DAY, 0, DAY, 30 * HOUR]);
    Statement {
        source: dial.of(&["log", "second"]),
        collected: as_of - dial.of(&[0, 0, HOUR, DAY, 5 * DAY]),
        read_whole: !dial.rarely(6),
        complete: !dial.rarely(6),
        system: dial.of(&[None, None, Some(0), Some(systems - 1)]),
        table: dial.of(&[None, None, Some("backup_runs"), Some("recovery_points")]),
        from,
        to: dial.of(&[None, Some(as_of + 2 * DAY), Some(start + 2 * DAY), Some(start + 3 * DAY + 30 * MINUTE)]),
        gap: dial.rarely(3).then(|| {
            let gap = start + dial.number(96) * HOUR;
            (gap, gap + dial.of(&[HOUR, 26 * HOUR, 30 * MINUTE, 4 * DAY]))
        }),
    }
    .ordered()
}

impl Statement {
    fn ordered(mut self) -> Self {
        self.to = self.to.map(|to| to.max(self.from));
        self
    }
}

/// Columns that EXC-01 wants filled.
const COLUMNS: [&str; 8] = [
    "justification",
    "requester",
    "in_writing_ref",
    "business_impact",
    "compensating_controls",
    "remediation_plan",
    "remediation_due",
    "risk_level",
];

fn request(dial: &mut Dial<'_>, index: usize, systems: usize, start: Seconds, as_of: Seconds) -> Request {
    let from = start + dial.of(&[-60 * DAY, -400 * DAY, 0, DAY, 2 * DAY]);
    let length = dial.of(&[200 * DAY, 365 * DAY, 366 * DAY, 62 * DAY, 3 * DAY, 12 * HOUR]);
    let risk = dial.of(&[RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Critical]);
    let needed: &[&str] = match risk {
        RiskLevel::Low => &["policy_owner"],
        RiskLevel::Medium => &["policy_owner", "security_officer"],
        RiskLevel::High => &["policy_owner", "security_officer", "compliance_officer"],
        RiskLevel::Critical => &["executive_management"],
    };
    let same_person = dial.rarely(5);
    let mut decisions = Vec::new();
    for role in needed {
        let person = match *role {
            "policy_owner" => "paula",
            "security_officer" if same_person => "paula",
            "security_officer" => "sam",
            "compliance_officer" if same_person => "sam",
            "compliance_officer" => "carl",
            _ => "emma",
        };
        let at = (from + dial.of(&[-HOUR, -5 * DAY, 0, DAY, 3 * DAY])).min(as_of);
        let verdict = Verdict { role, person, approve: !dial.rarely(12), at };
        if !dial.rarely(8) {
            decisions.push(verdict);
        }
    }
    let to = from + length;
    let status = dial.of(&[
        ExceptionStatus::Approved,
        ExceptionStatus::Approved,
        ExceptionStatus::Approved,
        ExceptionStatus::Submitted,
        ExceptionStatus::Draft,
        ExceptionStatus::Rejected,
        ExceptionStatus::Closed,
        ExceptionStatus::Expired,
    ]);
    Request {
        id: format!("x{index}"),
        check: dial.of(&["FRQ-02", "FRQ-01", "RET-01", "RET-02"]),
        statement: dial.of(&[exceptions::NO_STATEMENT, "BRP-3.1-01", "BRP-3.1-04", "BRP-2.3-02"]),
        system: dial.of(&[Some(0), Some(systems - 1), None]),
        risk,
        status,
        requester: dial.of(&["rita", "rita", "rita", "rita", "paula"]),
        blank: dial.rarely(4).then(|| dial.of(&COLUMNS)),
        from,
        to,
        closed: (status == ExceptionStatus::Closed).then(|| to - dial.of(&[DAY, HOUR, 20 * DAY])),
        renews: (index > 0 && dial.rarely(3)).then(|| format!("x{}", index - 1)),
        decisions,
    }
}

impl Draft {
    /// The world these choices make.
    pub(super) fn world(&self) -> Case {
        let mut head = Dial::new(&self.head);
        let home = head.of(&ZONES);
        let zone = if head.rarely(2) { head.of(&ZONES) } else { home };
        let (label, first, after) = period(&mut head, home);
        let (start, end) = (clock::reached(zone, clock::midnight(first)), clock::reached(zone, clock::midnight(after)));
        let as_of = match head.below(8) {
            0..=3 => end + 5 * DAY,
            4 => end,
            5 => end + HOUR,
            6 => end + 35 * DAY,
            _ => start + head.number(200) * 29 * MINUTE + 3 * HOUR,
        };
        let settings = Settings {
            unknown_percent: head.of(&[1, 0, 50]),
            tolerance: head.of(&[HOUR, 0]),
            each_recovery_point: !head.rarely(3),
            distinct_approvers: !head.rarely(3),
        };
        let n = self.systems.len();
        let numbered = |list: &[Vec<u16>]| list.iter().cloned().enumerate().collect::<Vec<_>>();
        let systems: Vec<Thing> =
            numbered(&self.systems).iter().map(|(i, d)| system(&mut Dial::new(d), *i, start, end)).collect();
        let plans: Vec<PlanVersion> =
            numbered(&self.plans).iter().flat_map(|(i, d)| plan(&mut Dial::new(d), *i, n, home, start)).collect();
        let points: Vec<Listed> =
            numbered(&self.points).iter().map(|(i, d)| listed(&mut Dial::new(d), *i, n, start, as_of)).collect();
        let mut tests: Vec<Restore> =
            numbered(&self.tests).iter().map(|(i, d)| restore(&mut Dial::new(d), *i, n, start, end)).collect();
        tests.retain(|t| t.ended.is_none_or(|e| e <= as_of));
        let mut covers: Vec<Statement> =
            self.covers.iter().map(|d| statement(&mut Dial::new(d), n, start, as_of)).collect();
        if covers.is_empty() || head.rarely(2) {
            covers.push(statement(&mut Dial::new(&[]), n, start, as_of));
        }
        let requests =
            numbered(&self.requests).iter().map(|(i, d)| request(&mut Dial::new(d), *i, n, start, as_of)).collect();
        let mut case = Case {
            label,
            first,
            after,
            zone,
            as_of,
            settings,
            systems,
            plans,
            runs: Vec::new(),
            points,
            tests,
            covers,
            exceptions: (!head.rarely(8)).then_some(requests),
        };
        attempts::add(&mut case, &self.changes, start, end);
        case
    }
}
