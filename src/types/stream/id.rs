//! The id of a stream entry: milliseconds and a sequence number, written `ms-seq`.

use std::fmt;

/// An entry's id. Ordered by time, then by sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamId {
    /// Milliseconds since 1970, as a rule.
    pub ms: u64,
    /// Number within the millisecond.
    pub seq: u64,
}

impl StreamId {
    /// `0-0`, below the id of any entry.
    pub const MIN: StreamId = StreamId::new(0, 0);
    /// The greatest id.
    pub const MAX: StreamId = StreamId::new(u64::MAX, u64::MAX);

    /// From its two parts.
    #[must_use]
    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The id right behind this one; nothing behind the greatest.
    #[must_use]
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => Some(StreamId::new(self.ms.checked_add(1)?, 0)),
        }
    }

    /// The id right before this one; nothing before `0-0`.
    #[must_use]
    pub fn previous(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => Some(StreamId::new(self.ms.checked_sub(1)?, u64::MAX)),
        }
    }

    /// The id of an entry added at `now_ms` to a stream whose last id is this one: time never runs backwards.
    #[must_use]
    pub fn following(self, now_ms: u64) -> Option<StreamId> {
        if now_ms > self.ms { Some(StreamId::new(now_ms, 0)) } else { self.next() }
    }

    /// Its text, on the stack.
    #[must_use]
    pub fn text(self) -> IdText {
        let mut text = IdText { bytes: [0; IdText::CAPACITY], len: 0 };
        let mut digits = itoa::Buffer::new();
        text.push(digits.format(self.ms).as_bytes());
        text.push(b"-");
        text.push(digits.format(self.seq).as_bytes());
        text
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The text of an id.
#[derive(Debug, Clone, Copy)]
pub struct IdText {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl IdText {
    /// Two numbers of at most 20 digits and the dash.
    const CAPACITY: usize = 41;

    fn push(&mut self, text: &[u8]) {
        let len = usize::from(self.len);
        self.bytes[len..len + text.len()].copy_from_slice(text);
        self.len += text.len() as u8;
    }
}

impl AsRef<[u8]> for IdText {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_cross_the_millisecond() {
        assert_eq!(StreamId::new(5, u64::MAX).next(), Some(StreamId::new(6, 0)));
        assert_eq!(StreamId::new(6, 0).previous(), Some(StreamId::new(5, u64::MAX)));
        assert_eq!((StreamId::MAX.next(), StreamId::MIN.previous()), (None, None));
    }

    #[test]
    fn the_following_id_never_goes_back_in_time() {
        let last = StreamId::new(10, 3);
        assert_eq!(last.following(11), Some(StreamId::new(11, 0)));
        assert_eq!(last.following(10), Some(StreamId::new(10, 4)));
        assert_eq!(last.following(9), Some(StreamId::new(10, 4)));
        assert_eq!(StreamId::MAX.following(9), None);
    }

    #[test]
    fn texts() {
        assert_eq!(StreamId::MAX.text().as_ref(), b"18446744073709551615-18446744073709551615");
        assert_eq!(StreamId::new(1, 0).text().as_ref(), StreamId::new(1, 0).to_string().as_bytes());
    }
}
