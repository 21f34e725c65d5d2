//! The `user` line, as far as there is only the user `default`, who may do everything.

use super::value::Reason;
use bytes::Bytes;

/// What a `user default` line comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DefaultUser {
    /// Empty for none.
    pub(super) password: Bytes,
}

const FULL_ACCESS: &str =
    "the user default can only be given full access yet: on, nopass or one >password, ~*, &*, +@all";

impl DefaultUser {
    /// Reads the rules after the name; they apply in order, as in ACL SETUSER.
    pub(super) fn parse(name: &[u8], rules: &[&[u8]]) -> Result<DefaultUser, Reason> {
        if name != b"default" {
            return Err("users other than default are not kept yet".into());
        }
        let (mut on, mut keys, mut channels, mut commands) = (false, false, false, false);
        let mut password: Option<&[u8]> = None;
        for &rule in rules {
            match rule.to_ascii_lowercase().as_slice() {
                b"on" => on = true,
                b"off" => on = false,
                b"~*" | b"allkeys" => keys = true,
                b"&*" | b"allchannels" => channels = true,
                b"+@all" | b"allcommands" => commands = true,
                b"nopass" => password = Some(b""),
                b"resetpass" => password = None,
                b"sanitize-payload" | b"skip-sanitize-payload" => {}
                [b'>', _, ..] if password.is_none_or(<[u8]>::is_empty) => password = Some(&rule[1..]),
                _ => return Err(FULL_ACCESS.into()),
            }
        }
        match password {
            Some(password) if on && keys && channels && commands => {
                Ok(DefaultUser { password: Bytes::copy_from_slice(password) })
            }
            _ => Err(FULL_ACCESS.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Vec<u8>, Reason> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        DefaultUser::parse(words[0], &words[1..]).map(|user| user.password.to_vec())
    }

    #[test]
    fn full_access_only() {
        assert_eq!(parse("default on nopass ~* &* +@all"), Ok(b"".to_vec()));
        assert_eq!(parse("default ON >Secret allkeys allchannels allcommands"), Ok(b"Secret".to_vec()));
        for line in [
            "alice on nopass ~* &* +@all",
            "default",
            "default on ~* &* +@all",
            "default off nopass ~* &* +@all",
            "default on nopass ~* +@all",
            "default on nopass ~app:* &* +@all",
            "default on nopass ~* &* +@all -flushall",
            "default on >a >b ~* &* +@all",
            "default on > ~* &* +@all",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
