//! Workflows that copy repositories elsewhere: whether GitHub runs them, when, and how each run went.

use model::time::{Instant, instant};
use serde_json::Value;

use super::super::piece::text;
use super::super::selection::file_name;
use super::pages::{self, Listed, PER_PAGE, Wanted, encode};
use super::repositories::{Population, Repository};
use super::session::Session;
use super::settings::Settings;
use crate::net::{Ask, Halt, Shape, Trail};

/// Most earlier attempts at one run that are asked for.
const ATTEMPTS: u64 = 20;

/// A repository whose runs of workflows were listed to the end.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) repository: String,
    /// The oldest of its workflows exists since then: before, it may have been copied in another way.
    pub(super) since: Instant,
}

/// Asks for them. Answers the repositories of which every run is known.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn ask(
    session: &mut Session,
    settings: &Settings,
    population: &Population,
    trail: &mut Trail,
) -> Result<Vec<Copy>, Halt> {
    let mut out = Vec::new();
    for repository in &population.repositories {
        if !is_asked(settings, population, repository) {
            continue;
        }
        let before = trail.problems();
        let since = of_repository(session, settings, repository, trail).await?;
        if let Some(since) = since.filter(|_| trail.problems() == before) {
            out.push(Copy { repository: repository.full_name.clone(), since });
        }
    }
    Ok(out)
}

/// A file of the default branch tells of a workflow. A workflow that is on no default branch any more runs no schedule,
/// but its runs may be recent: where there is no fleet to spare, everybody is asked.
fn is_asked(settings: &Settings, population: &Population, repository: &Repository) -> bool {
    let files = repository.node.as_ref().and_then(|n| n.workflows.as_ref());
    match files {
        Some(files) if files.iter().any(|f| settings.wanted.is_backup(f)) => true,
        Some(_) => population.full && !repository.archived,
        None => !repository.archived,
    }
}

/// `None` where there is no such workflow, or something is missing.
async fn of_repository(
    session: &mut Session,
    settings: &Settings,
    repository: &Repository,
    trail: &mut Trail,
) -> Result<Option<Instant>, Halt> {
    let path = format!("repos/{}/actions/workflows", repository.full_name);
    let wanted = Wanted {
        what: "workflows",
        url: session.url(&format!("{path}?per_page={PER_PAGE}")),
        folder: path.clone(),
        key: Some("workflows"),
        id: Some("id"),
        until: None,
        twice: false,
    };
    let files = repository.node.as_ref().and_then(|n| n.workflows.as_ref());
    let expected = files.is_some_and(|f| f.iter().any(|f| settings.wanted.is_backup(f)));
    let workflows = match pages::read(session, trail, &wanted).await? {
        Listed::Items { items, .. } => {
            session.granted("actions=read");
            items
        }
        Listed::Refused(ask, answer) => {
            if answer.status.as_u16() == 403 && !expected {
                session.refused("actions=read", &ask.name, &answer);
            } else {
                trail.good(&ask, &answer);
            }
            return Ok(None);
        }
        Listed::Lost => return Ok(None),
    };
    let mut created = Vec::new();
    for workflow in &workflows {
        let (Some(id), Some(file)) = (text(workflow, "id"), text(workflow, "path")) else {
            trail.problem(&path, "a workflow has no id or no path: its runs are not asked for");
            continue;
        };
        if !settings.wanted.is_backup(&file) {
            continue;
        }
        created.push(text(workflow, "created_at").and_then(|t| instant(&t, None).ok()));
        source(session, repository, &file, trail).await?;
        runs(session, settings, repository, &id, trail).await?;
    }
    // Where one does not say since when it exists, nothing is covered.
    let created: Option<Vec<Instant>> = created.into_iter().collect();
    Ok(created.and_then(|all| all.into_iter().min()))
}

/// The workflow's text, for its schedule.
async fn source(session: &mut Session, repository: &Repository, file: &str, trail: &mut Trail) -> Result<(), Halt> {
    // Workflows that GitHub itself brings have no file.
    if !file.starts_with(".github/workflows/") {
        return Ok(());
    }
    let path = format!("repos/{}/contents/{file}", repository.full_name);
    let url = session.url(&format!("repos/{}/contents/{}", repository.full_name, encode(file, b"/")));
    let ask = Ask::get(path, url, Shape::Any).header(http::header::ACCEPT, "application/vnd.github.raw+json");
    let Some(answer) = session.ask(trail, &ask).await? else { return Ok(()) };
    if answer.is_good() {
        trail.keep(&ask, &answer, None, None)?;
    } else {
        trail.note(format!(
            "{}: the schedule of {} is not determined ({}: {})",
            repository.full_name,
            file_name(file),
            answer.status.as_u16(),
            answer.message()
        ));
    }
    Ok(())
}

/// Runs, newest first, until one is older than anybody wants.
async fn runs(
    session: &mut Session,
    settings: &Settings,
    repository: &Repository,
    workflow: &str,
    trail: &mut Trail,
) -> Result<(), Halt> {
    let runs = format!("repos/{}/actions/workflows/{}/runs", repository.full_name, encode(workflow, b""));
    let since = settings.since;
    let is_old =
        move |run: &Value| text(run, "created_at").and_then(|t| instant(&t, None).ok()).is_some_and(|t| t < since);
    let wanted = Wanted {
        what: "runs of workflows",
        // No filter by time: a filtered list ends after a thousand runs.
        url: session.url(&format!("{runs}?exclude_pull_requests=true&per_page={PER_PAGE}")),
        folder: runs,
        key: Some("workflow_runs"),
        id: Some("id"),
        until: Some(&is_old),
        twice: false,
    };
    let items = match pages::read(session, trail, &wanted).await? {
        Listed::Items { items, .. } => items,
        Listed::Refused(ask, answer) => {
            trail.good(&ask, &answer);
            return Ok(());
        }
        Listed::Lost => return Ok(()),
    };
    let known = |run: &&Value| text(run, "id").is_some() && text(run, "workflow_id").as_deref() == Some(workflow);
    if items.iter().any(|run| !known(&run)) {
        trail.problem(&wanted.folder, "a run has no id, or is another workflow's: it cannot be placed; collect again");
    }
    for run in items.iter().filter(|run| !is_old(run)) {
        earlier(session, repository, run, trail).await?;
    }
    Ok(())
}

/// Attempts before the last one, which the list hides: a failure that was started again is still a failure.
async fn earlier(session: &mut Session, repository: &Repository, run: &Value, trail: &mut Trail) -> Result<(), Halt> {
    let (Some(id), Some(last)) = (text(run, "id"), run.get("run_attempt").and_then(Value::as_u64)) else {
        return Ok(());
    };
    if last > ATTEMPTS + 1 {
        trail.note(format!(
            "{}: of {last} attempts at run {id} the first {ATTEMPTS} and the last are read",
            repository.full_name
        ));
    }
    for attempt in 1..last.min(ATTEMPTS + 1) {
        let path = format!("repos/{}/actions/runs/{}/attempts/{attempt}", repository.full_name, encode(&id, b""));
        let ask = Ask::get(format!("{path}.json"), session.url(&path), Shape::Object(&["id"]));
        let Some(answer) = session.ask(trail, &ask).await? else { continue };
        if trail.good(&ask, &answer) {
            trail.keep(&ask, &answer, Some(1), None)?;
        }
    }
    Ok(())
}
