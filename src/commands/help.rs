//! HELP of every container: its subcommands, from their rows.

use super::usage::usage;
use super::{Args, Cx, DONE, Outcome, Registered, table};

/// The handler of each `CONTAINER HELP` row.
///
/// # Errors
/// None.
///
/// # Panics
/// When its row is no subcommand.
pub fn help(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let container = table().container_of(cx.command).expect("HELP is a subcommand");
    let lines = lines(container);

    cx.reply.array(lines.len());
    for line in lines {
        cx.reply.simple(line.as_bytes());
    }
    DONE
}

/// The head, two lines for each subcommand in alphabetical order, and HELP itself at the end, as Redis has it.
fn lines(container: &Registered) -> Vec<String> {
    let name = container.spec.name;
    let mut lines = vec![format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")];
    let mut subs: Vec<_> = container.subcommands.iter().map(|&id| table().get(id)).collect();
    subs.sort_by_key(|sub| (sub.spec.name == "HELP", sub.spec.name));
    for sub in subs {
        lines.push(format!("{} {}", sub.spec.name, usage(sub.spec, sub.words)).trim_end().to_owned());
        lines.push(format!("    {}", sub.spec.doc.summary));
    }
    lines
}
