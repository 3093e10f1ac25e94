//! From a workspace and its store to a judged period: what `assess`, `show` and `report` share.

use model::time::{Instant, Period};
use transform::{Basis, Input, Judged};

use crate::cli::{Globals, PeriodArgs};
use crate::failure::{End, Failure};
use crate::progress::Progress;
use crate::workspace::Loaded;
use crate::{period, replay};

/// Tables that a kind of source fills.
fn tables_of(kind: &str) -> Vec<String> {
    collectors::kind(kind).map(|k| k.tables.iter().map(|t| (*t).to_owned()).collect()).unwrap_or_default()
}

/// Judges the period that `args` ask for and hands the result to `then`.
///
/// # Errors
/// A bad period, no evidence yet, an unreadable store, or a resource that two systems claim.
pub fn with<T>(
    loaded: &Loaded,
    args: &PeriodArgs,
    globals: &Globals,
    then: impl FnOnce(&Basis<'_>, &Judged, Period) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (period, as_of) = period::resolve(args, loaded.workspace.config.organization.timezone)?;
    let progress = Progress::new(globals);
    progress.at("reading the evidence store");
    let tables = replay::tables(&loaded.store()?, as_of)?;
    progress.at("judging");
    let sources: Vec<(String, String)> =
        loaded.workspace.config.sources.iter().map(|s| (s.kind.clone(), s.id.clone())).collect();
    let basis = Basis::new(tables, input(loaded, &sources, as_of))?;
    let judged = basis.judge(period)?;
    progress.done();
    then(&basis, &judged, period)
}

/// The input of an assessment.
fn input<'a>(loaded: &'a Loaded, sources: &'a [(String, String)], as_of: Instant) -> Input<'a> {
    let workspace = &loaded.workspace;
    Input {
        organization: &workspace.config.organization.name,
        accent: workspace.config.organization.accent,
        logo: loaded.logo.as_ref(),
        policy: &workspace.policy,
        controls: &workspace.controls,
        inventory: &workspace.inventory,
        registers: &workspace.registers,
        sources,
        tables_of,
        as_of,
    }
}

/// The exit code of a judged period: sources before results, because a result that rests on less
/// than all evidence is not final.
pub fn end(judged: &Judged, fail_on: Option<model::assessment::Severity>) -> End {
    use model::assessment::State;
    use model::evidence::SourceStatus;
    let failed = fail_on.is_some_and(|level| {
        judged.assessment.results.iter().any(|r| r.state == State::Fail && !r.waived && r.severity >= level)
    });
    if failed {
        End::ResultFailed
    } else if judged.assessment.sources.iter().any(|s| s.status != SourceStatus::Complete) {
        End::SourceIncomplete
    } else {
        End::Done
    }
}
