//! COMMAND GETKEYS and COMMAND GETKEYSANDFLAGS.

use super::super::super::keys::{FoundKey, find_keys};
use super::super::super::prelude::*;
use super::super::super::table;
use super::info::key_flags;
use super::words;
use crate::resp;

pub(super) fn command_getkeys(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let argv = args.argv().rest(2);
    let found = keys_of(argv)?;

    cx.reply.array(found.len());
    for key in found {
        cx.reply.bulk(argv.get(key.position as usize));
    }
    DONE
}

pub(super) fn command_getkeysandflags(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let argv = args.argv().rest(2);
    let found = keys_of(argv)?;

    cx.reply.array(found.len());
    for key in found {
        cx.reply.array(2);
        cx.reply.bulk(argv.get(key.position as usize));
        words(&mut cx.reply, &key_flags(key.flags));
    }
    DONE
}

/// The keys of the request `argv`, which is not run.
fn keys_of(argv: resp::Args<'_>) -> Result<Vec<FoundKey>, Error> {
    const NO_SUCH_COMMAND: Error = Error::new("ERR Invalid command specified");
    const NO_KEYS: Error = Error::new("ERR The command has no key arguments");
    const WRONG_COUNT: Error = Error::new("ERR Invalid number of arguments specified for command");
    const WRONG_ARGUMENTS: Error = Error::new("ERR Invalid arguments specified for command");

    let mut command = table().find(argv.get(0)).ok_or(NO_SUCH_COMMAND)?;
    if !command.subcommands.is_empty() && argv.len() > 1 {
        command = table().find_subcommand(command, argv.get(1)).ok_or(NO_SUCH_COMMAND)?;
    }
    if command.spec.keys.iter().all(|spec| spec.flags.contains(KeyFlags::NOT_KEY)) {
        return Err(NO_KEYS);
    }
    if !command.takes(argv.len()) {
        return Err(WRONG_COUNT);
    }
    let mut found = Vec::new();
    let fits = find_keys(command.spec, argv, &mut found).is_ok();
    if fits && !found.is_empty() {
        return Ok(found);
    }
    if command.spec.flags.contains(NO_MANDATORY_KEYS) { Ok(Vec::new()) } else { Err(WRONG_ARGUMENTS) }
}
