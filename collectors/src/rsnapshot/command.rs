//! Command lines of rsnapshot: `rsnapshot [-vtxqVD] [-c file] <level>`, as called and as its log repeats them.

use crate::shell::{Call, calls, file_name};
use crate::verdict::Code;

/// An rsnapshot command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// `daily`, `sync`, `du`, …
    pub word: String,
    /// Configuration named by `-c`.
    pub config: Option<String>,
    /// `-t`: nothing is touched.
    pub test: bool,
}

/// Words that are no backup levels.
const OTHER: &[&str] = &[
    "configtest",
    "diff",
    "du",
    "help",
    "version",
    "version-only",
    "check-config-version",
    "upgrade-config-file",
    "get-latest-snapshot",
];

impl Command {
    /// Reads the words behind `rsnapshot`.
    pub fn read(words: &[String]) -> Option<Self> {
        let mut out = Self { word: String::new(), config: None, test: false };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match word.strip_prefix('-') {
                Some(letters) => {
                    let (switches, config) = letters.split_once('c').map_or((letters, None), |(s, c)| (s, Some(c)));
                    out.test |= switches.contains('t');
                    if let Some(config) = config {
                        let named = if config.is_empty() { rest.next().cloned() } else { Some(config.to_owned()) };
                        out.config = named;
                    }
                }
                None => {
                    out.word.clone_from(word);
                    return Some(out);
                }
            }
        }
        None
    }

    /// The call in a shell line, and whether its exit code can be another's. `None` where there is none, or several.
    pub fn in_line(line: &str) -> Option<(Self, bool)> {
        let is_program = |name: &str| name == "rsnapshot" || name == "rsnapshot-program.pl" || name == "rsnapshot.pl";
        let mut all = calls(line, &is_program, &Self::read);
        let Call { read, masked } = all.pop()?;
        all.is_empty().then_some((read, masked))
    }

    /// True for a backup level (or `sync`).
    pub fn is_level(&self) -> bool {
        !OTHER.contains(&self.word.as_str())
    }

    /// File name of the configuration.
    pub fn config_name(&self) -> &str {
        self.config.as_deref().map_or("rsnapshot.conf", file_name)
    }
}

/// Exit codes (manual page, "Exit values").
pub(super) const fn exit_code(code: i64) -> Code {
    match code {
        1 => Code::Failed("a fatal error"),
        2 => Code::Warned("warnings, but the backup still happened"),
        _ => Code::Failed("failed"),
    }
}
