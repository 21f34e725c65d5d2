//! Checksums: CRC16 for cluster slots, CRC64 for RDB files and DUMP payloads.
//!
//! Promises the values of the published parameters (given at each table). Imports nothing.

/// Number of hash slots of a cluster.
pub const SLOT_COUNT: u16 = 16384;

/// CRC-16/XMODEM: polynomial 0x1021, most significant bit first, start value and final xor 0.
const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// CRC-64 of Jones: polynomial 0xad93d23594c935a9, least significant bit first, start value and final xor 0.
///
/// `CRC64[k][b]` is the effect of byte `b` followed by `k` zero bytes, so that eight bytes are taken at a time.
static CRC64: [[u64; 256]; 8] = {
    let polynomial = 0xad93_d235_94c9_35a9_u64.reverse_bits();
    let mut table = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ polynomial };
            bit += 1;
        }
        table[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let shorter = table[zeros - 1][byte];
            table[zeros][byte] = (shorter >> 8) ^ table[0][(shorter & 0xff) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    table
};

/// Returns the CRC-16/XMODEM of `bytes`.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| (crc << 8) ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

/// Returns the cluster slot of `key`, below [`SLOT_COUNT`].
///
/// If the key has a hash tag, that is at least one byte between its first `{` and the first `}` behind that, only the
/// tag is hashed: so keys with the same tag share a slot.
pub fn key_slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % SLOT_COUNT
}

/// Returns the part of `key` that decides its slot: the hash tag if there is one, else the whole key.
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = memchr::memchr(b'{', key) else {
        return key;
    };
    let rest = &key[open + 1..];
    match memchr::memchr(b'}', rest) {
        None | Some(0) => key,
        Some(close) => &rest[..close],
    }
}

/// Continues the CRC-64 `crc` (0 at the start) with `bytes`.
pub fn crc64(crc: u64, bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let crc = chunks.iter().fold(crc, |crc, &chunk| {
        let word = (crc ^ u64::from_le_bytes(chunk)).to_le_bytes();
        (0..8).fold(0, |sum, i| sum ^ CRC64[7 - i][usize::from(word[i])])
    });
    rest.iter().fold(crc, |crc, &byte| (crc >> 8) ^ CRC64[0][usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn check_values() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc64(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!((crc16(b""), crc64(0, b"")), (0, 0));
    }

    #[test]
    fn slots_known_from_a_real_cluster() {
        assert_eq!(key_slot(b"foo"), 12182);
        assert_eq!(key_slot(b"bar"), 5061);
        assert_eq!(key_slot(b""), 0);
        assert_eq!(key_slot(b"somekey"), 11058);
    }

    #[test]
    fn hash_tags() {
        assert_eq!(hash_tag(b"{user1000}.following"), b"user1000");
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}", "an empty tag is none, and no later one counts");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(hash_tag(b"foo}bar{"), b"foo}bar{");
    }

    /// Bit by bit, straight from the definition.
    fn crc64_bits(bytes: &[u8]) -> u64 {
        let mut crc = 0u64;
        for &byte in bytes {
            crc ^= u64::from(byte.reverse_bits()) << 56;
            for _ in 0..8 {
                crc = (crc << 1) ^ if crc >> 63 == 1 { 0xad93_d235_94c9_35a9 } else { 0 };
            }
        }
        crc.reverse_bits()
    }

    proptest! {
        #[test]
        fn crc64_agrees_with_the_definition_at_any_split(bytes: Vec<u8>, cut: prop::sample::Index) {
            let cut = cut.index(bytes.len() + 1);
            prop_assert_eq!(crc64(crc64(0, &bytes[..cut]), &bytes[cut..]), crc64_bits(&bytes));
        }
    }
}
