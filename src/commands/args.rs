//! The argument cursor: a handler takes its arguments from it one by one.
//!
//! ```text
//! let key = args.key();
//! let count = args.integer()?;
//! while args.more() {
//!     if args.eat("NX") { .. } else { return Err(SYNTAX) }
//! }
//! ```

use std::ops::Deref;

use bytes::Bytes;

use super::error::{self, Error};
use crate::keyspace::{Key, KeyHash, StringValue};
use crate::resp::{self, OwnedArgs};
use crate::util::number;

/// A declared key of a request: argument position and hash.
#[derive(Debug, Clone, Copy)]
pub struct DeclaredKey {
    /// Position among the arguments, the command name being 0.
    pub position: u32,
    /// Hash of the key.
    pub hash: KeyHash,
}

/// Arguments of one command, read from left to right.
#[derive(Debug)]
pub struct Args<'a> {
    argv: resp::Args<'a>,
    next: usize,
    keys: &'a [DeclaredKey],
    next_key: usize,
    base: usize,
}

impl<'a> Args<'a> {
    /// A cursor behind the command's name (`base` words: 1, or 2 for a subcommand). `keys` are sorted by position.
    #[must_use]
    pub fn new(argv: resp::Args<'a>, base: usize, keys: &'a [DeclaredKey]) -> Args<'a> {
        Args { argv, next: base, keys, next_key: 0, base }
    }

    /// All arguments, the command name included.
    #[must_use]
    pub fn argv(&self) -> resp::Args<'a> {
        self.argv
    }

    /// Number of arguments, the command's words included (Redis's argc).
    #[must_use]
    pub fn count(&self) -> usize {
        self.argv.len()
    }

    /// Position of the next argument.
    #[must_use]
    pub fn position(&self) -> usize {
        self.next
    }

    /// Number of arguments not yet taken.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.argv.len() - self.next
    }

    /// Whether there is another argument.
    #[must_use]
    pub fn more(&self) -> bool {
        self.next < self.argv.len()
    }

    /// The next argument.
    ///
    /// # Errors
    /// A syntax error where there is none (the arity check has made that impossible for mandatory ones).
    #[inline]
    pub fn take(&mut self) -> Result<&'a [u8], Error> {
        if self.next >= self.argv.len() {
            return Err(error::SYNTAX);
        }
        let arg = self.argv.get(self.next);
        self.next += 1;
        Ok(arg)
    }

    /// The next argument, left in place.
    #[must_use]
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.more().then(|| self.argv.get(self.next))
    }

    /// The next argument in its own `Bytes` where the parser has read it so (large bulks): stored without a copy.
    ///
    /// # Errors
    /// As [`Args::take`].
    #[inline]
    pub fn payload(&mut self) -> Result<Payload<'a>, Error> {
        let slice = self.take()?;
        Ok(Payload { slice, shared: self.argv.get_bytes(self.next - 1) })
    }

    /// The next argument as one of the declared keys.
    ///
    /// # Errors
    /// As [`Args::take`].
    ///
    /// # Panics
    /// When the row does not declare that position as a key: a handler reaches declared keys only.
    #[inline]
    pub fn key(&mut self) -> Result<Key<'a>, Error> {
        let position = self.next;
        let name = self.take()?;
        let keys = self.keys;
        if let Some(declared) = keys.get(self.next_key)
            && declared.position as usize == position
        {
            self.next_key += 1;
            return Ok(Key { name, hash: declared.hash });
        }
        let found = keys.iter().find(|k| k.position as usize == position);
        let declared = found.expect("a handler takes only declared keys as keys");
        Ok(Key { name, hash: declared.hash })
    }

    /// The next argument as a key if the request declares it as one: where an option with a key comes twice, the row's
    /// key specs find the first alone.
    ///
    /// # Errors
    /// A syntax error otherwise.
    pub fn option_key(&mut self) -> Result<Key<'a>, Error> {
        let position = self.next;
        let name = self.take()?;
        let declared = self.keys.iter().find(|key| key.position as usize == position).ok_or(error::SYNTAX)?;
        Ok(Key { name, hash: declared.hash })
    }

    /// The arguments not yet taken, left in place.
    pub fn rest(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let (argv, next) = (self.argv, self.next);
        (next..argv.len()).map(move |at| argv.get(at))
    }

    /// Skips `count` arguments.
    pub fn skip(&mut self, count: usize) {
        self.next = (self.next + count).min(self.argv.len());
    }

    /// Back to the first argument behind the command's words.
    pub fn rewind(&mut self) {
        self.next = self.base;
        self.next_key = 0;
    }

    /// The next argument as a 64-bit signed integer.
    ///
    /// # Errors
    /// "value is not an integer or out of range".
    #[inline]
    pub fn integer(&mut self) -> Result<i64, Error> {
        number::parse_i64(self.take()?).ok_or(error::NOT_INTEGER)
    }

    /// The next argument as a 32-bit signed integer.
    ///
    /// # Errors
    /// "value is not an integer", or "value must between" the two ends.
    pub fn int32(&mut self) -> Result<i32, Error> {
        i32::try_from(self.integer()?).map_err(|_| error::OUT_OF_INT)
    }

    /// The next argument as an integer in `range`; Redis answers two texts, of which this is the "out of range" one.
    ///
    /// # Errors
    /// Not an integer, or `error` outside of the range.
    pub fn integer_in(&mut self, range: std::ops::RangeInclusive<i64>, error: Error) -> Result<i64, Error> {
        let n = self.integer()?;
        if range.contains(&n) { Ok(n) } else { Err(error) }
    }

    /// The next argument as a finite or infinite float; NaN is refused.
    ///
    /// # Errors
    /// "value is not a valid float".
    pub fn float(&mut self) -> Result<f64, Error> {
        number::parse_f64(self.take()?).ok_or(error::NOT_FLOAT)
    }

    /// The next argument as an option word in upper case, to be matched against several; `None` at the end.
    #[inline]
    pub fn word(&mut self) -> Option<Word> {
        let arg = self.peek()?;
        self.next += 1;
        Some(Word::new(arg))
    }

    /// Takes the next argument when it is `word`, whatever its case.
    #[inline]
    pub fn eat(&mut self, word: &str) -> bool {
        if self.more() && self.argv.get(self.next).eq_ignore_ascii_case(word.as_bytes()) {
            self.next += 1;
            return true;
        }
        false
    }

    /// Takes `word` when at least one argument follows it: an option with a value.
    pub fn eat_with_value(&mut self, word: &str) -> bool {
        self.remaining() >= 2 && self.eat(word)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A syntax error where arguments are left.
    pub fn end(&self) -> Result<(), Error> {
        if self.more() { Err(error::SYNTAX) } else { Ok(()) }
    }
}

/// An option word in upper case, on the stack. Dereferences to its bytes, which are none when it is too long for any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Word {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl Word {
    /// More than the longest word that any command knows.
    const CAPACITY: usize = 31;

    #[inline]
    fn new(arg: &[u8]) -> Word {
        let mut word = Word { bytes: [0; Self::CAPACITY], len: 0 };
        if let Some(bytes) = word.bytes.get_mut(..arg.len()) {
            bytes.copy_from_slice(arg);
            bytes.make_ascii_uppercase();
            word.len = arg.len() as u8;
        }
        word
    }
}

impl Deref for Word {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// A value argument: its bytes, and the shared buffer that holds just them where there is one.
#[derive(Debug, Clone)]
pub struct Payload<'a> {
    /// The bytes.
    pub slice: &'a [u8],
    /// The same bytes in a buffer of their own.
    pub shared: Option<Bytes>,
}

impl Payload<'_> {
    /// The string to store, in the encoding that SET picks.
    #[inline]
    #[must_use]
    pub fn encode(&self) -> StringValue<'_> {
        match &self.shared {
            Some(bytes) => StringValue::encode_bytes(bytes),
            None => StringValue::encode(self.slice),
        }
    }

    /// Appends it to an effect, shared where it can be.
    pub fn push_to(&self, effect: &mut OwnedArgs) {
        match &self.shared {
            Some(bytes) => effect.push_bytes(bytes.clone()),
            None => effect.push(self.slice),
        }
    }
}
