//! AUTH and HELLO: passwords and the protocol's version.

use super::super::prelude::*;
use super::client::check_name;
use crate::client::SessionFlags;
use crate::resp::{Args as Argv, Protocol};
use crate::state::Server;
use crate::util::number::parse_i64;
use crate::util::version::REDIS_VERSION;

/// The only user there is.
const DEFAULT_USER: &[u8] = b"default";

pub(super) fn auth(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 3 {
        return Err(error::SYNTAX);
    }
    let first = args.take()?;
    let is_allowed = if args.more() {
        is_login(cx.server, first, args.take()?)
    } else {
        let Some(password) = cx.server.config.requirepass() else { return Err(error::NO_PASSWORD_SET) };
        is_equal(first, &password)
    };
    if !is_allowed {
        return Err(error::WRONGPASS);
    }

    log_in(cx);
    cx.reply.ok();
    DONE
}

/// HELLO. All options are judged before the first takes effect, so a refused HELLO changes nothing.
pub(super) fn hello(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let proto = if args.more() { version(args.take()?)? } else { cx.session.proto };
    let (mut logs_in, mut name) = (false, None);
    while let Some(option) = args.peek() {
        if args.remaining() >= 3 && args.eat("AUTH") {
            if !is_login(cx.server, args.take()?, args.take()?) {
                return Err(error::WRONGPASS);
            }
            logs_in = true;
        } else if args.eat_with_value("SETNAME") {
            name = Some(check_name(args.take()?)?);
        } else {
            return Err(Error::text([b"ERR Syntax error in HELLO option '", option, b"'"].concat()));
        }
    }
    if !logs_in && cx.server.auth_required(cx.session) {
        return Err(error::HELLO_WITHOUT_AUTH);
    }

    if logs_in {
        log_in(cx);
    }
    if let Some(name) = name {
        cx.session.client.with_names(|names| names.name = name.into());
    }
    // Messages may have come, also for other clients that have named this one.
    if !cx.session.is(SessionFlags::NESTED) {
        cx.session.client.switch_proto(proto, cx.reply.output());
    }
    cx.session.set_proto(proto);
    cx.reply.set_protocol(if proto == 3 { Protocol::Resp3 } else { Protocol::Resp2 });
    reply_hello(cx);
    DONE
}

fn reply_hello(cx: &mut Cx<'_>) {
    let reply = &mut cx.reply;
    reply.map(7);
    for (key, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
        reply.bulk(key);
        reply.bulk(value);
    }
    reply.bulk("proto");
    reply.integer(cx.session.proto.into());
    reply.bulk("id");
    reply.integer(cx.session.client.id as i64);
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
        reply.bulk(key);
        reply.bulk(value);
    }
    reply.bulk("modules");
    reply.array(0);
}

fn version(text: &[u8]) -> Result<u8, Error> {
    match parse_i64(text) {
        Some(2) => Ok(2),
        Some(3) => Ok(3),
        Some(_) => Err(error::NOPROTO),
        None => Err(error::PROTO_NOT_INTEGER),
    }
}

fn log_in(cx: &mut Cx<'_>) {
    cx.session.set(SessionFlags::NEEDS_AUTH, false);
    cx.session.client.with_names(|names| names.user = Box::default());
}

/// Whether a user may log in with this password; without `requirepass` any will do.
fn is_login(server: &Server, user: &[u8], password: &[u8]) -> bool {
    let wanted = server.config.requirepass();
    let fits = wanted.is_none_or(|wanted| is_equal(password, &wanted));
    is_user(user) && fits
}

/// Whether there is such a user.
pub(super) fn is_user(name: &[u8]) -> bool {
    name == DEFAULT_USER
}

/// Compares in a time that depends on the length of `given` alone, so that nobody guesses a password byte by byte.
fn is_equal(given: &[u8], password: &[u8]) -> bool {
    let pairs = given.iter().enumerate().map(|(at, byte)| byte ^ password.get(at).copied().unwrap_or(!byte));
    let differences = pairs.fold(0, std::ops::BitOr::bitor);
    std::hint::black_box(differences) == 0 && given.len() == password.len()
}

/// All of AUTH's arguments are secret.
pub(super) fn auth_secret(_: Argv<'_>, _: usize) -> bool {
    true
}

/// User and password behind the word AUTH are.
pub(super) fn hello_secret(argv: Argv<'_>, position: usize) -> bool {
    let mut at = 2;
    while at < argv.len() {
        let left = argv.len() - at - 1;
        if left >= 2 && argv.get(at).eq_ignore_ascii_case(b"AUTH") {
            if (at + 1..=at + 2).contains(&position) {
                return true;
            }
            at += 3;
        } else if left >= 1 && argv.get(at).eq_ignore_ascii_case(b"SETNAME") {
            at += 2;
        } else {
            at += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::OwnedArgs;

    #[test]
    fn passwords_are_equal_or_not() {
        for (given, password, equal) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a", "", false),
            ("", "a", false),
            ("ab", "a", false),
            ("a", "ab", false),
            ("abc", "abd", false),
            ("abc", "abc", true),
        ] {
            assert_eq!(is_equal(given.as_bytes(), password.as_bytes()), equal, "{given} {password}");
        }
    }

    #[test]
    fn hello_hides_user_and_password() {
        let secrets = |line: &str| {
            let argv: OwnedArgs = line.split(' ').collect();
            (0..argv.view().len()).filter(|&at| hello_secret(argv.view(), at)).collect::<Vec<_>>()
        };
        assert!(secrets("hello").is_empty());
        assert_eq!(secrets("hello 3 auth u p setname n"), [3, 4]);
        assert_eq!(secrets("hello 3 SETNAME auth AUTH u p"), [5, 6]);
        assert_eq!(secrets("hello 3 what auth u p"), [4, 5]);
        assert!(secrets("hello 3 auth u").is_empty());
    }
}
