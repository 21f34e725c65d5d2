//! `docs/config.md` from the table, and the test that keeps it fresh.

use super::param::{Param, Status};
use super::table::{DIRECTIVES, TOPICS};
use std::fmt::Write;

const HEAD: &str = "\
# Configuration

<!-- Written from src/config/table by the test `config::docs::page_is_fresh`. To write it anew:
     NYALA_WRITE_DOCS=1 cargo test --lib config::docs -->

`nyala [FILE | -] [--NAME VALUE ...] [-]` takes a redis.conf, options, or both; options are read last. Every parameter is
known to `CONFIG GET`; those marked *at run time* also to `CONFIG SET`, and `CONFIG REWRITE` writes them to the file.

A parameter without a note does what its sentence says. A note says what the server does with the value instead. Where it
says *only*, every other value is refused, at the start with the file, the line and the reason: a value never promises
what does not happen.

Units of memory: `k`, `m`, `g` are powers of 1000, `kb`, `mb`, `gb` powers of 1024. Defaults are those of Redis 7.0.
";

fn render() -> String {
    let mut page = HEAD.to_string();
    for topic in TOPICS {
        let _ = write!(page, "\n## {}\n\n", topic.title);
        page.push_str("| parameter | value | default | at run time | meaning |\n|---|---|---|---|---|\n");
        for param in topic.params {
            row(&mut page, param);
        }
    }
    page.push_str("\n## Other lines of a file\n\n| line | meaning |\n|---|---|\n");
    for directive in DIRECTIVES {
        let _ = writeln!(page, "| `{}` | {} |", directive.name, directive.summary);
    }
    page
}

fn row(page: &mut String, param: &Param) {
    let alias = param.alias.map_or(String::new(), |alias| format!(", `{alias}`"));
    let default = if param.default.is_empty() { "`\"\"`".into() } else { format!("`{}`", param.default) };
    let at_run_time = match (param.immutable, param.protected) {
        (true, _) => "no",
        (false, true) => "protected",
        (false, false) => "yes",
    };
    let note = match param.status {
        Status::Supported => String::new(),
        Status::Accepted(effect) => format!(" *{effect}*"),
        Status::OffOnly { off, reason } => {
            let off: Vec<String> =
                off.iter().map(|text| format!("`{}`", if text.is_empty() { "\"\"" } else { text })).collect();
            format!(" *Only {}: {reason}.*", off.join(", "))
        }
    };
    let kind = param.kind.describe();
    let _ =
        writeln!(page, "| `{}`{alias} | {kind} | {default} | {at_run_time} | {}{note} |", param.name, param.summary);
}

#[test]
fn page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.md");
    let page = render();
    if std::env::var_os("NYALA_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/config.md can be written");
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == page, "docs/config.md is stale: NYALA_WRITE_DOCS=1 cargo test --lib config::docs");
}
