//! Findings on the text of the built-in policy profile (`controls/findings-on-policy.md`), for `explain`.
//!
//! They are prose for readers. Results never come from here: the checks that a finding names see it in the policy's
//! data, and another policy has findings of its own.

/// One finding on the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFinding {
    /// `F-01`.
    pub id: String,
    /// What is wrong.
    pub title: String,
    /// `high`, `medium` or `low`.
    pub level: String,
    /// Points in order, each with its label: `Evidence`, `Why`, `Surfaces`, `Correction`, `Note`.
    pub points: Vec<(String, String)>,
}

impl PolicyFinding {
    /// All findings, in their order.
    #[must_use]
    pub fn all() -> Vec<Self> {
        read(include_str!("../../../controls/findings-on-policy.md"))
    }

    /// Points of a label.
    pub fn of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a str> {
        self.points.iter().filter(move |(l, _)| l == label).map(|(_, text)| text.as_str())
    }
}

/// `### F-01 Title (level)` begins a finding, any other heading ends it; `- Label: text` is a point.
fn read(text: &str) -> Vec<PolicyFinding> {
    let mut out: Vec<PolicyFinding> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if line.starts_with('#') {
            let head = line.strip_prefix("### ").and_then(|rest| rest.split_once(' '));
            open = head.is_some_and(|(id, _)| id.starts_with("F-"));
            if let Some((id, rest)) = head.filter(|_| open) {
                let (title, level) = rest.rsplit_once(" (").unwrap_or((rest, ""));
                out.push(PolicyFinding {
                    id: id.to_owned(),
                    title: title.to_owned(),
                    level: level.trim_end_matches(')').to_owned(),
                    points: Vec::new(),
                });
            }
        } else if let (true, Some(finding), Some((label, text))) =
            (open, out.last_mut(), line.strip_prefix("- ").and_then(|point| point.split_once(": ")))
        {
            finding.points.push((label.to_owned(), text.to_owned()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_read_whole() {
        let all = PolicyFinding::all();
        let heads = include_str!("../../../controls/findings-on-policy.md").matches("\n### F-").count();
        assert_eq!(all.len(), heads);
        for f in &all {
            assert!(["high", "medium", "low"].contains(&f.level.as_str()), "{}: {}", f.id, f.level);
            for label in ["Evidence", "Surfaces", "Correction"] {
                assert!(f.of(label).next().is_some(), "{} lacks {label}", f.id);
            }
        }
        let labels = "\n- ".to_owned();
        let text = include_str!("../../../controls/findings-on-policy.md");
        let body = &text[text.find("### F-01").unwrap()..text.find("### F-02").unwrap()];
        assert_eq!(body.matches(&labels).count(), all[0].points.len());
    }
}
