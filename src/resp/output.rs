//! The bytes that wait to be sent to one client.
//!
//! All small replies are appended to one buffer. A large payload is not copied into it but *pinned*: shared, with the offset
//! in the buffer at which it is to be sent. The offsets of what has been written do not move while replies are written, so
//! a [`Mark`] can be cut back to, or be given the header of an array whose length was not known before.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;

use bytes::{Buf, Bytes};

/// Capacity that an empty buffer keeps, in bytes.
const KEPT_BYTES: usize = 16 * 1024;
/// Sent bytes are cut off a buffer that does not get empty when there are this many, and more than are left.
const COMPACT_BYTES: usize = 64 * 1024;
/// A header is inserted by moving up to this many bytes; before more bytes it is pinned.
const MOVED_BYTES: usize = 8 * 1024;

/// Bytes and shared payloads in the order of sending. Holds no heap memory before the first reply.
#[derive(Debug, Default)]
pub struct Output {
    buf: Vec<u8>,
    /// Bytes of `buf` already sent.
    sent: usize,
    /// In order of sending, so `at` never falls.
    pins: VecDeque<Pin>,
    /// Sum of the pins' lengths.
    pinned: usize,
}

/// Payload that is sent before the byte `at` of the buffer.
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
    /// Bytes not yet sent, pinned ones included.
    #[inline]
    pub fn pending(&self) -> usize {
        self.buf.len() - self.sent + self.pinned
    }

    /// Whether all has been sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending() == 0
    }

    /// Memory held on the heap in bytes; shared payloads count whole.
    pub fn memory_bytes(&self) -> usize {
        self.buf.capacity() + self.pins.capacity() * size_of::<Pin>() + self.pinned
    }

    /// Appends a copy of `bytes`.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends `bytes` without copying them, whatever their length.
    pub fn pin(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.pinned += bytes.len();
            self.pins.push_back(Pin { at: self.buf.len(), bytes });
        }
    }

    /// Appends what `other` has pending, which is then empty. Payloads pinned there are not copied, and where nothing is
    /// pending here, neither are many bytes.
    pub fn append(&mut self, other: &mut Output) {
        let is_new = self.buf.is_empty() && self.pins.is_empty() && other.sent == 0;
        if is_new && other.pending() > MOVED_BYTES {
            *self = mem::take(other);
            return;
        }
        let base = self.buf.len();
        self.buf.extend_from_slice(&other.buf[other.sent..]);
        self.pinned += other.pinned;
        let sent = other.sent;
        self.pins.extend(other.pins.drain(..).map(|pin| Pin { at: pin.at - sent + base, ..pin }));
        other.clear();
    }

    /// Makes room for `additional` bytes at once.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.buf.reserve(additional);
    }

    /// The end, to come back to.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { at: self.buf.len(), pins: self.pins.len() }
    }

    /// Bytes appended since `mark`.
    pub fn len_since(&self, mark: Mark) -> usize {
        self.buf.len() - mark.at + self.pins.iter().skip(mark.pins).map(|pin| pin.bytes.len()).sum::<usize>()
    }

    /// Takes back all that was appended since `mark`.
    pub fn truncate(&mut self, mark: Mark) {
        self.buf.truncate(mark.at);
        for pin in self.pins.drain(mark.pins..) {
            self.pinned -= pin.bytes.len();
        }
    }

    /// Inserts `bytes` at `mark`. Marks behind it are no longer valid; the ones before it are.
    pub fn insert(&mut self, mark: Mark, bytes: &[u8]) {
        if self.buf.len() - mark.at > MOVED_BYTES {
            self.pinned += bytes.len();
            self.pins.insert(mark.pins, Pin { at: mark.at, bytes: Bytes::copy_from_slice(bytes) });
            return;
        }
        let end = self.buf.len();
        self.buf.extend_from_slice(bytes);
        self.buf[mark.at..].rotate_right(bytes.len());
        debug_assert_eq!(self.buf.len(), end + bytes.len());
        for pin in self.pins.iter_mut().skip(mark.pins) {
            pin.at += bytes.len();
        }
    }

    /// Everything to be sent as one slice, unless something is pinned: then [`Output::io_slices`] shows it.
    #[inline]
    pub fn as_slice(&self) -> Option<&[u8]> {
        self.pins.is_empty().then(|| &self.buf[self.sent..])
    }

    /// Appends a copy of everything to be sent to `bytes`.
    pub fn copy_to(&self, bytes: &mut Vec<u8>) {
        let mut from = self.sent;
        for pin in &self.pins {
            bytes.extend_from_slice(&self.buf[from..pin.at]);
            bytes.extend_from_slice(&pin.bytes);
            from = pin.at;
        }
        bytes.extend_from_slice(&self.buf[from..]);
    }

    /// Fills `slices` with what is to be sent next, for one `writev`; answers how many it filled. None is empty.
    pub fn io_slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut from = self.sent;
        let pins = self.pins.iter().map(|pin| (pin.at, &pin.bytes[..]));
        let pieces = pins.chain([(self.buf.len(), &[][..])]).flat_map(|(at, pinned)| {
            let text = &self.buf[from..at];
            from = at;
            [text, pinned]
        });
        let mut filled = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slice = IoSlice::new(piece);
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
        self.sent = self.buf.len();
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
        let left = self.buf.len() - self.sent;
        if left == 0 && self.pins.is_empty() {
            self.buf.clear();
            self.sent = 0;
            self.buf.shrink_to(KEPT_BYTES);
            if self.pins.capacity() > 0 {
                self.pins = VecDeque::new();
            }
        } else if self.sent >= COMPACT_BYTES && self.sent > left {
            self.buf.drain(..self.sent);
            self.pins.iter_mut().for_each(|pin| pin.at -= self.sent);
            self.sent = 0;
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
        let filled = output.io_slices(&mut slices);
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
        assert_eq!(output.io_slices(&mut slices), 2);
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
            prop_oneof![0..100usize, 5_000..20_000usize].prop_map(Op::Push),
            (0..100usize).prop_map(Op::Pin),
            (0..300usize).prop_map(Op::Undo),
            (0..30_000usize).prop_map(Op::Insert),
            prop_oneof![0..300usize, 0..100_000usize].prop_map(Op::Send),
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
