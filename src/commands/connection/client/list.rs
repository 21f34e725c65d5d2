//! CLIENT LIST and CLIENT INFO: a client in one line.
//!
//! The line begins as that of Redis 7.0, field by field; what later versions added follows in their order. A field for
//! something that this server does not have says so by its neutral value (`qbuf-free=0`: no buffer is kept between
//! requests).

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::super::super::prelude::*;
use super::filter::{Filter, Purpose};
use crate::client::{Client, Endpoint, Session, SessionFlags};
use crate::commands::table;
use crate::resp::Args as Argv;

/// Bytes of waiting replies that Redis keeps in a client's own buffer; what is more goes to its list.
const REPLY_BUFFER: usize = 16 * 1024;

/// Letters of the capabilities that CLIENT CAPA announces.
pub(super) const CAPABILITIES: &[u8] = b"r";

pub(super) fn client_list(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let filter = Filter::parse(Purpose::List, args, &cx.server.config)?;

    let clients: Vec<Arc<Client>> = match filter.only_ids() {
        // In the order asked for, as often as asked for.
        Some(ids) => ids.iter().filter_map(|&id| cx.server.clients.get(u64::try_from(id).ok()?)).collect(),
        None => cx.server.clients.all(),
    };
    let me = cx.session.client.id;
    let now_ms = cx.now_ms();
    let mut text = Vec::new();
    for client in &clients {
        let is_me = client.id == me;
        if filter.matches(client, now_ms) && !(is_me && filter.skips_me == Some(true)) {
            write_line(&mut text, client, now_ms, is_me.then(|| args.argv()));
        }
    }
    cx.reply.verbatim(b"txt", &text);
    DONE
}

pub(super) fn client_info(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut text = Vec::new();
    write_line(&mut text, &cx.session.client, cx.now_ms(), Some(args.argv()));
    cx.reply.verbatim(b"txt", &text);
    DONE
}

/// What a client is connected for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Primary,
    Replica,
    PubSub,
}

impl Kind {
    pub(super) fn from_word(word: &[u8]) -> Option<Kind> {
        match word.to_ascii_lowercase().as_slice() {
            b"normal" => Some(Kind::Normal),
            b"master" | b"primary" => Some(Kind::Primary),
            b"slave" | b"replica" => Some(Kind::Replica),
            b"pubsub" => Some(Kind::PubSub),
            _ => None,
        }
    }

    /// A client in MONITOR mode counts as normal, as in Redis.
    pub(super) fn of(client: &Client) -> Kind {
        if client.is_subscribed() { Kind::PubSub } else { Kind::Normal }
    }
}

/// The letters of a client's states.
pub(super) fn flags(client: &Client) -> Vec<u8> {
    let session = client.flags();
    let states = [
        (b'O', session.contains(SessionFlags::MONITOR)),
        (b'P', client.is_subscribed()),
        (b'x', session.contains(SessionFlags::MULTI)),
        (b'b', client.is_waiting()),
        (b't', session.contains(SessionFlags::TRACKING)),
        (b'R', client.redirect_broken.load(Relaxed)),
        (b'B', session.contains(SessionFlags::TRACKING_BCAST)),
        (b'c', session.contains(SessionFlags::CLOSE_AFTER_REPLY)),
        (b'U', matches!(client.endpoint, Endpoint::Unix(_))),
        (b'e', session.contains(SessionFlags::NO_EVICT)),
        (b'T', session.contains(SessionFlags::NO_TOUCH)),
    ];
    let letters: Vec<u8> = states.iter().filter(|(_, stands)| *stands).map(|(letter, _)| *letter).collect();
    if letters.is_empty() { vec![b'N'] } else { letters }
}

/// The letters of what a client can handle.
pub(super) fn capabilities(client: &Client) -> &'static [u8] {
    if client.flags().contains(SessionFlags::CAPA_REDIRECT) { b"r" } else { b"" }
}

/// Appends a client's line. `request`: of the client that asks, what it is just having run.
fn write_line(out: &mut Vec<u8>, client: &Client, now_ms: u64, request: Option<Argv<'_>>) {
    let facts = &client.facts;
    let names = client.with_names(|names| names.clone());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let seconds_since = |at_ms: u64| now_ms.saturating_sub(at_ms) / 1000;
    let qbuf = request.map_or_else(|| facts.query_buffer.load(Relaxed), Argv::wire_bytes);
    let argv_mem: usize = request.map_or(0, |argv| argv.iter().map(<[u8]>::len).sum());
    let (pending, mail) = (facts.output_pending.load(Relaxed), client.mail_bytes());
    let obl = pending.min(REPLY_BUFFER);
    let omem = pending - obl + mail;
    let texts = names.name.len() + names.lib_name.len() + names.lib_ver.len() + names.user.len();
    let total = size_of::<Client>() + size_of::<Session>() + texts + qbuf + pending + mail;
    let command = match facts.last_command.load(Relaxed) {
        0 => "NULL",
        id => &table().get(id - 1).name,
    };
    let written = writeln!(
        out,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} ssub={} multi={} qbuf={qbuf} \
         qbuf-free=0 argv-mem={argv_mem} multi-mem=0 rbs={obl} rbp={obl} obl={obl} oll={} omem={omem} tot-mem={total} \
         events={} cmd={command} user={} redir={} resp={} lib-name={} lib-ver={} io-thread={} watch={} capa={} \
         tot-net-in={} tot-net-out={} tot-cmds={}",
        client.id,
        client.endpoint.peer(),
        client.endpoint.local(),
        client.fd,
        text(&names.name),
        seconds_since(client.created_at_ms),
        seconds_since(facts.active_at_ms.load(Relaxed)),
        text(&flags(client)),
        facts.db.load(Relaxed),
        facts.sub.load(Relaxed),
        facts.psub.load(Relaxed),
        facts.ssub.load(Relaxed),
        facts.multi.load(Relaxed),
        u8::from(omem > 0),
        if pending > 0 { "rw" } else { "r" },
        text(names.user()),
        client.redirect().map_or(-1, |id| id as i64),
        facts.proto.load(Relaxed),
        text(&names.lib_name),
        text(&names.lib_ver),
        client.worker,
        facts.watch.load(Relaxed),
        text(capabilities(client)),
        facts.net_in.load(Relaxed),
        facts.net_out.load(Relaxed),
        facts.commands.load(Relaxed),
    );
    written.expect("writing to a vector succeeds");
}
