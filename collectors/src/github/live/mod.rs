//! Asks GitHub: an organisation, its repositories with what protects them, copies made by workflows, and issues.
//!
//! GraphQL gives the settings of forty repositories an answer; REST gives what GraphQL does not (security settings, who
//! has no second factor, workflows and their runs, issues), and everything where GraphQL cannot be had. Requests are
//! made one after the other, on condition where an earlier collection has the answer.
//!
//! What this credential may not see is not determined. Where it was refused everywhere, that is a note, and the report
//! shows the setting as not determined; where it was refused in one place only, or where a list of records is missing,
//! the source is incomplete.
//!
//! Rights of a fine-grained token or an App, all of them `read`:
//!
//! | Right | For | Without it |
//! |---|---|---|
//! | repository: Metadata | repositories, rulesets, rules that hold for a branch | nothing is collected |
//! | repository: Issues | incidents, restore tests, registers | incomplete |
//! | repository: Actions | workflows that copy, their runs | incomplete where there are any |
//! | repository: Contents | which workflows there are, their schedules, whether a branch is protected at all | not determined |
//! | repository: Administration | branch protection, alerts, security fixes, immutable releases, code scanning | not determined |
//! | organization: Members, by an owner | who has no second factor | not determined |
//! | organization: Administration, by an owner | two-factor requirement, how many repositories there are | not determined |
//!
//! Migration archives are listed to classic tokens of owners (`read:org`, `repo`) only.

mod client;
mod graphql;
mod issues;
mod limits;
mod organization;
mod pages;
mod query;
mod repositories;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod workflows;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use model::evidence::{Covers, Page};
use model::time::{Instant, utc_text};

use crate::net::{Halt, Live, Order, Pending, Trail};

use super::selection::NAME;
use session::Session;
use settings::Settings;

/// How this kind asks.
pub(super) const LIVE: Live = Live { keys: settings::KEYS, rights: RIGHTS, fetch: start };

/// See [`Live::rights`].
const RIGHTS: &str = "\
A fine-grained personal access token of the organisation (an owner may have to approve it), or a GitHub App with the same \
permissions, all *read*:

| Permission | For |
|---|---|
| Repository: Metadata | repositories, effective rules, rulesets |
| Repository: Administration | branch protection, security settings |
| Repository: Actions | workflows and their runs |
| Repository: Contents | names of workflow files, branches |
| Repository: Issues | incidents, restore tests and registers |
| Organization: Members | who has no second factor (an owner's token only) |
| Organization: Administration | the organisation's settings |

What a permission is missing for is *not determined*, and the manifest names it. Migration archives are listed to classic tokens \
of owners only (`read:org`, `repo`).
";

/// Keys whose values are secrets, or people's addresses that no evidence needs.
const SECRETS: &[&str] = &["temp_clone_token", "secret", "token", "email", "billing_email", "notification_email"];

/// How long GitHub is sure to keep runs of workflows.
const RUNS_KEPT: TimeDelta = TimeDelta::days(90);

fn start<'a>(order: &'a Order, trail: &'a mut Trail) -> Pending<'a, Result<(), Halt>> {
    Box::pin(fetch(order, trail))
}

async fn fetch(order: &Order, trail: &mut Trail) -> Result<(), Halt> {
    let began = trail.now();
    let settings = match Settings::of(order, began) {
        Ok(settings) => settings,
        Err(why) => {
            trail.problem("backproof.toml", why);
            return Err(Halt::Over);
        }
    };
    trail.secret_keys = SECRETS;
    trail.limited = limits::limited;
    trail.endpoint(settings.base.clone());
    trail.query(settings.words());
    let mut session = Session::open(order, &settings, trail)?;
    let done = all(&mut session, &settings, trail, began).await;
    session.settle(trail);
    keep_selection(&settings, &session.renamed, trail)?;
    done
}

async fn all(session: &mut Session, settings: &Settings, trail: &mut Trail, began: Instant) -> Result<(), Halt> {
    session.identity(trail).await?;
    let known = organization::ask(session, settings, trail).await?;
    let fleet = graphql::ask(session, settings, trail).await?;
    let population = repositories::list(session, settings, fleet, known, trail).await?;
    repositories::settings(session, &population, trail).await?;
    let copies = workflows::ask(session, settings, &population, trail).await?;
    let issues = issues::ask(session, settings, &population, trail).await?;
    reach(trail, began);
    let cover = |resources: Vec<String>, table: &str, from: Instant| Covers::of(resources, &[table], from, None);
    let one = |name: &str| format!("github:{name}");
    // As GitHub spells it: the configuration may differ in case.
    let owner = population.repositories.first().and_then(|r| r.full_name.split('/').next());
    let organization = owner.filter(|_| population.whole);
    if let Some(organization) = organization {
        trail.covers(cover(vec![one(&format!("{organization}/"))], "discovered_assets", began));
    }
    if issues {
        let each = || population.repositories.iter().map(|r| one(&r.full_name)).collect();
        let patterns = &settings.wanted.selection.repositories;
        let all = organization.filter(|_| patterns.is_empty()).map_or_else(each, |o| vec![one(&format!("{o}/"))]);
        trail.covers(cover(all.clone(), "incidents", settings.since));
        for table in settings.wanted.selection.registers.values().collect::<BTreeSet<_>>() {
            trail.covers(cover(all.clone(), table, settings.since));
        }
    }
    for copy in copies {
        let from = copy.since.max(began - RUNS_KEPT).max(settings.since);
        trail.covers(cover(vec![one(&copy.repository)], "backup_runs", from));
    }
    Ok(())
}

/// Says so where runs may have come and gone since anybody looked.
fn reach(trail: &mut Trail, now: Instant) {
    if let Some(last) = trail.context.last_complete.filter(|last| *last < now - RUNS_KEPT) {
        trail.note(format!(
            "GitHub is sure to keep runs of workflows for 90 days only, and the last complete collection ended {}: runs between then and {} may be missing; collect more often",
            utc_text(last),
            utc_text(now - RUNS_KEPT)
        ));
    }
}

/// Keeps what reading depends on, see [`super::selection`].
fn keep_selection(settings: &Settings, renamed: &[String], trail: &mut Trail) -> Result<(), Halt> {
    let mut selection = settings.wanted.selection.clone();
    selection.repositories.extend(renamed.iter().cloned());
    let bytes = serde_json::to_vec_pretty(&selection).unwrap_or_default();
    let kept = trail.put(NAME, bytes)?;
    trail.page(Page {
        name: NAME.to_owned(),
        object: kept.object,
        bytes: kept.bytes,
        modified_at: None,
        items: None,
        request_id: None,
        http_status: None,
        cursor_in: None,
        cursor_out: None,
        attempts: None,
        etag: None,
        facts_only: false,
    });
    Ok(())
}
