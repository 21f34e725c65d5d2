//! COMMAND COUNT and COMMAND LIST.

use super::super::super::prelude::*;
use super::super::super::table;
use crate::util::glob;

pub(super) fn command_count(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.integer(table().top_level().count() as i64);
    DONE
}

/// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]. Only a filter finds subcommands too.
pub(super) fn command_list(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    if !args.more() {
        let all = table().all();
        cx.reply.array(all.len());
        for command in all {
            cx.reply.bulk(&command.name);
        }
        return DONE;
    }
    if args.remaining() != 3 || !args.eat("FILTERBY") {
        return Err(error::SYNTAX);
    }
    let filter = if args.eat("ACLCAT") {
        Filter::Category(Categories::by_name(args.take()?))
    } else if args.eat("PATTERN") {
        Filter::Pattern(args.take()?)
    } else if args.eat("MODULE") {
        Filter::Nothing
    } else {
        return Err(error::SYNTAX);
    };

    let list = cx.reply.defer();
    let mut count = 0;
    for command in table().top_level() {
        let subs = command.subcommands.iter().map(|&id| table().get(id));
        for command in std::iter::once(command).chain(subs) {
            let fits = match &filter {
                Filter::Category(category) => category.is_some_and(|category| command.categories.contains(category)),
                Filter::Pattern(pattern) => glob::matches(pattern, command.name.as_bytes(), true),
                Filter::Nothing => false,
            };
            if fits {
                cx.reply.bulk(&command.name);
                count += 1;
            }
        }
    }
    cx.reply.end_array(list, count);
    DONE
}

enum Filter<'a> {
    /// `None`: a category that does not exist has no commands.
    Category(Option<Categories>),
    Pattern(&'a [u8]),
    /// Commands of a module: there are no modules.
    Nothing,
}
