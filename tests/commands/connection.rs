//! Connection commands.

use crate::harness::both;

#[test]
fn ping_answers_pong_or_the_message() {
    both(|t| {
        t.expect_raw("PING", "+PONG\r\n");
        t.expect_raw("ping", "+PONG\r\n");
        t.expect("PING \"a b\"", r#""a b""#);
        t.expect_error("PING a b", "ERR wrong number of arguments for 'ping' command");
    });
}

#[test]
fn unknown_commands_are_named_in_the_error() {
    both(|t| {
        t.expect_error("NOSUCH a b", "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ");
    });
}

#[test]
fn clients_speak_their_own_protocol() {
    let mut t = crate::harness::Gate::new();
    let other = t.client();
    t.on(other).resp3();
    t.on(other).expect_raw("GET none", "_\r\n");
    t.expect_raw("GET none", "$-1\r\n");
}
