//! The estimator: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284,
//! algorithm 6.

use super::REGISTER_COUNT;
use super::hash::RANK_BITS;

/// Number of different values of 6 bits.
pub(super) const RANKS: usize = 64;

/// The limit of the bias correction for many registers: 1 / (2 ln 2).
const ALPHA: f64 = 0.5 / std::f64::consts::LN_2;

/// Returns the number of elements that makes it most plausible that `histogram[r]` registers hold `r`.
///
/// The order of operations decides the last bit, and so is Redis's.
pub(super) fn estimate(histogram: &[u32; RANKS]) -> u64 {
    let m = REGISTER_COUNT as f64;
    let top = RANK_BITS as usize;
    let saturated = f64::from(histogram[top + 1]);
    let mut z = m * tau((m - saturated) / m);
    for &registers in histogram[1..=top].iter().rev() {
        z = (z + f64::from(registers)) * 0.5;
    }
    z += m * sigma(f64::from(histogram[0]) / m);
    (ALPHA * m * m / z).round() as u64
}

/// Correction for registers that are still zero: x + sum over k >= 1 of x^(2^k) 2^(k-1).
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// Correction for registers that can rise no further: (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_full() {
        let mut histogram = [0; RANKS];
        histogram[0] = REGISTER_COUNT as u32;
        assert_eq!(estimate(&histogram), 0);
        histogram[0] = 0;
        histogram[RANK_BITS as usize + 1] = REGISTER_COUNT as u32;
        assert!(estimate(&histogram) > 1 << 60);
    }

    #[test]
    fn alpha_is_the_constant_of_the_format() {
        assert_eq!(ALPHA.to_bits(), 0.721_347_520_444_481_7_f64.to_bits());
    }
}
