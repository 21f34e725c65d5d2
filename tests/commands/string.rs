//! String commands.

use crate::harness::both;

#[test]
fn get_returns_what_set_stored() {
    both(|t| {
        t.expect("SET k \"a\\r\\n\\x00b\"", "OK");
        t.expect("GET k", r#""a\r\n\x00b""#);
        t.expect("SET k 12", "OK");
        t.expect("GET k", r#""12""#);
        t.expect("SET k \"\"", "OK");
        t.expect("GET k", r#""""#);
    });
}

#[test]
fn a_key_that_is_not_there_is_null() {
    both(|t| t.expect("GET nosuch", "(nil)"));
}

#[test]
fn large_values_are_returned_whole() {
    both(|t| {
        let value = vec![b'x'; 1 << 20];
        t.run_args(&[b"SET", b"k", &value]);
        let reply = t.raw("GET k");
        assert_eq!(reply.len(), "$1048576\r\n\r\n".len() + value.len());
        assert!(reply.starts_with(b"$1048576\r\nxxx"));
    });
}
