//! Connection commands but CLIENT. Texts are those of redis-server 7.0.15.

use nyala::client::SessionFlags;

use crate::harness::{Gate, both};
use crate::render::render;

#[test]
fn ping_answers_pong_or_the_message() {
    both(|t| {
        t.expect_raw("PING", "+PONG\r\n");
        t.expect_raw("ping", "+PONG\r\n");
        t.expect_raw("PING \"\"", "$0\r\n\r\n");
        t.expect("PING \"a b\"", r#""a b""#);
        t.expect_error("PING a b", "ERR wrong number of arguments for 'ping' command");
    });
}

#[test]
fn ping_of_a_subscribed_client_looks_like_a_message_in_resp2() {
    both(|t| {
        t.session().set(SessionFlags::SUBSCRIBED, true);
        t.expect_in("PING", "1) \"pong\"\n2) \"\"", "PONG");
        t.expect_in("PING hi", "1) \"pong\"\n2) \"hi\"", "\"hi\"");
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
    let mut t = Gate::new();
    let other = t.client();
    t.on(other).resp3();
    t.on(other).expect_raw("GET none", "_\r\n");
    t.expect_raw("GET none", "$-1\r\n");
}

#[test]
fn echo_sends_its_argument_back() {
    both(|t| {
        t.expect(r#"ECHO "a\x00b""#, r#""a\x00b""#);
        t.expect_error("ECHO", "ERR wrong number of arguments for 'echo' command");
        t.expect_error("ECHO a b", "ERR wrong number of arguments for 'echo' command");
    });
}

#[test]
fn select_takes_a_database() {
    both(|t| {
        t.expect("SET k zero", "OK");
        t.expect("SELECT 15", "OK");
        t.expect("GET k", "(nil)");
        t.expect("SELECT 0", "OK");
        t.expect("GET k", "\"zero\"");
        t.expect_error("SELECT 16", "ERR DB index is out of range");
        t.expect_error("SELECT -1", "ERR DB index is out of range");
        t.expect_error("SELECT x", "ERR value is not an integer or out of range");
        t.expect_error(
            "SELECT 99999999999",
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        );
        assert_eq!(t.session().db, 0);
    });
}

#[test]
fn quit_answers_and_closes() {
    both(|t| {
        t.expect_raw("QUIT now", "+OK\r\n");
        assert!(t.is_closed());
    });
}

const HELLO_RESP2: &str = "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n8.4.0\r\n$5\r\nproto\r\n:2\r\n\
    $2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";

#[test]
fn hello_switches_the_protocol() {
    let mut t = Gate::new();
    t.expect_raw("HELLO", HELLO_RESP2);
    let resp3 = HELLO_RESP2.replace("*14", "%7").replace(":2", ":3");
    t.expect_raw("HELLO 3", &resp3);
    t.expect_raw("HELLO", &resp3);
    t.expect_raw("GET none", "_\r\n");
    t.expect_raw("HELLO 2", HELLO_RESP2);
    t.expect_raw("GET none", "$-1\r\n");
}

#[test]
fn hello_refuses_what_it_does_not_know() {
    both(|t| {
        let before = t.protocol();
        for (request, text) in [
            ("HELLO x", "ERR Protocol version is not an integer or out of range"),
            ("HELLO 03", "ERR Protocol version is not an integer or out of range"),
            ("HELLO SETNAME x", "ERR Protocol version is not an integer or out of range"),
            ("HELLO 1", "NOPROTO unsupported protocol version"),
            ("HELLO 4", "NOPROTO unsupported protocol version"),
            ("HELLO -1 foo", "NOPROTO unsupported protocol version"),
            ("HELLO 3 foo", "ERR Syntax error in HELLO option 'foo'"),
            ("HELLO 3 auth", "ERR Syntax error in HELLO option 'auth'"),
            ("HELLO 3 AUTH a", "ERR Syntax error in HELLO option 'AUTH'"),
            ("HELLO 3 SETNAME", "ERR Syntax error in HELLO option 'SETNAME'"),
            ("HELLO 3 SETNAME \"a b\"", "ERR Client names cannot contain spaces, newlines or special characters."),
            ("HELLO 3 AUTH a b", "WRONGPASS invalid username-password pair or user is disabled."),
        ] {
            t.expect_error(request, text);
        }
        assert_eq!(t.protocol(), before);
    });
}

#[test]
fn a_refused_hello_changes_nothing() {
    let mut t = Gate::new();
    t.expect_error("HELLO 3 SETNAME me AUTH bad x", "WRONGPASS invalid username-password pair or user is disabled.");
    t.expect("CLIENT GETNAME", "(nil)");
    assert_eq!(t.protocol(), 2);
    t.run("HELLO 3 AUTH default x SETNAME me");
    t.expect("CLIENT GETNAME", "\"me\"");
    t.run("HELLO 2 SETNAME ''");
    t.expect("CLIENT GETNAME", "(nil)");
}

#[test]
fn without_a_password_auth_lets_the_default_user_in() {
    both(|t| {
        let no_password = "ERR AUTH <password> called without any password configured for the default user. Are you \
                           sure your configuration is correct?";
        t.expect_error("AUTH x", no_password);
        t.expect_error("AUTH default", no_password);
        t.expect("AUTH default anything", "OK");
        t.expect_error("AUTH nobody x", "WRONGPASS invalid username-password pair or user is disabled.");
        t.expect_error("AUTH Default x", "WRONGPASS invalid username-password pair or user is disabled.");
        t.expect_error("AUTH", "ERR wrong number of arguments for 'auth' command");
        t.expect_error("AUTH a b c", "ERR syntax error");
    });
}

/// A client that came while a password was set.
fn locked_out(t: &mut Gate) {
    t.config("requirepass", "sesame");
    t.session().set(SessionFlags::NEEDS_AUTH, true);
}

#[test]
fn a_password_keeps_strangers_out() {
    both(|t| {
        locked_out(t);
        let noauth = "NOAUTH Authentication required.";
        let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
        t.expect_error("GET k", noauth);
        t.expect_error("PING", noauth);
        t.expect_error("CLIENT ID", noauth);
        t.expect_error("NOSUCH", "ERR unknown command 'NOSUCH', with args beginning with: ");
        t.expect_error("GET", "ERR wrong number of arguments for 'get' command");
        let hello = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> \
                     <pass> option can be used to authenticate the client and select the RESP protocol version at the \
                     same time";
        t.expect_error("HELLO", hello);
        t.expect_error("HELLO 3 SETNAME x", hello);
        t.expect_error("HELLO 4", "NOPROTO unsupported protocol version");
        for attempt in ["AUTH x", "AUTH sesam", "AUTH sesames", "AUTH default x", "AUTH foo sesame", "AUTH \"\""] {
            t.expect_error(attempt, wrong);
        }
        t.expect_error("PING", noauth);
        t.expect("AUTH sesame", "OK");
        t.expect("PING", "PONG");
        t.expect("AUTH default sesame", "OK");
        t.expect_error("AUTH x", wrong);
        t.expect("PING", "PONG");
    });
}

#[test]
fn hello_can_authenticate() {
    let mut t = Gate::new();
    locked_out(&mut t);
    t.expect_error("HELLO 3 AUTH default x", "WRONGPASS invalid username-password pair or user is disabled.");
    let hello = render(&t.run("HELLO 3 AUTH default sesame SETNAME bob"));
    assert!(hello.starts_with("1# \"server\" => \"redis\"\n"), "{hello}");
    t.expect("CLIENT GETNAME", "\"bob\"");
}

#[test]
fn a_new_password_counts_for_new_clients_only() {
    let mut t = Gate::new();
    t.config("requirepass", "sesame");
    t.expect("PING", "PONG");
    let other = t.client();
    t.on(other).session().set(SessionFlags::NEEDS_AUTH, true);
    t.on(other).expect_error("PING", "NOAUTH Authentication required.");
    t.config("requirepass", "");
    t.on(other).expect("PING", "PONG");
    t.config("requirepass", "other");
    t.on(other).expect_error("PING", "NOAUTH Authentication required.");
    t.on(other).expect("AUTH other", "OK");
    t.expect("PING", "PONG");
}

#[test]
fn reset_makes_the_connection_new() {
    both(|t| {
        for request in ["SELECT 3", "CLIENT SETNAME me", "CLIENT SETINFO LIB-NAME lib", "CLIENT NO-TOUCH ON", "MONITOR"]
        {
            t.expect(request, "OK");
        }
        t.expect_raw("RESET", "+RESET\r\n");
        assert_eq!((t.protocol(), t.session().db, t.session().flags), (2, 0, SessionFlags::empty()));
        t.expect_raw("GET none", "$-1\r\n");
        t.expect("CLIENT GETNAME", "(nil)");
        assert!(t.text("CLIENT INFO").contains(" lib-name=lib "));
        t.expect_error("RESET now", "ERR wrong number of arguments for 'reset' command");
    });
}

#[test]
fn reset_logs_out() {
    let mut t = Gate::new();
    locked_out(&mut t);
    t.expect("RESET", "RESET");
    t.expect_error("PING", "NOAUTH Authentication required.");
    t.expect("AUTH sesame", "OK");
    t.expect("RESET", "RESET");
    t.expect_error("PING", "NOAUTH Authentication required.");
    t.config("requirepass", "");
    t.expect("RESET", "RESET");
    t.expect("PING", "PONG");
}
