//! LZF, the compression of texts in RDB files: back references of up to 264 bytes over up to 8 KiB, no entropy coding.
//!
//! ```text
//! 000nnnnn                    n + 1 bytes follow as they are
//! nnnooooo oooooooo           copy n + 2 bytes (n is 1 to 6) from o + 1 bytes back
//! 111ooooo nnnnnnnn oooooooo  copy n + 9 bytes from o + 1 bytes back
//! ```
//!
//! The format is that of Marc Lehmann's liblzf, which Redis uses; the code is our own, since the published crate clears a
//! table of 128 KiB for every text and allocates what the input says. Imports nothing.

const LITERAL_MAX: usize = 32;
const MATCH_MIN: usize = 3;
const MATCH_MAX: usize = 264;
const DISTANCE_MAX: usize = 1 << 13;
const HASH_BITS: u32 = 13;

/// A byte of input makes at most so many bytes of output: three bytes stand for the longest match.
const GROWTH_MAX: usize = MATCH_MAX / MATCH_MIN;

/// Compresses texts, one after the other.
#[derive(Debug, Default)]
pub struct Compressor {
    /// Where three bytes with a certain hash were last seen. What is left of another text does no harm: a place counts
    /// only when it lies before the current one and the bytes are the same.
    seen: Vec<u32>,
}

impl Compressor {
    /// Appends the compressed form of `input` to `out` if that takes at most `limit` bytes; else `out` stays as it is and
    /// the answer is false.
    pub fn compress(&mut self, input: &[u8], out: &mut Vec<u8>, limit: usize) -> bool {
        if input.len() < MATCH_MIN + 1 || u32::try_from(input.len()).is_err() {
            return false;
        }
        self.seen.resize(1 << HASH_BITS, 0);
        let start = out.len();
        let end = start + limit;
        let (mut at, mut literals) = (0, 0);
        while at + MATCH_MIN <= input.len() {
            let word = word_at(input, at);
            let before = std::mem::replace(&mut self.seen[hash(word)], at as u32) as usize;
            // All at once: what is left of other texts makes each a matter of chance, but all three are rarely true.
            let near = before.min(at);
            if !((before < at) & (at - near <= DISTANCE_MAX) & (word_at(input, near) == word)) {
                at += 1;
                continue;
            }
            push_literals(out, &input[literals..at]);
            let most = MATCH_MAX.min(input.len() - at);
            let differs = (MATCH_MIN..most).find(|&i| input[before + i] != input[at + i]);
            let len = differs.unwrap_or(most);
            push_match(out, at - before - 1, len);
            // Two more places of the match are remembered: that finds most of what all of them would.
            for place in at + len - 2..at + len {
                if place + MATCH_MIN <= input.len() {
                    self.seen[hash(word_at(input, place))] = place as u32;
                }
            }
            at += len;
            literals = at;
            if out.len() > end {
                break;
            }
        }
        if out.len() <= end {
            push_literals(out, &input[literals..]);
        }
        let fits = out.len() <= end;
        if !fits {
            out.truncate(start);
        }
        fits
    }
}

#[inline]
fn word_at(input: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([input[at], input[at + 1], input[at + 2], 0])
}

#[inline]
fn hash(word: u32) -> usize {
    (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

fn push_literals(out: &mut Vec<u8>, bytes: &[u8]) {
    for run in bytes.chunks(LITERAL_MAX) {
        out.push((run.len() - 1) as u8);
        out.extend_from_slice(run);
    }
}

fn push_match(out: &mut Vec<u8>, back: usize, len: usize) {
    let [high, low] = (back as u16).to_be_bytes();
    match len - 2 {
        short @ 1..7 => out.push((short as u8) << 5 | high),
        long => out.extend([7 << 5 | high, (long - 7) as u8]),
    }
    out.push(low);
}

/// The text of `len` bytes that `input` stands for; `None` when it is something else. Takes at most 88 bytes of memory
/// for each byte of input, whatever `len` says.
#[must_use]
pub fn decompress(input: &[u8], len: usize) -> Option<Vec<u8>> {
    if len / GROWTH_MAX > input.len() {
        return None;
    }
    let mut out = Vec::with_capacity(len);
    let mut rest = input;
    while let Some((&head, tail)) = rest.split_first() {
        let head = usize::from(head);
        if head < LITERAL_MAX {
            let (run, tail) = tail.split_at_checked(head + 1)?;
            out.extend_from_slice(run);
            rest = tail;
        } else {
            let (count, tail) = match head >> 5 {
                7 => tail.split_first().map(|(&more, tail)| (9 + usize::from(more), tail))?,
                short => (short + 2, tail),
            };
            let (&low, tail) = tail.split_first()?;
            let back = ((head & 31) << 8 | usize::from(low)) + 1;
            let from = out.len().checked_sub(back)?;
            if back >= count {
                out.extend_from_within(from..from + count);
            } else {
                // The match reaches into what it makes.
                (from..from + count).for_each(|i| out.push(out[i]));
            }
            rest = tail;
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(input: &[u8]) -> Option<Vec<u8>> {
        let mut out = b"before".to_vec();
        let fits = Compressor::default().compress(input, &mut out, input.len());
        assert!(out.starts_with(b"before"));
        fits.then(|| out.split_off(6))
    }

    #[test]
    fn known_forms() {
        assert_eq!(packed(&[b'a'; 100]).as_deref(), Some(&[0, b'a', 0xe0, 90, 0][..]));
        assert_eq!(packed(b"abcdefgh"), None, "eight literals take nine bytes");
        assert_eq!(decompress(&[0, b'a', 0xe0, 90, 0], 100).as_deref(), Some(&[b'a'; 100][..]));
        assert_eq!(decompress(&[2, b'a', b'b', b'c', 0x20, 2], 6).as_deref(), Some(&b"abcabc"[..]));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decompress(&[0x20, 0], 3), None, "a match before the start");
        assert_eq!(decompress(&[5, b'a'], 6), None, "cut literals");
        assert_eq!(decompress(&[0, b'a', 0xe0], 9), None, "a cut match");
        assert_eq!(decompress(&[0, b'a'], 2), None, "too short");
        assert_eq!(decompress(&[0, b'a'], 0), None, "too long");
        assert_eq!(decompress(&[0, b'a'], usize::MAX), None, "no memory is taken on trust");
    }

    #[test]
    fn a_compressor_is_used_again() {
        let mut compressor = Compressor::default();
        for text in [&b"abcabcabcabcabc"[..], b"xyzabcabcabcxyz", b"abcabc", &[7; 5000]] {
            let mut out = Vec::new();
            if compressor.compress(text, &mut out, text.len() + 9) {
                assert_eq!(decompress(&out, text.len()).as_deref(), Some(text));
            }
        }
    }

    proptest! {
        #[test]
        fn texts_come_back(pieces in prop::collection::vec((0usize..6, 0usize..400), 0..60)) {
            let words: [&[u8]; 6] = [b"a", b"some words", b"\0\xff\0", b"0123456789", b"abcab", b"xyz, and another one"];
            let text: Vec<u8> = pieces.iter().flat_map(|&(word, n)| words[word].iter().copied().cycle().take(n)).collect();
            if let Some(packed) = packed(&text) {
                prop_assert!(packed.len() <= text.len());
                prop_assert_eq!(decompress(&packed, text.len()), Some(text));
            }
        }

        #[test]
        fn random_input_neither_panics_nor_grows(input: Vec<u8>, len in 0usize..5000) {
            if let Some(text) = decompress(&input, len) {
                prop_assert_eq!(text.len(), len);
            }
        }
    }
}
