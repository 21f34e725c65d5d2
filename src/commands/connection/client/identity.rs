//! How a client is called: its id, name, library and capabilities.

use super::super::super::prelude::*;
use crate::client::SessionFlags;

pub(super) fn client_id(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    cx.reply.integer(cx.session.client.id as i64);
    DONE
}

pub(super) fn client_getname(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let name = cx.session.client.with_names(|names| names.name.clone());
    if name.is_empty() {
        cx.reply.null();
    } else {
        cx.reply.bulk(name);
    }
    DONE
}

pub(super) fn client_setname(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let name = check_name(args.take()?)?;
    cx.session.client.with_names(|names| names.name = name.into());
    cx.reply.ok();
    DONE
}

pub(super) fn client_setinfo(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let (attribute, value) = (args.take()?, args.take()?);
    let is_name = attribute.eq_ignore_ascii_case(b"LIB-NAME");
    if !is_name && !attribute.eq_ignore_ascii_case(b"LIB-VER") {
        return Err(Error::text([b"ERR Unrecognized option '", attribute, b"'"].concat()));
    }
    if !is_word(value) {
        return Err(Error::text(
            [b"ERR ", attribute, b" cannot contain spaces, newlines or special characters."].concat(),
        ));
    }

    cx.session.client.with_names(|names| {
        let place = if is_name { &mut names.lib_name } else { &mut names.lib_ver };
        *place = value.into();
    });
    cx.reply.ok();
    DONE
}

/// CLIENT CAPA. Capabilities that the server does not know are ignored: they are those of a newer one.
pub(super) fn client_capa(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    while let Ok(capability) = args.take() {
        if capability.eq_ignore_ascii_case(b"REDIRECT") {
            cx.session.set(SessionFlags::CAPA_REDIRECT, true);
        }
    }
    cx.reply.ok();
    DONE
}

/// A name that does not break the lines of CLIENT LIST.
///
/// # Errors
/// When it would.
pub(in super::super) fn check_name(name: &[u8]) -> Result<&[u8], Error> {
    if is_word(name) { Ok(name) } else { Err(error::BAD_CLIENT_NAME) }
}

fn is_word(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}
