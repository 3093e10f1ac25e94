//! Progress on standard error, only when it is a terminal; plain lines otherwise and only when asked.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Globals;
use crate::output::printable;

/// What is being done now.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// A spinner on a terminal, lines with `--verbose`, else nothing.
    pub fn new(globals: &Globals) -> Self {
        let terminal = std::io::stderr().is_terminal() && !globals.quiet;
        let bar = if terminal {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        };
        if terminal {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, lines: globals.verbose && !terminal }
    }

    /// Says what is being done.
    pub fn at(&self, what: &str) {
        self.bar.set_message(printable(what));
        if self.lines {
            eprintln!("{}", printable(what));
        }
    }

    /// Clears the line.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
