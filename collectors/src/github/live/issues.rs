//! Issues that are incidents or restore tests, by label.

use model::time::utc_text;

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
    for repository in population.repositories.iter().filter(|r| r.has_issues) {
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
        Listed::Items { whole, .. } => whole,
        // Issues are switched off: there are none.
        Listed::Refused(_, answer) if answer.status.as_u16() == 410 => true,
        Listed::Refused(ask, answer) => {
            trail.good(&ask, &answer);
            false
        }
        Listed::Lost => false,
    })
}
