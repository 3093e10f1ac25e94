//! States, severities and tones: the words that marks stand for.

use serde::Serialize;

/// States of slots, results, sources and tests. Each has a shape and a colour of its own, so that the shape alone
/// is enough in black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Good slot, `pass`, complete source: a solid square.
    Success,
    /// Good, but after its deadline; a warning: half filled.
    Late,
    /// Attempted without success, `fail`, failed source: a cross.
    Failed,
    /// Never attempted, absence proven: a ring.
    Missed,
    /// Still not final after its deadline: a clock hand in a ring.
    Overrun,
    /// Not known, `no_evidence`, incomplete source: dotted outline.
    Unknown,
    /// Not final, deadline not passed: three dots.
    Running,
    /// Failed, under an approved exception: a struck square.
    Waived,
    /// `not_applicable`: a dash.
    NotApplicable,
    /// Nothing was due: blank.
    NoSlot,
}

impl State {
    /// Every state, in the order of legends.
    pub const ALL: [State; 10] = [
        State::Success,
        State::Late,
        State::Failed,
        State::Missed,
        State::Overrun,
        State::Unknown,
        State::Running,
        State::Waived,
        State::NotApplicable,
        State::NoSlot,
    ];

    /// The word used when a badge or legend gives none.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            State::Success => "success",
            State::Late => "late",
            State::Failed => "failed",
            State::Missed => "missed",
            State::Overrun => "overrun",
            State::Unknown => "unknown",
            State::Running => "running",
            State::Waived => "waived",
            State::NotApplicable => "not applicable",
            State::NoSlot => "nothing due",
        }
    }

    /// Name used in class names.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            State::NotApplicable => "na",
            State::NoSlot => "none",
            other => other.word(),
        }
    }
}

/// Severity of a finding, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// One bar.
    Low,
    /// Two bars.
    Medium,
    /// Three bars.
    High,
    /// Four bars.
    Critical,
}

impl Severity {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// How many of the four bars are filled.
    #[must_use]
    pub const fn bars(self) -> u8 {
        self as u8 + 1
    }
}

/// Mood of a figure or remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// No judgement.
    Neutral,
    /// As it should be.
    Good,
    /// Needs attention.
    Warning,
    /// Broken.
    Bad,
    /// Cannot be told.
    Unknown,
}

impl Tone {
    /// Name used in class names.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Good => "good",
            Tone::Warning => "warning",
            Tone::Bad => "bad",
            Tone::Unknown => "unknown",
        }
    }
}
