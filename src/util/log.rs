//! Log lines: where they go, their two forms, and the level, which may change while the server runs.
//!
//! The human form is Redis's, `PID:M DD Mon YYYY HH:MM:SS.mmm * message field=value`, in local time, so that tools which
//! read its logs read ours. The mark after the time is the level: `.` debug, `-` verbose, `*` notice, `#` warning, which
//! are tracing's TRACE, DEBUG, INFO, and WARN with ERROR. The JSON form is one object a line, its time in UTC.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, reload};

use super::clock::Clock;
use super::os;

type LevelHandle = reload::Handle<LevelFilter, Registry>;

static LEVEL: OnceLock<LevelHandle> = OnceLock::new();
/// The terminal's last line is a bar, which the next log line takes the place of.
static HAS_BAR: AtomicBool = AtomicBool::new(false);
/// Goes back to the beginning of a terminal's line and empties it.
const EMPTY_LINE: &str = "\r\x1b[K";

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people, as Redis writes it.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The standard output.
    Stdout,
    /// The end of a file. It is opened for every line, so a file that was moved away is made anew.
    File(PathBuf),
}

/// Starts logging for the whole process; only the first call counts.
///
/// # Errors
/// When the file cannot be opened for writing.
pub fn start(target: Target, form: Form, level: Level) -> io::Result<()> {
    if let Target::File(path) = &target {
        open(path)?;
    }
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(level));
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).log_internal_errors(false).with_writer(target);
    let layer = match form {
        Form::Human => layer.event_format(Human).boxed(),
        Form::Json => layer.json().flatten_event(true).with_timer(Utc).boxed(),
    };
    let subscriber = Registry::default().with(filter).with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _ = LEVEL.set(handle);
    }
    Ok(())
}

/// Changes the level from now on (CONFIG SET loglevel). Nothing happens before [`start`].
pub fn set_level(level: Level) {
    if let Some(handle) = LEVEL.get() {
        // It fails only when the subscriber is gone, which lives as long as the process.
        let _ = handle.reload(LevelFilter::from_level(level));
    }
}

/// Shows a line that is replaced by the next one, or by a log line. Only where the log goes to a terminal.
pub fn show_bar(line: &str) {
    let mut stdout = io::stdout().lock();
    HAS_BAR.store(true, Relaxed);
    let _ = write!(stdout, "{EMPTY_LINE}{line}").and_then(|()| stdout.flush());
}

/// Takes the line of [`show_bar`] away.
pub fn clear_bar() {
    if HAS_BAR.swap(false, Relaxed) {
        let mut stdout = io::stdout().lock();
        let _ = write!(stdout, "{EMPTY_LINE}").and_then(|()| stdout.flush());
    }
}

fn open(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// One line on its way.
#[derive(Debug)]
pub enum Line {
    /// To the standard output.
    Stdout(io::Stdout),
    /// To the end of a file.
    File(File),
    /// Nowhere: the file cannot be opened now.
    Lost,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Line::Stdout(stdout) => stdout.write(bytes),
            Line::File(file) => file.write(bytes),
            Line::Lost => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Line::Stdout(stdout) => stdout.flush(),
            Line::File(file) => file.flush(),
            Line::Lost => Ok(()),
        }
    }
}

impl<'a> MakeWriter<'a> for Target {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        match self {
            Target::Stdout => {
                clear_bar();
                Line::Stdout(io::stdout())
            }
            Target::File(path) => open(path).map_or(Line::Lost, Line::File),
        }
    }
}

/// Redis's form.
struct Human;

impl<S, N> FormatEvent<S, N> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, cx: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let now_ms = Clock::system().now_ms();
        let unix_s = (now_ms / 1000).cast_signed();
        let Date { year, month, day, hour, minute, second } = Date::of(unix_s + os::utc_offset_s(unix_s));
        let mark = match *event.metadata().level() {
            Level::TRACE => '.',
            Level::DEBUG => '-',
            Level::INFO => '*',
            Level::WARN | Level::ERROR => '#',
        };
        let (pid, month, ms) = (std::process::id(), MONTHS[month - 1], now_ms % 1000);
        write!(line, "{pid}:M {day:02} {month} {year} {hour:02}:{minute:02}:{second:02}.{ms:03} {mark} ")?;
        cx.format_fields(line.by_ref(), event)?;
        writeln!(line)
    }
}

/// RFC 3339 in UTC with microseconds.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        let now_us = Clock::system().now_us();
        let Date { year, month, day, hour, minute, second } = Date::of((now_us / 1_000_000).cast_signed());
        let us = now_us % 1_000_000;
        write!(line, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{us:06}Z")
    }
}

/// A point in time by the Gregorian calendar.
#[derive(Debug, PartialEq, Eq)]
struct Date {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Date {
    /// From seconds since 1970. Years are counted from March, so that the leap day is the last of its year and months
    /// have lengths that repeat every five; 400 years have 146,097 days.
    fn of(unix_s: i64) -> Date {
        const DAY_S: i64 = 86_400;
        let days = unix_s.div_euclid(DAY_S) + 719_468; // since 1 March of the year 0
        let second_of_day = unix_s.rem_euclid(DAY_S);
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Date {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: month as usize,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_the_calendar() {
        for (unix_s, expected) in [
            (0, (1970, 1, 1, 0, 0, 0)),
            (951_782_400, (2000, 2, 29, 0, 0, 0)),
            (951_868_799, (2000, 2, 29, 23, 59, 59)),
            (1_078_099_200, (2004, 3, 1, 0, 0, 0)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0)),
            (1_735_689_599, (2024, 12, 31, 23, 59, 59)),
            (-1, (1969, 12, 31, 23, 59, 59)),
        ] {
            let Date { year, month, day, hour, minute, second } = Date::of(unix_s);
            assert_eq!((year, month, day, hour, minute, second), expected, "{unix_s}");
        }
    }
}
