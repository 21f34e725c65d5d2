//! Registers of 6 bits, packed from the lowest bit of the first byte upwards.

use super::REGISTER_COUNT;

const BITS: usize = 6;
const MASK: u16 = (1 << BITS) - 1;

/// Length of all registers.
pub(super) const BYTES: usize = REGISTER_COUNT * BITS / 8;

/// Returns the register at `index` and how far its lowest bit is from that of the byte it begins in.
fn word(registers: &[u8], index: usize) -> (usize, usize, u16) {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    // The last register ends with the last byte.
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    (byte, shift, u16::from_le_bytes([registers[byte], next]))
}

/// Returns the register at `index`.
pub(super) fn get(registers: &[u8], index: usize) -> u8 {
    let (_, shift, word) = word(registers, index);
    (word >> shift & MASK) as u8
}

/// Raises the register at `index` to `rank`; returns false if it is not lower.
pub(super) fn raise(registers: &mut [u8], index: usize, rank: u8) -> bool {
    let (byte, shift, word) = word(registers, index);
    if (word >> shift & MASK) as u8 >= rank {
        return false;
    }
    let [low, high] = (word & !(MASK << shift) | u16::from(rank) << shift).to_le_bytes();
    registers[byte] = low;
    if let Some(next) = registers.get_mut(byte + 1) {
        *next = high;
    }
    true
}

/// Returns all registers in order.
pub(super) fn ranks(registers: &[u8]) -> impl Iterator<Item = u8> {
    // Three bytes hold four registers.
    registers.as_chunks::<3>().0.iter().flat_map(|&[a, b, c]| {
        let four = u32::from_le_bytes([a, b, c, 0]);
        [four, four >> 6, four >> 12, four >> 18].map(|word| word as u8 & MASK as u8)
    })
}
