//! The bytes that wait to be sent to one client.
//!
//! All small replies are appended to one buffer. A large payload is not copied into it but *pinned*: shared, with the offset
//! in the text at which it is to be sent. A buffer that has grown to [`CHUNK_BYTES`] is put aside as a *chunk*, and a new
//! one begun: a long reply is never moved as a whole, and what is sent of it is given back piece by piece. Offsets count
//! the bytes of all chunks and the buffer, the *text*, and do not move while replies are written, so a [`Mark`] can be cut
//! back to, or be given the header of an array whose length was not known before.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;

use bytes::{Buf, Bytes};

/// Capacity that an empty buffer keeps, in bytes.
const KEPT_BYTES: usize = 16 * 1024;
/// Length at which a buffer is put aside. As long are the blocks that the allocator gives and takes for a long reply: it
/// has them at hand from the last one, where a block as long as the reply is fresh from the system each time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Sent bytes are cut off a buffer that does not get empty when there are this many, and more than are left.
const COMPACT_BYTES: usize = CHUNK_BYTES / 2;
/// A header is inserted by moving up to this many bytes; before more bytes it is pinned.
const MOVED_BYTES: usize = 8 * 1024;

/// Bytes and shared payloads in the order of sending. Holds no heap memory before the first reply.
#[derive(Debug, Default)]
pub struct Output {
    /// The end of the text.
    buf: Vec<u8>,
    /// Where the buffer begins.
    start: usize,
    /// Bytes of the text already sent.
    sent: usize,
    /// What only long replies have.
    chunks: VecDeque<Chunk>,
    /// In order of sending, so `at` never falls.
    pins: VecDeque<Pin>,
    /// Sum of the pins' lengths.
    pinned: usize,
}

/// A part of the text before the buffer, not yet sent to its end.
#[derive(Debug)]
struct Chunk {
    start: usize,
    bytes: Vec<u8>,
}

impl Chunk {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }
}

/// Payload that is sent before the byte `at` of the text.
#[derive(Debug)]
struct Pin {
    at: usize,
    bytes: Bytes,
}

/// A position in an [`Output`]. Valid until the output is cut back before it, or next sent from.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Mark {
    at: usize,
    pins: usize,
}

impl Output {
    /// End of the text.
    #[inline]
    fn end(&self) -> usize {
        self.start + self.buf.len()
    }

    /// Bytes not yet sent, pinned ones included.
    #[inline]
    pub fn pending(&self) -> usize {
        self.end() - self.sent + self.pinned
    }

    /// Whether all has been sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending() == 0
    }

    /// Memory held on the heap in bytes; shared payloads count whole.
    pub fn memory_bytes(&self) -> usize {
        let lists = self.pins.capacity() * size_of::<Pin>() + self.chunks.capacity() * size_of::<Chunk>();
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.bytes.capacity()).sum();
        self.buf.capacity() + chunks + lists + self.pinned
    }

    /// Appends a copy of `bytes`.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.buf.extend_from_slice(bytes);
    }

    /// Appends `bytes` without copying them, whatever their length.
    pub fn pin(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.pinned += bytes.len();
            self.pins.push_back(Pin { at: self.end(), bytes });
        }
    }

    /// Appends what `other` has pending, which is then empty. Payloads pinned there are not copied, and where nothing is
    /// pending here, nothing is: the two swap their memory.
    pub fn append(&mut self, other: &mut Output) {
        let is_new = self.end() == 0 && self.pins.is_empty() && other.sent == 0;
        if is_new {
            mem::swap(self, other);
            return;
        }
        let (base, sent) = (self.end(), other.sent);
        other.text(sent, other.end()).for_each(|text| self.push(text));
        self.pinned += other.pinned;
        self.pins.extend(other.pins.drain(..).map(|pin| Pin { at: pin.at - sent + base, ..pin }));
        other.clear();
    }

    /// Makes room for `additional` bytes at once.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        if self.buf.capacity() - self.buf.len() < additional {
            self.grow(additional);
        }
    }

    #[cold]
    fn grow(&mut self, additional: usize) {
        if self.buf.len() + additional <= CHUNK_BYTES || self.buf.is_empty() {
            return self.buf.reserve(additional);
        }
        let next = Vec::with_capacity(additional.max(CHUNK_BYTES));
        let start = self.end();
        let bytes = mem::replace(&mut self.buf, next);
        self.chunks.push_back(Chunk { start: mem::replace(&mut self.start, start), bytes });
    }

    /// The end, to come back to.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { at: self.end(), pins: self.pins.len() }
    }

    /// Bytes appended since `mark`.
    pub fn len_since(&self, mark: Mark) -> usize {
        self.end() - mark.at + self.pins.iter().skip(mark.pins).map(|pin| pin.bytes.len()).sum::<usize>()
    }

    /// Takes back all that was appended since `mark`.
    pub fn truncate(&mut self, mark: Mark) {
        while mark.at < self.start {
            let chunk = self.chunks.pop_back().expect("a mark is not before the text");
            (self.start, self.buf) = (chunk.start, chunk.bytes);
        }
        self.buf.truncate(mark.at - self.start);
        for pin in self.pins.drain(mark.pins..) {
            self.pinned -= pin.bytes.len();
        }
    }

    /// Inserts `bytes` at `mark`. Marks behind it are no longer valid; the ones before it are.
    pub fn insert(&mut self, mark: Mark, bytes: &[u8]) {
        if mark.at < self.start || self.end() - mark.at > MOVED_BYTES {
            self.pinned += bytes.len();
            self.pins.insert(mark.pins, Pin { at: mark.at, bytes: Bytes::copy_from_slice(bytes) });
            return;
        }
        self.buf.extend_from_slice(bytes);
        self.buf[mark.at - self.start..].rotate_right(bytes.len());
        for pin in self.pins.iter_mut().skip(mark.pins) {
            pin.at += bytes.len();
        }
    }

    /// Everything to be sent as one slice, unless something is pinned or put aside: then [`Output::io_slices`] shows it.
    #[inline]
    pub fn as_slice(&self) -> Option<&[u8]> {
        let is_one = self.pins.is_empty() && self.chunks.is_empty();
        is_one.then(|| &self.buf[self.sent - self.start..])
    }

    /// Appends a copy of everything to be sent to `bytes`.
    pub fn copy_to(&self, bytes: &mut Vec<u8>) {
        self.pieces().for_each(|piece| bytes.extend_from_slice(piece));
    }

    /// Everything to be sent, in order. Pieces may be empty.
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = self.sent;
        let pins = self.pins.iter().map(|pin| (pin.at, &pin.bytes[..]));
        pins.chain([(self.end(), &[][..])]).flat_map(move |(at, pinned)| {
            let text = self.text(from, at);
            from = at;
            text.chain([pinned])
        })
    }

    /// The text between two offsets. Pieces may be empty.
    fn text(&self, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
        let passed = self.chunks.partition_point(|chunk| chunk.end() <= from);
        let chunks = self.chunks.range(passed..).map(|chunk| (chunk.start, &chunk.bytes));
        chunks.chain([(self.start, &self.buf)]).take_while(move |(start, _)| *start < to).map(move |(start, bytes)| {
            let end = bytes.len().min(to - start);
            &bytes[from.saturating_sub(start).min(end)..end]
        })
    }

    /// Fills `slices` with what is to be sent next, for one `writev`; answers how many it filled. None is empty, and they
    /// have `most` bytes at most between them.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>], mut most: usize) -> usize {
        let mut filled = 0;
        for (slice, piece) in slices.iter_mut().zip(self.pieces().filter(|piece| !piece.is_empty())) {
            if most == 0 {
                break;
            }
            *slice = IoSlice::new(&piece[..piece.len().min(most)]);
            most -= slice.len();
            filled += 1;
        }
        filled
    }

    /// Notes that the next `n` bytes have been sent, and gives memory back.
    ///
    /// # Panics
    ///
    /// When fewer are pending.
    pub fn advance(&mut self, mut n: usize) {
        assert!(n <= self.pending(), "no more is sent than was pending");
        while let Some(pin) = self.pins.front_mut() {
            let text = n.min(pin.at - self.sent);
            self.sent += text;
            n -= text;
            if self.sent < pin.at {
                break;
            }
            let payload = n.min(pin.bytes.len());
            pin.bytes.advance(payload);
            self.pinned -= payload;
            n -= payload;
            if !pin.bytes.is_empty() {
                break;
            }
            self.pins.pop_front();
        }
        self.sent += n;
        self.give_back();
    }

    /// Forgets what is pending.
    pub fn clear(&mut self) {
        self.sent = self.end();
        self.pins.clear();
        self.pinned = 0;
        self.give_back();
    }

    /// Gives the kept memory of an empty output back: for a connection that falls idle.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn give_back(&mut self) {
        while let Some(first) = self.chunks.front()
            && first.end() <= self.sent
        {
            self.chunks.pop_front();
        }
        let left = self.end() - self.sent;
        if left == 0 && self.pins.is_empty() {
            self.buf.clear();
            (self.start, self.sent) = (0, 0);
            self.buf.shrink_to(KEPT_BYTES);
            if self.pins.capacity() + self.chunks.capacity() > 0 {
                (self.pins, self.chunks) = (VecDeque::new(), VecDeque::new());
            }
        } else if self.sent >= self.start + COMPACT_BYTES && self.sent - self.start > left {
            self.buf.drain(..self.sent - self.start);
            self.start = self.sent;
            self.buf.shrink_to(2 * left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn concat(slices: &[IoSlice]) -> Vec<u8> {
        slices.iter().flat_map(|slice| slice.iter().copied()).collect()
    }

    fn all(output: &Output) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 64];
        let filled = output.io_slices(&mut slices, usize::MAX);
        assert!(filled < slices.len() && slices[..filled].iter().all(|s| !s.is_empty()));
        let bytes = concat(&slices[..filled]);
        assert_eq!(bytes.len(), output.pending());
        assert!(output.as_slice().is_none_or(|slice| slice == bytes));
        let mut copy = Vec::new();
        output.copy_to(&mut copy);
        assert_eq!(copy, bytes);
        bytes
    }

    #[test]
    fn a_drained_output_gives_its_memory_back() {
        let mut output = Output::default();
        output.push(&[1; 1 << 20]);
        output.pin(Bytes::from(vec![2; 1 << 20]));
        output.advance(2 << 20);
        assert!(output.is_empty());
        assert!(output.memory_bytes() <= KEPT_BYTES);
        output.release();
        assert_eq!(output.memory_bytes(), 0);
    }

    #[test]
    fn a_slow_reader_does_not_keep_what_it_has_read() {
        let mut output = Output::default();
        for _ in 0..1000 {
            output.push(&[1; 10_000]);
            let n = output.pending() - 5_000;
            output.advance(n);
            assert!(output.memory_bytes() < 4 * COMPACT_BYTES);
        }
        assert_eq!(output.pending(), 5_000);
    }

    #[test]
    fn a_long_reply_is_given_back_as_it_is_sent() {
        const BYTES: usize = 10 << 20;
        let mut output = Output::default();
        (0..BYTES / 16).for_each(|_| output.push(&[1; 16]));
        assert!(output.memory_bytes() < BYTES + 2 * CHUNK_BYTES);
        while output.pending() > 100_000 {
            output.advance(100_000);
            assert!(output.memory_bytes() <= output.pending() + 3 * CHUNK_BYTES);
        }
    }

    #[test]
    fn a_write_has_no_more_than_it_may() {
        let mut output = Output::default();
        output.push(&[1; 1000]);
        output.pin(Bytes::from(vec![2; 1000]));
        let mut slices = [IoSlice::new(&[]); 4];
        for (most, filled) in [(0, 0), (1000, 1), (1500, 2), (5000, 2)] {
            assert_eq!(output.io_slices(&mut slices, most), filled);
            assert_eq!(concat(&slices[..filled]).len(), most.min(2000));
        }
    }

    #[test]
    fn an_output_takes_another_one_over() {
        let (mut one, mut other) = (Output::default(), Output::default());
        one.push(b"a");
        one.pin(Bytes::from_static(b"b"));
        other.pin(Bytes::from_static(b"c"));
        other.push(b"d");
        one.append(&mut other);
        assert_eq!(all(&one), b"abcd");
        assert!(other.is_empty());
    }

    #[test]
    fn few_slices_show_the_beginning() {
        let mut output = Output::default();
        output.push(b"a");
        output.pin(Bytes::from_static(b"b"));
        output.push(b"c");
        let mut slices = [IoSlice::new(&[]); 2];
        assert_eq!(output.io_slices(&mut slices, usize::MAX), 2);
        assert_eq!(concat(&slices), b"ab");
    }

    #[derive(Clone, Debug)]
    enum Op {
        Push(usize),
        Pin(usize),
        Undo(usize),
        Insert(usize),
        Send(usize),
        Append(Vec<Op>),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            10 => plain_op(),
            1 => prop::collection::vec(plain_op(), 0..6).prop_map(Op::Append),
        ]
    }

    fn plain_op() -> impl Strategy<Value = Op> {
        prop_oneof![
            prop_oneof![4 => 0..100usize, 4 => 5_000..20_000usize, 1 => 60_000..200_000usize].prop_map(Op::Push),
            (0..100usize).prop_map(Op::Pin),
            (0..300usize).prop_map(Op::Undo),
            (0..30_000usize).prop_map(Op::Insert),
            prop_oneof![0..300usize, 0..100_000usize, 0..300_000usize].prop_map(Op::Send),
        ]
    }

    proptest! {
        /// The model is one `Vec`; marks are taken after every write and dropped when something is sent.
        #[test]
        fn sends_what_a_plain_vector_would(ops in prop::collection::vec(op(), 0..40)) {
            let (mut output, mut model) = (Output::default(), Vec::new());
            let mut marks = vec![];
            let mut next = 0u8;
            for op in ops {
                next = next.wrapping_add(1);
                match op {
                    Op::Push(n) => {
                        marks.push((output.mark(), model.len()));
                        output.push(&vec![next; n]);
                        model.extend(vec![next; n]);
                    }
                    Op::Pin(n) => {
                        marks.push((output.mark(), model.len()));
                        output.pin(Bytes::from(vec![next; n]));
                        model.extend(vec![next; n]);
                    }
                    Op::Undo(i) if !marks.is_empty() => {
                        let i = i % marks.len();
                        let (mark, at) = marks[i];
                        prop_assert_eq!(output.len_since(mark), model.len() - at);
                        output.truncate(mark);
                        model.truncate(at);
                        marks.truncate(i);
                    }
                    Op::Insert(i) if !marks.is_empty() => {
                        let i = i % marks.len();
                        let (mark, at) = marks[i];
                        output.insert(mark, b"header");
                        model.splice(at..at, *b"header");
                        marks.truncate(i);
                    }
                    Op::Append(ops) => {
                        marks.push((output.mark(), model.len()));
                        let (mut other, mut bytes) = (Output::default(), Vec::new());
                        for op in ops {
                            match op {
                                Op::Push(n) => {
                                    other.push(&vec![!next; n]);
                                    bytes.extend(vec![!next; n]);
                                }
                                Op::Pin(n) => {
                                    other.pin(Bytes::from(vec![!next; n]));
                                    bytes.extend(vec![!next; n]);
                                }
                                Op::Send(n) => {
                                    let n = n.min(bytes.len());
                                    other.advance(n);
                                    bytes.drain(..n);
                                }
                                _ => {}
                            }
                        }
                        output.append(&mut other);
                        prop_assert!(other.is_empty());
                        model.extend(bytes);
                    }
                    Op::Send(n) => {
                        let n = n.min(model.len());
                        output.advance(n);
                        model.drain(..n);
                        marks.clear();
                    }
                    _ => {}
                }
                prop_assert!(all(&output) == model);
            }
        }
    }
}
