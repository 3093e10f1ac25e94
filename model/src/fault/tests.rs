use super::*;

fn file(text: &str) -> File<'_> {
    File { name: "inventory.toml", text }
}

#[test]
fn a_fault_shows_place_line_mark_and_advice() {
    let text = "[[system]]\nid = \"a\"\nonwer = \"Payments team\"\n";
    let at = text.find("onwer").unwrap();
    let fault = Fault::at(&file(text), &(at..at + 5), "x", "unknown key \"onwer\"").help("did you mean \"owner\"?");
    assert_eq!((fault.line, fault.column, fault.span), (3, 1, (at, at + 5)));
    let shown = Faults(vec![fault]).render(false);
    assert_eq!(
        shown,
        "inventory.toml:3:1: unknown key \"onwer\"\n 3 | onwer = \"Payments team\"\n   | ^^^^^\n   help: did you mean \"owner\"?\n"
    );
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_is_none() {
    let text = "\u{feff}größe = 1\n";
    let at = text.find('=').unwrap();
    assert_eq!(file(text).place(at), (1, 7));
    assert_eq!(file("a\r\nb").place(3), (2, 1));
    assert_eq!(file("ä").place(1), (1, 1), "an offset inside a character does not panic");
    assert_eq!(file("a").place(99), (1, 2), "nor one beyond the end");
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let text = "a = \"\u{1b}[31m\u{202e}\"\n";
    let shown = Faults(vec![Fault::at(&file(text), &(4..6), "", "bad \u{1b}]0;x\u{7}")]).render(false);
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown:?}");
}

#[test]
fn lines_that_may_hold_a_secret_are_not_shown() {
    for line in ["token = \"abc-123\"", "Api_Key = 'abc-123'", "password: abc-123"] {
        let shown = Faults(vec![Fault::at(&file(line), &(0..5), "", "no")]).render(true);
        assert!(!shown.contains("abc-123"), "{shown}");
        assert!(shown.contains("inventory.toml:1:1"));
    }
}

#[test]
fn a_mark_far_to_the_right_stays_in_view() {
    let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
    let shown = Faults(vec![Fault::at(&file(&text), &(500..501), "", "here")]).render(false);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[1].chars().count() < 130);
    let mark = lines[2].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[1].chars().nth(mark), Some('X'));
}

#[test]
fn faults_come_sorted_and_once() {
    let (a, b) = (Fault { line: 9, ..Fault::of_file("a", "x") }, Fault { line: 10, ..Fault::of_file("a", "x") });
    let sorted = Faults(vec![b.clone(), a.clone(), b.clone()]).or(()).unwrap_err();
    assert_eq!(sorted.0, [a, b]);
    assert_eq!(Faults::default().or(7), Ok(7));
}

#[test]
fn suggestions_are_near_or_not_given() {
    let keys = ["owner", "id", "effective_from", "data_classes"];
    assert_eq!(meant("onwer", keys), Some("owner"));
    assert_eq!(meant("effective-from", keys), Some("effective_from"));
    assert_eq!(meant("effective", keys), Some("effective_from"));
    assert_eq!(meant("colour", keys), None);
}
