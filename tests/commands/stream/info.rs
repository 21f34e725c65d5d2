//! XINFO.

use super::{NOT_INTEGER, brief, fill, says};
use crate::harness::{START_MS, both};

#[test]
fn xinfo_stream_sums_up() {
    both(|t| {
        says(t, "XGROUP CREATE s g $ MKSTREAM", "OK");
        says(
            t,
            "XINFO STREAM s",
            "[length 0 radix-tree-keys 0 radix-tree-nodes 1 last-generated-id 0-0 max-deleted-entry-id 0-0 entries-added \
             0 recorded-first-entry-id 0-0 groups 1 first-entry nil last-entry nil]",
        );
        fill(t, 3);
        says(t, "XDEL s 1 3", "2");
        says(
            t,
            "XINFO STREAM s",
            "[length 1 radix-tree-keys 1 radix-tree-nodes 2 last-generated-id 3-0 max-deleted-entry-id 3-0 entries-added \
             3 recorded-first-entry-id 2-0 groups 1 first-entry [2-0 [f v2]] last-entry [2-0 [f v2]]]",
        );
        let syntax = "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.";
        says(t, "XINFO STREAM s x", syntax);
        says(t, "XINFO STREAM s FULL COUNT", syntax);
        says(t, "XINFO STREAM s FULL x 3", syntax);
        says(t, "XINFO STREAM s FULL COUNT x", NOT_INTEGER);
        says(t, "XINFO STREAM no", "-ERR no such key");
    });
}

#[test]
fn xinfo_stream_full_shows_it_all() {
    both(|t| {
        fill(t, 12);
        says(t, "XGROUP CREATE s g 0", "OK");
        t.run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        t.advance_ms(3);
        t.run("XREADGROUP GROUP g d COUNT 1 STREAMS s 0");
        let (then, now) = (START_MS, START_MS + 3);
        says(
            t,
            "XINFO STREAM s FULL COUNT 1",
            &format!(
                "[length 12 radix-tree-keys 1 radix-tree-nodes 2 last-generated-id 12-0 max-deleted-entry-id 0-0 \
                 entries-added 12 recorded-first-entry-id 1-0 entries [[1-0 [f v1]]] groups [[name g last-delivered-id \
                 2-0 entries-read 2 lag 10 pel-count 2 pending [[1-0 c {then} 1]] consumers [[name c seen-time {then} \
                 active-time {then} pel-count 2 pending [[1-0 {then} 1]]] [name d seen-time {now} active-time -1 \
                 pel-count 0 pending []]]]]]"
            ),
        );
        let entries = |t: &mut crate::harness::Gate, options: &str| {
            brief(&t.run(&format!("XINFO STREAM s FULL {options}"))).matches("[f v").count()
        };
        assert_eq!([entries(t, ""), entries(t, "COUNT 0"), entries(t, "COUNT -3")], [10, 12, 10]);
    });
}

#[test]
fn xinfo_groups_and_consumers() {
    both(|t| {
        fill(t, 3);
        says(t, "XGROUP CREATE s b 0", "OK");
        says(t, "XGROUP CREATE s a 2", "OK");
        t.run("XREADGROUP GROUP b c COUNT 1 STREAMS s >");
        t.advance_ms(9);
        says(t, "XGROUP CREATECONSUMER s b d", "1");
        says(
            t,
            "XINFO GROUPS s",
            "[[name a consumers 0 pending 0 last-delivered-id 2-0 entries-read nil lag nil] [name b consumers 2 pending \
             1 last-delivered-id 1-0 entries-read 1 lag 2]]",
        );
        says(t, "XINFO CONSUMERS s b", "[[name c pending 1 idle 9 inactive 9] [name d pending 0 idle 0 inactive -1]]");
        says(t, "XINFO CONSUMERS s no", "-NOGROUP No such consumer group 'no' for key name 's'");
        says(t, "XINFO GROUPS no", "-ERR no such key");
        says(t, "XINFO CONSUMERS no g", "-ERR no such key");
    });
}

#[test]
fn lag_is_told_while_it_is_known() {
    both(|t| {
        let progress = |t: &mut crate::harness::Gate| {
            let groups = brief(&t.run("XINFO GROUPS s"));
            groups.split("entries-read ").nth(1).expect("there is a group").trim_matches(']').to_owned()
        };
        fill(t, 5);
        says(t, "XGROUP CREATE s g 0", "OK");
        assert_eq!(progress(t), "nil lag 5");
        t.run("XREADGROUP GROUP g c COUNT 1 STREAMS s >");
        assert_eq!(progress(t), "1 lag 4");
        says(t, "XDEL s 3", "1");
        assert_eq!(progress(t), "1 lag nil");
        t.run("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        assert_eq!(progress(t), "nil lag nil");
        t.run("XREADGROUP GROUP g c STREAMS s >");
        assert_eq!(progress(t), "5 lag 0");
        says(t, "XGROUP SETID s g 1", "OK");
        assert_eq!(progress(t), "nil lag nil");
        says(t, "XTRIM s MINID 4", "2");
        assert_eq!(progress(t), "nil lag 2");
    });
}

#[test]
fn help_is_there() {
    both(|t| {
        for container in ["XINFO", "XGROUP"] {
            assert!(brief(&t.run(&format!("{container} HELP"))).contains("Subcommands are:"));
        }
    });
}
