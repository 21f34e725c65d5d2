//! What the log says of a server that crashes.

use crate::fixture::TestServer;

const SIGNALS: [(&str, i32); 5] = [("SEGV", 11), ("BUS", 7), ("FPE", 8), ("ILL", 4), ("ABRT", 6)];

#[test]
fn a_crash_is_reported_and_ends_the_server_by_its_signal() {
    for (name, number) in SIGNALS {
        let mut server = TestServer::nyala(&[]);
        server.signal(name);
        assert_eq!(server.wait_for_signal(), Some(number), "after SIG{name}");
        let log = server.log();
        assert!(log.contains(&format!("crashed by signal: {number} (SIG{name})")), "{log}");
        assert!(log.contains("Sent by process: "), "{log}");
        assert!(log.contains("STACK TRACE"), "{log}");
        assert!(log.contains("END OF THE CRASH REPORT"), "{log}");
    }
}

#[test]
fn the_report_of_a_fault_names_the_function_that_crashed() {
    let mut server = TestServer::nyala(&["--enable-debug-command", "yes"]);
    server.connect().send(b"DEBUG SEGFAULT\r\n");
    assert_eq!(server.wait_for_signal(), Some(11));
    let log = server.log();
    assert!(log.contains("in thread 'worker-"), "{log}");
    assert!(log.contains("At address: 0x"), "{log}");
    assert!(log.contains("src/util/crash.rs:"), "{log}");
}

#[test]
fn no_report_is_written_where_the_configuration_forbids_it() {
    for at_start in [true, false] {
        let mut server = TestServer::nyala(&["--crash-log-enabled", if at_start { "no" } else { "yes" }]);
        assert_eq!(server.connect().call(&[b"CONFIG", b"SET", b"crash-log-enabled", b"no"]), b"+OK\r\n");
        server.signal("ABRT");
        assert_eq!(server.wait_for_signal(), Some(6));
        assert!(!server.log().contains("crashed by signal"));
    }
}
