//! Connection commands.

use super::prelude::*;

/// The group.
pub const GROUP: Group = Group { name: "connection", category: Categories::CONNECTION, commands: COMMANDS };

const COMMANDS: &[Command] = &[Command {
    name: "PING",
    arity: -1,
    flags: FAST,
    run: Run::Plain(ping),
    doc: Doc { since: "1.0.0", summary: "Answers PONG, or the given message.", complexity: "O(1)", ..Doc::BASE },
    ..Command::BASE
}];

fn ping(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if args.count() > 2 {
        return Err(Error::arity(cx.command.spec.name));
    }
    match args.peek() {
        Some(message) => cx.reply.bulk(message),
        None => cx.reply.simple(b"PONG"),
    }
    DONE
}
