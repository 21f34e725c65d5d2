//! Registers as runs, for the early life of a HyperLogLog.
//!
//! Three forms of a run: `00llllll` is l + 1 zeros; `01llllll llllllll` the same with 14 bits; `1vvvvvll` is l + 1
//! registers of value v + 1.

use super::{HEADER_BYTES, HllError, REGISTER_COUNT};

const ZERO_MAX_LEN: usize = 64;
const VALUE_MAX: u8 = 32;
const VALUE_MAX_LEN: usize = 4;
/// How many runs, from the one before the change, are looked at for neighbours to join.
const JOIN_STEPS: usize = 5;

/// A run of registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Value of the registers.
    pub(super) rank: u8,
    /// Number of registers.
    pub(super) len: usize,
    /// Bytes that the run takes.
    pub(super) bytes: usize,
}

impl Run {
    /// Reads the run at the head of `runs`; `None` if there is none or it is cut off.
    pub(super) fn read(runs: &[u8]) -> Option<Self> {
        match *runs {
            [head, ..] if head & 0x80 != 0 => {
                Some(Self { rank: (head >> 2 & 0x1f) + 1, len: usize::from(head & 3) + 1, bytes: 1 })
            }
            [head, low, ..] if head & 0x40 != 0 => {
                Some(Self { rank: 0, len: usize::from(u16::from_be_bytes([head & 0x3f, low])) + 1, bytes: 2 })
            }
            [head, ..] if head & 0x40 == 0 => Some(Self { rank: 0, len: usize::from(head) + 1, bytes: 1 }),
            _ => None,
        }
    }
}

/// The runs that replace one: at most zeros of two bytes on either side of a value.
#[derive(Default)]
struct Patch {
    bytes: [u8; 5],
    len: usize,
}

impl Patch {
    /// Adds a run of `len` registers in its shortest form; nothing if `len` is 0.
    fn push(&mut self, rank: u8, len: usize) {
        if len == 0 {
            return;
        }
        let last = len - 1;
        let form: &[u8] = if rank != 0 {
            &[value_run(rank, len)]
        } else if len > ZERO_MAX_LEN {
            &[0x40 | (last >> 8) as u8, last as u8]
        } else {
            &[last as u8]
        };
        self.bytes[self.len..self.len + form.len()].copy_from_slice(form);
        self.len += form.len();
    }
}

fn value_run(rank: u8, len: usize) -> u8 {
    0x80 | (rank - 1) << 2 | (len - 1) as u8
}

/// Appends the one run of an empty HyperLogLog.
pub(super) fn push_empty(hll: &mut Vec<u8>) {
    let mut patch = Patch::default();
    patch.push(0, REGISTER_COUNT);
    hll.extend_from_slice(&patch.bytes[..patch.len]);
}

/// Calls `each` with the first index, the value and the length of every run.
pub(super) fn visit(mut runs: &[u8], mut each: impl FnMut(usize, u8, usize)) -> Result<(), HllError> {
    let mut index = 0;
    while !runs.is_empty() {
        let run = Run::read(runs).ok_or(HllError::Corrupted)?;
        if index + run.len > REGISTER_COUNT {
            return Err(HllError::Corrupted);
        }
        each(index, run.rank, run.len);
        index += run.len;
        runs = &runs[run.bytes..];
    }
    if index == REGISTER_COUNT { Ok(()) } else { Err(HllError::Corrupted) }
}

/// What became of a request to raise a register.
pub(super) enum Raised {
    /// It is not lower.
    No,
    /// Done.
    Yes,
    /// Nothing was changed; only the dense form can hold the result.
    NeedsDense,
}

/// Raises the register at `index` to `rank`, in a string of at most `max_bytes` with its header.
pub(super) fn raise(hll: &mut Vec<u8>, index: usize, rank: u8, max_bytes: usize) -> Result<Raised, HllError> {
    if rank > VALUE_MAX {
        return Ok(Raised::NeedsDense);
    }
    // Find the run with the register, and remember the one before it.
    let (mut at, mut before, mut first) = (HEADER_BYTES, HEADER_BYTES, 0);
    let run = loop {
        let run = Run::read(&hll[at..]).ok_or(HllError::Corrupted)?;
        if index < first + run.len {
            break run;
        }
        before = at;
        at += run.bytes;
        first += run.len;
    };
    if run.rank >= rank {
        return Ok(Raised::No);
    }
    let mut patch = Patch::default();
    patch.push(run.rank, index - first);
    patch.push(rank, 1);
    patch.push(run.rank, first + run.len - 1 - index);
    if patch.len > run.bytes && hll.len() + patch.len - run.bytes > max_bytes {
        return Ok(Raised::NeedsDense);
    }
    hll.splice(at..at + run.bytes, patch.bytes[..patch.len].iter().copied());
    join_neighbours(hll, before);
    Ok(Raised::Yes)
}

/// Joins runs of the same value that are next to each other, from the run at `at` on, as far as their form allows.
fn join_neighbours(hll: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOIN_STEPS {
        let Some(run) = Run::read(&hll[at..]) else { return };
        let next = at + run.bytes;
        match Run::read(&hll[next..]) {
            Some(other) if run.rank != 0 && other.rank == run.rank && run.len + other.len <= VALUE_MAX_LEN => {
                hll[next] = value_run(run.rank, run.len + other.len);
                hll.remove(at);
            }
            _ => at = next,
        }
    }
}
