//! What the documents of WAL-G or of WAL-E tell, archive by archive, and its rows. How a document is read, and what the
//! messages of a command add to the base backup that it made, is each reader's own.

use std::collections::{BTreeMap, BTreeSet};

use model::rows::{BackupRun, Listing, Row};
use model::time::{Instant, utc_text};

use super::attempt::{Action, Attempt, Command, locator};
use super::base::{BaseBackup, Names};
use super::sentinel::base_name;
use crate::record::RunRecord;
use crate::{Batch, Document, Sink, problem};

/// What is particular to one of the two tools.
pub(crate) struct Tool {
    /// Its name: of the program, and before each resource.
    pub name: &'static str,
    /// True where this `backup-push` makes a whole copy, whatever was there before.
    pub whole: fn(&Command) -> bool,
    /// What is not known where a command of this name failed; `None` where it is no question.
    pub lost: fn(&str) -> Option<String>,
    /// The run of a base backup that is there, joined with what the messages and the record of its command tell.
    pub join: fn(BackupRun, BackupRun, Option<&RunRecord>, &Names) -> BackupRun,
}

/// One list of base backups.
pub(crate) struct List {
    pub names: Vec<String>,
    pub at: Instant,
    pub document: Document,
    /// Where in the document it is.
    pub pointer: String,
    /// Where the archive is.
    pub place: String,
    pub whole: bool,
}

/// What the documents of a batch tell. Archives are told apart by where they are.
pub(crate) struct Told<'a> {
    pub batch: &'a Batch<'a>,
    pub attempts: Vec<Attempt>,
    pub lists: Vec<List>,
    tool: &'static Tool,
    records: &'a [RunRecord],
    commands: Vec<Option<Command>>,
    /// Where the archive is, where only one is named.
    only_place: String,
    /// Attempt of a record.
    of_record: BTreeMap<usize, usize>,
    bases: BTreeMap<(String, String), BaseBackup>,
}

impl<'a> Told<'a> {
    /// Nothing but the records yet; `places` are archives that documents name.
    pub(crate) fn new(
        tool: &'static Tool,
        batch: &'a Batch<'a>,
        records: &'a [RunRecord],
        mut places: BTreeSet<String>,
    ) -> Self {
        let commands: Vec<Option<Command>> = records.iter().map(|r| Command::read(&r.command, tool.name)).collect();
        places.extend(records.iter().zip(&commands).filter_map(|(r, c)| locator(r, c.as_ref())));
        let only_place = match places.len() {
            1 => places.into_iter().next().unwrap_or_default(),
            _ => batch.source_id.to_string(),
        };
        Self {
            batch,
            attempts: Vec::new(),
            lists: Vec::new(),
            tool,
            records,
            commands,
            only_place,
            of_record: BTreeMap::new(),
            bases: BTreeMap::new(),
        }
    }

    /// The record that names a document as its output.
    pub(crate) fn names(&self, document: &Document) -> Option<usize> {
        let of = |name: &Option<String>| name.as_deref() == Some(document.name());
        self.records.iter().position(|r| of(&r.stdout) || of(&r.stderr))
    }

    pub(crate) fn record(&self, at: Option<usize>) -> Option<&'a RunRecord> {
        at.and_then(|at| self.records.get(at))
    }

    pub(crate) fn command(&self, at: Option<usize>) -> Option<&Command> {
        at.and_then(|at| self.commands.get(at)).and_then(Option::as_ref)
    }

    /// Where the archive is that a recorded command is about.
    pub(crate) fn place(&self, at: Option<usize>) -> String {
        let named = self.record(at).and_then(|r| locator(r, self.command(at)));
        named.unwrap_or_else(|| self.only_place.clone())
    }

    /// True unless the record says otherwise.
    pub(crate) fn ended_well(&self, at: Option<usize>) -> bool {
        self.record(at).is_none_or(|r| r.killed_by.is_none() && r.exit_code.is_none_or(|c| c == 0))
    }

    /// When a document's command ran.
    pub(crate) fn at(&self, at: Option<usize>, document: &Document) -> Instant {
        let recorded = self.record(at).and_then(|r| r.finished_at.or(r.started_at));
        recorded.or_else(|| document.modified_at()).unwrap_or(self.batch.collected_at)
    }

    /// Takes what a document tells of one base backup.
    pub(crate) fn base(&mut self, place: &str, base: BaseBackup) {
        match self.bases.get_mut(&(place.to_owned(), base.name.clone())) {
            Some(known) => known.merge(base),
            None => {
                self.bases.insert((place.to_owned(), base.name.clone()), base);
            }
        }
    }

    /// The attempt that a recorded command is.
    pub(crate) fn attempt_of(&mut self, record: Option<usize>, document: &Document) -> Option<usize> {
        let at = record?;
        match self.of_record.get(&at) {
            Some(known) => Some(*known),
            None => self.begun(at, document, "line:1".to_owned()),
        }
    }

    /// Makes the attempt of a record, told at this place.
    fn begun(&mut self, at: usize, document: &Document, pointer: String) -> Option<usize> {
        let command = self.commands.get(at)?.clone()?;
        let mut attempt = Attempt::new(command.action()?, document, pointer);
        attempt.record = Some(at);
        attempt.locator = Some(self.place(Some(at)));
        match attempt.action {
            Action::WalPush => {
                attempt.file = command.operands.first().map(|p| p.rsplit('/').next().unwrap_or(p).to_owned());
            }
            Action::Fetch => attempt.base = command.operands.get(1).filter(|b| base_name(b).is_some()).cloned(),
            Action::Push => attempt.increment = (self.tool.whole)(&command).then_some(false),
        }
        let index = self.push(attempt);
        self.of_record.insert(at, index);
        Some(index)
    }

    /// Takes an attempt; answers where it stands.
    pub(crate) fn push(&mut self, attempt: Attempt) -> usize {
        self.attempts.push(attempt);
        self.attempts.len() - 1
    }

    /// Takes output in a form that no reader knows as the errors of its recorded command: the record judges. False where
    /// no record tells of a command.
    pub(crate) fn unread(&mut self, record: Option<usize>, document: &Document) -> std::io::Result<bool> {
        if self.command(record).is_none_or(|c| c.action().is_none()) {
            return Ok(false);
        }
        let text = document.lossy_text()?;
        let at = self.attempt_of(record, document);
        if let Some(attempt) = at.and_then(|at| self.attempts.get_mut(at)) {
            let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
            attempt.errors.extend(lines.take(20).map(str::to_owned));
        }
        Ok(true)
    }

    /// Recorded commands without any output: they are attempts all the same.
    pub(crate) fn unanswered(&mut self, sink: &mut dyn Sink) {
        for (at, record) in self.records.iter().enumerate() {
            let Some(command) = self.command(Some(at)) else { continue };
            if command.action().is_some() {
                if !self.of_record.contains_key(&at) {
                    self.begun(at, &record.document, record.pointer.clone());
                }
            } else if let Some(lost) = (self.tool.lost)(&command.name)
                && record.exit_code.is_some_and(|c| c != 0)
            {
                let place = (!record.pointer.is_empty()).then(|| record.pointer.clone());
                sink.problem(problem(&record.document, place, lost));
            }
        }
    }

    /// Resource of an archive.
    pub(crate) fn resource(&self, place: &str) -> String {
        format!("{}:{place}", self.tool.name)
    }

    /// Hands on all rows.
    pub(crate) fn emit(&self, sink: &mut dyn Sink) {
        // Base backups of the same name in two archives.
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, name) in self.bases.keys() {
            *seen.entry(name).or_default() += 1;
        }
        let point_id = |place: &str, name: &str| match seen.get(name).is_some_and(|n| *n > 1) {
            true => format!("{place} {name}"),
            false => name.to_owned(),
        };
        let place_of = |attempt: &Attempt| attempt.locator.clone().unwrap_or_else(|| self.only_place.clone());
        let mut of_base: BTreeMap<(String, &str), &Attempt> = BTreeMap::new();
        for attempt in self.attempts.iter().filter(|a| a.action == Action::Push) {
            if let Some(base) = &attempt.base {
                of_base.insert((place_of(attempt), base), attempt);
            }
        }
        for ((place, name), base) in &self.bases {
            let resource = self.resource(place);
            let names = Names {
                run_id: format!("{resource} {name}"),
                point_id: point_id(place, name),
                resource,
                location_id: None,
            };
            let mut run = base.run(&names);
            if let Some(attempt) = of_base.get(&(place.clone(), name.as_str())) {
                let record = self.record(attempt.record);
                let told = attempt.run(self.batch, &names.resource, record);
                (run.plan_id, run.system_id) = (told.plan_id.clone(), told.system_id.clone());
                run = (self.tool.join)(run, told, record, &names);
            }
            sink.row(Row::Run(run));
            if let Some(point) = base.point(&names) {
                sink.row(Row::RecoveryPoint(point));
            }
        }
        for attempt in self.attempts.iter().filter(|a| !a.void) {
            let place = place_of(attempt);
            let resource = self.resource(&place);
            let record = self.record(attempt.record);
            let known = attempt.base.as_ref().is_some_and(|b| self.bases.contains_key(&(place, b.clone())));
            match attempt.action {
                Action::Fetch => attempt.restore(self.batch, &resource, record, sink),
                Action::Push if known => {}
                Action::Push | Action::WalPush => sink.row(Row::Run(attempt.run(self.batch, &resource, record))),
            }
        }
        for list in &self.lists {
            let resource = self.resource(&list.place);
            let mut recovery_point_ids: Vec<String> = list.names.iter().map(|n| point_id(&list.place, n)).collect();
            recovery_point_ids.sort();
            let id = format!("listing:{resource}:{}", utc_text(list.at));
            sink.row(Row::Listing(Listing {
                resource,
                listed_at: list.at,
                recovery_point_ids,
                complete: list.whole,
                origin: self.batch.origin(&list.document, id, &list.pointer),
            }));
        }
    }
}
