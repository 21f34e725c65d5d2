//! Expiry on the wire: the options `EX PX EXAT PXAT KEEPTTL PERSIST`, and what a number of seconds or milliseconds means.
//!
//! Redis sees every syntax error before it looks at the number, so reading has two steps: [`ExpiryOption::take`] while the
//! options are read, [`ExpiryOption::resolve`] after them.

use super::args::Args;
use super::error::{self, Error};
use crate::keyspace::Ttl;
use crate::util::number;

/// What a number of the client counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `EXPIRE`, `EX`, ...
    Seconds,
    /// `PEXPIRE`, `PX`, ...
    Milliseconds,
}

/// The point in time, in milliseconds since 1970, that is `number` units after `base_ms` (0 for an absolute number).
/// `None` when it does not fit 64 bits.
#[inline]
#[must_use]
pub fn point_in_time(number: i64, unit: Unit, base_ms: u64) -> Option<i64> {
    let ms = match unit {
        Unit::Seconds => number.checked_mul(1000)?,
        Unit::Milliseconds => number,
    };
    ms.checked_add_unsigned(base_ms)
}

/// Which of the options that set no time a command knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Also {
    /// `KEEPTTL` (SET and its kin).
    KeepTtl,
    /// `PERSIST` (GETEX and its kin).
    Persist,
}

/// The expiry option of a request. One kind excludes the others; of the same kind the last one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpiryOption<'a> {
    /// None was given.
    #[default]
    None,
    /// A time.
    Time {
        /// Of the number.
        unit: Unit,
        /// Whether it counts from now on.
        relative: bool,
        /// The number, unread.
        number: &'a [u8],
    },
    /// `KEEPTTL`.
    KeepTtl,
    /// `PERSIST`.
    Persist,
}

/// What an [`ExpiryOption`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing.
    None,
    /// An expiry at this point in time, in milliseconds since 1970; positive, but perhaps past.
    At(u64),
    /// The expiry stays.
    KeepTtl,
    /// The expiry goes.
    Persist,
}

impl<'a> ExpiryOption<'a> {
    /// Takes `word`, the one just read, if it is an expiry option, with its number; answers whether it was.
    ///
    /// # Errors
    /// A syntax error when another kind of option was given before, or the number is missing.
    #[inline]
    pub fn take(&mut self, word: &[u8], also: Also, args: &mut Args<'a>) -> Result<bool, Error> {
        let taken = match word {
            b"EX" => ExpiryOption::time(Unit::Seconds, true, args)?,
            b"PX" => ExpiryOption::time(Unit::Milliseconds, true, args)?,
            b"EXAT" => ExpiryOption::time(Unit::Seconds, false, args)?,
            b"PXAT" => ExpiryOption::time(Unit::Milliseconds, false, args)?,
            b"KEEPTTL" if also == Also::KeepTtl => ExpiryOption::KeepTtl,
            b"PERSIST" if also == Also::Persist => ExpiryOption::Persist,
            _ => return Ok(false),
        };
        if !self.admits(&taken) {
            return Err(error::SYNTAX);
        }
        *self = taken;
        Ok(true)
    }

    /// A time whose number is the next argument.
    ///
    /// # Errors
    /// A syntax error where there is none.
    #[inline]
    pub fn time(unit: Unit, relative: bool, args: &mut Args<'a>) -> Result<ExpiryOption<'a>, Error> {
        Ok(ExpiryOption::Time { unit, relative, number: args.take()? })
    }

    fn admits(&self, other: &ExpiryOption<'_>) -> bool {
        match (self, other) {
            (ExpiryOption::None, _) => true,
            (
                ExpiryOption::Time { unit, relative, .. },
                ExpiryOption::Time { unit: other_unit, relative: other_relative, .. },
            ) => unit == other_unit && relative == other_relative,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Reads the number. `command` is the full name in lower case.
    ///
    /// # Errors
    /// Not an integer; "invalid expire time" when it is not positive, or the point in time does not fit 64 bits.
    #[inline]
    pub fn resolve(&self, now_ms: u64, command: &str) -> Result<Expiry, Error> {
        match *self {
            ExpiryOption::None => Ok(Expiry::None),
            ExpiryOption::KeepTtl => Ok(Expiry::KeepTtl),
            ExpiryOption::Persist => Ok(Expiry::Persist),
            ExpiryOption::Time { unit, relative, number } => {
                let number = number::parse_i64(number).ok_or(error::NOT_INTEGER)?;
                let at_ms = point_in_time(number, unit, if relative { now_ms } else { 0 });
                match at_ms {
                    Some(at_ms) if number > 0 => Ok(Expiry::At(at_ms.unsigned_abs())),
                    _ => Err(Error::expire_time(command)),
                }
            }
        }
    }
}

impl Expiry {
    /// What a command that overwrites the key does to its expiry: without an option it goes.
    #[inline]
    #[must_use]
    pub fn of_overwrite(self) -> Ttl {
        match self {
            Expiry::None | Expiry::Persist => Ttl::Clear,
            Expiry::KeepTtl => Ttl::Keep,
            Expiry::At(at_ms) => Ttl::At(at_ms),
        }
    }
}

/// Which old expiry a new one may take the place of: the conditions of EXPIRE and HEXPIRE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpireCondition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl ExpireCondition {
    /// Takes the next argument if it is a condition; answers whether it was.
    pub fn take(&mut self, args: &mut Args<'_>) -> bool {
        match () {
            () if args.eat("NX") => self.nx = true,
            () if args.eat("XX") => self.xx = true,
            () if args.eat("GT") => self.gt = true,
            () if args.eat("LT") => self.lt = true,
            () => return false,
        }
        true
    }

    /// Refuses conditions that exclude each other.
    ///
    /// # Errors
    /// NX goes with no other, GT not with LT.
    pub fn check(self) -> Result<(), Error> {
        if self.nx && (self.xx || self.gt || self.lt) {
            return Err(error::EXPIRE_NX_WITH_OTHERS);
        }
        if self.gt && self.lt {
            return Err(error::EXPIRE_GT_WITH_LT);
        }
        Ok(())
    }

    /// Whether the expiry `new_ms` may take the place of the old one. No expiry counts as one that comes never.
    #[must_use]
    pub fn admits(self, old_ms: Option<i64>, new_ms: i64) -> bool {
        let is_later = old_ms.is_some_and(|old_ms| new_ms > old_ms);
        let is_sooner = old_ms.is_none_or(|old_ms| new_ms < old_ms);
        !(self.nx && old_ms.is_some() || self.xx && old_ms.is_none() || self.gt && !is_later || self.lt && !is_sooner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::OwnedArgs;

    const NOW_MS: u64 = 1_700_000_000_000;

    /// Reads all of `text` as options.
    fn read(text: &str, also: Also) -> Result<Expiry, Error> {
        let argv: OwnedArgs = text.split_whitespace().collect();
        let mut args = Args::new(argv.view(), 0, &[]);
        let mut option = ExpiryOption::None;
        while let Some(word) = args.word() {
            if !option.take(&word, also, &mut args)? {
                return Err(error::SYNTAX);
            }
        }
        option.resolve(NOW_MS, "set")
    }

    #[test]
    fn times_are_absolute_milliseconds() {
        let set = |text| read(text, Also::KeepTtl);
        assert_eq!(set("ex 10"), Ok(Expiry::At(NOW_MS + 10_000)));
        assert_eq!(set("Px 10"), Ok(Expiry::At(NOW_MS + 10)));
        assert_eq!((set("EXAT 1"), set("PXAT 1")), (Ok(Expiry::At(1000)), Ok(Expiry::At(1))));
        assert_eq!(set("EXAT 9223372036854775"), Ok(Expiry::At(9_223_372_036_854_775_000)));
        assert_eq!(set("PXAT 9223372036854775807"), Ok(Expiry::At(i64::MAX as u64)));
        assert_eq!(set("EX 10 EX 20"), Ok(Expiry::At(NOW_MS + 20_000)), "the last one counts");
    }

    #[test]
    fn what_is_no_time_in_the_future_of_1970_is_refused() {
        let bad = ["EX 0", "PX -1", "EXAT 0", "PXAT -5", "EX 9223372036854776", "EXAT 9223372036854776"];
        for text in bad.iter().chain(&["EX 9223372036854775", "PX 9223372036854775807"]) {
            assert_eq!(read(text, Also::KeepTtl), Err(Error::expire_time("set")), "{text}");
        }
        assert_eq!(read("EX ten", Also::KeepTtl), Err(error::NOT_INTEGER));
        assert_eq!(read("EX 9223372036854775808", Also::KeepTtl), Err(error::NOT_INTEGER));
    }

    #[test]
    fn kinds_exclude_each_other() {
        for text in
            ["EX", "EX 1 PX", "EX 1 PX 1", "EX 1 EXAT 1", "PX 1 PXAT 1", "EX 1 KEEPTTL", "KEEPTTL PXAT 1", "PERSIST"]
        {
            assert_eq!(read(text, Also::KeepTtl), Err(error::SYNTAX), "{text}");
        }
        assert_eq!(read("KEEPTTL keepttl", Also::KeepTtl), Ok(Expiry::KeepTtl));
        assert_eq!(read("PERSIST persist", Also::Persist), Ok(Expiry::Persist));
        assert_eq!(read("", Also::Persist), Ok(Expiry::None));
        assert_eq!(read("KEEPTTL", Also::Persist), Err(error::SYNTAX));
        assert_eq!(read("EX x PERSIST", Also::Persist), Err(error::SYNTAX), "syntax comes before numbers");
    }

    #[test]
    fn points_in_time_may_lie_before_1970_but_not_beyond_64_bits() {
        assert_eq!(point_in_time(-10, Unit::Seconds, 3000), Some(-7000));
        assert_eq!(point_in_time(i64::MIN, Unit::Milliseconds, 0), Some(i64::MIN));
        assert_eq!(point_in_time(i64::MIN / 1000 - 1, Unit::Seconds, 0), None);
        assert_eq!(point_in_time(i64::MAX, Unit::Milliseconds, 1), None);
    }
}
