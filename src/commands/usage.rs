//! How a command is written, from its argument tree: for HELP and the generated pages.

use super::spec::{Arg, ArgKind, Command};

/// Bytes up to which a repeated argument is written again.
const REPEATED_MAX: usize = 40;

/// The arguments of `command` in the usual notation, as `key [NX | XX] member [member ...]`; empty where it takes none.
/// `words` are the words that name it: 1, or 2 for a subcommand.
#[must_use]
pub fn usage(command: &Command, words: usize) -> String {
    let takes_more = usize::from(command.arity.unsigned_abs()) > words;
    if command.doc.args.is_empty() && command.subcommands.is_empty() && takes_more {
        return "...".to_owned();
    }
    joined(command.doc.args, " ", one)
}

fn joined(args: &[Arg], between: &str, each: impl Fn(&Arg) -> String) -> String {
    args.iter().map(each).collect::<Vec<_>>().join(between)
}

fn one(arg: &Arg) -> String {
    if !arg.optional {
        return required(arg);
    }
    // The brackets of an option serve as those of a choice.
    if arg.kind == ArgKind::OneOf && arg.token.is_empty() && !arg.multiple {
        return format!("[{}]", joined(arg.args, " | ", required));
    }
    format!("[{}]", required(arg))
}

/// An argument that is given, or one of a choice.
fn required(arg: &Arg) -> String {
    let value = match arg.kind {
        // MIGRATE takes an empty argument in place of a key.
        ArgKind::PureToken if arg.token.is_empty() => "\"\"".to_owned(),
        ArgKind::PureToken => String::new(),
        ArgKind::OneOf => format!("<{}>", joined(arg.args, " | ", required)),
        ArgKind::Block => joined(arg.args, " ", one),
        _ => arg.name.to_owned(),
    };
    let space = if arg.token.is_empty() || value.is_empty() { "" } else { " " };
    let text = format!("{}{space}{value}", arg.token);
    if !arg.multiple {
        return text;
    }
    let again = if arg.multiple_token { &text } else { &value };
    if again.len() <= REPEATED_MAX { format!("{text} [{again} ...]") } else { format!("{text} [...]") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::spec::Doc;

    const fn command(arity: i16, args: &'static [Arg]) -> Command {
        Command { name: "X", arity, doc: Doc { args, ..Doc::BASE }, ..Command::BASE }
    }

    #[test]
    fn options_choices_and_repetition() {
        const ARGS: &[Arg] = &[
            Arg::key("key", 0),
            Arg::one_of("when", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional(),
            Arg::integer("count").token("COUNT").optional(),
            Arg::one_of("side", &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")]),
            Arg::pattern("pattern").token("GET").optional().multiple_token(),
            Arg::block("data", &[Arg::double("score"), Arg::string("member")]).multiple(),
        ];
        let text = usage(&command(-4, ARGS), 1);
        let options = "[NX | XX] [COUNT count] <LEFT | RIGHT> [GET pattern [GET pattern ...]]";
        assert_eq!(text, format!("key {options} score member [score member ...]"));
    }

    #[test]
    fn arguments_that_the_tree_does_not_tell() {
        assert_eq!(usage(&command(1, &[]), 1), "");
        assert_eq!(usage(&command(-4, &[]), 1), "...");
        assert_eq!(usage(&command(2, &[]), 2), "");
        assert_eq!(usage(&command(-1, &[]), 1), "");
    }

    #[test]
    fn a_choice_needs_no_options_and_no_second_text() {
        const FILTERS: &[Arg] = &[
            Arg::string("some-long-name").token("FIRST").optional(),
            Arg::string("another-name").token("SECOND").optional(),
        ];
        const ARGS: &[Arg] = &[Arg::one_of("filter", FILTERS).multiple()];
        assert_eq!(usage(&command(-2, ARGS), 1), "<FIRST some-long-name | SECOND another-name> [...]");
    }
}
