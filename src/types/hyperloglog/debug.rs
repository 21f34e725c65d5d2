//! What PFDEBUG and PFSELFTEST show and check.

use super::sparse::Run;
use super::{
    Encoding, HEADER_BYTES, HllError, REGISTER_COUNT, Registers, add, check, count, dense, new, to_dense, visit,
};
use crate::util::rng::Rng;

/// Returns the name of an encoding: PFDEBUG ENCODING.
pub fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Dense => "dense",
        Encoding::Sparse => "sparse",
    }
}

/// Returns every register: PFDEBUG GETREG, for which Redis also makes the string dense.
///
/// # Errors
///
/// As [`count`].
pub fn registers(hll: &[u8]) -> Result<Box<Registers>, HllError> {
    let mut registers = Box::new([0; REGISTER_COUNT]);
    visit(hll, |index, rank, len| registers[index..index + len].fill(rank))?;
    Ok(registers)
}

/// Returns the runs of a sparse HyperLogLog as words: `z:` zeros in one byte, `Z:` in two, `v:value,length`.
///
/// `None` if it is dense. Broken runs are shown as far as they can be read.
///
/// # Errors
///
/// [`HllError::NotHll`].
pub fn decode_text(hll: &[u8]) -> Result<Option<String>, HllError> {
    if check(hll)? == Encoding::Dense {
        return Ok(None);
    }
    let mut runs = &hll[HEADER_BYTES..];
    let mut words = Vec::new();
    while let Some(run) = Run::read(runs) {
        words.push(match run {
            Run { rank: 0, len, bytes: 1 } => format!("z:{len}"),
            Run { rank: 0, len, .. } => format!("Z:{len}"),
            Run { rank, len, .. } => format!("v:{rank},{len}"),
        });
        runs = &runs[run.bytes..];
    }
    Ok(Some(words.join(" ")))
}

/// Checks the registers and the estimator: PFSELFTEST. Takes about a second.
///
/// # Errors
///
/// A sentence about what is wrong.
pub fn self_test(seed: u64) -> Result<(), String> {
    let mut rng = Rng::from_seed(seed);
    test_registers(&mut rng)?;
    test_estimates(&mut rng, 10_000_000)
}

/// Raises random registers and compares them all with plain bytes.
fn test_registers(rng: &mut Rng) -> Result<(), String> {
    let mut packed = vec![0; dense::BYTES];
    let mut plain = [0; REGISTER_COUNT];
    for _ in 0..REGISTER_COUNT * 8 {
        let (index, rank) = (rng.index(REGISTER_COUNT), rng.below(1 << 6) as u8);
        dense::raise(&mut packed, index, rank);
        plain[index] = rank.max(plain[index]);
    }
    for (index, &expected) in plain.iter().enumerate() {
        let found = dense::get(&packed, index);
        if found != expected {
            return Err(format!("Register {index} should be {expected} but is {found}"));
        }
    }
    Ok(())
}

/// Adds random elements and compares the estimate with their number at each power of ten, in both encodings while
/// the runs last.
fn test_estimates(rng: &mut Rng, most: u64) -> Result<(), String> {
    let standard_error = 1.04 / (REGISTER_COUNT as f64).sqrt();
    let seed = rng.next_u64();
    let (mut sparse, mut dense) = (new(), new());
    let failed = |error: HllError| error.to_string();
    to_dense(&mut dense).map_err(failed)?;
    let mut checkpoint = 1;
    for number in 1..=most {
        let element = (number ^ seed).to_ne_bytes();
        add(&mut dense, &element, 0).map_err(failed)?;
        if checkpoint <= 10_000 {
            add(&mut sparse, &element, 3000).map_err(failed)?;
        }
        if number != checkpoint {
            continue;
        }
        let estimate = count(&dense).map_err(failed)?;
        if checkpoint <= 10_000 && count(&sparse).map_err(failed)? != estimate {
            return Err("dense and sparse disagree".to_owned());
        }
        // Six standard deviations, and at least one element.
        let allowed = (standard_error * 6.0 * number as f64).ceil() as u64;
        let error = estimate.abs_diff(number);
        if error > allowed {
            return Err(format!("Too big error. card:{number} abserr:{error}"));
        }
        checkpoint *= 10;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_test_passes() {
        let mut rng = Rng::from_seed(1);
        assert_eq!(test_registers(&mut rng), Ok(()));
        assert_eq!(test_estimates(&mut rng, 100_000), Ok(()));
    }
}
