//! Values: from text to what is stored, and back. One function for each direction, driven by the row's [`Kind`].
//!
//! Promise: printing a value and parsing the text gives the value back.

use super::events;
use super::number::{parse_int, parse_memory, parse_percentile, percentile_text};
use super::param::{Kind, Param, TextRule, list_words};
use super::words::{SHUTDOWN_NOSAVE, SHUTDOWN_SAVE, Words};
use crate::keyspace::events::EventClass;
use bytes::Bytes;
use std::borrow::Cow;

/// Why a value was not taken: the text after ` - ` in CONFIG SET's error, the last line of a fatal error in a file.
pub type Reason = Cow<'static, str>;

/// A snapshot is due when this many changes happened and this much time passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// Least time since the last snapshot, seconds.
    pub seconds: i64,
    /// Least number of changes.
    pub changes: i64,
}

/// Limits of the output buffered for one class of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// The client is closed when its output exceeds this; 0 for no limit.
    pub hard_bytes: u64,
    /// The client is closed when its output exceeds this for `soft_seconds`; 0 for no limit.
    pub soft_bytes: u64,
    /// See `soft_bytes`.
    pub soft_seconds: u64,
}

/// Class of clients for [`OutputLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientClass {
    /// Ordinary clients, MONITOR included.
    Normal,
    /// Links to replicas.
    Replica,
    /// Clients subscribed to a channel or pattern.
    Pubsub,
}

/// Names of the classes as CONFIG GET prints them, in the order of [`ClientClass`].
pub(crate) const CLASS_NAMES: [&str; 3] = ["normal", "slave", "pubsub"];

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Kinds read on hot paths: bool, int, memory (as 64 bits), percent (negative), octal, words, events.
    Number(i64),
    Text(Bytes),
    List(Vec<String>),
    SavePoints(Vec<SavePoint>),
    OutputLimits([OutputLimit; 3]),
    OomValues([i64; 3]),
    Percentiles(Vec<f64>),
}

const NO_INT: &str = "argument couldn't be parsed into an integer";
const NO_MEMORY: &str = "argument must be a memory value";
const WRONG_NUMBER: &str = "wrong number of arguments";
const ADDRESSES_MAX: usize = 16;

fn between<T: std::fmt::Display>(min: T, max: T) -> Reason {
    format!("argument must be between {min} and {max} inclusive").into()
}

/// The arguments that a CONFIG SET text stands for.
pub(crate) fn split_text<'a>(kind: &Kind, text: &'a [u8]) -> Vec<&'a [u8]> {
    match (kind.takes_many(), text) {
        (true, b"") => Vec::new(),
        (true, _) => text.split(|&b| b == b' ').collect(),
        (false, _) => vec![text],
    }
}

/// Reads the arguments of a line or of CONFIG SET. `current` is the value they change: client classes that are not
/// named keep theirs, a relative directory starts there.
pub(crate) fn parse(param: &Param, args: &[&[u8]], current: &Value) -> Result<Value, Reason> {
    if param.kind.takes_many() {
        return parse_many(param, args, current);
    }
    let &[arg] = args else { return Err(WRONG_NUMBER.into()) };
    match param.kind {
        Kind::Bool if arg.eq_ignore_ascii_case(b"yes") => Ok(Value::Number(1)),
        Kind::Bool if arg.eq_ignore_ascii_case(b"no") => Ok(Value::Number(0)),
        Kind::Bool => Err("argument must be 'yes' or 'no'".into()),
        Kind::Int { min, max, fit } => match parse_int(arg).ok_or(NO_INT)? {
            number if (min..=max).contains(&number) => Ok(Value::Number(number.clamp(fit.0, fit.1))),
            _ => Err(between(min, max)),
        },
        Kind::Memory { min, max, least } => match parse_memory(arg).ok_or(NO_MEMORY)? {
            bytes if (min..=max).contains(&bytes) => Ok(Value::Number(bytes.max(least).cast_signed())),
            _ => Err(between(min, max)),
        },
        Kind::MemoryOrPercent => parse_memory_or_percent(arg),
        Kind::Octal => parse_octal(arg),
        Kind::Word(words) => Ok(Value::Number(find_word(words, arg)?)),
        Kind::Events => match events::from_letters(arg) {
            Some(flags) => Ok(Value::Number(i64::from(flags.bits()))),
            None => Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into()),
        },
        Kind::Text(rule) => {
            check_text(param.name, rule, arg)?;
            Ok(Value::Text(Bytes::copy_from_slice(arg)))
        }
        Kind::Dir => super::dir::resolve(arg, current),
        _ => unreachable!("kinds with many arguments returned above"),
    }
}

fn parse_memory_or_percent(arg: &[u8]) -> Result<Value, Reason> {
    const NEITHER: &str = "argument must be a memory or percent value";
    if let Some(percent) = arg.strip_suffix(b"%") {
        return match parse_int(percent) {
            Some(percent @ 0..=100) => Ok(Value::Number(-percent)),
            Some(101..) => Err("percentage argument must be less or equal to 100".into()),
            _ => Err(NEITHER.into()),
        };
    }
    match parse_memory(arg).map(i64::try_from) {
        Some(Ok(bytes)) => Ok(Value::Number(bytes)),
        Some(Err(_)) => Err(between(0, i64::MAX)),
        None => Err(NEITHER.into()),
    }
}

fn parse_octal(arg: &[u8]) -> Result<Value, Reason> {
    let digits = !arg.is_empty() && arg.iter().all(|b| (b'0'..=b'7').contains(b));
    let number = std::str::from_utf8(arg).ok().filter(|_| digits).map(|text| i64::from_str_radix(text, 8));
    match number {
        Some(Ok(number @ 0..=0o777)) => Ok(Value::Number(number)),
        Some(_) => Err("argument must be between 0 and 777 inclusive".into()),
        None => Err("argument couldn't be parsed as an octal number".into()),
    }
}

fn find_word(words: Words, arg: &[u8]) -> Result<i64, Reason> {
    let found = words.iter().find(|(word, _)| arg.eq_ignore_ascii_case(word.as_bytes()));
    match found {
        Some((_, number)) => Ok(*number),
        None => Err(format!("argument(s) must be one of the following: {}", list_words(words)).into()),
    }
}

fn check_text(name: &str, rule: TextRule, text: &[u8]) -> Result<(), Reason> {
    let file_name = matches!(rule, TextRule::FileName | TextRule::FileNameNotEmpty);
    if rule == TextRule::FileNameNotEmpty && text.is_empty() {
        return Err(format!("{name} can't be empty").into());
    }
    if file_name && text.contains(&b'/') {
        return Err(format!("{name} can't be a path, just a filename").into());
    }
    if rule == TextRule::Hostname {
        if text.len() >= 256 {
            return Err("Hostnames must be less than 256 characters".into());
        }
        if !text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) {
            return Err("Hostnames may only contain alphanumeric characters, hyphens or dots".into());
        }
    }
    if rule == TextRule::TitleTemplate && !title_is_known(text) {
        return Err("template format is invalid or contains unknown variables".into());
    }
    Ok(())
}

/// Whether a process title has only known variables and would not be blank without `{title}`.
fn title_is_known(text: &[u8]) -> bool {
    const VARIABLES: [&[u8]; 7] =
        [b"title", b"listen-addr", b"server-mode", b"port", b"tls-port", b"unixsocket", b"config-file"];
    let mut rest = text;
    let mut blank = true;
    while let Some(open) = rest.iter().position(|&b| b == b'{') {
        let Some(len) = rest[open..].iter().position(|&b| b == b'}') else { return false };
        let variable = &rest[open + 1..open + len];
        if !VARIABLES.contains(&variable) {
            return false;
        }
        blank &= variable == b"title" && rest[..open].trim_ascii().is_empty();
        rest = &rest[open + len + 1..];
    }
    !blank || !rest.trim_ascii().is_empty()
}

fn parse_many(param: &Param, args: &[&[u8]], current: &Value) -> Result<Value, Reason> {
    match param.kind {
        Kind::WordSet(words) => parse_word_set(words, args),
        Kind::Addresses if args.len() > ADDRESSES_MAX => Err("Too many bind addresses specified.".into()),
        Kind::Addresses => Ok(Value::List(args.iter().map(|arg| lossy(arg)).collect())),
        Kind::SavePoints => parse_save_points(args),
        Kind::OutputLimits => parse_output_limits(args, current),
        Kind::OomValues => parse_oom_values(args),
        Kind::Percentiles => parse_percentiles(param.name, args),
        _ => parse_primary(args),
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn parse_word_set(words: Words, args: &[&[u8]]) -> Result<Value, Reason> {
    if args.is_empty() {
        find_word(words, b"")?;
    }
    let bits = args.iter().try_fold(0, |bits, arg| Ok::<_, Reason>(bits | find_word(words, arg)?))?;
    if bits & SHUTDOWN_SAVE != 0 && bits & SHUTDOWN_NOSAVE != 0 {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
    }
    Ok(Value::Number(bits))
}

fn parse_save_points(args: &[&[u8]]) -> Result<Value, Reason> {
    const INVALID: &str = "Invalid save parameters";
    if args == [b""] {
        return Ok(Value::SavePoints(Vec::new()));
    }
    let (pairs, []) = args.as_chunks::<2>() else { return Err(INVALID.into()) };
    let points = pairs.iter().map(|[seconds, changes]| match (parse_int(seconds), parse_int(changes)) {
        (Some(seconds @ 1..), Some(changes @ 0..)) => Ok(SavePoint { seconds, changes }),
        _ => Err(Reason::from(INVALID)),
    });
    Ok(Value::SavePoints(points.collect::<Result<_, _>>()?))
}

fn parse_output_limits(args: &[&[u8]], current: &Value) -> Result<Value, Reason> {
    let (groups, []) = args.as_chunks::<4>() else {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    };
    let mut limits = match current {
        Value::OutputLimits(limits) => *limits,
        _ => Default::default(),
    };
    for [class, hard, soft, seconds] in groups {
        let at = match class.to_ascii_lowercase().as_slice() {
            b"normal" => ClientClass::Normal,
            b"slave" | b"replica" => ClientClass::Replica,
            b"pubsub" => ClientClass::Pubsub,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        let numbers = (parse_memory(hard), parse_memory(soft), parse_int(seconds).map(u64::try_from));
        let (Some(hard_bytes), Some(soft_bytes), Some(Ok(soft_seconds))) = numbers else {
            return Err("Error in hard, soft or soft_seconds setting in buffer limit configuration.".into());
        };
        limits[at as usize] = OutputLimit { hard_bytes, soft_bytes, soft_seconds };
    }
    Ok(Value::OutputLimits(limits))
}

fn parse_oom_values(args: &[&[u8]]) -> Result<Value, Reason> {
    let &[first, second, third] = args else { return Err(WRONG_NUMBER.into()) };
    let mut values = [0; 3];
    for (value, arg) in values.iter_mut().zip([first, second, third]) {
        *value = parse_int(arg)
            .filter(|number| (-2000..=2000).contains(number))
            .ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
    }
    Ok(Value::OomValues(values))
}

fn parse_percentiles(name: &str, args: &[&[u8]]) -> Result<Value, Reason> {
    // A single empty argument, as in `name ""`, is the empty list.
    if args == [b""] {
        return Ok(Value::Percentiles(Vec::new()));
    }
    let numbers = args.iter().map(|arg| {
        parse_percentile(arg).map_err(|number_out_of_range| match number_out_of_range {
            true => Reason::from(format!("{name} parameters should sit between [0.0,100.0]")),
            false => Reason::from(format!("Invalid {name} parameters")),
        })
    });
    Ok(Value::Percentiles(numbers.collect::<Result<_, _>>()?))
}

fn parse_primary(args: &[&[u8]]) -> Result<Value, Reason> {
    let &[host, port] = args else {
        return if args.is_empty() { Ok(Value::Text(Bytes::new())) } else { Err(WRONG_NUMBER.into()) };
    };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Value::Text(Bytes::new()));
    }
    match parse_int(port) {
        Some(0..=65535) => Ok(Value::Text([host, b" ", port].concat().into())),
        _ => Err("Invalid master port".into()),
    }
}

/// The text CONFIG GET shows.
pub(crate) fn print(kind: &Kind, value: &Value) -> Vec<u8> {
    let joined = |words: Vec<String>| words.join(" ").into_bytes();
    match value {
        Value::Number(number) => print_number(kind, *number).into_bytes(),
        Value::Text(text) => text.to_vec(),
        Value::List(list) => list.join(" ").into_bytes(),
        Value::SavePoints(points) => {
            joined(points.iter().map(|point| format!("{} {}", point.seconds, point.changes)).collect())
        }
        Value::OutputLimits(limits) => joined(
            CLASS_NAMES
                .iter()
                .zip(limits)
                .map(|(class, l)| format!("{class} {} {} {}", l.hard_bytes, l.soft_bytes, l.soft_seconds))
                .collect(),
        ),
        Value::OomValues(values) => joined(values.iter().map(i64::to_string).collect()),
        Value::Percentiles(numbers) => joined(numbers.iter().map(|number| percentile_text(*number)).collect()),
    }
}

fn print_number(kind: &Kind, number: i64) -> String {
    match kind {
        Kind::Bool => if number == 0 { "no" } else { "yes" }.into(),
        Kind::Memory { .. } => number.cast_unsigned().to_string(),
        Kind::MemoryOrPercent if number < 0 => format!("{}%", -number),
        Kind::Octal => format!("{number:o}"),
        Kind::Word(words) => word_of(words, number).into(),
        Kind::WordSet(words) if number == 0 => word_of(words, 0).into(),
        Kind::WordSet(words) => {
            let set = words.iter().filter(|(_, bit)| number & bit != 0);
            set.map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
        }
        Kind::Events => events::letters(EventClass::from_bits_truncate(u32::try_from(number).unwrap_or(0))),
        _ => number.to_string(),
    }
}

fn word_of(words: Words, number: i64) -> &'static str {
    words.iter().find(|(_, known)| *known == number).map_or("", |(word, _)| *word)
}
