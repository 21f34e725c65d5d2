//! Tests over the whole table.

use super::store::{default_of, parse};
use super::value::{print, split_text};
use super::*;

const CLIENT: Caller = Caller { local: true, loading: false };

#[test]
fn every_default_is_taken_and_printed_as_it_stands() {
    for id in ParamId::all() {
        let param = id.param();
        let value = default_of(param);
        let text = print(&param.kind, &value);
        if param.kind != Kind::Dir {
            assert_eq!(String::from_utf8_lossy(&text), param.default, "{}", param.name);
        }
        let args = split_text(&param.kind, &text);
        assert_eq!(parse(param, &args, &value), Ok(value.clone()), "{}", param.name);
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> =
        ParamId::all().flat_map(|id| std::iter::once(id.name()).chain(id.param().alias)).collect();
    names.extend(table::DIRECTIVES.iter().map(|directive| directive.name));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b"-_0123456789".contains(&b))));
}

#[test]
fn set_is_all_or_nothing() {
    let config = Config::new();
    let error = config.set(&[(b"timeout", b"11"), (b"hz", b"abc")], CLIENT, |_| unreachable!("nothing to apply"));
    assert_eq!(
        error.expect_err("hz takes a number").to_string(),
        "CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer"
    );
    assert_eq!(config.timeout(), 0);
}
