//! What the configuration asks for.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, TimeDelta};
use model::registers::{REGISTERS, is_field};
use model::time::{Instant, Tz, day_start, instant, utc_text};
use model::workspace::{Key, Takes};

use super::super::selection::{Selection, Wanted};
use crate::net::Order;
use crate::net::transport::{base, origin};

/// Keys of `[sources.github.<id>]` beside those of every network source.
pub(super) const KEYS: &[Key] = &[
    Key { name: "organization", takes: Takes::Text, says: "Organisation to collect, by its login." },
    Key {
        name: "repositories",
        takes: Takes::List,
        says: "Repositories as owner/name, or patterns over them such as \"acme/app-*\"; default all of the organisation. Without `organization` they must be whole names.",
    },
    Key {
        name: "url",
        takes: Takes::Text,
        says: "Base address of the REST API; default https://api.github.com, GitHub Enterprise Server has https://HOST/api/v3.",
    },
    Key {
        name: "token",
        takes: Takes::Secret,
        says: "Fine-grained personal access token, read-only; instead of it a GitHub App by `app_id`, `installation_id` and `private_key`.",
    },
    Key { name: "app_id", takes: Takes::Text, says: "Number of the GitHub App." },
    Key { name: "installation_id", takes: Takes::Text, says: "Number of the App's installation in the organisation." },
    Key { name: "private_key", takes: Takes::Secret, says: "Private key of the App, an RSA key in PEM." },
    Key {
        name: "incident_labels",
        takes: Takes::List,
        says: "Labels that make an issue an incident; default incident, backup and investigation.",
    },
    Key {
        name: "restore_test_labels",
        takes: Takes::List,
        says: "Labels that make an issue a restore test; default restore-test.",
    },
    Key {
        name: "restore_test_fields",
        takes: Takes::List,
        says: "Headings of the issue form that stand for fields of a restore test, as \"Heading = field\"; default the fields' own names.",
    },
    Key {
        name: "registers",
        takes: Takes::List,
        says: "Labels that make an issue a row of a register, as \"label = register\", for example \"policy-exception = exceptions\". In exports, and beside it, the label register:<register> does.",
    },
    Key {
        name: "register_fields",
        takes: Takes::List,
        says: "Headings of issue forms that stand for columns of registers, as \"Heading = column\"; default the columns' own names.",
    },
    Key {
        name: "backup_workflows",
        takes: Takes::List,
        says: "File names of workflows that copy a repository elsewhere, or patterns over them; default \"*backup*\".",
    },
    Key {
        name: "since",
        takes: Takes::Text,
        says: "First day (or instant) of issues and runs; default the first of the month 400 days ago.",
    },
    Key {
        name: "detail",
        takes: Takes::Text,
        says: "\"full\" asks every repository for the settings that only REST has, \"fleet\" leaves them out; default full for up to 100 repositories.",
    },
];

/// Repositories up to which everything is asked where `detail` does not say.
const FULL: usize = 100;
/// Days that are looked back by default: GitHub's longest retention of runs.
const LOOK_BACK: TimeDelta = TimeDelta::days(400);

/// Whether settings are asked that cost some requests for each repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Full,
    Fleet,
}

/// The configuration, checked.
#[derive(Debug)]
pub(super) struct Settings {
    /// Base of REST.
    pub(super) base: String,
    /// Address of GraphQL.
    pub(super) graphql: String,
    pub(super) organization: Option<String>,
    /// Whole names, where there are no patterns.
    pub(super) exact: Option<Vec<(String, String)>>,
    /// Labels, names and patterns, as kept among the evidence.
    pub(super) wanted: Wanted,
    /// First instant of issues and runs.
    pub(super) since: Instant,
    /// Labels to ask issues by, each once.
    pub(super) labels: Vec<String>,
    detail: Option<Detail>,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(super) fn of(order: &Order, now: Instant) -> Result<Self, String> {
        let source = &order.source;
        let base = base(source.text("url").unwrap_or("https://api.github.com"))?;
        let organization = source.text("organization").map(|o| o.trim().to_owned());
        if let Some(login) = organization.as_deref().filter(|o| !is_login(o)) {
            return Err(format!("`organization`: \"{login}\" is no login of an organisation"));
        }
        let repositories = repositories(source.list("repositories"), organization.as_deref())?;
        if organization.is_none() && repositories.is_empty() {
            return Err("neither `organization` nor `repositories` says what to collect; add one of them".to_owned());
        }
        let is_pattern = |r: &String| r.contains(['*', '?', '[', '{']);
        let exact = (!repositories.is_empty() && !repositories.iter().any(is_pattern)).then(|| {
            let pair = |r: &String| r.split_once('/').map(|(o, n)| (o.to_owned(), n.to_owned()));
            repositories.iter().filter_map(pair).collect()
        });
        if organization.is_none() && exact.is_none() {
            return Err(
                "`repositories` holds patterns, which need an `organization` whose repositories are listed".to_owned()
            );
        }
        let plain = Selection::default();
        let list = |key: &str, default: &[String]| {
            let given = source.list(key);
            if source.settings.contains_key(key) { given.to_vec() } else { default.to_vec() }
        };
        let selection = Selection {
            repositories,
            incident_labels: list("incident_labels", &plain.incident_labels),
            restore_test_labels: list("restore_test_labels", &plain.restore_test_labels),
            restore_test_fields: fields(source.list("restore_test_fields"))?,
            registers: registers(source.list("registers"))?,
            register_fields: register_fields(source.list("register_fields"))?,
            backup_workflows: list("backup_workflows", &plain.backup_workflows),
            ..plain
        };
        let mut labels: Vec<String> = Vec::new();
        let of_registers = selection.registers.keys();
        for label in selection.incident_labels.iter().chain(&selection.restore_test_labels).chain(of_registers) {
            if !labels.iter().any(|known| known.eq_ignore_ascii_case(label)) {
                labels.push(label.clone());
            }
        }
        if let Some(label) = labels.iter().find(|l| l.contains(',') || l.trim().is_empty()) {
            return Err(format!("\"{label}\": GitHub cannot be asked for a label that is empty or holds a comma"));
        }
        let detail = match source.text("detail") {
            None => None,
            Some("full") => Some(Detail::Full),
            Some("fleet") => Some(Detail::Fleet),
            Some(other) => return Err(format!("`detail`: \"{other}\" is neither \"full\" nor \"fleet\"")),
        };
        Ok(Self {
            graphql: graphql(&base),
            base,
            organization,
            exact,
            wanted: Wanted::new(selection)?,
            since: since(source.text("since"), now)?,
            labels,
            detail,
        })
    }

    /// True where every repository is asked for what only REST tells.
    pub(super) fn is_full(&self, repositories: usize) -> bool {
        self.detail.unwrap_or(if repositories > FULL { Detail::Fleet } else { Detail::Full }) == Detail::Full
    }

    /// What is asked for, for the manifest.
    pub(super) fn words(&self) -> String {
        let selection = &self.wanted.selection;
        let of = match (&self.organization, &selection.repositories[..]) {
            (Some(organization), []) => format!("organisation {organization}"),
            (Some(organization), some) => format!("organisation {organization}, repositories {}", some.join(", ")),
            (None, some) => format!("repositories {}", some.join(", ")),
        };
        format!(
            "{of}; issues labelled {} that changed since {}; runs of workflows {} since then",
            self.labels.join(", "),
            utc_text(self.since),
            selection.backup_workflows.join(", ")
        )
    }
}

/// Address of GraphQL beside that of REST.
fn graphql(base: &str) -> String {
    match base.strip_suffix("/api/v3") {
        Some(server) => format!("{server}/api/graphql"),
        None => format!("{base}/graphql"),
    }
}

fn repositories(given: &[String], organization: Option<&str>) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for name in given {
        let name = name.trim();
        let full = match (name.split_once('/'), organization) {
            (Some((owner, rest)), _) if is_login(owner) && !rest.is_empty() && !rest.contains('/') => name.to_owned(),
            (None, Some(organization)) if !name.is_empty() => format!("{organization}/{name}"),
            _ => return Err(format!("`repositories`: \"{name}\" is not of the form owner/name")),
        };
        if let Some(organization) = organization
            && !full.split('/').next().is_some_and(|o| o.eq_ignore_ascii_case(organization))
        {
            return Err(format!("`repositories`: {full} is not of {organization}: give it a source of its own"));
        }
        out.push(full);
    }
    Ok(out)
}

/// True for what GitHub takes for a login.
pub(super) fn is_login(text: &str) -> bool {
    !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// True for `owner/name` as GitHub writes it.
pub(super) fn is_full_name(text: &str) -> bool {
    let name =
        |n: &str| !matches!(n, "" | "." | "..") && n.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.split_once('/').is_some_and(|(owner, repository)| is_login(owner) && name(repository))
}

/// `left = right`, once an item of a list.
fn pairs(key: &str, what: &str, given: &[String]) -> Result<BTreeMap<String, String>, String> {
    let pair = |text: &String| {
        let (left, right) = text.split_once('=')?;
        Some((left.trim().to_owned(), right.trim().to_owned())).filter(|(l, r)| !l.is_empty() && !r.is_empty())
    };
    given.iter().map(|t| pair(t).ok_or_else(|| format!("`{key}`: \"{t}\": write \"{what}\""))).collect()
}

fn fields(given: &[String]) -> Result<BTreeMap<String, String>, String> {
    let all = pairs("restore_test_fields", "Heading = field", given)?;
    match all.values().find(|field| !crate::restore_reports::is_field(field)) {
        Some(field) => Err(format!("`restore_test_fields`: restore tests have no field \"{field}\"")),
        None => Ok(all),
    }
}

fn registers(given: &[String]) -> Result<BTreeMap<String, String>, String> {
    let all = pairs("registers", "label = register", given)?;
    let is_register = |name: &str| REGISTERS.iter().any(|(table, _)| *table == name);
    match all.values().find(|table| !is_register(table) || *table == "incidents") {
        Some(table) if table == "incidents" => {
            Err("`registers`: incidents are named by `incident_labels`; move the label there".to_owned())
        }
        Some(table) => {
            Err(format!("`registers`: \"{table}\" is not the name of a register; docs/registers.md lists them"))
        }
        None => Ok(all),
    }
}

fn register_fields(given: &[String]) -> Result<BTreeMap<String, String>, String> {
    let all = pairs("register_fields", "Heading = column", given)?;
    match all.values().find(|field| !is_field(field)) {
        Some(field) => Err(format!("`register_fields`: no register has a column \"{field}\"")),
        None => Ok(all),
    }
}

fn since(given: Option<&str>, now: Instant) -> Result<Instant, String> {
    let Some(text) = given else {
        // A whole month, so that the same question is asked for a month and answers can be taken over.
        let day = (now - LOOK_BACK).date_naive();
        return Ok(day_start(day.with_day(1).unwrap_or(day), Tz::UTC));
    };
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day_start(day, Tz::UTC));
    }
    instant(text, Some(Tz::UTC)).map_err(|e| format!("`since`: {e}"))
}

/// True for an address of the same server.
pub(super) fn same_server(base: &str, url: &str) -> bool {
    origin(base).is_some() && origin(base) == origin(url)
}
