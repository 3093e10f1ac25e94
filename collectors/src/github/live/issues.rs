//! Issues that are incidents, restore tests or rows of other registers, by label.

use model::time::utc_text;
use serde_json::Value;

use super::super::incidents::labels;
use super::super::piece::text;
use super::pages::{self, Listed, PER_PAGE, Wanted, encode};
use super::repositories::{Population, Repository};
use super::session::Session;
use super::settings::Settings;
use crate::net::{Halt, Trail};

/// Asks for them. True where every list of every repository was read to its end.
///
/// # Errors
/// Those of [`Session::ask`] and of the store.
pub(super) async fn ask(
    session: &mut Session,
    settings: &Settings,
    population: &Population,
    trail: &mut Trail,
) -> Result<bool, Halt> {
    let mut whole = !population.repositories.is_empty();
    for repository in population.repositories.iter().filter(|r| r.has_issues != Some(false)) {
        for label in settings.labels.iter().filter(|label| may_have(repository, label)) {
            whole &= labelled(session, settings, repository, label, trail).await?;
        }
    }
    Ok(whole)
}

/// A label that the repository does not have is on none of its issues.
fn may_have(repository: &Repository, label: &str) -> bool {
    let labels = repository.node.as_ref().and_then(|n| n.labels.as_ref());
    labels.is_none_or(|all| all.iter().any(|l| l.to_lowercase() == label.to_lowercase()))
}

/// True for what reading can make something of: a number, and the label that was asked for.
fn is_labelled(issue: &Value, label: &str) -> bool {
    let names = labels(issue);
    issue.get("number").is_some_and(Value::is_u64) && names.iter().any(|n| n.to_lowercase() == label.to_lowercase())
}

async fn labelled(
    session: &mut Session,
    settings: &Settings,
    repository: &Repository,
    label: &str,
    trail: &mut Trail,
) -> Result<bool, Halt> {
    let since = utc_text(settings.since);
    let path = format!("repos/{}/issues", repository.full_name);
    // Oldest first: new issues come at the end and move nothing. The list mixes pull requests in, which reading drops.
    let query = format!(
        "labels={}&state=all&since={}&sort=created&direction=asc&per_page={PER_PAGE}",
        encode(label, b""),
        encode(&since, b"")
    );
    let day = since.split('T').next().unwrap_or_default().to_owned();
    let wanted = Wanted {
        what: "issues",
        url: session.url(&format!("{path}?{query}")),
        folder: format!("{path}/{}/since-{day}", encode(label, b"")),
        key: None,
        id: Some("number"),
        until: None,
        twice: true,
    };
    Ok(match pages::read(session, trail, &wanted).await? {
        Listed::Items { items, whole } => {
            let odd = items.iter().find(|issue| !is_labelled(issue, label));
            if let Some(odd) = odd {
                let number = text(odd, "number").unwrap_or_else(|| "without a number".to_owned());
                let message = format!("issue {number} came for the label {label} and does not show it; collect again");
                trail.problem(&wanted.folder, message);
            }
            whole && odd.is_none()
        }
        // Issues are switched off: there are none.
        Listed::Refused(_, answer) if answer.status.as_u16() == 410 && repository.has_issues.is_none() => true,
        Listed::Refused(ask, answer) => {
            trail.good(&ask, &answer);
            false
        }
        Listed::Lost => false,
    })
}
