//! What SCAN, HSCAN, SSCAN and ZSCAN have in common: the cursor and the options.

use super::args::Args;
use super::error::{self, Error};
use crate::util::{glob, number};

/// Entries that a call looks at unless COUNT says otherwise.
const COUNT: usize = 10;

/// Options of one call.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions<'a> {
    /// About how many entries to look at.
    pub count: usize,
    /// Only the fields of a hash or the members of a sorted set are wanted (`NOVALUES`, `NOSCORES`).
    pub no_values: bool,
    pattern: Option<&'a [u8]>,
    type_name: Option<&'a [u8]>,
}

impl<'a> ScanOptions<'a> {
    /// Reads the rest of the arguments; `TYPE` is an option of SCAN alone.
    ///
    /// # Errors
    /// A syntax error, also for a count below 1; not an integer.
    pub fn read(args: &mut Args<'a>, with_type: bool) -> Result<ScanOptions<'a>, Error> {
        Self::read_with(args, with_type, None)
    }

    /// The same for HSCAN, which knows `NOVALUES`.
    ///
    /// # Errors
    /// As [`ScanOptions::read`].
    pub fn read_hash(args: &mut Args<'a>) -> Result<ScanOptions<'a>, Error> {
        Self::read_with(args, false, Some("NOVALUES"))
    }

    /// The same for ZSCAN, which knows `NOSCORES`.
    ///
    /// # Errors
    /// As [`ScanOptions::read`].
    pub fn read_zset(args: &mut Args<'a>) -> Result<ScanOptions<'a>, Error> {
        Self::read_with(args, false, Some("NOSCORES"))
    }

    fn read_with(args: &mut Args<'a>, with_type: bool, no_values: Option<&str>) -> Result<ScanOptions<'a>, Error> {
        let mut options = ScanOptions { count: COUNT, no_values: false, pattern: None, type_name: None };
        while args.more() {
            if args.eat_with_value("COUNT") {
                options.count = usize::try_from(args.integer()?).map_err(|_| error::SYNTAX)?;
                if options.count == 0 {
                    return Err(error::SYNTAX);
                }
            } else if args.eat_with_value("MATCH") {
                options.pattern = Some(args.take()?).filter(|pattern| pattern != b"*");
            } else if with_type && args.eat_with_value("TYPE") {
                options.type_name = Some(args.take()?);
            } else if no_values.is_some_and(|word| args.eat(word)) {
                options.no_values = true;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(options)
    }

    /// Whether an element is to be shown.
    #[inline]
    #[must_use]
    pub fn wants(&self, element: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, element, false))
    }

    /// Whether a key of that type is to be shown. A name that is no type's fits no key.
    #[inline]
    #[must_use]
    pub fn wants_type(&self, type_name: &str) -> bool {
        self.type_name.is_none_or(|wanted| wanted.eq_ignore_ascii_case(type_name.as_bytes()))
    }
}

/// The next argument as a cursor. Redis 7.0 takes what C's `strtoul` takes, up to a zero byte, but no space in front:
/// also nothing at all (0), and a negative number, which wraps.
///
/// # Errors
/// "invalid cursor".
pub fn cursor(args: &mut Args<'_>) -> Result<u64, Error> {
    let text = args.take()?;
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    if text.is_empty() {
        return Ok(0);
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let number = match &digits[zeros..] {
        [] if zeros > 0 => Some(0),
        digits => number::parse_u64(digits),
    };
    let number = number.ok_or(error::INVALID_CURSOR)?;
    Ok(if negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::OwnedArgs;

    fn read(text: &[u8]) -> Option<u64> {
        let mut argv = OwnedArgs::default();
        argv.push(text);
        cursor(&mut Args::new(argv.view(), 0, &[])).ok()
    }

    #[test]
    fn cursors_are_what_strtoul_takes() {
        assert_eq!(read(b"0"), Some(0));
        assert_eq!(read(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(read(b"+0012"), Some(12));
        assert_eq!(read(b"-1"), Some(u64::MAX));
        assert_eq!(read(b""), Some(0));
        assert_eq!(read(b"7\0x"), Some(7));
        for bad in [&b" 1"[..], b"1 ", b"x", b"+", b"-", b"0x1", b"18446744073709551616", b"1.0", b"++1"] {
            assert_eq!(read(bad), None, "{}", bad.escape_ascii());
        }
    }
}
