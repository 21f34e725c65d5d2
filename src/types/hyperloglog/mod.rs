//! HyperLogLog: the number of different elements of a stream, within about 0.8 %, in at most 12 kB.
//!
//! A HyperLogLog is an ordinary string value, byte for byte the one Redis makes of the same commands: a header of 16
//! bytes ([`Encoding`], the last estimate), then 16384 registers either as runs (`sparse`) or as 6 bits each (`dense`).
//! Functions here take such strings; those that say so expect one that [`check`] accepts. Strings from outside may
//! still hold broken runs, which is reported as [`HllError::Corrupted`] when they are met.
//!
//! Start with [`add`] and [`count`]. Imports `util::rng` (for the self test only).

pub mod debug;
mod dense;
mod estimate;
mod hash;
mod sparse;

/// Number of registers: 14 bits of the hash choose one.
pub const REGISTER_COUNT: usize = 1 << hash::INDEX_BITS;

/// The registers of a HyperLogLog, one byte each: what merging works on.
pub type Registers = [u8; REGISTER_COUNT];

const MAGIC: &[u8; 4] = b"HYLL";
const ENCODING_AT: usize = 4;
/// Little-endian estimate; the highest bit of its last byte says that it is out of date.
const CACHE: std::ops::Range<usize> = 8..16;
const HEADER_BYTES: usize = 16;
const STALE: u8 = 0x80;

/// How the registers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 6 bits for each register.
    Dense,
    /// Runs of equal registers.
    Sparse,
}

/// Why a string is not used as a HyperLogLog. The texts are Redis's, error code included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HllError {
    /// It does not begin like one, or has the wrong length.
    #[error("WRONGTYPE Key is not a valid HyperLogLog string value.")]
    NotHll,
    /// It begins like one, but its runs do not add up.
    #[error("INVALIDOBJ Corrupted HLL object detected")]
    Corrupted,
}

/// Returns an empty HyperLogLog: sparse, with an estimate of 0.
pub fn new() -> Vec<u8> {
    let mut hll = vec![0; HEADER_BYTES];
    hll[..MAGIC.len()].copy_from_slice(MAGIC);
    hll[ENCODING_AT] = 1;
    sparse::push_empty(&mut hll);
    hll
}

/// Returns the encoding of a string that has the form of a HyperLogLog.
///
/// # Errors
///
/// [`HllError::NotHll`] for any other string.
pub fn check(string: &[u8]) -> Result<Encoding, HllError> {
    let (header, registers) = string.split_at_checked(HEADER_BYTES).ok_or(HllError::NotHll)?;
    match (header.starts_with(MAGIC), header[ENCODING_AT]) {
        (true, 0) if registers.len() == dense::BYTES => Ok(Encoding::Dense),
        (true, 1) => Ok(Encoding::Sparse),
        _ => Err(HllError::NotHll),
    }
}

/// Adds `element` and returns whether a register changed; the estimate is then out of date.
///
/// The string becomes dense when a run cannot hold the new value or it would get longer than `sparse_max_bytes`
/// (`hll-sparse-max-bytes`).
///
/// # Errors
///
/// [`HllError::NotHll`] or [`HllError::Corrupted`]; nothing is changed then.
pub fn add(hll: &mut Vec<u8>, element: &[u8], sparse_max_bytes: usize) -> Result<bool, HllError> {
    let (index, rank) = hash::index_and_rank(element);
    raise(hll, index, rank, sparse_max_bytes)
}

/// The same for a dense HyperLogLog, in place.
///
/// # Panics
///
/// If [`check`] does not say that it is dense.
pub fn add_dense(hll: &mut [u8], element: &[u8]) -> bool {
    let (index, rank) = hash::index_and_rank(element);
    raise_dense(hll, index, rank)
}

fn raise(hll: &mut Vec<u8>, index: usize, rank: u8, sparse_max_bytes: usize) -> Result<bool, HllError> {
    if check(hll)? == Encoding::Dense {
        return Ok(raise_dense(hll, index, rank));
    }
    let raised = match sparse::raise(hll, index, rank, sparse_max_bytes)? {
        sparse::Raised::No => false,
        sparse::Raised::Yes => true,
        sparse::Raised::NeedsDense => {
            to_dense(hll)?;
            dense::raise(&mut hll[HEADER_BYTES..], index, rank)
        }
    };
    if raised {
        invalidate(hll);
    }
    Ok(raised)
}

fn raise_dense(hll: &mut [u8], index: usize, rank: u8) -> bool {
    let raised = dense::raise(&mut hll[HEADER_BYTES..], index, rank);
    if raised {
        invalidate(hll);
    }
    raised
}

/// Marks the estimate as out of date. PFADD does so for a new key even without elements, PFMERGE always.
pub fn invalidate(hll: &mut [u8]) {
    hll[CACHE.end - 1] |= STALE;
}

/// Returns the stored estimate of a checked string, unless it is out of date.
pub fn cached_count(hll: &[u8]) -> Option<u64> {
    let cache: [u8; 8] = hll[CACHE].try_into().expect("the field has 8 bytes");
    (cache[7] & STALE == 0).then(|| u64::from_le_bytes(cache))
}

/// Stores `count` as the estimate of a checked string: PFCOUNT of a single key does so, and so changes the value.
pub fn store_count(hll: &mut [u8], count: u64) {
    hll[CACHE].copy_from_slice(&count.to_le_bytes());
}

/// Estimates the number of elements from the registers, whatever estimate is stored.
///
/// # Errors
///
/// [`HllError::NotHll`] or [`HllError::Corrupted`].
pub fn count(hll: &[u8]) -> Result<u64, HllError> {
    let mut histogram = [0; estimate::RANKS];
    visit(hll, |_, rank, len| histogram[usize::from(rank)] += len as u32)?;
    Ok(estimate::estimate(&histogram))
}

/// Estimates the number of elements of merged registers.
pub fn count_registers(registers: &Registers) -> u64 {
    let mut histogram = [0; estimate::RANKS];
    registers.iter().for_each(|&rank| histogram[usize::from(rank) % estimate::RANKS] += 1);
    estimate::estimate(&histogram)
}

/// Raises each of `registers` to the one in `hll` if that is higher. `registers` are 6-bit values, zeros at first.
///
/// # Errors
///
/// [`HllError::NotHll`] or [`HllError::Corrupted`]; `registers` may then be half merged.
pub fn merge_into(registers: &mut Registers, hll: &[u8]) -> Result<Encoding, HllError> {
    visit(hll, |index, rank, len| {
        registers[index..index + len].iter_mut().for_each(|register| *register = rank.max(*register));
    })
}

/// Stores merged `registers`, none of which is lower than the one in `hll`: the end of PFMERGE.
///
/// With `dense`, which is to be set if any of the sources is dense, the result is dense, else only if it must be.
///
/// # Errors
///
/// [`HllError::NotHll`] or [`HllError::Corrupted`], the latter only if the old runs are broken.
pub fn store_merged(
    hll: &mut Vec<u8>,
    registers: &Registers,
    dense: bool,
    sparse_max_bytes: usize,
) -> Result<(), HllError> {
    if dense {
        to_dense(hll)?;
    }
    for (index, &rank) in registers.iter().enumerate() {
        if rank != 0 {
            raise(hll, index, rank, sparse_max_bytes)?;
        }
    }
    invalidate(hll);
    Ok(())
}

/// Makes `hll` dense and returns whether it was not; the stored estimate stays as it is.
///
/// # Errors
///
/// [`HllError::NotHll`] or [`HllError::Corrupted`].
pub fn to_dense(hll: &mut Vec<u8>) -> Result<bool, HllError> {
    if check(hll)? == Encoding::Dense {
        return Ok(false);
    }
    let mut converted = vec![0; HEADER_BYTES + dense::BYTES];
    converted[..HEADER_BYTES].copy_from_slice(&hll[..HEADER_BYTES]);
    converted[ENCODING_AT] = 0;
    let registers = &mut converted[HEADER_BYTES..];
    sparse::visit(&hll[HEADER_BYTES..], |index, rank, len| {
        (index..index + len).filter(|_| rank != 0).for_each(|index| {
            dense::raise(registers, index, rank);
        });
    })?;
    *hll = converted;
    Ok(true)
}

/// Calls `each` with the first index, the value and the length of every run of registers, single ones if dense.
fn visit(hll: &[u8], mut each: impl FnMut(usize, u8, usize)) -> Result<Encoding, HllError> {
    let encoding = check(hll)?;
    let registers = &hll[HEADER_BYTES..];
    match encoding {
        Encoding::Sparse => sparse::visit(registers, each)?,
        Encoding::Dense => dense::ranks(registers).enumerate().for_each(|(index, rank)| each(index, rank, 1)),
    }
    Ok(encoding)
}

#[cfg(test)]
mod tests;
