//! What a result says beside its state: weaknesses that its rule does not judge, such as a gap in the past.

use crate::judgement::Judgement;

/// Remarks on one unit, each with its reason code, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Notes(Vec<(&'static str, String)>);

impl Notes {
    /// Adds a remark, a whole sentence.
    pub fn add(&mut self, code: &'static str, sentence: impl Into<String>) {
        self.0.push((code, sentence.into()));
    }

    /// The result with all remarks after what it says; its state stays.
    #[must_use]
    pub fn on(self, judgement: Judgement) -> Judgement {
        self.0.into_iter().fold(judgement, |mut judgement, (code, sentence)| {
            judgement.detail.push(' ');
            judgement.detail.push_str(&sentence);
            judgement.reason(code)
        })
    }
}
