//! Bytes as readable text, quoted the way Redis shows them in MONITOR lines and error messages.

/// Appends `text` in double quotes, with `\n`-like escapes and `\xNN` for what is not printable ASCII.
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x20..=0x7e => out.push(byte),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(&[b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_like_monitor() {
        let mut out = Vec::new();
        super::write_quoted(&mut out, b"a \"b\"\\\n\r\t\x07\x08\x00\xff");
        assert_eq!(out, br#""a \"b\"\\\n\r\t\a\b\x00\xff""#);
    }
}
