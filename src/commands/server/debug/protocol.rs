//! DEBUG PROTOCOL: one value of each type of the protocol.

use super::super::super::prelude::*;
use crate::resp::{Protocol, Reply};

const UNKNOWN: Error = Error::new(
    "ERR Wrong protocol type name. Please use one of the following: \
     string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
);
const NEEDS_RESP3: Error = Error::new("ERR RESP2 is not supported by this command");

#[allow(clippy::approx_constant, reason = "tests of clients expect just these digits")]
const DOUBLE: f64 = 3.141;

type Sample = fn(&mut Reply<'_>);

/// The values are those that tests of clients expect.
const SAMPLES: &[(&str, Sample)] = &[
    ("string", |reply| reply.bulk("Hello World")),
    ("integer", |reply| reply.integer(12345)),
    ("double", |reply| reply.double(DOUBLE)),
    ("bignum", |reply| reply.big_number(b"1234567999999999999999999999999999999")),
    ("null", |reply| reply.null()),
    ("array", |reply| {
        reply.array(3);
        (0..3).for_each(|n| reply.integer(n));
    }),
    ("set", |reply| {
        reply.set(3);
        (0..3).for_each(|n| reply.integer(n));
    }),
    ("map", |reply| {
        reply.map(3);
        for n in 0..3 {
            reply.integer(n);
            reply.bool(n == 1);
        }
    }),
    ("attrib", attributes),
    ("push", |reply| {
        reply.push(2);
        reply.bulk("server-cpu-usage");
        reply.integer(42);
    }),
    ("verbatim", |reply| reply.verbatim(b"txt", b"This is a verbatim\nstring")),
    ("true", |reply| reply.bool(true)),
    ("false", |reply| reply.bool(false)),
];

fn attributes(reply: &mut Reply<'_>) {
    if reply.protocol() == Protocol::Resp3 {
        reply.attribute(1);
        reply.bulk("key-popularity");
        reply.array(2);
        reply.bulk("key:123");
        reply.integer(90);
    }
    reply.bulk("Some real reply following the attribute");
}

/// DEBUG PROTOCOL type
pub(super) fn protocol(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let wanted = args.take()?;
    let Some((name, write)) = SAMPLES.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(wanted)) else {
        return Err(UNKNOWN);
    };
    if *name == "push" && cx.reply.protocol() == Protocol::Resp2 {
        return Err(NEEDS_RESP3);
    }

    write(&mut cx.reply);
    if *name == "push" {
        cx.reply.bulk("Some real reply following the push reply");
    }
    DONE
}
