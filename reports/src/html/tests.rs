use crate::Tags;
use crate::block::*;
use crate::sample::{AWKWARD, document, findings, keep, report};

#[test]
fn the_sample_is_one_self_contained_file() {
    let page = crate::html(&report()).unwrap();
    keep("sample.html", page.as_bytes());
    assert!(!page.contains("<script"));
    for reference in ["src=\"http", "url(http", "@import", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert_eq!(page, crate::html(&report()).unwrap());
}

#[test]
fn an_outside_string_is_never_markup() {
    let page = crate::html(&report()).unwrap();
    assert!(page.contains("&lt;b&gt;not bold&lt;/b&gt;"));
    assert!(!page.contains("<b>not bold"));
    assert!(page.contains(AWKWARD[1]), "braces are printed, not evaluated");
}

#[test]
fn every_internal_link_has_its_target() {
    let page = crate::html(&report()).unwrap();
    for part in page.split("href=\"#").skip(1) {
        let id = part.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn contradictions_are_refused_with_their_place() {
    let twice = document([findings(3), findings(3)].concat());
    assert!(crate::html(&twice).unwrap_err().to_string().contains("used twice"));
    let script =
        document(vec![Block::Para(Para { inlines: vec![url("javascript:alert(1)", "x")], role: ParaRole::Body })]);
    assert!(crate::html(&script).unwrap_err().to_string().contains("not https"));
    let dangling = document(vec![Block::Para(Para { inlines: vec![link("nowhere", "x")], role: ParaRole::Body })]);
    assert!(crate::pdf(&dangling, Tags::With).unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn a_large_table_is_rendered_whole() {
    let page = crate::html(&document(findings(2_000))).unwrap();
    for n in 1..=2_000 {
        assert!(page.contains(&format!("Row {n:05}: ")));
    }
}

#[test]
fn the_colour_of_the_organisation_is_that_of_its_name_and_links_in_both_formats() {
    let plain = report();
    let own = Document { accent: Some("#7a1f5c".parse().unwrap()), ..plain.clone() };
    let (before, after) = (crate::html(&plain).unwrap(), crate::html(&own).unwrap());
    assert!(!before.contains("#7a1f5c") && after.contains(":root{--accent:#7a1f5c}"));
    let light = after.split("dark){:root{--accent:#").nth(1).unwrap();
    assert_ne!(&light[..6], "7a1f5c", "the dark scheme has a lighter one");
    assert_ne!(crate::pdf(&plain, Tags::With).unwrap(), crate::pdf(&own, Tags::With).unwrap());
}

#[test]
fn a_logo_lies_in_the_page_and_nothing_is_fetched_for_it() {
    let own = Document { logo: Some(crate::sample::logo()), ..report() };
    let page = crate::html(&own).unwrap();
    assert!(page.contains("<img src=\"data:image/png;base64,iVBOR"));
    assert!(page.contains("width=\"176\" height=\"64\" alt=\"Logo of Example Robotics\""));
    assert!(!crate::html(&report()).unwrap().contains("<img"));
}
