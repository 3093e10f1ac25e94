//! `policy.toml` and overrides into a [`Policy`].

use std::collections::BTreeMap;

use super::{
    ApprovalRule, Citation, HistoryRow, Parameter, ParameterOrigin, Policy, PolicyDocument, Reference, Role,
    SectionApproval, SignatureLine, Statement, Tier, parameters,
};
use crate::fault::{Fault, Faults, File, meant};
use crate::read::{Context, Entry, Fields, toml};
use crate::time::Tz;

const EMBEDDED: &str = include_str!("../../../controls/policy.toml");
const FILE: &str = "controls/policy.toml";

/// What a workspace gives instead of, and on top of, the built-in profile.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    /// A whole policy file that replaces the built-in one.
    pub file: Option<File<'a>>,
    /// Values of single parameters, with the file they stand in.
    pub overrides: Option<(File<'a>, Vec<Entry>)>,
}

/// The policy of a workspace.
///
/// Parameters that a replacement file does not name keep the built-in value, with origin
/// `default`: that file's policy is silent about them.
///
/// # Errors
/// Every fault of the file and of the overrides.
pub(crate) fn policy(given: Given<'_>) -> Result<Policy, Faults> {
    let mut faults = Faults::default();
    let built_in = read(File { name: FILE, text: EMBEDDED }, None, &mut faults);
    let mut policy = match given.file {
        Some(file) => {
            let own = read(file, built_in.as_ref(), &mut faults);
            own.map(|own| Policy { file: Some(file.name.to_owned()), ..own })
        }
        None => built_in.clone(),
    };
    if let Some((file, entries)) = given.overrides {
        // Where the file itself cannot be read, the overrides are still looked at.
        if let Some(policy) = policy.as_mut().or(built_in.clone().as_mut()) {
            for entry in &entries {
                override_one(policy, &file, entry, &mut faults);
            }
        }
    }
    match policy {
        Some(policy) => faults.or(policy),
        None => Err(faults),
    }
}

fn override_one(policy: &mut Policy, file: &File<'_>, entry: &Entry, faults: &mut Faults) {
    let path = format!("[policy.parameters]: {}", entry.key);
    let Some(parameter) = policy.parameters.get_mut(&entry.key) else {
        let fault = Fault::at(file, &entry.key_span, path, format!("unknown parameter \"{}\"", entry.key));
        faults.push(match meant(&entry.key, policy.parameters.keys().map(String::as_str)) {
            Some(id) => fault.help(format!("did you mean \"{id}\"?")),
            None => fault.help("parameters are listed in controls/policy.toml"),
        });
        return;
    };
    match parameters::setting(&entry.node.value, &parameter.unit) {
        Ok((value, setting)) => {
            (parameter.value, parameter.setting) = (value, setting);
            parameter.origin = ParameterOrigin::Organisation;
        }
        Err(refusal) => {
            let fault =
                Fault::at(file, &entry.node.span, path, format!("parameter \"{}\": {}", entry.key, refusal.message));
            faults.push(Fault { help: refusal.help, ..fault });
        }
    }
}

/// Reads a policy file. `fallback` gives the parameters it is silent about.
fn read(file: File<'_>, fallback: Option<&Policy>, faults: &mut Faults) -> Option<Policy> {
    // The file holds dates but no times, so the zone has no effect.
    let context = Context { zone: Some(Tz::UTC), comma_lists: false };
    let mut root = toml::document(file, context, faults)?;
    let mut found = Faults::default();
    root.get::<String>("schema");
    let document = root.table("document").or_else(|| {
        root.refuse("missing table [document]", None);
        None
    });
    let history = each(&mut root, "document_history", &mut found, history);
    let signatures = each(&mut root, "signature_block", &mut found, signature);
    let roles = each(&mut root, "role", &mut found, role);
    let mut tiers = each(&mut root, "tier", &mut found, tier);
    let mut approval_rules = each(&mut root, "approval_rule", &mut found, approval_rule);
    let section_approvals = each(&mut root, "section_approval", &mut found, section_approval);
    let own = each(&mut root, "parameter", &mut found, |fields| parameter(fields, fallback));
    let citations = each(&mut root, "citation", &mut found, citation);
    let references = each(&mut root, "reference", &mut found, reference);
    let statements = each(&mut root, "statement", &mut found, statement);
    let document = document.and_then(|mut fields| {
        let out = self::document(&mut fields, history, signatures);
        fields.finish(&mut found);
        out
    });
    root.finish(&mut found);
    unique(&file, "[[role]]", roles.iter().map(|r| &r.id), &mut found);
    unique(&file, "[[tier]]", tiers.iter().map(|t| &t.id), &mut found);
    unique(&file, "[[parameter]]", own.iter().map(|p| &p.id), &mut found);
    unique(&file, "[[statement]]", statements.iter().map(|s| &s.id), &mut found);

    let mut parameters: BTreeMap<String, Parameter> = fallback.map(|p| p.parameters.clone()).unwrap_or_default();
    for silent in parameters.values_mut() {
        silent.origin = ParameterOrigin::Default;
        silent.section = None;
    }
    parameters.extend(own.into_iter().map(|p| (p.id.clone(), p)));
    tiers.sort_by_key(|t| t.order);
    approval_rules.sort_by_key(|r| r.risk_level);
    let clean = found.is_empty();
    faults.extend(found);
    if !clean {
        return None;
    }
    let document = document?;
    Some(Policy {
        document,
        roles,
        tiers,
        approval_rules,
        section_approvals,
        parameters,
        citations,
        references,
        statements,
        file: None,
    })
}

fn each<T>(
    root: &mut Fields<'_>,
    key: &'static str,
    faults: &mut Faults,
    read: impl Fn(&mut Fields<'_>) -> Option<T>,
) -> Vec<T> {
    root.tables(key)
        .into_iter()
        .filter_map(|mut fields| {
            let row = read(&mut fields);
            fields.finish(faults);
            row
        })
        .collect()
}

fn unique<'i>(file: &File<'_>, what: &str, ids: impl Iterator<Item = &'i String>, faults: &mut Faults) {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            faults.push(Fault::of_file(file.name, format!("{what} {id} occurs twice")).help("rename or delete one"));
        }
    }
}

fn document(f: &mut Fields<'_>, history: Vec<HistoryRow>, signatures: Vec<SignatureLine>) -> Option<PolicyDocument> {
    let (document_id, title, kind) = (f.get("document_id"), f.get("title"), f.get("kind"));
    let (stated_version, cadence, label) = (f.get("stated_version"), f.get("cadence"), f.get("label"));
    let (owner_role, owner_title) = (f.get("owner_role"), f.get("owner_title"));
    let (approver_role, approver_title) = (f.get("approver_role"), f.get("approver_title"));
    let effective_date_stated = f.get("effective_date_stated");
    let next_review_date_stated = f.get("next_review_date_stated");
    let document_id_stated = f.get("document_id_stated");
    let has_history = f.get::<Option<bool>>("has_history");
    Some(PolicyDocument {
        document_id: document_id?,
        title: title?,
        kind: kind?,
        stated_version: stated_version?,
        cadence: cadence?,
        owner_role: owner_role?,
        owner_title: owner_title?,
        approver_role: approver_role?,
        approver_title: approver_title?,
        label: label?,
        effective_date_stated: effective_date_stated?,
        next_review_date_stated: next_review_date_stated?,
        document_id_stated: document_id_stated?,
        has_history: has_history?.unwrap_or(true),
        history,
        signatures,
    })
}

fn history(f: &mut Fields<'_>) -> Option<HistoryRow> {
    let (version, dated, change) = (f.get("version"), f.get("dated"), f.get("change"));
    let (approval, approver_named) = (f.get("approval"), f.get("approver_named"));
    Some(HistoryRow {
        version: version?,
        dated: dated?,
        change: change?,
        approval: approval?,
        approver_named: approver_named?,
    })
}

fn signature(f: &mut Fields<'_>) -> Option<SignatureLine> {
    let (role, name_filled) = (f.get("role"), f.get("name_filled"));
    let (signature_filled, date_filled) = (f.get("signature_filled"), f.get("date_filled"));
    Some(SignatureLine {
        role: role?,
        name_filled: name_filled?,
        signature_filled: signature_filled?,
        date_filled: date_filled?,
    })
}

fn role(f: &mut Fields<'_>) -> Option<Role> {
    let (id, name, meaning) = (f.get("id"), f.get("name"), f.get("meaning"));
    let sections = f.get::<Option<String>>("sections");
    let (described_in, appointed) = (f.get("described_in"), f.get::<Option<bool>>("appointed"));
    Some(Role {
        id: id?,
        name: name?,
        meaning: meaning?,
        sections: sections?.unwrap_or_default(),
        described_in: described_in?,
        appointed: appointed?.unwrap_or(true),
    })
}

fn tier(f: &mut Fields<'_>) -> Option<Tier> {
    let (id, name, order) = (f.get("id"), f.get("name"), f.get("order"));
    let (rto_s, rto_low_s) = (f.get::<u32>("rto_s"), f.get::<Option<u32>>("rto_low_s"));
    let rpo_s = f.get::<Option<u32>>("rpo_s");
    let (rto_text, rpo_text) = (f.get("rto_text"), f.get("rpo_text"));
    let (rpo_applicable, rpo_reason) = (f.get::<bool>("rpo_applicable"), f.get::<Option<String>>("rpo_reason"));
    let note = f.get("note");
    if let (Some(applicable), Some(rpo)) = (rpo_applicable, rpo_s)
        && applicable != rpo.is_some()
    {
        f.refuse("rpo_s must be given exactly where rpo_applicable is true", None);
    }
    if let (Some(Some(low)), Some(high)) = (rto_low_s, rto_s)
        && low >= high
    {
        f.refuse("rto_low_s is not below rto_s", None);
    }
    Some(Tier {
        id: id?,
        name: name?,
        order: order?,
        rto_s: i64::from(rto_s?),
        rto_low_s: rto_low_s?.map(i64::from),
        rto_text: rto_text?,
        rpo_s: rpo_s?.map(i64::from),
        rpo_applicable: rpo_applicable?,
        rpo_reason: rpo_reason?,
        rpo_text: rpo_text?,
        note: note?,
    })
}

fn approval_rule(f: &mut Fields<'_>) -> Option<ApprovalRule> {
    let (risk_level, roles, section) = (f.get("risk_level"), f.get("roles"), f.get("section"));
    Some(ApprovalRule { risk_level: risk_level?, roles: roles?, section: section? })
}

fn section_approval(f: &mut Fields<'_>) -> Option<SectionApproval> {
    let (section, roles) = (f.get("section"), f.get("roles"));
    Some(SectionApproval { section: section?, roles: roles? })
}

fn parameter(f: &mut Fields<'_>, fallback: Option<&Policy>) -> Option<Parameter> {
    let (id, unit, meaning) = (f.get::<String>("id"), f.get::<String>("unit"), f.get("meaning"));
    let (origin, section) = (f.get("origin"), f.get("section"));
    let seconds = f.get::<Option<i64>>("seconds");
    let value = f.take("value");
    if value.is_none() {
        f.refuse("missing key \"value\"", None);
    }
    let (id, unit, value) = (id?, unit?, value?);
    let known = fallback.and_then(|policy| policy.parameters.get(&id)).map(|p| p.unit.as_str());
    if let Some(known) = known.filter(|known| *known != unit) {
        f.refuse(format!("unit \"{unit}\"; the checks read this parameter as \"{known}\""), None);
        return None;
    }
    let (text, setting) = parameters::setting(&value.node.value, &unit)
        .map_err(|refusal| f.fault(&value.node.span, "value", refusal.message, refusal.help))
        .ok()?;
    if let (super::Setting::Span(span), Some(Some(seconds))) = (&setting, seconds)
        && span.elapsed() != Some(seconds)
    {
        f.refuse(format!("seconds = {seconds} differs from value = \"{text}\""), Some("leave `seconds` out"));
    }
    Some(Parameter { id, value: text, setting, unit, origin: origin?, section: section?, meaning: meaning? })
}

fn citation(f: &mut Fields<'_>) -> Option<Citation> {
    let (section, as_cited, framework) = (f.get("section"), f.get("as_cited"), f.get("framework"));
    let (resolves_to, verdict, comment) = (f.get("resolves_to"), f.get("verdict"), f.get("comment"));
    Some(Citation {
        section: section?,
        as_cited: as_cited?,
        framework: framework?,
        resolves_to: resolves_to?,
        verdict: verdict?,
        comment: comment?,
    })
}

fn reference(f: &mut Fields<'_>) -> Option<Reference> {
    let (section, title, document_id) = (f.get("section"), f.get("title"), f.get("document_id"));
    Some(Reference { section: section?, title: title?, document_id: document_id? })
}

fn statement(f: &mut Fields<'_>) -> Option<Statement> {
    let (id, section, source) = (f.get("id"), f.get("section"), f.get("source"));
    let (modality, paraphrase, owner_roles) = (f.get("modality"), f.get("paraphrase"), f.get("owner_roles"));
    let (automation, evidence, checks) = (f.get("automation"), f.get("evidence"), f.get("checks"));
    let (parameters, tier, risk_level) = (f.get("parameters"), f.get("tier"), f.get("risk_level"));
    let note = f.get("note");
    let controls = f.table("controls").map(controls);
    Some(Statement {
        id: id?,
        section: section?,
        source: source?,
        modality: modality?,
        paraphrase: paraphrase?,
        owner_roles: owner_roles?,
        automation: automation?,
        evidence: evidence?,
        checks: checks?,
        parameters: parameters?,
        tier: tier?,
        risk_level: risk_level?,
        note: note?,
        controls: controls.unwrap_or_default(),
    })
}

/// Control ids by framework. Whether they exist is for the tests of the control data to say: a
/// replacement policy may name frameworks that this program does not carry.
fn controls(mut fields: Fields<'_>) -> BTreeMap<String, Vec<String>> {
    use crate::read::{Column, Value};
    let context = fields.context;
    let list = |value: &Value| Vec::<String>::read(value, &context).unwrap_or_default();
    fields.rest().into_iter().map(|entry| (entry.key, list(&entry.node.value))).collect()
}
