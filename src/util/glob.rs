//! Glob patterns as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules understand them.
//!
//! Promises the same answer as Redis for every pair of byte strings, in at most `pattern * text` steps and without
//! recursion: only the last `*` seen is ever retried, since everything between two stars has a fixed length.
//! Imports nothing.

/// Tells whether the whole of `text` matches `pattern`, byte by byte.
///
/// `*` is any run of bytes, `?` one byte, `[a-z]` a class, `[^a-z]` its complement, `\x` the byte `x` itself. With
/// `nocase`, ASCII letters match in either case (but not a byte escaped inside a class: so does Redis).
///
/// Corner cases that clients can see: an empty text matches only the empty pattern, not `*`; a class that is never
/// closed ends with the pattern; a range may be written backwards; range ends compare as signed bytes.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    // Where to resume when the attempt fails: just behind the last star, one text byte later than before.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            while pattern.get(p) == Some(&b'*') {
                p += 1;
            }
            if p == pattern.len() {
                return true;
            }
            retry = Some((p, t));
            continue;
        }
        if let Some(length) = match_one(&pattern[p..], text[t], nocase) {
            p += length;
            t += 1;
            continue;
        }
        let Some((star, from)) = retry else {
            return false;
        };
        (p, t) = (star, from + 1);
        retry = Some((p, t));
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Matches one text byte against the element at the head of `pattern` (not a star) and returns how long that element
/// is; `None` if it does not match or the pattern has ended.
fn match_one(pattern: &[u8], byte: u8, nocase: bool) -> Option<usize> {
    let (literal, length) = match *pattern {
        [] => return None,
        [b'?', ..] => return Some(1),
        [b'[', ..] => return match_class(pattern, byte, nocase),
        [b'\\', escaped, ..] => (escaped, 2),
        [literal, ..] => (literal, 1),
    };
    same(literal, byte, nocase).then_some(length)
}

/// Matches `byte` against the class that opens `pattern`; returns the length of the class if it matches.
fn match_class(pattern: &[u8], byte: u8, nocase: bool) -> Option<usize> {
    let negated = pattern.get(1) == Some(&b'^');
    let mut at = if negated { 2 } else { 1 };
    let mut hit = false;
    loop {
        match pattern[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                hit |= escaped == byte;
                at += 2;
            }
            [first, b'-', last, ..] => {
                hit |= in_range(first, last, byte, nocase);
                at += 3;
            }
            [literal, ..] => {
                hit |= same(literal, byte, nocase);
                at += 1;
            }
        }
    }
    (hit != negated).then_some(at)
}

fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

/// The ends are put in order before the case is folded, so `[Z-a]` is empty when case is ignored.
fn in_range(first: u8, last: u8, byte: u8, nocase: bool) -> bool {
    let fold = |b: u8| (if nocase { b.to_ascii_lowercase() } else { b }).cast_signed();
    let (low, high) = if first.cast_signed() > last.cast_signed() { (last, first) } else { (first, last) };
    (fold(low)..=fold(high)).contains(&fold(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yes(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes(), false)
    }

    #[test]
    fn plain_stars_and_question_marks() {
        assert!(yes("", "") && yes("abc", "abc") && yes("a*", "a") && yes("*", "x") && yes("a**", "a"));
        assert!(yes("*b*d", "abcbd") && yes("h?llo", "hello") && yes("*a*a*a", "banana"));
        assert!(!yes("", "a") && !yes("abc", "ab") && !yes("ab", "abc") && !yes("h?llo", "hllo"));
        assert!(!yes("*", "") && !yes("**", "") && !yes("a*b", "a") && !yes("?", ""));
    }

    #[test]
    fn classes() {
        assert!(yes("h[ae]llo", "hallo") && !yes("h[ae]llo", "hillo"));
        assert!(yes("h[^e]llo", "hallo") && !yes("h[^e]llo", "hello"));
        assert!(yes("[a-c]", "b") && yes("[c-a]", "b") && !yes("[a-c]", "d"));
        assert!(yes("[a", "a") && yes("[a-", "-") && yes("[^", "x") && !yes("[", "x") && !yes("[]", "x"));
        assert!(!yes("[]]", "]") && !yes("[]a]", "a"), "a class ends at the first bracket");
        assert!(yes("[\\]]", "]") && yes("[a\\-z]", "-") && yes("[\\", "\\") && yes("[a-]", "]"));
    }

    #[test]
    fn escapes() {
        assert!(yes("\\*", "*") && !yes("\\*", "x") && yes("\\", "\\") && yes("a\\", "a\\") && yes("\\a", "a"));
    }

    #[test]
    fn case_is_folded_outside_escapes_in_classes() {
        let yes = |p: &str, t: &str| matches(p.as_bytes(), t.as_bytes(), true);
        assert!(yes("HeLLo*", "hEllO") && yes("[A-C]", "b") && yes("[abc]", "B") && yes("\\A", "a"));
        assert!(!yes("[\\A]", "a") && yes("[\\A]", "A") && !yes("[Z-a]", "z") && !yes("[Z-a]", "b"));
    }

    #[test]
    fn range_ends_are_signed_bytes() {
        assert!(matches(b"[a-\xff]", b"A", false) && !matches(b"[a-\xff]", b"\xf0", false));
        assert!(matches(b"[\x80-\xff]", b"\xf0", false));
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = b"a*".repeat(2000);
        let text = vec![b'a'; 4000];
        assert!(matches(&pattern, &text, false));
        let pattern = [&b"*a".repeat(200)[..], b"b"].concat();
        assert!(!matches(&pattern, &text, false));
    }

    /// The definition, tried in every way.
    fn model(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
        match (pattern, text) {
            (_, []) => pattern.iter().all(|&b| b == b'*'),
            ([b'*', rest @ ..], [_, tail @ ..]) => model(rest, text, nocase) || model(pattern, tail, nocase),
            ([], _) => false,
            (_, [byte, tail @ ..]) => {
                match_one(pattern, *byte, nocase).is_some_and(|n| model(&pattern[n..], tail, nocase))
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_exhaustive_search(pattern in "[ab*?\\[\\]^\\\\-]{0,9}", text in "[abAB\\]^*-]{1,9}", nocase: bool) {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(pattern, text, nocase), model(pattern, text, nocase));
        }

        #[test]
        fn never_panics(pattern: Vec<u8>, text: Vec<u8>, nocase: bool) {
            matches(&pattern, &text, nocase);
        }
    }
}
