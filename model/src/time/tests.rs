use super::cron::Cron;
use super::*;

fn at(text: &str) -> Instant {
    instant(text, None).unwrap()
}

fn slots(expression: &str, tz: &str, from: &str, to: &str) -> Vec<String> {
    expression.parse::<Cron>().unwrap().due(zone(tz).unwrap(), at(from), at(to)).into_iter().map(utc_text).collect()
}

#[test]
fn spring_change_moves_a_missing_time_to_the_first_valid_instant() {
    // checks.toml FRQ-02: slot at 02:30 America/New_York on 2026-03-08 is due at 07:00Z
    assert_eq!(
        slots("30 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"),
        ["2026-03-08T07:00:00Z"]
    );
}

#[test]
fn autumn_change_makes_a_repeated_time_due_once() {
    assert_eq!(
        slots("30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"),
        ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
    );
}

#[test]
fn every_hour_follows_real_hours_across_both_changes() {
    assert_eq!(slots("0 * * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").len(), 25);
    assert_eq!(slots("0 * * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").len(), 23);
}

#[test]
fn a_schedule_of_every_hour_is_what_going_through_every_minute_finds() {
    use chrono::{Duration, Timelike};
    // Changes of an hour, of half an hour, of a quarter and of 44 minutes and a half.
    let changes = [
        ("America/New_York", "2026-10-31T22:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T02:00:00Z"),
        ("Asia/Kathmandu", "1985-12-31T06:00:00Z"),
        ("Africa/Monrovia", "1972-01-06T12:00:00Z"),
    ];
    for (name, from) in changes {
        let (tz, from) = (zone(name).unwrap(), at(from));
        let to = from + Duration::hours(40);
        for (expression, wanted) in
            [("0 * * * *", vec![0]), ("*/7 * * * *", (0..60).step_by(7).collect()), ("59 * * * *", vec![59])]
        {
            let minutes = (0..40 * 60).map(|m| from + Duration::minutes(m));
            let expected: Vec<Instant> = minutes.filter(|t| wanted.contains(&t.with_timezone(&tz).minute())).collect();
            assert_eq!(expression.parse::<Cron>().unwrap().due(tz, from, to), expected, "{expression} in {name}");
        }
    }
}

#[test]
fn zones_with_odd_offsets() {
    assert_eq!(
        slots("0 2 * * *", "Asia/Kathmandu", "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"),
        ["2026-10-01T20:15:00Z"]
    );
    assert_eq!(
        slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-04T00:00:00Z"),
        ["2026-10-03T15:30:00Z"]
    );
}

#[test]
fn cron_fields() {
    assert_eq!(slots("0 3 1,15 * mon", "UTC", "2026-10-01T00:00:00Z", "2026-10-08T00:00:00Z").len(), 2);
    assert_eq!(slots("*/20 9-10 * * 1-5", "UTC", "2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z").len(), 6);
    for bad in ["", "* * * *", "60 * * * *", "* * 30 2 *", "5-1 * * * *", "*/0 * * * *", "* * * * * *", "+5 * * * *"] {
        assert!(bad.parse::<Cron>().is_err(), "{bad}");
    }
}

#[test]
fn spans() {
    for (text, months, seconds) in
        [("PT24H", 0, 86_400), ("P30D", 0, 2_592_000), ("P3M", 3, 0), ("P1Y", 12, 0), ("PT1H30M", 0, 5_400)]
    {
        let span: Span = text.parse().unwrap();
        assert_eq!((span.months, span.seconds), (months, seconds));
        assert_eq!(span.to_string(), text);
    }
    for bad in ["", "P", "PT", "24H", "PT24", "P1H", "PTM", "P-1D", "P1M2Y"] {
        assert!(bad.parse::<Span>().is_err(), "{bad}");
    }
}

#[test]
fn calendar_cadence_falls_back_to_the_last_day_and_the_due_day_passes() {
    let utc = zone("UTC").unwrap();
    let year: Span = "P1Y".parse().unwrap();
    assert_eq!(year.after(at("2024-02-29T10:00:00Z"), utc), at("2025-02-28T10:00:00Z"));
    let quarter: Span = "P3M".parse().unwrap();
    assert_eq!(quarter.due_by(at("2026-05-20T10:00:00Z"), utc), at("2026-08-21T00:00:00Z"));
}

#[test]
fn periods() {
    let tz = zone("America/New_York").unwrap();
    let month = Period::parse("2026-11", tz).unwrap();
    assert_eq!((month.start(), month.end()), (at("2026-11-01T04:00:00Z"), at("2026-12-01T05:00:00Z")));
    assert_eq!(month.previous().label(), "2026-10");
    assert_eq!(Period::parse("2026-Q3", tz).unwrap().previous().label(), "2026-Q2");
    let range = Period::parse("2026-01-01..2026-06-30", tz).unwrap();
    assert_eq!(range.quarters(1).iter().map(Period::label).collect::<Vec<_>>(), ["2026-Q1", "2026-Q2"]);
    assert_eq!(range.previous().label(), "2025-07-04..2025-12-31");
    for bad in ["2026-13", "2026-Q5", "26", "2026-1", "2026-06-30..2026-01-01", "0001", "2026-Q", "9999"] {
        assert!(Period::parse(bad, tz).is_err(), "{bad}");
    }
}

#[test]
fn a_log_across_the_backward_change_keeps_its_length() {
    let mut clock = WallClock::new(Some(zone("Europe/Berlin").unwrap()));
    let start = clock.place(local_time("2026-10-25 02:59:58").unwrap()).unwrap();
    let end = clock.place(local_time("2026-10-25 02:00:38").unwrap()).unwrap();
    assert_eq!((end - start).num_seconds(), 40);
    assert!(WallClock::new(None).place(local_time("2026-10-25 02:00:38").unwrap()).is_err());
}

#[test]
fn times_in_the_forms_that_tools_write() {
    for text in [
        "2026-10-01T02:00:00Z",
        "2026-10-01 02:00:00+00:00",
        "2026-10-01 04:00:00.123456+0200",
        "2026-10-01 02:00:00 UTC",
        "2026-10-01T04:00:00+02",
    ] {
        assert_eq!(utc_text(instant(text, None).unwrap()), "2026-10-01T02:00:00Z", "{text}");
    }
    assert_eq!(instant("2026-10-01 02:00:00", None), Err(TimeError::ZoneUnknown("2026-10-01 02:00:00".into())));
    assert!(matches!(instant("soon", None), Err(TimeError::NotATime(_))));
}

#[test]
fn durations_for_people() {
    assert_eq!(human(86_400), "24 h");
    assert_eq!(human(6_300), "1 h 45 min");
    assert_eq!(human(30 * 86_400), "30 d");
    assert_eq!(human(45), "45 s");
}

#[test]
fn years_beyond_four_digits_are_no_times() {
    for text in ["+262142-12-31 23:59:59", "+262142-12-31", "-262143-01-01", "+200000-01-01T00:00:00+00:00"] {
        assert!(instant(text, Some(Tz::America__New_York)).is_err(), "{text}");
        assert_eq!(local_time(text), None, "{text}");
    }
    assert!(instant("9999-12-31 23:59:59", Some(Tz::America__New_York)).is_ok());
}

#[test]
fn a_month_is_cut_to_the_part_that_lies_in_a_range() {
    let period = |text: &str| Period::parse(text, Tz::UTC).unwrap();
    let outer = period("2026-10-01..2026-11-21");
    let labels: Vec<String> = outer.months().iter().map(|m| m.within(&outer).label()).collect();
    assert_eq!(labels, ["2026-10", "2026-11-01..2026-11-21"]);
}
