//! Bytes that are odd requests, or none: both servers must answer the same and close at the same place.

use crate::pair::Pair;

/// What is sent before the client says that it sends no more. No NUL in an inline request: to Redis it ends the line, to us
/// it is a byte like any other.
const INPUTS: &[&[u8]] = &[
    b"",
    b"\r\n",
    b"\n\n\nPING\n",
    b"PING",
    b"  PING  \r\n",
    b"PING\r\nPING \"a b\"\r\nping 'c'\r\n",
    b"PING \"\\x41\\n\\\"\"\r\n",
    b"PING \"a\r\n",
    b"PING 'a\r\nPING\r\n",
    b"PING \"a\"b\r\n",
    b"*0\r\nPING\r\n",
    b"*-1\r\nPING\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"*1\n$4\nPING\r\n",
    b"*1\r\n$4\r\nPING",
    b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n$abc\r\n",
    b"*1\r\n$4x\r\nPING\r\n",
    b"*1\r\n$+4\r\nPING\r\n",
    b"*1\r\n$04\r\nPING\r\n",
    b"*1\r\n$ 4\r\nPING\r\n",
    b"*1\r\n$1048577\r\n",
    b"*1\r\n$99999999999999999999\r\n",
    b"*1\r\nPING\r\n",
    b"*1\r\n\r\n",
    b"*1\r\n:4\r\n",
    b"*abc\r\n",
    b"*1x\r\n",
    b"*+1\r\n$4\r\nPING\r\n",
    b"*01\r\n$4\r\nPING\r\n",
    b"*\r\n",
    b"*2147483648\r\n",
    b"*99999999999999999999\r\n",
    b"PING\r\n*1\r\n!4\r\nPING\r\nPING\r\n",
    b"$4\r\nPING\r\n",
    b"+PING\r\n",
    b"\x01\x02\r\n",
    b"GET\r\nGET a b\r\n",
    b"NOSUCH\r\nNOSUCH a\r\n",
    b"*1\r\n$0\r\n\r\nPING\r\n",
    b"*3\r\n$6\r\nNO\r\nSU\r\n$1\r\n\n\r\n$2\r\n\r\n\r\nPING\r\n",
    b"*2\r\n$4\r\nPING\r\n$6\r\n\r\n\r\n\r\n\r\n",
];

#[test]
fn odd_requests_are_answered_alike() {
    let Some(pair) = Pair::start(2) else { return };
    let long = [[b'x'; 66_000].to_vec(), [b"PING ", &[b'x'; 65_000][..]].concat(), [b'*'; 70_000].to_vec()];
    let name = [b"NOSUCH", &[b'x'; 300][..], b" ", &[b'y'; 300], b" z\r\n"].concat();
    let inputs = INPUTS.iter().copied().chain(long.iter().map(Vec::as_slice)).chain([&name[..]]);
    let mut found = Vec::new();
    for input in inputs {
        let [ours, theirs] = pair.connect().map(|mut wire| {
            wire.send(input);
            wire.end();
            wire.until_closed().escape_ascii().to_string()
        });
        if ours != theirs {
            let shown = input[..input.len().min(100)].escape_ascii();
            found.push(format!("{shown}\n  Nyala: {ours}\n  Redis: {theirs}"));
        }
    }
    assert!(found.is_empty(), "different answers to\n{}", found.join("\n"));
}
