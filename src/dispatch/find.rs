//! From a request's words to the command or subcommand that it names, with Redis's errors where there is none.

use crate::commands::{Error, Registered, table};
use crate::resp::Args as Argv;

/// Bytes of an unknown command's name and of its arguments that the error shows.
const SHOWN_MAX: usize = 128;

/// The command to run.
///
/// # Errors
/// No such command or subcommand.
#[inline]
pub(super) fn find(argv: Argv<'_>) -> Result<&'static Registered, Error> {
    let Some(mut command) = table().find(argv.get(0)) else { return Err(unknown(argv)) };
    if !command.subcommands.is_empty() && argv.len() > 1 {
        command = table().find_subcommand(command, argv.get(1)).ok_or_else(|| unknown_sub(command, argv.get(1)))?;
    }
    Ok(command)
}

fn unknown(argv: Argv<'_>) -> Error {
    let mut text = b"ERR unknown command '".to_vec();
    text.extend(argv.get(0).iter().take(SHOWN_MAX));
    text.extend(b"', with args beginning with: ");
    let start = text.len();
    for arg in argv.iter().skip(1) {
        let left = SHOWN_MAX.saturating_sub(text.len() - start);
        if left == 0 {
            break;
        }
        text.push(b'\'');
        text.extend(arg.iter().take(left));
        text.extend(b"' ");
    }
    Error::text(text)
}

fn unknown_sub(command: &Registered, sub: &[u8]) -> Error {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend(sub.iter().take(SHOWN_MAX));
    text.extend(b"'. Try ");
    text.extend(command.name.to_ascii_uppercase().as_bytes());
    text.extend(b" HELP.");
    Error::text(text)
}
