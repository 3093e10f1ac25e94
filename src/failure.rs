//! How the program ends: exit codes of the contract, and failures with what to do next.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use model::fault::Faults;

use crate::cli::{Color, Globals};

/// Ends that are not failures of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// 0: done.
    Done,
    /// 3: done, and a result at or above `--fail-on` failed.
    ResultFailed,
    /// 4: done, but a source was incomplete or failed.
    SourceIncomplete,
    /// 5: verification failed.
    NotVerified,
}

impl End {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::ResultFailed => 3,
            Self::SourceIncomplete => 4,
            Self::NotVerified => 5,
        }
    }
}

/// Why the program could not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// 1: it could not be done.
    Program {
        /// What happened.
        message: String,
        /// What to do next.
        help: Option<String>,
    },
    /// 2: wrong usage.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do next.
        help: Option<String>,
    },
    /// 2: faults in configuration, inventory or registers, all of them.
    Configuration(Faults),
}

impl Failure {
    /// A failure of the program.
    pub fn program(message: impl Into<String>) -> Self {
        Self::Program { message: message.into(), help: None }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// The same with what to do next.
    pub fn help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Program { message, .. } => Self::Program { message, help: Some(text.into()) },
            Self::Usage { message, .. } => Self::Usage { message, help: Some(text.into()) },
            same @ Self::Configuration(_) => same,
        }
    }

    /// The exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Program { .. } => 1,
            Self::Usage { .. } | Self::Configuration(_) => 2,
        }
    }

    /// Prints it on standard error.
    pub fn print(&self, globals: &Globals) {
        let color = globals.color.on(std::io::stderr().is_terminal());
        let mut text = String::new();
        match self {
            Self::Program { message, help } | Self::Usage { message, help } => {
                let (red, bold, off) = if color { ("\u{1b}[31;1m", "\u{1b}[1m", "\u{1b}[0m") } else { ("", "", "") };
                let _ = writeln!(text, "{red}error:{off} {bold}{}{off}", crate::output::printable(message));
                if let Some(help) = help {
                    let _ = writeln!(text, "  help: {}", crate::output::printable(help));
                }
            }
            Self::Configuration(faults) => text = faults.render(color),
        }
        // Nothing is left to report to when standard error is gone.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

impl Color {
    /// Whether to colour, given whether the stream is a terminal.
    pub fn on(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => terminal && std::env::var_os("NO_COLOR").is_none(),
        }
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        Self::program(error.to_string())
    }
}

impl From<store::bag::BagError> for Failure {
    fn from(error: store::bag::BagError) -> Self {
        use store::bag::BagError;
        match error {
            BagError::NotEmpty { .. } => Self::usage(error.to_string(), "nothing was written; name another with --out"),
            BagError::Name(_) => Self::usage(error.to_string(), "nothing was written"),
            _ => Self::program(error.to_string()),
        }
    }
}

impl From<transform::Error> for Failure {
    fn from(error: transform::Error) -> Self {
        match error {
            transform::Error::Ambiguous(_) => {
                Self::usage(error.to_string(), "make the globs under `resources` of one of the two systems narrower")
            }
            transform::Error::OwnCheck { .. } => {
                Self::usage(error.to_string(), "correct the query; docs/checks-sql.md tells what it sees and must say")
            }
            transform::Error::Frame(_) => Self::program(error.to_string()),
        }
    }
}

impl From<reports::ReportError> for Failure {
    fn from(error: reports::ReportError) -> Self {
        Self::program(error.to_string())
    }
}

impl From<collectors::upload::UploadError> for Failure {
    fn from(error: collectors::upload::UploadError) -> Self {
        Self::program(error.message).help(error.help)
    }
}
