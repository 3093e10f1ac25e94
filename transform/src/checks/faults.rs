//! What is wrong with one unit, gathered before it is told, so that a reader sees all of it at once.

use crate::judgement::Judgement;

/// Faults of one unit, each with its reason code, in the order in which they were found.
#[derive(Debug, Default)]
pub struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Adds a fault. `text` is a clause without a full stop: "the next one was due before …".
    pub fn add(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push((code, text.into()));
    }

    /// Adds a fault where `broken`.
    pub fn add_if<T: Into<String>>(&mut self, broken: bool, code: &'static str, text: impl FnOnce() -> T) {
        if broken {
            self.add(code, text());
        }
    }

    /// One result: a failure that names every fault after `opening`, or where there is none a pass that says `good`.
    pub fn judge(self, unit: &str, opening: &str, good: impl Into<String>) -> Judgement {
        let Some(((code, _), others)) = self.0.split_first() else { return Judgement::pass(unit, good) };
        let texts: Vec<&str> = self.0.iter().map(|(_, text)| text.as_str()).collect();
        let mut codes = vec![*code];
        let first = Judgement::fail(unit, code, format!("{opening}: {}.", texts.join("; ")));
        others.iter().fold(first, |judgement, (code, _)| {
            if codes.contains(code) {
                return judgement;
            }
            codes.push(code);
            judgement.reason(code)
        })
    }
}
