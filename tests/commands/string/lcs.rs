//! LCS.

use super::{NOT_INTEGER, SYNTAX};
use crate::harness::{Gate, both};

#[test]
fn lcs_of_two_keys() {
    both(|t| {
        t.expect("MSET a ohmytext b mynewtext", "OK");
        t.expect("LCS a b", r#""mytext""#);
        t.expect("LCS a b LEN", "(integer) 6");
        t.expect("LCS a nokey", r#""""#);
        t.expect("LCS a nokey LEN", "(integer) 0");
        t.expect("LCS a a", r#""ohmytext""#);
        t.expect("MSET a 12345 b 934", "OK");
        t.expect("LCS a b", r#""34""#);
    });
}

#[test]
fn lcs_with_indexes() {
    both(|t| {
        t.expect("MSET a ohmytext b mynewtext", "OK");
        let head = if t.protocol() == 3 { "%2\r\n" } else { "*4\r\n" };
        let reply = |matches: &str| format!("{head}$7\r\nmatches\r\n{matches}$3\r\nlen\r\n:6\r\n");
        let text = "*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n";
        let my = "*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n";
        t.expect_raw("LCS a b IDX", &reply(&format!("*2\r\n*2\r\n{text}*2\r\n{my}")));
        t.expect_raw("LCS a b idx minmatchlen 4", &reply(&format!("*1\r\n*2\r\n{text}")));
        t.expect_raw("LCS a b IDX WITHMATCHLEN", &reply(&format!("*2\r\n*3\r\n{text}:4\r\n*3\r\n{my}:2\r\n")));
        t.expect_raw("LCS a b MINMATCHLEN 5 IDX", &reply("*0\r\n"));
        t.expect_raw("LCS a b MINMATCHLEN -5 IDX MINMATCHLEN 4", &reply(&format!("*1\r\n*2\r\n{text}")));
        t.expect("LCS a b MINMATCHLEN 100 WITHMATCHLEN", r#""mytext""#);
        t.expect_error("LCS a b MINMATCHLEN", SYNTAX);
        t.expect_error("LCS a b foo", SYNTAX);
        t.expect_error("LCS a b MINMATCHLEN x", NOT_INTEGER);
        t.expect_error("LCS a b IDX LEN", "ERR If you want both the length and indexes, please just use IDX.");
    });
}

#[test]
fn lcs_within_the_memory_allowed() {
    let mut t = Gate::new();
    t.config("proto-max-bulk-len", "1mb");
    t.run_args(&[b"SET", b"a", &[b'x'; 700]]);
    t.expect_error("LCS a a LEN", "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}
