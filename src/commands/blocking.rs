//! Commands that wait: BLPOP and its kin, XREAD BLOCK, WAIT.
//!
//! A blocking command first tries what its plain form does. Where there is nothing to be had it answers
//! [`Flow::Block`] with what it waits for, having changed nothing: dispatch enters the client as a
//! waiter of those keys while they are still locked. Whatever changes one of the keys then runs the command again for the
//! client; that time it answers as usual, or blocks again and keeps its place. Inside of MULTI and scripts nothing
//! waits: the reply is at once that of a wait that came to its end.
//!
//! ```text
//! let deadline = blocking::deadline(args.take()?, cx.now_ms())?;
//! ...
//! Blocking::on(keys, ObjectType::List).until(deadline).or_null_array().wait()
//! ```

use super::error::{self, Error};
use super::{Flow, Key, Outcome};
use crate::keyspace::{KeyHash, Wanted};
use crate::resp::OwnedArgs;
use crate::types::ObjectType;
use crate::util::long_double::LongDouble;
use crate::util::number;

/// What a command waits for. Its keys are among those that the row declares.
#[derive(Debug)]
pub struct Blocking {
    /// Keys.
    pub keys: Vec<(Box<[u8]>, KeyHash)>,
    /// What the keys must hold.
    pub wanted: Wanted,
    /// When it gives up, in milliseconds since 1970; `None`: never.
    pub deadline_ms: Option<u64>,
    /// The reply then, in RESP2 and RESP3.
    pub timeout_reply: [&'static [u8]; 2],
    /// The reply inside of MULTI and scripts, where it is not that one.
    pub nested_reply: Option<[&'static [u8]; 2]>,
    /// The command to run when a key has changed, where it is not the one at hand (`$` of XREAD).
    pub resume: Option<OwnedArgs>,
    /// The wait also ends when effects up to this number of the journal are on disk.
    pub until_durable: Option<u64>,
}

impl Blocking {
    /// A wait for one of `keys` to hold a collection of that type.
    #[must_use]
    pub fn on<'a>(keys: impl IntoIterator<Item = Key<'a>>, kind: ObjectType) -> Blocking {
        Blocking {
            keys: keys.into_iter().map(|key| (key.name.into(), key.hash)).collect(),
            wanted: Wanted { kind, when_gone: false },
            deadline_ms: None,
            timeout_reply: [b"*-1\r\n", b"_\r\n"],
            nested_reply: None,
            resume: None,
            until_durable: None,
        }
    }

    /// A wait for nothing but its end.
    #[must_use]
    pub fn for_time() -> Blocking {
        Blocking::on([], ObjectType::List)
    }

    /// With an end, as [`deadline`] reads it.
    #[must_use]
    pub fn until(mut self, deadline_ms: Option<u64>) -> Blocking {
        self.deadline_ms = deadline_ms;
        self
    }

    /// Also ends when effects up to number `seq` of the journal are on disk (WAITAOF).
    #[must_use]
    pub fn until_durable(mut self, seq: u64) -> Blocking {
        self.until_durable = Some(seq);
        self
    }

    /// Answers a null in place of a string when nothing comes. Without this call it is a null in place of an array.
    #[must_use]
    pub fn or_null(self) -> Blocking {
        self.or_reply(b"$-1\r\n", b"_\r\n")
    }

    /// Answers these bytes when nothing comes.
    #[must_use]
    pub fn or_reply(mut self, resp2: &'static [u8], resp3: &'static [u8]) -> Blocking {
        self.timeout_reply = [resp2, resp3];
        self
    }

    /// Answers a null in place of a string inside of MULTI and scripts, though a wait ends as one for an array does.
    #[must_use]
    pub fn or_null_when_nested(mut self) -> Blocking {
        self.nested_reply = Some([b"$-1\r\n", b"_\r\n"]);
        self
    }

    /// Also runs the command again when a key is gone, or holds something else.
    #[must_use]
    pub fn also_when_gone(mut self) -> Blocking {
        self.wanted.when_gone = true;
        self
    }

    /// Runs this command instead of the one at hand.
    #[must_use]
    pub fn resume_as(mut self, argv: OwnedArgs) -> Blocking {
        self.resume = Some(argv);
        self
    }

    /// What the handler answers.
    ///
    /// # Errors
    /// Never; the type is that of handlers.
    pub fn wait(self) -> Outcome {
        Ok(Flow::Block(Box::new(self)))
    }
}

/// Reads a timeout in seconds, fractions allowed: the point in time at which it ends; `None` for 0, which never does.
///
/// # Errors
/// Not a number, or negative; one that does not fit 64 bits of milliseconds counts as negative, as in Redis 7.0.
pub fn deadline(text: &[u8], now_ms: u64) -> Result<Option<u64>, Error> {
    let seconds = LongDouble::parse(text).ok_or(error::TIMEOUT_NOT_FLOAT)?;
    if seconds.is_negative() {
        return Err(error::TIMEOUT_NEGATIVE);
    }
    deadline_after(seconds.thousandfold_ceil().unwrap_or(-1), now_ms)
}

/// The same for a timeout in whole milliseconds.
///
/// # Errors
/// As [`deadline`], with another text for what is no number.
pub fn deadline_of_ms(text: &[u8], now_ms: u64) -> Result<Option<u64>, Error> {
    deadline_after(number::parse_i64(text).ok_or(error::TIMEOUT_NOT_INTEGER)?, now_ms)
}

fn deadline_after(ms: i64, now_ms: u64) -> Result<Option<u64>, Error> {
    match u64::try_from(ms) {
        Err(_) => Err(error::TIMEOUT_NEGATIVE),
        Ok(0) => Ok(None),
        Ok(ms) => Ok(Some(now_ms.saturating_add(ms))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_redis_reads_them() {
        let at = |text: &str| deadline(text.as_bytes(), 1000);
        assert_eq!((at("0"), at("0.0"), at("-0")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!((at("1"), at("0.0001"), at("0x10")), (Ok(Some(2000)), Ok(Some(1001)), Ok(Some(17_000))));
        assert_eq!(at("9223372036854775"), Ok(Some(9_223_372_036_854_776_000)));
        for negative in ["-1", "-0.5", "-1e-9", "9223372036854776", "1e400", "inf", "0x7FFFFFFFFFFFFFFF"] {
            assert_eq!(at(negative), Err(error::TIMEOUT_NEGATIVE), "{negative}");
        }
        for bad in ["abc", "nan", " 1", "1x", ""] {
            assert_eq!(at(bad), Err(error::TIMEOUT_NOT_FLOAT), "{bad}");
        }
        assert_eq!(deadline_of_ms(b"5", 1000), Ok(Some(1005)));
        assert_eq!(deadline_of_ms(b"-5", 1000), Err(error::TIMEOUT_NEGATIVE));
        assert_eq!(deadline_of_ms(b"1.5", 1000), Err(error::TIMEOUT_NOT_INTEGER));
    }
}
