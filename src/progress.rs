//! Progress on standard error: a line for each source on a terminal; otherwise plain log lines, of waits that make a
//! run look stuck, and with `--verbose` of everything.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use collectors::net;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::cli::Globals;
use crate::output::printable;

/// How plain log lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    Nothing,
    Waits,
    Everything,
}

/// What is being done now.
#[derive(Debug)]
pub struct Progress {
    bars: MultiProgress,
    bar: ProgressBar,
    log: Log,
}

impl Progress {
    /// A spinner on a terminal, lines with `--verbose`, else nothing.
    pub fn new(globals: &Globals) -> Self {
        let terminal = std::io::stderr().is_terminal() && !globals.quiet;
        let log = match (terminal || globals.quiet, globals.verbose) {
            (true, _) => Log::Nothing,
            (false, true) => Log::Everything,
            (false, false) => Log::Waits,
        };
        let bars = MultiProgress::with_draw_target(if terminal {
            ProgressDrawTarget::term_like_with_hz(Box::new(Margin::new(Term::buffered_stderr())), DRAWS)
        } else {
            ProgressDrawTarget::hidden()
        });
        let bar = spinner(&bars, "{spinner} {elapsed} {wide_msg}");
        Self { bars, bar, log }
    }

    /// Says what is being done.
    pub fn at(&self, what: &str) {
        self.bar.set_message(printable(what));
        if self.log == Log::Everything {
            eprintln!("{}", printable(what));
        }
    }

    /// Says what whoever watches must know, in a log as well.
    pub fn notice(&self, what: &str) {
        self.bar.set_message(printable(what));
        if matches!(self.log, Log::Waits | Log::Everything) {
            eprintln!("{}", printable(what));
        }
    }

    /// A line of its own for a source.
    pub fn source(&self, name: &str) -> Line {
        let bar = spinner(&self.bars, "{spinner} {elapsed} {prefix}: {wide_msg}");
        bar.set_prefix(printable(name));
        let line = Line { bar, name: name.to_owned(), log: self.log };
        line.at("reading");
        line
    }

    /// Clears the lines.
    pub fn done(&self) {
        self.bar.finish_and_clear();
        // Lines of sources that still ran go as well; a terminal that is gone needs nothing.
        let _ = self.bars.clear();
    }
}

/// Most drawings a second.
const DRAWS: u8 = 20;

/// Columns at the right that stay free: as many as the terminal needs to echo a Ctrl-C.
const MARGIN: u16 = 2;

/// A terminal whose cursor rests behind the last line's text. Drawing fills each line with blanks up to the last column,
/// from where the echo of a Ctrl-C moves the cursor to the next line: whoever erases the lines from there leaves the first.
#[derive(Debug)]
struct Margin {
    terminal: Term,
    /// A line of this drawing is written.
    begun: AtomicBool,
}

impl Margin {
    fn new(terminal: Term) -> Self {
        Self { terminal, begun: AtomicBool::new(false) }
    }
}

impl TermLike for Margin {
    fn width(&self) -> u16 {
        TermLike::width(&self.terminal).saturating_sub(MARGIN).max(1)
    }
    fn height(&self) -> u16 {
        TermLike::height(&self.terminal)
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_up(n)
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_down(n)
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_right(n)
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.terminal.move_cursor_left(n)
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.terminal.write_line(text)
    }
    /// Takes a line, or the blanks that would fill it.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let text = text.trim_end_matches(' ');
        if text.is_empty() {
            return Ok(());
        }
        if self.begun.swap(true, Ordering::Relaxed) {
            self.terminal.write_line("")?;
        }
        self.terminal.write_str(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.terminal.clear_line()
    }
    fn flush(&self) -> io::Result<()> {
        self.begun.store(false, Ordering::Relaxed);
        self.terminal.flush()
    }
}

fn spinner(bars: &MultiProgress, template: &str) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    if !bars.is_hidden() {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

/// The line of a source.
#[derive(Debug, Clone)]
pub struct Line {
    bar: ProgressBar,
    name: String,
    log: Log,
}

impl Line {
    /// Says what is being done.
    pub fn at(&self, what: &str) {
        self.bar.set_message(printable(what));
        self.log(Log::Everything, what);
    }

    /// Takes news of a fetch. Pages go to the terminal's line only: a log would fill with them.
    pub fn teller(&self) -> Arc<dyn Fn(net::Progress) + Send + Sync> {
        let line = self.clone();
        Arc::new(move |news| match news {
            net::Progress::Read { pages, items } => line.bar.set_message(format!("{pages} pages, {items} items")),
            net::Progress::Waiting { until, why } => {
                let left = (until - crate::clock::now()).num_seconds().max(0);
                let left = if left < 120 { format!("{left} s") } else { format!("{} min", left / 60) };
                let what = format!("waiting {left}, until {}: {why}", model::time::utc_text(until));
                line.bar.set_message(printable(&what));
                line.log(Log::Waits, &what);
            }
        })
    }

    /// Ends the line.
    pub fn done(&self, how: &str) {
        self.log(Log::Everything, how);
        self.bar.finish_and_clear();
    }

    fn log(&self, from: Log, what: &str) {
        if self.log == Log::Everything || self.log == from {
            eprintln!("{}: {}", printable(&self.name), printable(what));
        }
    }
}
