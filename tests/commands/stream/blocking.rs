//! XREAD and XREADGROUP with BLOCK.

use nyala::dispatch::EndOfWait;

use super::{brief, fill, reads, says};
use crate::harness::{Gate, START_MS, both};

#[track_caller]
fn served(t: &mut Gate, client: crate::harness::ClientId, expected: &str) {
    let reply = t.on(client).served().expect("it has been served");
    assert_eq!(brief(&reply), expected);
}

#[test]
fn what_is_there_is_read_at_once() {
    both(|t| {
        fill(t, 2);
        reads(t, "XREAD BLOCK 0 STREAMS s 1", &[("s", "[[2-0 [f v2]]]")]);
        says(t, "XGROUP CREATE s g 0", "OK");
        reads(t, "XREADGROUP GROUP g c BLOCK 10 STREAMS s >", &[("s", "[[1-0 [f v1]] [2-0 [f v2]]]")]);
        // The history never waits.
        reads(t, "XREADGROUP GROUP g d BLOCK 10 STREAMS s 0", &[("s", "[]")]);
    });
}

#[test]
fn all_who_read_are_served_by_one_entry() {
    let mut t = Gate::new();
    let [first, second, third] = [t.client(), t.client(), t.client()];
    fill(&mut t, 2);
    t.on(first).blocks("XREAD BLOCK 50 STREAMS other s $ $");
    assert_eq!(t.on(first).deadline_ms(), Some(START_MS + 50));
    t.on(second).blocks("XREAD COUNT 1 BLOCK 0 STREAMS s 2");
    t.on(third).blocks("XREAD BLOCK 0 STREAMS s 9");
    says(&mut t, "XADD s 3 a b", "3-0");
    served(&mut t, first, "[[s [[3-0 [a b]]]]]");
    served(&mut t, second, "[[s [[3-0 [a b]]]]]");
    t.on(third).expect_waiting();
    says(&mut t, "XADD s 10 a b", "10-0");
    served(&mut t, third, "[[s [[10-0 [a b]]]]]");
}

#[test]
fn the_last_id_is_that_of_the_time_when_the_wait_began() {
    let mut t = Gate::new();
    let waiter = t.client();
    fill(&mut t, 2);
    t.on(waiter).blocks("XREAD BLOCK 0 STREAMS s $");
    // Nothing for it: the key holds no stream.
    says(&mut t, "DEL s", "1");
    says(&mut t, "SET s x", "OK");
    says(&mut t, "DEL s", "1");
    says(&mut t, "XADD s 1 a b", "1-0");
    t.on(waiter).expect_waiting();
    says(&mut t, "XADD s 2-1 a b", "2-1");
    served(&mut t, waiter, "[[s [[2-1 [a b]]]]]");
}

#[test]
fn each_entry_goes_to_one_consumer_of_a_group() {
    both(|t| {
        let [first, second] = [t.client(), t.client()];
        says(t, "XGROUP CREATE s g $ MKSTREAM", "OK");
        t.on(first).blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        t.on(second).blocks("XREADGROUP GROUP g d BLOCK 0 STREAMS s >");
        says(t, "XADD s 1 a b", "1-0");
        served(t, first, "[[s [[1-0 [a b]]]]]");
        t.on(second).expect_waiting();
        says(t, "XACK s g 1", "1");
        says(t, "XADD s 2 a b", "2-0");
        served(t, second, "[[s [[2-0 [a b]]]]]");
        says(t, "XPENDING s g", "[1 2-0 2-0 [[d 1]]]");
    });
}

#[test]
fn those_who_wait_hear_that_their_group_has_gone() {
    for (request, error) in [
        ("XGROUP DESTROY s g", "-NOGROUP the consumer group this client was blocked on no longer exists"),
        ("DEL s", "-UNBLOCKED the stream key no longer exists"),
        ("UNLINK s", "-UNBLOCKED the stream key no longer exists"),
        ("SET s x", "-UNBLOCKED the stream key no longer exists"),
        ("FLUSHALL", "-UNBLOCKED the stream key no longer exists"),
        ("RENAME s away", "-UNBLOCKED the stream key no longer exists"),
        ("RENAME other s", "-NOGROUP the consumer group this client was blocked on no longer exists"),
    ] {
        let mut t = Gate::new();
        let waiter = t.client();
        says(&mut t, "XADD other 1 a b", "1-0");
        says(&mut t, "XGROUP CREATE s g $ MKSTREAM", "OK");
        t.on(waiter).blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        t.run(request);
        served(&mut t, waiter, error);
    }
}

#[test]
fn a_stream_may_come_with_its_group() {
    let mut t = Gate::new();
    let waiter = t.client();
    says(&mut t, "XGROUP CREATE s g $ MKSTREAM", "OK");
    t.on(waiter).blocks("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
    says(&mut t, "XGROUP CREATE other g 0 MKSTREAM", "OK");
    says(&mut t, "XADD other 5 a b", "5-0");
    says(&mut t, "RENAME other s", "OK");
    served(&mut t, waiter, "[[s [[5-0 [a b]]]]]");
}

#[test]
fn waits_end() {
    both(|t| {
        t.blocks("XREAD BLOCK 5 STREAMS s $");
        assert_eq!(t.end_wait(EndOfWait::Timeout), "(nil)");
        says(t, "XGROUP CREATE s g $ MKSTREAM", "OK");
        t.blocks("XREADGROUP GROUP g c BLOCK 5 STREAMS s >");
        assert!(t.end_wait(EndOfWait::Error).contains("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
        says(t, "XINFO CONSUMERS s g", "[]");
    });
}

#[test]
fn who_waited_gets_a_thousand_entries_at_most() {
    let mut t = Gate::new();
    let waiter = t.client();
    t.on(waiter).blocks("XREAD BLOCK 0 STREAMS s $");
    for ms in 1..=1200 {
        t.run(&format!("XADD other {ms} f v"));
    }
    says(&mut t, "RENAME other s", "OK");
    let reply = brief(&t.on(waiter).served().expect("it has been served"));
    assert_eq!(reply.matches("[f v]").count(), 1000);
}
