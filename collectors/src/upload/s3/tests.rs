use super::lock::Head;
use super::*;

#[test]
fn a_lock_is_left_only_where_it_is_as_fast_and_as_long() {
    let at = |text| model::time::instant(text, None).unwrap();
    let (now, until) = (at("2026-11-01T00:00:00Z"), at("2032-11-01T00:00:00Z"));
    let head = |mode, until| Head { version: None, sum: None, mode, until, stored: None };
    let lock = |mode, extend| Lock { mode, until, now, extend };
    let governed = head(Some(ObjectLockMode::Governance), Some(at("2030-01-01T00:00:00Z")));
    assert!(governed.holds(lock(Mode::Governance, false)));
    assert!(!governed.holds(lock(Mode::Compliance, false)), "a slower lock is none of compliance");
    assert!(!governed.holds(lock(Mode::Governance, true)), "it ends earlier than was asked for");
    let fast = head(Some(ObjectLockMode::Compliance), Some(at("2032-10-31T12:00:00Z")));
    assert!(fast.holds(lock(Mode::Governance, true)), "less than a day");
    assert!(!head(Some(ObjectLockMode::Compliance), Some(now)).holds(lock(Mode::Governance, false)), "it has ended");
    assert!(!head(None, None).holds(lock(Mode::Governance, false)));
}

#[test]
fn hexadecimal_is_read() {
    assert_eq!(bytes("00ff1a"), [0, 255, 26]);
}
