use chrono::{NaiveDate, TimeZone, Utc};

use super::*;
use crate::rows::Component;
use crate::time::Instant;

const NEW_YORK: Tz = Tz::America__New_York;

fn at(y: i32, mo: u32, d: u32, h: u32, mi: u32) -> Instant {
    Utc.with_ymd_and_hms(y, mo, d, h, mi, 0).unwrap()
}

/// Reads the one key `k` of a TOML text.
fn key<T: Column>(text: &str) -> Result<T, Vec<Fault>> {
    let mut faults = Faults::default();
    let context = Context { zone: Some(NEW_YORK), comma_lists: false };
    let mut root = toml::document(File { name: "f.toml", text }, context, &mut faults).expect("syntax");
    let value = root.get::<T>("k");
    root.finish(&mut faults);
    value.ok_or(faults.0)
}

/// Reads the column `k` of every row of a CSV text.
fn column<T: Column>(text: &str) -> (Vec<T>, Vec<Fault>) {
    let mut faults = Faults::default();
    let sheet = csv::rows(File { name: "f.csv", text }, "rows", NEW_YORK, &mut faults);
    let values = sheet.map(|sheet| {
        sheet.read(&mut faults, |mut fields, faults| {
            let value = fields.get::<T>("k");
            fields.get::<Option<String>>("other");
            fields.finish(faults);
            value
        })
    });
    (values.unwrap_or_default(), faults.or(()).err().unwrap_or_default().0)
}

fn cells(text: &str) -> Vec<String> {
    let (values, faults) = column::<String>(text);
    assert_eq!(faults, [], "{text:?}");
    values
}

#[test]
fn toml_values_have_types_and_places() {
    assert_eq!(key::<String>("k = 'x'"), Ok("x".to_owned()));
    assert_eq!(key::<Option<Component>>("k = 'full'"), Ok(Some(Component::Full)));
    assert_eq!(key::<Option<bool>>(""), Ok(None));
    assert_eq!(key::<u32>("k = 0x10"), Ok(16));
    assert_eq!(key::<Vec<String>>("k = ['a', 'b']"), Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(key::<Elapsed>("k = 'P35D'"), Ok(Elapsed(35 * 86_400)));

    let faults = key::<Option<Component>>("# first\nk = 'fulll'").unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (2, 5));
    assert!(faults[0].message.contains("not one of snapshot, full"), "{}", faults[0].message);
    assert_eq!(faults[0].help.as_deref(), Some("did you mean \"full\"?"));
    let faults = key::<Vec<String>>("k = ['a',\n 7]").unwrap_err();
    assert_eq!((faults[0].line, faults[0].column), (2, 2), "the item, not the list");
    for text in ["k = 1", "k = ['x']", "k = 2026-01-01", "k = {}", "k = true"] {
        assert!(key::<String>(text).is_err(), "{text}");
    }
    assert!(key::<u32>("k = -1").is_err());
    assert!(key::<u32>("k = 99999999999999999999").is_err());
    assert!(key::<bool>("k = 'true'").is_err(), "text is no truth value in TOML");
    let faults = key::<Elapsed>("k = 'P1M'").unwrap_err();
    assert!(faults[0].message.contains("no fixed length"));
    let faults = key::<Tz>("k = 'America/New_Yrok'").unwrap_err();
    assert_eq!(faults[0].help.as_deref(), Some("did you mean \"America/New_York\"?"));
}

#[test]
fn an_empty_text_is_an_absent_one() {
    assert_eq!(key::<Option<String>>("k = ' '"), Ok(None));
    assert!(key::<String>("k = ''").unwrap_err()[0].message.contains("missing key \"k\""));
}

#[test]
fn times_without_an_offset_are_the_organisations() {
    assert_eq!(key("k = 2026-10-01T02:00:00Z"), Ok(at(2026, 10, 1, 2, 0)));
    assert_eq!(key("k = 2026-10-01T02:00:00+02:00"), Ok(at(2026, 10, 1, 0, 0)));
    assert_eq!(key("k = 2026-10-01T02:00:00"), Ok(at(2026, 10, 1, 6, 0)));
    assert_eq!(key("k = 2026-01-01"), Ok(at(2026, 1, 1, 5, 0)));
    assert_eq!(key("k = '2026-01-01 12:30'"), Ok(at(2026, 1, 1, 17, 30)));
    assert!(key::<Instant>("k = 07:00:00").is_err());
    assert_eq!(key("k = 2026-01-01"), Ok(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()));
    assert_eq!(key("k = 2026-01-01T02:00:00Z"), Ok(NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()));
}

#[test]
fn dates_with_two_readings_are_refused() {
    for text in ["5/6/2026", "05.06.2026", "5-6-26", "5/6/2026 10:00"] {
        let faults = key::<Instant>(&format!("k = '{text}'")).unwrap_err();
        assert!(faults[0].message.contains("more than one day"), "{text}: {}", faults[0].message);
        assert!(faults[0].help.as_deref().unwrap().contains("YYYY-MM-DD"));
        assert!(key::<NaiveDate>(&format!("k = '{text}'")).is_err());
    }
    assert!(key::<Instant>("k = '46213'").unwrap_err()[0].message.contains("day number"));
    for text in ["soon", "+262142-12-31", "-0001-01-01", "0026-10-01", "1026-10-01T00:00:00Z", "1999"] {
        assert!(key::<Instant>(&format!("k = '{text}'")).is_err(), "{text}");
    }
    assert!(key::<Instant>("k = 0001-01-01").is_err());
    assert!(key::<Elapsed>("k = 'P999999999999D'").unwrap_err()[0].message.contains("400 years"));
}

#[test]
fn a_syntax_error_is_one_fault_with_its_place() {
    let mut faults = Faults::default();
    let context = Context { zone: Some(Tz::UTC), comma_lists: false };
    let text = "a = 1\nb = = 2\nc = =\n";
    assert!(toml::document(File { name: "f", text }, context, &mut faults).is_none());
    assert_eq!(faults.0.len(), 1);
    assert_eq!(faults.0[0].line, 2);
    let marked = "\u{feff}a = 1\n";
    assert!(toml::document(File { name: "f", text: marked }, context, &mut Faults::default()).is_some());
}

#[test]
fn unread_keys_are_faults_with_a_suggestion() {
    let mut faults = Faults::default();
    let context = Context { zone: Some(Tz::UTC), comma_lists: false };
    let text = "[[system]]\nid = 'a'\nonwer = 'x'\n[[system]]\nid = 'b'\nzzz = 1\n";
    let mut root = toml::document(File { name: "f", text }, context, &mut faults).unwrap();
    for mut fields in root.tables("system") {
        fields.get::<String>("id");
        fields.get::<Option<String>>("owner");
        fields.finish(&mut faults);
    }
    root.finish(&mut faults);
    let told: Vec<_> = faults.0.iter().map(|f| (f.line, f.message.as_str(), f.help.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            (3, "unknown key \"onwer\" in [[system]] a", "did you mean \"owner\"?"),
            (6, "unknown key \"zzz\" in [[system]] b", "known: id, owner"),
        ]
    );
}

#[test]
fn spreadsheets_of_all_kinds_are_read() {
    assert_eq!(cells("k,other\na,1\nb,2\n"), ["a", "b"]);
    assert_eq!(cells("\u{feff}K;Other\r\na;1\r\nb;2\r\n;;\r\n\r\n"), ["a", "b"], "mark, CRLF, case, empty rows");
    assert_eq!(cells("k\tother\na\t1"), ["a"], "tab, no final newline");
    assert_eq!(cells("sep=;\nk;other\na,b;1\n"), ["a,b"]);
    assert_eq!(cells("other,k,,\n1,a,,\n"), ["a"], "empty trailing columns");
    assert_eq!(cells("k,other\n\"x, \"\"y\"\"\nz\",1\n"), ["x, \"y\"\nz"], "quotes over two lines");
    assert_eq!(cells("k,other\rA,1\rB,2\r"), ["A", "B"], "line ends of old spreadsheets");
    assert_eq!(cells("\"k\",\"other\"\n\" a \",\"\"\n"), ["a"]);
    assert_eq!(cells("k\na\nb\n"), ["a", "b"], "one column");
    assert_eq!(cells("k,other\na\n"), ["a"], "a short row");
}

#[test]
fn cells_are_read_as_the_type_asked_for() {
    let (values, faults) = column::<bool>("k\nTRUE\nfalse\nYes\nno\n1\n0\nmaybe\n");
    assert_eq!(values, [true, false, true, false, true, false]);
    assert_eq!((faults.len(), faults[0].line, faults[0].column), (1, 8, 1));
    assert!(faults[0].message.contains("\"maybe\" is not true or false"));
    let lists = |text: &str| column::<Vec<String>>(text).0;
    assert_eq!(lists("k,other\na; b |c,1\n"), [["a", "b", "c"]]);
    assert_eq!(lists("k,other\n\"a, b\",1\n"), [["a", "b"]]);
    assert_eq!(lists("k,other\n\"Smith, John; Roe, Jo\",1\n"), [["Smith, John", "Roe, Jo"]]);
    assert_eq!(lists("k;other\na, b;1\n"), [["a, b"]]);
    assert_eq!(lists("k,other\n,1\n"), [[""; 0]]);
    let (numbers, faults) = column::<u32>("k\n12\n\"1,200\"\n");
    assert_eq!(numbers, [12]);
    assert!(faults[0].help.as_deref().unwrap().contains("thousands"));
    assert_eq!(column::<Instant>("k\n2026-10-01 02:00\n").0, [at(2026, 10, 1, 6, 0)]);
}

#[test]
fn faults_of_the_header_are_told_once_and_also_without_rows() {
    for text in ["kk,other\na,1\nb,2\nc,3\n", "kk,other\n"] {
        let (values, faults) = column::<String>(text);
        assert!(values.is_empty());
        let told: Vec<_> = faults.iter().map(|f| (f.line, f.message.as_str())).collect();
        assert_eq!(told, [(1, "unknown column \"kk\""), (1, "missing column \"k\" (text)")], "{text}");
        assert_eq!(faults[0].help.as_deref(), Some("did you mean \"k\"?"));
    }
    let (_, faults) = column::<String>("k,other\n,1\n");
    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.starts_with("\"k\" is empty in"), "{}", faults[0].message);
    assert_eq!(faults[0].line, 2);
}

#[test]
fn broken_csv_is_told_where_it_breaks() {
    let told = |text: &str| column::<String>(text).1;
    let open = told("k,other\n\"a,1\nb,2\n");
    assert_eq!((open.len(), open[0].line, open[0].column), (1, 2, 1));
    assert!(told("k,other\na,1,stray\n")[0].message.contains("beyond the last named column"));
    assert!(told("k,k\na,b\n")[0].message.contains("occurs twice"));
    assert!(told("")[0].message.contains("empty"));
    assert!(told("k,,other\na,,b\n")[0].message.contains("without a name"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC*|[\"',;\t\r\nksep=a\u{feff}\u{1b}]{0,60}") {
        let _ = column::<Vec<String>>(&text);
        let mut faults = Faults::default();
        let context = Context { zone: Some(Tz::UTC), comma_lists: true };
        if let Some(mut root) = toml::document(File { name: "f", text: &text }, context, &mut faults) {
            let _ = root.tables("k");
            root.finish(&mut faults);
        }
        let _ = faults.render(true);
    }
}
