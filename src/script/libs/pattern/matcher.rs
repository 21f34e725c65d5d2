//! Lua's patterns (Lua 5.1 Reference Manual, 5.4.1): the search for a match from one position on.
//!
//! What can be tried in more than one way is put on a stack of choices, not on that of the processor: a pattern with any
//! number of repetitions ends in an error at worst. The order in which ways are tried is that of Lua's own functions, so
//! that faults of a pattern come to light in the same cases. Each step is counted: see [`Signals::spend`].

use std::ops::Range;

use crate::script::Stop;
use crate::script::interpreter::Signals;

/// Captures of a pattern at most: `LUA_MAXCAPTURES`.
const CAPTURES_MAX: usize = 32;
/// Choices at most. Each item of a pattern leaves one, so that few patterns have more than some tens.
const CHOICES_MAX: usize = 200_000;
/// Bytes that are compared in the time of a step.
const STEP_BYTES: usize = 16;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The pattern is not well-formed.
    Malformed(&'static str),
    /// The run ends.
    Stop(Stop),
}

/// What a capture holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Capture {
    /// These bytes of the subject.
    Text(Range<usize>),
    /// A position, from 0.
    Position(usize),
}

/// A capture while it is made.
#[derive(Debug, Clone, Copy)]
enum Span {
    Open,
    Closed(usize),
    Position,
}

/// Another way to go on.
#[derive(Debug)]
enum Choice {
    /// At a position of the subject with the rest of the pattern.
    Jump(usize, usize),
    /// One repetition less of those that begin at `from`.
    Longest { from: usize, count: usize, rest: usize },
    /// One repetition more of the item.
    Shortest { at: usize, item: usize, end: usize },
    /// None: a capture was begun since.
    Begun,
    /// None: this capture was closed since.
    Ended(usize),
}

/// Where a match goes on.
enum Next {
    At(usize, usize),
    Matched,
    Fails,
}

/// Finds matches of a pattern in a subject.
pub(super) struct Matcher<'a> {
    subject: &'a [u8],
    /// Without its anchor, and without what stands behind a zero byte: that ends it.
    pattern: &'a [u8],
    level: usize,
    captures: [(usize, Span); CAPTURES_MAX],
    choices: Vec<Choice>,
    signals: &'a Signals,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(subject: &'a [u8], pattern: &'a [u8], signals: &'a Signals) -> Matcher<'a> {
        let pattern = &pattern[..memchr::memchr(0, pattern).unwrap_or(pattern.len())];
        let captures = [(0, Span::Open); CAPTURES_MAX];
        Matcher { subject, pattern, level: 0, captures, choices: Vec::new(), signals }
    }

    /// The end of the match that begins at `start`.
    ///
    /// # Errors
    /// When the pattern turns out as malformed, or the run is to end.
    pub(super) fn match_at(&mut self, start: usize) -> Result<Option<usize>, Fault> {
        self.level = 0;
        self.choices.clear();
        let (mut s, mut p) = (start, 0);
        loop {
            match self.step(s, p)? {
                Next::At(next_s, next_p) => (s, p) = (next_s, next_p),
                Next::Matched => return Ok(Some(s)),
                Next::Fails => match self.go_back()? {
                    Some(next) => (s, p) = next,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The first match from `start` on, where it begins and ends.
    ///
    /// # Errors
    /// As [`Matcher::match_at`].
    pub(super) fn search(&mut self, start: usize) -> Result<Option<Range<usize>>, Fault> {
        for at in start..=self.subject.len() {
            if let Some(end) = self.match_at(at)? {
                return Ok(Some(at..end));
            }
        }
        Ok(None)
    }

    /// Number of captures of the last match.
    pub(super) fn captures(&self) -> usize {
        self.level
    }

    /// A capture of the last match, which is at `matched`: it stands for the first one if there is none.
    ///
    /// # Errors
    /// When there is no such capture, or no end of it.
    pub(super) fn capture(&self, index: usize, matched: &Range<usize>) -> Result<Capture, Fault> {
        if index >= self.level {
            return if index == 0 {
                Ok(Capture::Text(matched.clone()))
            } else {
                Err(Fault::Malformed("invalid capture index"))
            };
        }
        match self.captures[index] {
            (start, Span::Closed(end)) => Ok(Capture::Text(start..end)),
            (start, Span::Position) => Ok(Capture::Position(start)),
            (_, Span::Open) => Err(Fault::Malformed("unfinished capture")),
        }
    }

    /// Counts steps.
    #[inline]
    pub(super) fn count(&self, steps: usize) -> Result<(), Fault> {
        self.signals.spend(steps).map_err(Fault::Stop)
    }

    /// What it looks at.
    pub(super) fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// A byte of the pattern; zero behind its end.
    fn at(&self, p: usize) -> u8 {
        self.pattern.get(p).copied().unwrap_or(0)
    }

    /// One item of the pattern.
    fn step(&mut self, s: usize, p: usize) -> Result<Next, Fault> {
        self.count(1)?;
        match self.at(p) {
            0 => Ok(Next::Matched),
            b'(' if self.at(p + 1) == b')' => self.begin_capture(Span::Position, s, p + 2),
            b'(' => self.begin_capture(Span::Open, s, p + 1),
            b')' => self.end_capture(s, p + 1),
            b'$' if p + 1 == self.pattern.len() => {
                Ok(if s == self.subject.len() { Next::Matched } else { Next::Fails })
            }
            b'%' => match self.at(p + 1) {
                b'b' => self.balance(s, p + 2),
                b'f' => self.frontier(s, p + 2),
                digit @ b'0'..=b'9' => self.captured_again(s, p + 2, digit),
                _ => self.item(s, p),
            },
            _ => self.item(s, p),
        }
    }

    /// A class of bytes, perhaps repeated.
    fn item(&mut self, s: usize, p: usize) -> Result<Next, Fault> {
        let end = self.class_end(p)?;
        let matches = self.is_one(s, p, end)?;
        let rest = end + 1;
        match self.at(end) {
            b'?' if matches => {
                self.choose(Choice::Jump(s, rest))?;
                Ok(Next::At(s + 1, rest))
            }
            b'?' => Ok(Next::At(s, rest)),
            b'+' if !matches => Ok(Next::Fails),
            repeated @ (b'*' | b'+') => {
                let from = s + usize::from(repeated == b'+');
                let mut count = 0;
                while self.is_one(from + count, p, end)? {
                    count += 1;
                }
                if count > 0 {
                    self.choose(Choice::Longest { from, count, rest })?;
                }
                Ok(Next::At(from + count, rest))
            }
            b'-' => {
                self.choose(Choice::Shortest { at: s, item: p, end })?;
                Ok(Next::At(s, rest))
            }
            _ => Ok(if matches { Next::At(s + 1, end) } else { Next::Fails }),
        }
    }

    fn choose(&mut self, choice: Choice) -> Result<(), Fault> {
        if self.choices.len() == CHOICES_MAX {
            return Err(Fault::Malformed("pattern too complex"));
        }
        self.choices.push(choice);
        Ok(())
    }

    /// Takes the last choice back and goes the other way, if there is one.
    fn go_back(&mut self) -> Result<Option<(usize, usize)>, Fault> {
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Jump(s, p) => return Ok(Some((s, p))),
                Choice::Longest { from, count, rest } => {
                    let count = count - 1;
                    if count > 0 {
                        self.choices.push(Choice::Longest { from, count, rest });
                    }
                    return Ok(Some((from + count, rest)));
                }
                Choice::Shortest { at, item, end } => {
                    if self.is_one(at, item, end)? {
                        self.choices.push(Choice::Shortest { at: at + 1, item, end });
                        return Ok(Some((at + 1, end + 1)));
                    }
                }
                Choice::Begun => self.level -= 1,
                Choice::Ended(index) => self.captures[index].1 = Span::Open,
            }
        }
        Ok(None)
    }

    fn begin_capture(&mut self, span: Span, s: usize, rest: usize) -> Result<Next, Fault> {
        let capture = self.captures.get_mut(self.level).ok_or(Fault::Malformed("too many captures"))?;
        *capture = (s, span);
        self.level += 1;
        self.choose(Choice::Begun)?;
        Ok(Next::At(s, rest))
    }

    fn end_capture(&mut self, s: usize, rest: usize) -> Result<Next, Fault> {
        let open = self.captures[..self.level].iter().rposition(|(_, span)| matches!(span, Span::Open));
        let index = open.ok_or(Fault::Malformed("invalid pattern capture"))?;
        self.captures[index].1 = Span::Closed(s);
        self.choose(Choice::Ended(index))?;
        Ok(Next::At(s, rest))
    }

    /// `%1`: what was captured, once more. A position never is.
    fn captured_again(&mut self, s: usize, rest: usize, digit: u8) -> Result<Next, Fault> {
        let index = usize::from(digit).checked_sub(usize::from(b'1')).filter(|index| *index < self.level);
        match index.map(|index| self.captures[index]) {
            None | Some((_, Span::Open)) => Err(Fault::Malformed("invalid capture index")),
            Some((_, Span::Position)) => Ok(Next::Fails),
            Some((start, Span::Closed(end))) => {
                self.count((end - start) / STEP_BYTES)?;
                let again = self.subject[s..].starts_with(&self.subject[start..end]);
                Ok(if again { Next::At(s + end - start, rest) } else { Next::Fails })
            }
        }
    }

    /// `%bxy`: from an x to the y that closes it.
    fn balance(&mut self, s: usize, p: usize) -> Result<Next, Fault> {
        let (opening, closing) = (self.at(p), self.at(p + 1));
        if closing == 0 {
            return Err(Fault::Malformed("unbalanced pattern"));
        }
        if self.subject.get(s) != Some(&opening) {
            return Ok(Next::Fails);
        }
        let mut depth = 1_usize;
        for at in s + 1..self.subject.len() {
            self.count(1)?;
            let byte = self.subject[at];
            if byte == closing {
                depth -= 1;
                if depth == 0 {
                    return Ok(Next::At(at + 1, p + 2));
                }
            } else if byte == opening {
                depth += 1;
            }
        }
        Ok(Next::Fails)
    }

    /// `%f[set]`: between a byte outside of the set and one inside; there is a zero byte before and behind the subject.
    fn frontier(&mut self, s: usize, p: usize) -> Result<Next, Fault> {
        if self.at(p) != b'[' {
            return Err(Fault::Malformed("missing '[' after '%f' in pattern"));
        }
        let end = self.class_end(p)?;
        self.count(end - p)?;
        let byte = |at: Option<usize>| at.and_then(|at| self.subject.get(at)).copied().unwrap_or(0);
        let set = &self.pattern[p..end];
        let crosses = !in_set(byte(s.checked_sub(1)), set) && in_set(byte(Some(s)), set);
        Ok(if crosses { Next::At(s, end) } else { Next::Fails })
    }

    /// The end of the class that begins at `p`.
    fn class_end(&mut self, p: usize) -> Result<usize, Fault> {
        match self.at(p) {
            b'%' if p + 1 >= self.pattern.len() => Err(Fault::Malformed("malformed pattern (ends with '%')")),
            b'%' => Ok(p + 2),
            b'[' => self.set_end(p + 1),
            _ => Ok(p + 1),
        }
    }

    /// The end of a set whose bracket stands before `p`. Its first byte belongs to it even if it is a bracket.
    fn set_end(&mut self, p: usize) -> Result<usize, Fault> {
        let start = p;
        let mut p = p + usize::from(self.at(p) == b'^');
        loop {
            match self.at(p) {
                0 => return Err(Fault::Malformed("malformed pattern (missing ']')")),
                b'%' if self.at(p + 1) != 0 => p += 2,
                _ => p += 1,
            }
            if self.at(p) == b']' {
                self.count(p - start)?;
                return Ok(p + 1);
            }
        }
    }

    /// Whether there is a byte at `s` and it is of the class.
    #[inline]
    fn is_one(&mut self, s: usize, class: usize, end: usize) -> Result<bool, Fault> {
        self.count(end - class)?;
        let Some(&byte) = self.subject.get(s) else { return Ok(false) };
        Ok(match self.pattern[class] {
            b'.' => true,
            b'%' => is_of_kind(byte, self.pattern[class + 1]),
            b'[' => in_set(byte, &self.pattern[class..end]),
            literal => literal == byte,
        })
    }
}

/// Whether a byte is in a set, given with its brackets.
fn in_set(byte: u8, set: &[u8]) -> bool {
    let mut rest = &set[1..set.len() - 1];
    let is_negated = rest.first() == Some(&b'^');
    if is_negated {
        rest = &rest[1..];
    }
    loop {
        let is_in = match *rest {
            [] => return is_negated,
            [b'%', kind, ..] => {
                rest = &rest[2..];
                is_of_kind(byte, kind)
            }
            // After a range that ends with it, the percent sign stands before the bracket.
            [b'%'] => {
                rest = &[];
                byte == b']'
            }
            [first, b'-', last, ..] => {
                rest = &rest[3..];
                (first..=last).contains(&byte)
            }
            [literal, ..] => {
                rest = &rest[1..];
                literal == byte
            }
        };
        if is_in {
            return !is_negated;
        }
    }
}

/// Whether a byte is what follows the percent sign: a letter for a kind, in upper case for all others, or itself.
fn is_of_kind(byte: u8, kind: u8) -> bool {
    let is_in = match kind.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return kind == byte,
    };
    is_in == kind.is_ascii_lowercase()
}
