//! A line of words with quotes: inline requests, lines of redis.conf.

/// Splits `line` into words at spaces, tabs and line ends.
///
/// A word, or the end of one, may be quoted: `"..."` knows `\n \r \t \b \a \xHH` and takes any other escaped byte as
/// itself; `'...'` knows only `\'`. A closing quote must be followed by a space or the end. `None` when it is not, or when a
/// quote is not closed. Same words as Redis's `sdssplitargs`, but that a NUL is a byte like any other.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest
            && is_space(*first)
        {
            rest = tail;
        }
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        rest = take_word(rest, &mut word)?;
        words.push(word);
    }
}

/// Takes one word off a line that begins with it; answers what follows.
fn take_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] | [b' ' | b'\t' | b'\n' | b'\r', ..] => return Some(rest),
            [quote @ (b'"' | b'\''), tail @ ..] => {
                let tail = take_quoted(tail, *quote, word)?;
                return tail.first().is_none_or(|&b| is_space(b)).then_some(tail);
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                rest = tail;
            }
        }
    }
}

/// Takes what stands before the closing quote; answers what follows that.
fn take_quoted<'a>(mut rest: &'a [u8], quote: u8, word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, tail) = match rest {
            [] => return None,
            [b, tail @ ..] if *b == quote => return Some(tail),
            [b'\\', b'\'', tail @ ..] if quote == b'\'' => (b'\'', tail),
            [b'\\', b'x', high, low, tail @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), tail)
            }
            [b'\\', escaped, tail @ ..] if quote == b'"' => (unescape(*escaped), tail),
            [b, tail @ ..] => (*b, tail),
        };
        word.push(byte);
        rest = tail;
    }
}

fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// C's `isspace`: wider than what ends a word without quotes.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Writes `arg` between double quotes so that [`split_args`] gives it back; the text is printable ASCII.
pub fn quote(arg: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(arg.len() + 2);
    out.push(b'"');
    for &byte in arg {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x08 => out.extend(b"\\b"),
            0x07 => out.extend(b"\\a"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn splits(line: &[u8], words: &[&[u8]]) {
        assert_eq!(split_args(line).expect("balanced"), words, "{}", line.escape_ascii());
    }

    #[test]
    fn words_are_split_at_spaces() {
        splits(b"", &[]);
        splits(b" \t\r\n", &[]);
        splits(b"  SET\tkey  value\r", &[b"SET", b"key", b"value"]);
        splits(b"\x0bPING\x0c", &[b"PING\x0c"]); // leading white space is wider than the end of a word
        splits(b"a\0b", &[b"a\0b"]);
    }

    #[test]
    fn quotes_keep_spaces_and_escapes() {
        splits(br#"e "a\x41\n\"b" "\xzz\q\a\t\b\r\xF""#, &[b"e", b"aA\n\"b", b"xzzq\x07\t\x08\rxF"]);
        splits(br#"'a\'b\x41 "' "'" """#, &[br#"a'b\x41 ""#, b"'", b""]);
        splits(b"a\"b c\" d'e'", &[b"ab c", b"de"]);
        splits(b"\"a\"\x0b'b'", &[b"a", b"b"]);
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in ["\"a", "'a", "\"a\"b", "'a'b", "\"a\\\"", "'a\\'", "a\"b\"c", "\"\\", "\"a\"\"b\""] {
            assert_eq!(split_args(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn quoting_round_trips(args in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let line = args.iter().map(|arg| quote(arg)).collect::<Vec<_>>().join(&b' ');
            prop_assert!(line.iter().all(|b| b.is_ascii_graphic() || *b == b' '));
            prop_assert_eq!(split_args(&line), Some(args));
        }
    }
}
