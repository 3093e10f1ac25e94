//! The control data hold together: what a person who edits them must not break.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::policy::{Modality, ParameterOrigin, Policy, Setting, Verdict};

fn controls() -> &'static Controls {
    Controls::embedded()
}

fn policy() -> Policy {
    Policy::embedded().expect("the built-in profile")
}

/// Fails with every problem, not with the first.
#[track_caller]
fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problem(s)\n{}", problems.len(), problems.join("\n"));
}

fn twice<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.into_iter().filter(|id| !seen.insert(*id)).map(|id| format!("{id} occurs twice")).collect()
}

/// `AAA-00` words that stand alone in a text.
fn check_ids(text: &str) -> Vec<String> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let shape = |w: &&str| {
        w.len() == 6
            && w.is_char_boundary(3)
            && w[..3].bytes().all(|b| b.is_ascii_uppercase())
            && w.as_bytes()[3] == b'-'
            && w[4..].bytes().all(|b| b.is_ascii_digit())
    };
    text.split(|c| !of_word(c)).map(|w| w.trim_end_matches('.')).filter(shape).map(str::to_owned).collect()
}

/// snake_case words of more than one part.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|w| w.contains('_') && w.starts_with(|c: char| c.is_ascii_lowercase()) && !w.ends_with('_'))
        .collect()
}

fn text_of(check: &Check) -> String {
    let parts = [&check.population, &check.rule, &check.pass, &check.fail, &check.not_applicable, &check.no_evidence];
    let mut text = parts.map(String::as_str).join(" ");
    for case in &check.edge_cases {
        text.push(' ');
        text.push_str(case);
    }
    text
}

#[test]
fn everything_is_there() {
    let c = controls();
    assert_eq!(c.frameworks.len(), 7);
    assert!(c.checks.len() >= 100 && c.metrics.len() == 4 && c.tables.len() >= 36);
    assert!(c.conventions.iter().any(|(name, text)| name == "slot" && text.contains("deadline")));
    let (framework, control) = c.controls("CP-9")[0];
    assert_eq!((framework.id.as_str(), control.title.as_str()), ("nist80053", "System Backup"));
    assert!(c.checks_of("nist80053", "CP-9").any(|check| check.id == "FRQ-01"));
    assert!(c.check("FRQ-99").is_none());
}

#[test]
fn ids_are_unique() {
    let (c, p) = (controls(), policy());
    let mut out = twice(c.checks.iter().map(|x| x.id.as_str()));
    out.extend(twice(c.groups.iter().map(|x| x.id.as_str())));
    out.extend(twice(c.metrics.iter().map(|x| x.id.as_str())));
    out.extend(twice(c.tables.iter().map(|x| x.name.as_str())));
    out.extend(twice(c.evidence_kinds.iter().map(|x| x.id.as_str())));
    out.extend(twice(c.frameworks.iter().map(|x| x.id.as_str())));
    for framework in &c.frameworks {
        out.extend(twice(framework.controls.iter().map(|x| x.id.as_str())));
        out.extend(twice(framework.references.iter().map(|x| x.id.as_str())));
    }
    for table in &c.tables {
        out.extend(twice(table.fields.iter().map(|x| x.name.as_str())));
    }
    for check in &c.checks {
        out.extend(twice(check.inputs.iter().map(String::as_str)));
    }
    out.extend(twice(p.statements.iter().map(|x| x.id.as_str())));
    none(out);
}

#[test]
fn framework_files_are_named_after_their_ids_and_their_entries_have_sources() {
    let mut out = Vec::new();
    for file in FRAMEWORKS.files() {
        let id = file.path().file_stem().and_then(|s| s.to_str()).unwrap_or("");
        if controls().framework(id).is_none() {
            out.push(format!("{} holds another framework", file.path().display()));
        }
    }
    for framework in &controls().frameworks {
        for control in &framework.controls {
            let known = |s: &&String| !framework.references.iter().any(|r| r.id == **s);
            out.extend(control.sources.iter().filter(known).map(|s| format!("{}: unknown source {s}", control.id)));
            if control.sources.is_empty() || control.title.is_empty() || control.summary.is_empty() {
                out.push(format!("{}: an empty field", control.id));
            }
        }
    }
    none(out);
}

#[test]
fn the_data_model_is_sound() {
    let mut out = Vec::new();
    let c = controls();
    for table in &c.tables {
        for part in table.key.split('+').filter(|p| !table.fields.iter().any(|f| f.name == *p)) {
            out.push(format!("{}: key field {part}", table.name));
        }
        for field in &table.fields {
            let simple = ["text", "integer", "number", "bool", "date", "instant", "list"].contains(&&field.kind[..]);
            let words = field.kind.strip_prefix("enum(").and_then(|k| k.strip_suffix(')'));
            let lower = |w: &str| w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_,".contains(&b));
            if !simple && !words.is_some_and(lower) {
                out.push(format!("{}.{}: type {}", table.name, field.name, field.kind));
            }
        }
        let read = c.checks.iter().any(|k| k.inputs.iter().any(|i| i.split('.').next() == Some(&table.name)));
        if !read {
            out.push(format!("no check reads {}", table.name));
        }
        if !c.evidence_kinds.iter().any(|e| e.tables.contains(&table.name)) {
            out.push(format!("no evidence kind fills {}", table.name));
        }
    }
    for kind in &c.evidence_kinds {
        out.extend(kind.tables.iter().filter(|t| c.table(t).is_none()).map(|t| format!("{}: table {t}", kind.id)));
    }
    none(out);
}

#[test]
fn checks_name_what_exists_and_list_what_they_use() {
    let (c, p) = (controls(), policy());
    let fields: BTreeSet<String> =
        c.tables.iter().flat_map(|t| t.fields.iter().map(move |f| format!("{}.{}", t.name, f.name))).collect();
    let field_names: BTreeSet<&str> = fields.iter().filter_map(|f| Some(f.split_once('.')?.1)).collect();
    let mut out = Vec::new();
    for check in &c.checks {
        let id = &check.id;
        if !id.starts_with(&format!("{}-", check.group)) || check_ids(id).len() != 1 {
            out.push(format!("{id}: identifier or group"));
        }
        let texts = [&check.title, &check.unit, &check.population, &check.rule, &check.pass, &check.fail];
        let more = [&check.not_applicable, &check.no_evidence, &check.remediation];
        let lists = [&check.inputs, &check.edge_cases, &check.statements];
        if texts.into_iter().chain(more).any(|t| t.is_empty())
            || lists.iter().any(|l| l.is_empty())
            || check.controls.is_empty()
        {
            out.push(format!("{id}: an empty field"));
        }
        if !c.groups.iter().any(|g| g.id == check.group) {
            out.push(format!("{id}: unknown group"));
        }
        out.extend(check.inputs.iter().filter(|i| !fields.contains(*i)).map(|i| format!("{id}: input {i}")));
        let missing = |x: &&String| !p.parameters.contains_key(*x);
        out.extend(check.parameters.iter().filter(missing).map(|x| format!("{id}: parameter {x}")));
        let text = text_of(check);
        out.extend(check_ids(&text).into_iter().filter(|x| c.check(x).is_none()).map(|x| format!("{id}: names {x}")));
        let listed: BTreeSet<&str> = check.inputs.iter().filter_map(|i| Some(i.split_once('.')?.1)).collect();
        for word in names(&text) {
            if p.parameters.contains_key(word) {
                if !check.parameters.iter().any(|x| x == word) {
                    out.push(format!("{id}: text uses parameter {word}, which is not listed"));
                }
            } else if field_names.contains(word) && !listed.contains(word) {
                out.push(format!("{id}: text uses field {word}, which is no input"));
            }
        }
        for (framework, ids) in &check.controls {
            let framework = c.framework(framework);
            let unknown = |x: &&String| framework.is_none_or(|f| f.control(x).is_none());
            out.extend(ids.iter().filter(unknown).map(|x| format!("{id}: control {x}")));
        }
    }
    for (name, text) in &c.conventions {
        out.extend(check_ids(text).into_iter().filter(|x| c.check(x).is_none()).map(|x| format!("{name}: {x}")));
    }
    let used: BTreeSet<&str> = c.checks.iter().map(|k| k.group.as_str()).collect();
    out.extend(c.groups.iter().filter(|g| !used.contains(&&*g.id)).map(|g| format!("group {} has no check", g.id)));
    none(out);
}

#[test]
fn statements_name_what_exists_and_carry_the_controls_of_their_checks() {
    let (c, p) = (controls(), policy());
    let mut out = Vec::new();
    for s in &p.statements {
        let id = &s.id;
        let well_formed = id.strip_prefix("BRP-").and_then(|rest| rest.rsplit_once('-')).is_some_and(|(section, n)| {
            let number = section.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            (number || ["DC", "A", "B"].contains(&section)) && n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit())
        });
        if !well_formed {
            out.push(format!("{id}: identifier"));
        }
        for (what, empty) in [
            ("owner_roles", s.owner_roles.is_empty()),
            ("evidence", s.evidence.is_empty()),
            ("checks", s.checks.is_empty()),
            ("controls", s.controls.is_empty()),
        ] {
            if empty {
                out.push(format!("{id}: {what} is empty"));
            }
        }
        out.extend(s.owner_roles.iter().filter(|r| p.role(r).is_none()).map(|r| format!("{id}: role {r}")));
        out.extend(s.evidence.iter().filter(|e| c.evidence_kind(e).is_none()).map(|e| format!("{id}: {e}")));
        out.extend(s.checks.iter().filter(|k| c.check(k).is_none()).map(|k| format!("{id}: check {k}")));
        let missing = |x: &&String| !p.parameters.contains_key(*x);
        out.extend(s.parameters.iter().filter(missing).map(|x| format!("{id}: parameter {x}")));
        out.extend(s.tier.iter().filter(|t| p.tier(t).is_none()).map(|t| format!("{id}: tier {t}")));
        if let Some(level) = s.risk_level {
            let sorted = |roles: &[String]| roles.iter().cloned().collect::<BTreeSet<_>>();
            if sorted(p.approvers(level)) != sorted(&s.owner_roles) {
                out.push(format!("{id}: owner roles differ from the approval rule"));
            }
        }
        for check in s.checks.iter().filter_map(|k| c.check(k)) {
            for (framework, ids) in &check.controls {
                let own = s.controls.get(framework).map_or(&[][..], Vec::as_slice);
                out.extend(
                    ids.iter()
                        .filter(|i| !own.contains(i))
                        .map(|i| format!("{id}: control {i} of {} not carried", check.id)),
                );
            }
        }
        for (framework, ids) in &s.controls {
            let known = |i: &&String| c.framework(framework).is_none_or(|f| f.control(i).is_none());
            out.extend(ids.iter().filter(known).map(|i| format!("{id}: {framework} {i}")));
        }
        let supplied: BTreeSet<&str> =
            s.evidence.iter().filter_map(|e| c.evidence_kind(e)).flat_map(|e| e.tables.iter().map(|t| &**t)).collect();
        let wanted = s.checks.iter().filter_map(|k| c.check(k)).flat_map(|k| &k.inputs);
        if !wanted.filter_map(|i| i.split('.').next()).any(|t| supplied.contains(t)) {
            out.push(format!("{id}: no evidence kind supplies a table that its checks read"));
        }
        let note = s.note.as_deref().unwrap_or("");
        out.extend(check_ids(note).into_iter().filter(|x| c.check(x).is_none()).map(|x| format!("{id}: note: {x}")));
    }
    none(out);
}

#[test]
fn the_two_directions_between_statements_and_checks_agree() {
    let (c, p) = (controls(), policy());
    let mut reverse: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for s in &p.statements {
        for check in &s.checks {
            reverse.entry(check).or_default().insert(&s.id);
        }
    }
    let mut out = Vec::new();
    for check in &c.checks {
        let listed: BTreeSet<&str> = check.statements.iter().map(String::as_str).collect();
        if reverse.get(&*check.id) != Some(&listed) {
            out.push(format!("{}: statements differ from policy.toml", check.id));
        }
    }
    // What a packet samples is no rule of a check.
    let used = |id: &String| {
        id == "sample_sizes"
            || p.statements.iter().any(|s| s.parameters.contains(id))
            || c.checks.iter().any(|k| k.parameters.contains(id))
    };
    out.extend(p.parameters.keys().filter(|id| !used(id)).map(|id| format!("parameter {id} is not used")));
    let evidence = |id: &String| p.statements.iter().any(|s| s.evidence.contains(id));
    out.extend(c.evidence_kinds.iter().filter(|e| !evidence(&e.id)).map(|e| format!("{} is not used", e.id)));
    none(out);
}

#[test]
fn relevance_of_controls_agrees_with_what_maps_to_them() {
    let (c, p) = (controls(), policy());
    let mut out = Vec::new();
    for framework in &c.frameworks {
        for control in &framework.controls {
            let named = |map: &BTreeMap<String, Vec<String>>| {
                map.get(&framework.id).is_some_and(|ids| ids.contains(&control.id))
            };
            let statements = p.statements.iter().any(|s| named(&s.controls));
            let checks = c.checks.iter().any(|k| named(&k.controls));
            let mapped = matches!(control.relevance, Relevance::Primary | Relevance::Supporting);
            if (mapped && !(statements && checks)) || (!mapped && (statements || checks)) {
                out.push(format!(
                    "{} {} is {}, statements: {statements}, checks: {checks}",
                    framework.id, control.id, control.relevance
                ));
            }
        }
    }
    none(out);
}

#[test]
fn citations_agree_with_the_controls_they_resolve_to() {
    let (c, p) = (controls(), policy());
    let mut out = Vec::new();
    let mut cited = BTreeSet::new();
    for x in &p.citations {
        let place = format!("citation {} {}", x.section, x.as_cited);
        let found: Vec<_> = x.resolves_to.iter().filter_map(|id| c.framework(&x.framework)?.control(id)).collect();
        if found.len() != x.resolves_to.len() {
            out.push(format!("{place}: does not resolve"));
        }
        let miscited = !found.is_empty() && found.iter().all(|k| k.relevance == Relevance::Miscited);
        let any = found.iter().any(|k| k.relevance == Relevance::Miscited);
        if (x.verdict == Verdict::Miscited) != miscited || any != miscited {
            out.push(format!("{place}: verdict and relevance differ"));
        }
        if x.verdict != Verdict::Imprecise {
            cited.extend(x.resolves_to.iter().map(|id| (x.framework.as_str(), id.as_str())));
        }
    }
    for f in &c.frameworks {
        for control in &f.controls {
            let named = cited.contains(&(f.id.as_str(), control.id.as_str()));
            // The policy cites the HIPAA rule as a whole.
            if control.cited_by_policy != named && !(named && f.id == "hipaa") {
                out.push(format!("{} {}: cited_by_policy is {}", f.id, control.id, control.cited_by_policy));
            }
        }
    }
    none(out);
}

#[test]
fn the_arithmetic_of_metric_examples_holds() {
    let (c, p) = (controls(), policy());
    let mut out = Vec::new();
    for m in &c.metrics {
        if c.check(&m.check).is_none() || p.statement(&m.statement).is_none() || p.role(&m.owner_role).is_none() {
            out.push(format!("{}: statement, check or role", m.id));
        }
        for x in &m.examples {
            let (n, d, u) = (f64::from(x.numerator), f64::from(x.denominator), f64::from(x.unknown));
            for (name, given, exact) in [
                ("value", x.value, n / d),
                ("lowest", x.lowest, n / (d + u)),
                ("highest", x.highest, (n + u) / (d + u)),
            ] {
                // Half of the last of six decimals: the examples are rounded, the output is cut.
                if (given - exact).abs() > 5e-7 {
                    out.push(format!("{}: {name} is {given}, expected {exact:.6}", m.id));
                }
            }
        }
    }
    none(out);
}

#[test]
fn the_policy_is_sound() {
    let p = policy();
    let mut out = Vec::new();
    for x in p.parameters.values() {
        if x.origin != ParameterOrigin::Default && x.section.is_none() {
            out.push(format!("parameter {}: no section", x.id));
        }
        if x.unit == "duration" && !matches!(x.setting, Setting::Span(span) if span.elapsed().is_some()) {
            out.push(format!("parameter {}: no fixed length", x.id));
        }
    }
    for tier in p.tiers.iter().filter(|t| !t.rpo_applicable && t.rpo_reason.is_none()) {
        out.push(format!("tier {}: no reason", tier.id));
    }
    let levels: Vec<_> = p.approval_rules.iter().map(|r| r.risk_level).collect();
    assert_eq!(levels, crate::registers::RiskLevel::ALL);
    let roles = p.approval_rules.iter().flat_map(|r| &r.roles).chain(p.section_approvals.iter().flat_map(|s| &s.roles));
    let roles = roles.chain([&p.document.owner_role, &p.document.approver_role]);
    let roles = roles.chain(p.document.signatures.iter().map(|s| &s.role));
    out.extend(roles.filter(|r| p.role(r).is_none()).map(|r| format!("unknown role {r}")));
    if !p.document.history.is_sorted_by_key(|row| row.dated) {
        out.push("document history is not in order".to_owned());
    }
    assert!(p.statements.iter().any(|s| s.modality == Modality::Shall));
    none(out);
}

#[test]
fn findings_on_the_policy_name_what_exists() {
    let text = include_str!("../../../controls/findings-on-policy.md");
    let (c, p) = (controls(), policy());
    let heads: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("### ")).filter_map(|l| l.split(' ').next()).collect();
    let mut out = twice(heads.iter().copied());
    assert!(heads.len() > 20 && heads.iter().all(|h| h.starts_with("F-")), "{heads:?}");
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    for s in &p.statements {
        let note = s.note.as_deref().unwrap_or("");
        let refs = note.split(|c| !word(c)).map(|w| w.trim_end_matches('.')).filter(|w| w.starts_with("F-"));
        out.extend(refs.filter(|f| !heads.contains(f)).map(|f| format!("{}: {f}", s.id)));
    }
    for w in text.split(|c| !word(c)).map(|w| w.trim_matches(['.', '-'])) {
        let known = match w {
            _ if w.starts_with("BRP-") && w.len() > 8 => p.statement(w).is_some(),
            _ if w.starts_with("DCF-") => c.framework("drata").is_some_and(|f| f.control(w).is_some()),
            _ if !check_ids(w).is_empty() => c.check(w).is_some(),
            _ => true,
        };
        if !known {
            out.push(format!("findings-on-policy.md names {w}"));
        }
    }
    none(out);
}

#[test]
fn the_data_hold_no_control_characters_and_no_machine_paths() {
    let files = [CHECKS, MODEL, include_str!("../../../controls/policy.toml")];
    let frameworks = FRAMEWORKS.files().filter_map(|f| f.contents_utf8());
    for text in files.into_iter().chain(frameworks) {
        let bad = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.contains(bad));
        for path in ["/home/", "/root/", "/tmp/", "/work/", "/Users/", "localhost", "127.0.0.1"] {
            assert!(!text.contains(path), "{path}");
        }
    }
}

#[test]
fn data_of_another_format_or_with_unknown_keys_are_refused() {
    let told = |name: &str, text: &str| Controls::parse(&[(name, text)]).unwrap_err().0[0].message.clone();
    assert!(told("model.toml", "schema = 'x/9'\ntable = []\nevidence_kind = []").contains("x/9"));
    assert!(told("model.toml", "schema = 'x'\ntables = []").contains("unknown field"));
    assert!(told("soc2.toml", "= 1").len() > 3);
}
