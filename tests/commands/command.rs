//! COMMAND. What it says of each command is compared with a real server in facts.rs.

use crate::harness::both;
use crate::render::render;

#[test]
fn info_in_both_protocols() {
    both(|t| {
        let get2 = "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n\
                    +@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\n\
                    begin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\n\
                    find_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\n\
                    keystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n";
        let get3 = "*1\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n~3\r\n+@read\r\n\
                    +@string\r\n+@fast\r\n~0\r\n~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n$12\r\n\
                    begin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n$9\r\n\
                    find_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\n\
                    keystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n~0\r\n";
        t.expect_raw("COMMAND INFO Get", if t.protocol() == 3 { get3 } else { get2 });
    });
}

#[test]
fn info_of_unknown_commands_is_null() {
    both(|t| {
        for name in ["nosuch", "get|nosuch", "command|", "command|nosuch", "|", "command|info|x"] {
            t.expect(&format!("COMMAND INFO {name}"), "1) (nil)");
        }
        assert_eq!(render(&t.run("COMMAND INFO nosuch command|count nosuch")).lines().next(), Some("1) (nil)"));
    });
}

#[test]
fn docs_in_both_protocols() {
    both(|t| {
        let docs2 = "*2\r\n$12\r\ncommand|info\r\n*10\r\n$7\r\nsummary\r\n$49\r\n\
                     Tells arity, flags and key positions of commands.\r\n$5\r\nsince\r\n$6\r\n2.8.13\r\n$5\r\ngroup\r\n\
                     $6\r\nserver\r\n$10\r\ncomplexity\r\n$16\r\nO(N), N commands\r\n$9\r\narguments\r\n*1\r\n*8\r\n\
                     $4\r\nname\r\n$12\r\ncommand-name\r\n$4\r\ntype\r\n$6\r\nstring\r\n$12\r\ndisplay_text\r\n$12\r\n\
                     command-name\r\n$5\r\nflags\r\n*2\r\n+optional\r\n+multiple\r\n";
        let docs3 = "%1\r\n$12\r\ncommand|info\r\n%5\r\n$7\r\nsummary\r\n$49\r\n\
                     Tells arity, flags and key positions of commands.\r\n$5\r\nsince\r\n$6\r\n2.8.13\r\n$5\r\ngroup\r\n\
                     $6\r\nserver\r\n$10\r\ncomplexity\r\n$16\r\nO(N), N commands\r\n$9\r\narguments\r\n*1\r\n%4\r\n\
                     $4\r\nname\r\n$12\r\ncommand-name\r\n$4\r\ntype\r\n$6\r\nstring\r\n$12\r\ndisplay_text\r\n$12\r\n\
                     command-name\r\n$5\r\nflags\r\n~2\r\n+optional\r\n+multiple\r\n";
        t.expect_raw("COMMAND DOCS nosuch COMMAND|INFO", if t.protocol() == 3 { docs3 } else { docs2 });
        t.expect_raw("COMMAND DOCS nosuch", if t.protocol() == 3 { "%0\r\n" } else { "*0\r\n" });
    });
}

#[test]
fn count_list_and_the_replies_for_all_agree() {
    both(|t| {
        let count = t.integer("COMMAND COUNT");
        let array = format!("*{count}\r\n");
        assert!(t.raw("COMMAND INFO").starts_with(array.as_bytes()));
        assert!(t.raw("COMMAND").starts_with(array.as_bytes()));
        let map = if t.protocol() == 3 { format!("%{count}\r\n") } else { format!("*{}\r\n", 2 * count) };
        assert!(t.raw("COMMAND DOCS").starts_with(map.as_bytes()));
    });
}

#[test]
fn list_filters() {
    both(|t| {
        // Subcommands too, as with a filter.
        assert_eq!(render(&t.run("COMMAND LIST")), render(&t.run("COMMAND LIST FILTERBY PATTERN *")));
        assert!(render(&t.run("COMMAND LIST")).contains("\"client|list\""));
        t.expect_list("COMMAND LIST FILTERBY PATTERN gE[tT]", &["get"]);
        t.expect_list("COMMAND LIST filterby pattern command|get*", &["command|getkeys", "command|getkeysandflags"]);
        t.expect_list("COMMAND LIST FILTERBY PATTERN nosuch", &[]);
        t.expect_list("COMMAND LIST FILTERBY ACLCAT nosuch", &[]);
        t.expect_list("COMMAND LIST FILTERBY ACLCAT @string", &[]);
        t.expect_list("COMMAND LIST FILTERBY MODULE any", &[]);
        let strings = render(&t.run("COMMAND LIST FILTERBY ACLCAT STRING"));
        assert!(strings.contains("\"get\"") && !strings.contains("\"ping\""), "{strings}");
        for words in ["FILTERBY", "FILTERBY ACLCAT", "FILTERBY PATTERN a b", "FILTERBY KEYS a", "x"] {
            t.expect_error(&format!("COMMAND LIST {words}"), "ERR syntax error");
        }
    });
}

#[test]
fn getkeys() {
    both(|t| {
        t.expect_list("COMMAND GETKEYS GET k", &["k"]);
        t.expect_list("COMMAND GETKEYS MSET a 1 b 2", &["a", "b"]);
        t.expect_list("COMMAND GETKEYS MSET a 1 b", &["a", "b"]);
        t.expect_list("COMMAND GETKEYS MGET a b a", &["a", "b", "a"]);
        t.expect_error("COMMAND GETKEYS nosuch k", "ERR Invalid command specified");
        t.expect_error("COMMAND GETKEYS COMMAND nosuch", "ERR Invalid command specified");
        t.expect_error("COMMAND GETKEYS COMMAND|INFO get", "ERR Invalid command specified");
        t.expect_error("COMMAND GETKEYS PING x", "ERR The command has no key arguments");
        t.expect_error("COMMAND GETKEYS PING x y z", "ERR The command has no key arguments");
        t.expect_error("COMMAND GETKEYS COMMAND INFO", "ERR The command has no key arguments");
        t.expect_error("COMMAND GETKEYS GET k x", "ERR Invalid number of arguments specified for command");
        t.expect_error("COMMAND GETKEYS GET", "ERR wrong number of arguments for 'command|getkeys' command");
    });
}

#[test]
fn getkeysandflags_tells_what_this_call_does() {
    both(|t| {
        t.expect_in(
            "COMMAND GETKEYSANDFLAGS GET k",
            "1) 1) \"k\"\n2) 1) RO\n2) access",
            "1) 1) \"k\"\n2) 1~ RO\n2~ access",
        );
        for (call, flags) in [
            ("SET k v", "OW update"),
            ("SET k v EX 1", "OW update"),
            ("SET k v get", "RW access update"),
            ("SET k v EX GET", "RW access update"),
            ("BITFIELD k GET u8 0", "RO access"),
            ("BITFIELD k OVERFLOW SAT GET u8 0", "RO access"),
            ("BITFIELD k", "RO access"),
            ("BITFIELD k GET u8", "RW access update"),
            ("BITFIELD k GET u8 0 SET u8 0 1", "RW access update"),
            ("APPEND k v", "RW insert"),
            ("GETDEL k", "RW access delete"),
        ] {
            let mark = if t.protocol() == 3 { '~' } else { ')' };
            let words: Vec<String> = flags.split(' ').zip(1..).map(|(flag, i)| format!("{i}{mark} {flag}")).collect();
            t.expect(&format!("COMMAND GETKEYSANDFLAGS {call}"), &format!("1) 1) \"k\"\n2) {}", words.join("\n")));
        }
        t.expect_error("COMMAND GETKEYSANDFLAGS GET k x", "ERR Invalid number of arguments specified for command");
    });
}

#[test]
fn help_lists_every_subcommand() {
    both(|t| {
        t.expect(
            "COMMAND HELP",
            "1) COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
             2) COUNT
             3)     Counts the commands of the server.
             4) DOCS [command-name [command-name ...]]
             5)     Tells summary, arguments and history of commands.
             6) GETKEYS ...
             7)     Extracts the keys out of a full command.
             8) GETKEYSANDFLAGS ...
             9)     Extracts the keys out of a full command and tells their use.
             10) INFO [command-name [command-name ...]]
             11)     Tells arity, flags and key positions of commands.
             12) LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]
             13)     Lists command names, all or filtered.
             14) HELP
             15)     Lists the subcommands of COMMAND.",
        );
        t.expect_error("COMMAND nosuch", "ERR unknown subcommand 'nosuch'. Try COMMAND HELP.");
    });
}
