//! The arguments of a request: [`Args`] is a view, [`OwnedArgs`] keeps them.
//!
//! An argument lies either in the read buffer, or *apart* in its own `Bytes` (a big bulk, or a word of an inline request).
//! A [`Span`] says which in 8 bytes, so that the view of a request with a million arguments costs 8 MB and no more.

use bytes::Bytes;

/// Where one argument lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset from the first byte of the request, or [`Span::APART`].
    start: u32,
    /// Length in bytes; of an argument apart, its index among those.
    len: u32,
}

impl Span {
    /// No argument starts here: the parser refuses buffers of `u32::MAX` bytes.
    const APART: u32 = u32::MAX;

    /// A piece of the buffer. The caller has seen that both fit.
    #[inline]
    pub(super) fn of_buffer(start: usize, len: usize) -> Self {
        debug_assert!(start + len < Self::APART as usize);
        Self { start: start as u32, len: len as u32 }
    }

    /// The `index`-th argument that lies apart.
    #[inline]
    pub(super) fn of_apart(index: usize) -> Self {
        Self { start: Self::APART, len: index as u32 }
    }

    #[inline]
    fn apart_index(self) -> Option<usize> {
        (self.start == Self::APART).then_some(self.len as usize)
    }
}

/// A view of the arguments of one request, the command's name first. Free to copy.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    buf: &'a [u8],
    spans: &'a [Span],
    apart: &'a [Bytes],
}

impl<'a> Args<'a> {
    /// No arguments at all.
    pub const EMPTY: Args<'static> = Args { buf: &[], spans: &[], apart: &[] };

    #[inline]
    pub(super) fn new(buf: &'a [u8], spans: &'a [Span], apart: &'a [Bytes]) -> Self {
        Self { buf, spans, apart }
    }

    /// How many there are.
    #[inline]
    pub fn len(self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.spans.is_empty()
    }

    /// The `index`-th argument.
    ///
    /// # Panics
    ///
    /// When there are not so many; arity has been checked before a handler runs.
    #[inline]
    pub fn get(self, index: usize) -> &'a [u8] {
        self.resolve(self.spans[index])
    }

    /// The `index`-th argument, if there are so many.
    #[inline]
    pub fn try_get(self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|&span| self.resolve(span))
    }

    /// The `index`-th argument as `Bytes` to share, if it lies apart: storing it then copies nothing.
    #[inline]
    pub fn get_bytes(self, index: usize) -> Option<Bytes> {
        let apart = self.spans.get(index)?.apart_index()?;
        Some(self.apart[apart].clone())
    }

    /// All arguments in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + DoubleEndedIterator + Clone {
        self.spans.iter().map(move |&span| self.resolve(span))
    }

    /// The arguments from the `from`-th on; none when there are not so many.
    #[inline]
    pub fn rest(self, from: usize) -> Args<'a> {
        Args { spans: self.spans.get(from..).unwrap_or_default(), ..self }
    }

    /// Length of the request that these arguments make, in bytes.
    pub fn wire_bytes(self) -> usize {
        let digits = |n: usize| n.checked_ilog10().unwrap_or(0) as usize + 1;
        let header = |n: usize| 1 + digits(n) + 2;
        header(self.len()) + self.iter().map(|arg| header(arg.len()) + arg.len() + 2).sum::<usize>()
    }

    /// Appends the request that these arguments make, as a client sends it: an array of bulk strings.
    pub fn write_request(self, to: &mut Vec<u8>) {
        write_words(self.len(), self.iter(), to);
    }

    /// Whether the request has at least so many bytes. Costs next to nothing where the buffer holds far less.
    #[inline]
    pub fn has_wire_bytes(self, bytes: usize) -> bool {
        const HEADER_MAX: usize = 16;
        let most = self.buf.len() + HEADER_MAX * (self.len() + 1);
        (most >= bytes || !self.apart.is_empty()) && self.wire_bytes() >= bytes
    }

    /// A copy that outlives the read buffer; what lies apart is shared, not copied.
    pub fn to_owned(self) -> OwnedArgs {
        let mut owned = OwnedArgs::default();
        owned.spans.reserve_exact(self.len());
        owned.buf.reserve_exact(self.spans.iter().filter(|s| s.apart_index().is_none()).map(|s| s.len as usize).sum());
        for &span in self.spans {
            match span.apart_index() {
                Some(apart) => owned.push_bytes(self.apart[apart].clone()),
                None => owned.push(self.resolve(span)),
            }
        }
        owned
    }

    #[inline]
    fn resolve(self, span: Span) -> &'a [u8] {
        match span.apart_index() {
            None => &self.buf[span.start as usize..][..span.len as usize],
            Some(index) => &self.apart[index],
        }
    }
}

/// Appends the request that these words make, as [`Args::write_request`] does.
pub fn write_request(words: &[&[u8]], to: &mut Vec<u8>) {
    write_words(words.len(), words.iter().copied(), to);
}

#[inline]
fn write_words<'w>(count: usize, words: impl Iterator<Item = &'w [u8]>, to: &mut Vec<u8>) {
    write_header(to, b'*', count);
    for word in words {
        write_header(to, b'$', word.len());
        to.extend_from_slice(word);
        to.extend_from_slice(b"\r\n");
    }
}

/// The line before an array or a bulk string.
#[inline]
fn write_header(to: &mut Vec<u8>, kind: u8, n: usize) {
    let digit = |n: usize| b'0' + n as u8;
    match n {
        0..=9 => to.extend_from_slice(&[kind, digit(n), b'\r', b'\n']),
        10..=99 => to.extend_from_slice(&[kind, digit(n / 10), digit(n % 10), b'\r', b'\n']),
        _ => {
            to.push(kind);
            to.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
            to.extend_from_slice(b"\r\n");
        }
    }
}

/// Arguments that own their bytes: for MULTI's queue, blocking threads, scripts and tests.
///
/// `clear` keeps the memory, so that a script's calls can be built in one and the same.
#[derive(Clone, Debug, Default)]
pub struct OwnedArgs {
    buf: Vec<u8>,
    spans: Vec<Span>,
    apart: Vec<Bytes>,
}

impl OwnedArgs {
    /// The view that commands take.
    #[inline]
    pub fn view(&self) -> Args<'_> {
        Args::new(&self.buf, &self.spans, &self.apart)
    }

    /// Appends a copy of `arg`.
    pub fn push(&mut self, arg: &[u8]) {
        if self.buf.len() + arg.len() >= Span::APART as usize {
            return self.push_bytes(Bytes::copy_from_slice(arg)); // past what a span can address
        }
        self.spans.push(Span::of_buffer(self.buf.len(), arg.len()));
        self.buf.extend_from_slice(arg);
    }

    /// Appends `arg` without copying its bytes.
    pub fn push_bytes(&mut self, arg: Bytes) {
        self.spans.push(Span::of_apart(self.apart.len()));
        self.apart.push(arg);
    }

    /// Forgets the arguments, keeps the memory.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.spans.clear();
        self.apart.clear();
    }

    /// Memory held in bytes, this struct included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.buf.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.apart.capacity() * size_of::<Bytes>()
            + self.apart.iter().map(Bytes::len).sum::<usize>()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for OwnedArgs {
    fn from_iter<I: IntoIterator<Item = T>>(args: I) -> Self {
        let mut owned = Self::default();
        args.into_iter().for_each(|arg| owned.push(arg.as_ref()));
        owned
    }
}

impl From<&[&[u8]]> for OwnedArgs {
    fn from(args: &[&[u8]]) -> Self {
        args.iter().collect()
    }
}

impl From<&[Bytes]> for OwnedArgs {
    fn from(args: &[Bytes]) -> Self {
        let mut owned = Self::default();
        args.iter().for_each(|arg| owned.push_bytes(arg.clone()));
        owned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_arguments_are_those_of_the_view() {
        let mut owned = OwnedArgs::from_iter(["SET", "", "k"]);
        let value = Bytes::from(vec![7; 100]);
        owned.push_bytes(value.clone());

        let copy = owned.view().rest(1).to_owned();
        let view = copy.view();
        assert_eq!(view.iter().collect::<Vec<_>>(), [b"", &b"k"[..], &value[..]]);
        assert_eq!(view.get_bytes(2).unwrap().as_ptr(), value.as_ptr(), "shared, not copied");
        assert_eq!(view.get_bytes(1), None);
        assert_eq!((view.try_get(2), view.try_get(3)), (Some(&value[..]), None));
        assert!(view.rest(3).is_empty() && view.rest(4).is_empty());
    }

    #[test]
    fn the_length_is_that_of_the_request() {
        let mut owned = OwnedArgs::from_iter(["client", "list"]);
        assert_eq!(owned.view().wire_bytes(), b"*2\r\n$6\r\nclient\r\n$4\r\nlist\r\n".len());
        owned.push(&[0; 10]);
        owned.push(b"");
        owned.push_bytes(Bytes::from(vec![7; 99_999]));
        let tail = "$10\r\n0123456789\r\n$0\r\n\r\n$99999\r\n\r\n".len() + 99_999;
        assert_eq!(owned.view().wire_bytes(), 26 + tail);
        let mut request = Vec::new();
        owned.view().write_request(&mut request);
        assert_eq!(request.len(), 26 + tail);
        assert!(request.starts_with(b"*5\r\n$6\r\nclient\r\n$4\r\nlist\r\n$10\r\n\0"));
        for (bytes, has) in [(0, true), (26 + tail, true), (27 + tail, false)] {
            assert_eq!(owned.view().has_wire_bytes(bytes), has);
        }
    }

    #[test]
    fn cleared_arguments_leave_nothing_behind() {
        let mut args = OwnedArgs::from(&[Bytes::from_static(b"big"), Bytes::new()][..]);
        args.push(b"x");
        args.clear();
        args.push(b"y");
        assert_eq!(args.view().iter().collect::<Vec<_>>(), [b"y"]);
    }
}
