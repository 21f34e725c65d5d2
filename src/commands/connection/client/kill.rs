//! CLIENT KILL.

use super::super::super::prelude::*;
use super::filter::{Filter, Purpose};
use crate::client::{Client, signal};

pub(super) fn client_kill(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() == 3 {
        return kill_address(cx, args.take()?);
    }
    let filter = Filter::parse(Purpose::Kill, args, &cx.server.config)?;
    let skips_me = filter.skips_me.unwrap_or(true);
    let now_ms = cx.now_ms();

    let (mut killed, mut me_too) = (0, false);
    for client in cx.server.clients.all() {
        let is_me = client.id == cx.session.client.id;
        if is_me && skips_me || !filter.matches(&client, now_ms) {
            continue;
        }
        killed += 1;
        if is_me {
            me_too = true;
        } else {
            kill(cx, &client);
        }
    }
    cx.reply.integer(killed);
    Ok(if me_too { Flow::Close } else { Flow::Done })
}

/// The old form, which names one client and may name the caller.
fn kill_address(cx: &mut Cx<'_>, address: &[u8]) -> Outcome {
    let clients = cx.server.clients.all();
    let found = clients.iter().find(|client| client.endpoint.peer().as_bytes() == address);
    let client = found.ok_or(error::NO_SUCH_CLIENT)?;

    let is_me = client.id == cx.session.client.id;
    if !is_me {
        kill(cx, client);
    }
    cx.reply.ok();
    Ok(if is_me { Flow::Close } else { Flow::Done })
}

/// Ends another connection. It is off the list at once, whenever its task gets to see the signal.
fn kill(cx: &Cx<'_>, client: &Client) {
    client.raise(signal::KILL);
    cx.server.clients.disconnect(client.id);
    cx.server.pubsub.leave(client);
}
