//! `docs/commands.md` from the table, and the test that keeps it fresh.

use std::fmt::Write;

use super::usage::usage;
use super::{Registered, table};

const HEAD: &str = "\
# Commands

<!-- Written from the rows in src/commands by the test `commands::docs::page_is_fresh`. To write it anew:
     NYALA_WRITE_DOCS=1 cargo test --lib commands::docs -->

Every command that the server has, by group, with its arguments in Redis's notation: `[x]` may be left out, `<a | b>` is a
choice, `x [x ...]` may be repeated. *Since* is the first version of Redis or Valkey with the command. `COMMAND DOCS` and
`CONTAINER HELP` tell the same on a connection; where an answer differs from Redis's is told in
[compatibility.md](compatibility.md).
";

fn render() -> String {
    let mut page = HEAD.to_owned();
    let mut groups: Vec<&str> = table().all().iter().map(|command| command.group.name).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let _ = write!(page, "\n## {group}\n\n| command | since | what it does | time |\n|---|---|---|---|\n");
        let mut commands: Vec<_> = table().top_level().filter(|command| command.group.name == group).collect();
        commands.sort_by_key(|command| &command.name);
        for command in commands {
            if !matches!(command.spec.run, super::spec::Run::Container) {
                row(&mut page, command);
            }
            let subs = command.subcommands.iter().map(|&id| table().get(id));
            subs.filter(|sub| sub.spec.name != "HELP").for_each(|sub| row(&mut page, sub));
        }
    }
    page
}

fn row(page: &mut String, command: &Registered) {
    let doc = &command.spec.doc;
    let name = command.name.replace('|', " ").to_ascii_uppercase();
    let call = format!("{name} {}", usage(command.spec, command.words));
    let deprecated = match (doc.deprecated_since, doc.replaced_by) {
        ("", _) => String::new(),
        (version, "") => format!(" *Deprecated since {version}.*"),
        (version, other) => format!(" *Deprecated since {version}: use {other}.*"),
    };
    let call = call.trim_end().replace('|', "\\|");
    let _ = writeln!(page, "| `{call}` | {} | {}{deprecated} | {} |", doc.since, doc.summary, doc.complexity);
}

#[test]
fn page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.md");
    let page = render();
    if std::env::var_os("NYALA_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/commands.md can be written");
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == page, "docs/commands.md is stale: NYALA_WRITE_DOCS=1 cargo test --lib commands::docs");
}
