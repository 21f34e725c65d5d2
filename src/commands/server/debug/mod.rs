//! DEBUG: tools for tests. The subcommands are a table of their own, from which HELP derives too; COMMAND does not show
//! them, as by Redis.

mod contents;
mod digest;
mod faults;
mod index;
mod protocol;
mod reload;

use super::super::prelude::*;
use super::config::rewrite_all;
use crate::commands::spec::Handler;

/// A subcommand.
struct Tool {
    name: &'static str,
    /// Number of its arguments: at least, at most.
    argc: (usize, usize),
    /// Its arguments, for HELP.
    usage: &'static str,
    summary: &'static str,
    run: Handler,
}

const fn tool(
    name: &'static str,
    argc: (usize, usize),
    usage: &'static str,
    summary: &'static str,
    run: Handler,
) -> Tool {
    Tool { name, argc, usage, summary, run }
}

const ANY: usize = usize::MAX;
/// Summary of what other servers' tests switch, and what is not there to be switched here.
const NO_EFFECT: &str = "Taken for the sake of test suites; has no effect here.";

const TOOLS: &[Tool] = &[
    tool("AOF-FLUSH-SLEEP", (1, 1), "<microseconds>", NO_EFFECT, accept),
    tool("CHANGE-REPL-ID", (0, 0), "", "Gives the data set's history another id.", faults::change_repl_id),
    tool("CONFIG-REWRITE-FORCE-ALL", (0, 0), "", "Rewrites the configuration file, defaults included.", rewrite_all),
    tool("DICT-RESIZING", (1, 1), "<0|1>", NO_EFFECT, accept),
    tool("DIGEST", (0, 0), "", "Answers a hash of all keys, values and expiries' presence.", digest::digest),
    tool("DIGEST-VALUE", (0, ANY), "<key> [<key> ...]", "Answers a hash of each value.", digest::digest_value),
    tool("ERROR", (1, 1), "<text>", "Answers the text as an error.", faults::error),
    tool("FAIL-SAVE", (0, 0), "", "Makes the snapshot or rewrite that runs fail.", faults::fail_save),
    tool("HELP", (0, 0), "", "Lists the subcommands of DEBUG.", help),
    tool("HTSTATS", (1, 2), "<db> [full]", "Shows the state of a database's index.", index::htstats),
    tool("HTSTATS-KEY", (1, 2), "<key> [full]", "Shows the state of a value's hash table.", contents::htstats_key),
    tool("LISTPACK", (1, 1), "<key>", "Shows the contents of a listpack.", contents::listpack),
    tool("LOADAOF", (0, 0), "", "Loads the append-only file anew.", faults::loadaof),
    tool("LOG", (1, 1), "<text>", "Writes the text into the log.", faults::log),
    tool("OBJECT", (1, 2), "<key> [fast]", "Shows how a value is stored.", contents::object),
    tool("PANIC", (0, 1), "[<key>]", "Fails inside of the handler, with the key's shard locked.", faults::panic),
    tool("PAUSE-CRON", (1, 1), "<0|1>", "Holds up the work that time brings.", faults::pause_cron),
    tool("POPULATE", (1, 3), "<count> [<prefix>] [<size>]", "Creates keys that do not exist.", contents::populate),
    tool("PROTOCOL", (1, 1), "<type>", "Answers a value of that type.", protocol::protocol),
    tool("QUICKLIST", (1, 2), "<key> [<0|1>]", "Shows the nodes of a list.", contents::quicklist),
    tool("QUICKLIST-PACKED-THRESHOLD", (1, 1), "<size>", NO_EFFECT, faults::packed_threshold),
    tool("RELOAD", (0, ANY), "[<option> ...]", "Saves the data set and loads it again.", reload::reload),
    tool("REPLYBUFFER", (2, 2), "<PEAK-RESET-TIME|RESIZING> <value>", NO_EFFECT, faults::replybuffer),
    tool("SDSLEN", (1, 1), "<key>", "Shows the lengths of a key and its string value.", contents::sdslen),
    tool("SET-ACTIVE-EXPIRE", (1, 1), "<0|1>", "Switches active expiry off or on.", faults::set_active_expire),
    tool("SET-DISABLE-DENY-SCRIPTS", (1, 1), "<0|1>", "Lets scripts run every command.", faults::set_scripts_may_all),
    tool("SEGFAULT", (0, 0), "", "Crashes the server by an access to memory that it may not write.", faults::segfault),
    tool(
        "SET-SKIP-CHECKSUM-VALIDATION",
        (1, 1),
        "<0|1>",
        "Lets RESTORE take payloads whatever their checksum.",
        faults::set_skip_checksum,
    ),
    tool("SLEEP", (1, 1), "<seconds>", "Holds every shard for that time.", faults::sleep),
    tool("STRUCTSIZE", (0, 0), "", "Shows the sizes of the main structures.", index::structsize),
];

/// DEBUG subcommand [argument ...]
pub(super) fn debug(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let name = args.take()?;
    let argc = args.remaining();
    let fits =
        |tool: &&Tool| tool.name.as_bytes().eq_ignore_ascii_case(name) && (tool.argc.0..=tool.argc.1).contains(&argc);
    match TOOLS.iter().find(fits) {
        Some(tool) => (tool.run)(cx, args),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &[u8]) -> Error {
    let shown = &name[..name.len().min(128)];
    let before = b"ERR unknown subcommand or wrong number of arguments for '".as_slice();
    Error::text([before, shown, b"'. Try DEBUG HELP."].concat())
}

fn help(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.array(1 + 2 * TOOLS.len());
    cx.reply.simple(b"DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for tool in TOOLS {
        cx.reply.simple(format!("{} {}", tool.name, tool.usage).trim_end().as_bytes());
        cx.reply.simple(format!("    {}", tool.summary).as_bytes());
    }
    DONE
}

/// A switch that switches nothing.
fn accept(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.ok();
    DONE
}

/// `0` is off, as by Redis every other number too is on, and what is no number is 0.
fn flag(args: &mut Args<'_>) -> Result<bool, Error> {
    Ok(crate::util::number::parse_i64(args.take()?).unwrap_or(0) != 0)
}
