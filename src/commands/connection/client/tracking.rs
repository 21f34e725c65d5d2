//! Client-side caching: what this client is to be told of the keys that it keeps copies of.

use std::sync::atomic::Ordering::Relaxed;

use super::super::super::prelude::*;
use crate::client::{Session, SessionFlags};
use crate::util::number::parse_i64;

/// What CLIENT TRACKING asks for.
struct Wanted<'a> {
    options: SessionFlags,
    /// Id of another client; 0: none.
    redirect: u64,
    prefixes: Vec<&'a [u8]>,
}

pub(super) fn client_tracking(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let status = args.take()?;
    let wanted = parse(cx, args)?;
    let is_on = status.eq_ignore_ascii_case(b"ON");
    if !is_on && !status.eq_ignore_ascii_case(b"OFF") {
        return Err(error::SYNTAX);
    }
    if is_on {
        check(cx, &wanted)?;
    }

    if is_on {
        turn_on(cx, &wanted);
    } else {
        turn_off(cx);
    }
    cx.reply.ok();
    DONE
}

fn parse<'a>(cx: &Cx<'_>, args: &mut Args<'a>) -> Result<Wanted<'a>, Error> {
    let mut wanted = Wanted { options: SessionFlags::empty(), redirect: 0, prefixes: Vec::new() };
    while args.more() {
        if args.eat_with_value("REDIRECT") {
            if wanted.redirect != 0 {
                return Err(error::TWO_REDIRECTS);
            }
            let id = parse_i64(args.take()?).ok_or(error::NOT_INTEGER)?;
            let client = u64::try_from(id).ok().and_then(|id| cx.server.clients.get(id));
            wanted.redirect = client.ok_or(error::NO_REDIRECT_CLIENT)?.id;
        } else if args.eat_with_value("PREFIX") {
            wanted.prefixes.push(args.take()?);
        } else if args.eat("BCAST") {
            wanted.options |= SessionFlags::TRACKING_BCAST;
        } else if args.eat("OPTIN") {
            wanted.options |= SessionFlags::TRACKING_OPTIN;
        } else if args.eat("OPTOUT") {
            wanted.options |= SessionFlags::TRACKING_OPTOUT;
        } else if args.eat("NOLOOP") {
            wanted.options |= SessionFlags::TRACKING_NOLOOP;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(wanted)
}

/// Whether the options fit each other, and what the client has asked for before.
fn check(cx: &Cx<'_>, wanted: &Wanted<'_>) -> Result<(), Error> {
    use SessionFlags as Flag;
    let (session, options) = (&cx.session, wanted.options);
    let broadcasts = options.contains(Flag::TRACKING_BCAST);
    if !broadcasts && !wanted.prefixes.is_empty() {
        return Err(error::PREFIX_WITHOUT_BCAST);
    }
    if session.is(Flag::TRACKING) && session.is(Flag::TRACKING_BCAST) != broadcasts {
        return Err(error::SWITCHED_BCAST);
    }
    if broadcasts && options.intersects(Flag::TRACKING_OPTIN | Flag::TRACKING_OPTOUT) {
        return Err(error::OPTIONS_WITH_BCAST);
    }
    if options.contains(Flag::TRACKING_OPTIN | Flag::TRACKING_OPTOUT) {
        return Err(error::OPTIN_WITH_OPTOUT);
    }
    if options.contains(Flag::TRACKING_OPTIN) && session.is(Flag::TRACKING_OPTOUT)
        || options.contains(Flag::TRACKING_OPTOUT) && session.is(Flag::TRACKING_OPTIN)
    {
        return Err(error::SWITCHED_OPTIONS);
    }
    check_prefixes(cx, &wanted.prefixes)
}

/// A key must be told of once: no prefix may begin with another one of the same client.
fn check_prefixes(cx: &Cx<'_>, prefixes: &[&[u8]]) -> Result<(), Error> {
    if prefixes.is_empty() {
        return Ok(());
    }
    let existing = cx.server.broadcasts.of(&cx.session.client);
    let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
    let refuse = |one: &[u8], kind: &str, other: &[u8]| {
        let parts: [&[u8]; 7] = [
            b"ERR Prefix '",
            one,
            b"' overlaps with ",
            kind.as_bytes(),
            b" prefix '",
            other,
            b"'. Prefixes for a single client must not overlap.",
        ];
        Err(Error::text(parts.concat()))
    };
    for (at, prefix) in prefixes.iter().enumerate() {
        if let Some(other) = existing.iter().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "an existing", other);
        }
        if let Some(other) = prefixes[at + 1..].iter().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "another provided", other);
        }
    }
    Ok(())
}

fn turn_on(cx: &mut Cx<'_>, wanted: &Wanted<'_>) {
    let client = &cx.session.client;
    client.facts.redirect.store(wanted.redirect, Relaxed);
    client.redirect_broken.store(false, Relaxed);
    cx.server.start_tracking(cx.session, wanted.options);
    if wanted.options.contains(SessionFlags::TRACKING_BCAST) {
        let all: &[&[u8]] = &[b""];
        let prefixes = if wanted.prefixes.is_empty() { all } else { &wanted.prefixes };
        prefixes.iter().for_each(|prefix| cx.server.join_broadcast(prefix, &cx.session.client));
    }
}

/// Ends the tracking of the client. What others have begun to tell it may still come.
pub(in super::super) fn turn_off(cx: &mut Cx<'_>) {
    cx.server.stop_tracking(&cx.session.client);
    cx.session.set(SessionFlags::TRACKING | SessionFlags::TRACKING_OPTIONS | SessionFlags::CACHING, false);
    cx.session.client.redirect_broken.store(false, Relaxed);
}

pub(super) fn client_caching(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !cx.session.is(SessionFlags::TRACKING) {
        return Err(error::CACHING_WITHOUT_TRACKING);
    }
    if args.eat("YES") {
        if !cx.session.is(SessionFlags::TRACKING_OPTIN) {
            return Err(error::CACHING_YES_WITHOUT_OPTIN);
        }
    } else if args.eat("NO") {
        if !cx.session.is(SessionFlags::TRACKING_OPTOUT) {
            return Err(error::CACHING_NO_WITHOUT_OPTOUT);
        }
    } else {
        return Err(error::SYNTAX);
    }

    cx.session.set(SessionFlags::CACHING, true);
    cx.reply.ok();
    DONE
}

pub(super) fn client_getredir(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    reply_redirect(cx);
    DONE
}

fn reply_redirect(cx: &mut Cx<'_>) {
    cx.reply.integer(cx.session.client.redirect().map_or(-1, |id| id as i64));
}

pub(super) fn client_trackinginfo(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let flags = words(cx.session);
    let prefixes = match cx.session.is(SessionFlags::TRACKING_BCAST) {
        true => cx.server.broadcasts.of(&cx.session.client),
        false => Vec::new(),
    };

    cx.reply.map(3);
    cx.reply.bulk("flags");
    cx.reply.set(flags.len());
    flags.iter().for_each(|word| cx.reply.bulk(word));
    cx.reply.bulk("redirect");
    reply_redirect(cx);
    cx.reply.bulk("prefixes");
    cx.reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| cx.reply.bulk(prefix));
    DONE
}

/// How a client tracks, in the words of CLIENT TRACKINGINFO.
fn words(session: &Session) -> Vec<&'static str> {
    use SessionFlags as Flag;
    let said = |option| session.is(option) && session.is(Flag::CACHING);
    let is_on = session.is(Flag::TRACKING);
    let words = [
        ("on", is_on),
        ("off", !is_on),
        ("bcast", session.is(Flag::TRACKING_BCAST)),
        ("optin", session.is(Flag::TRACKING_OPTIN)),
        ("caching-yes", said(Flag::TRACKING_OPTIN)),
        ("optout", session.is(Flag::TRACKING_OPTOUT)),
        ("caching-no", said(Flag::TRACKING_OPTOUT)),
        ("noloop", session.is(Flag::TRACKING_NOLOOP)),
        ("broken_redirect", session.client.redirect_broken.load(Relaxed)),
    ];
    words.iter().filter(|(_, stands)| *stands).map(|(word, _)| *word).collect()
}
