//! Bitmap commands. Expected replies are those of Redis 7.0.15, except for BITOP's later operations.

use std::fmt::Write;

use nyala::commands::keys::{FoundKey, find_keys};
use nyala::commands::spec::KeyFlags;
use nyala::commands::table;
use nyala::resp::OwnedArgs;

use crate::harness::both;

const OFFSET: &str = "ERR bit offset is not an integer or out of range";

#[test]
fn setbit_answers_the_old_bit_and_getbit_the_new_one() {
    both(|t| {
        t.expect("SETBIT k 7 1", "(integer) 0");
        t.expect("GET k", r#""\x01""#);
        t.expect("SETBIT k 7 0", "(integer) 1");
        t.expect("GETBIT k 7", "(integer) 0");
        t.expect("SETBIT k 16 1", "(integer) 0");
        t.expect("GET k", r#""\x00\x00\x80""#);
        t.expect("GETBIT k 16", "(integer) 1");
        t.expect("GETBIT k 4294967295", "(integer) 0");
        t.expect("GETBIT nosuch 0", "(integer) 0");
    });
}

#[test]
fn bits_of_an_integer_are_those_of_its_text() {
    both(|t| {
        t.run("SET k 1");
        t.expect("GETBIT k 2", "(integer) 1");
        t.expect("SETBIT k 6 1", "(integer) 0");
        t.expect("GET k", r#""3""#);
        t.expect("BITCOUNT k", "(integer) 4");
        t.expect("BITPOS k 1", "(integer) 2");
        t.expect("BITFIELD k GET u8 0", "1) (integer) 51");
    });
}

#[test]
fn setbit_and_getbit_refuse_bad_numbers() {
    both(|t| {
        for offset in ["-1", "x", "", "4294967296", "01", "9223372036854775808"] {
            t.expect_error(&format!("SETBIT k \"{offset}\" 1"), OFFSET);
            t.expect_error(&format!("GETBIT k \"{offset}\""), OFFSET);
        }
        for bit in ["2", "-1", "x", ""] {
            t.expect_error(&format!("SETBIT k 0 \"{bit}\""), "ERR bit is not an integer or out of range");
        }
        t.expect("GET k", "(nil)");
        t.config("proto-max-bulk-len", "2097152");
        t.expect_error("SETBIT k 16777216 1", OFFSET);
        t.expect("SETBIT k 16777215 1", "(integer) 0");
        t.expect("BITCOUNT k -1 -1", "(integer) 1");
    });
}

#[test]
fn a_long_string_is_changed_in_place() {
    both(|t| {
        t.expect("SETBIT k 100000000 1", "(integer) 0");
        t.expect("SETBIT k 99999999 1", "(integer) 0");
        t.expect("BITCOUNT k", "(integer) 2");
        t.expect("BITPOS k 1", "(integer) 99999999");
        t.expect("BITOP NOT n k", "(integer) 12500001");
        t.expect("BITCOUNT n", "(integer) 100000006");
        t.expect("BITPOS n 0", "(integer) 99999999");
    });
}

#[test]
fn bitcount_counts_ranges_of_bytes_and_bits() {
    both(|t| {
        t.run("SET k foobar");
        t.expect("BITCOUNT k", "(integer) 26");
        t.expect("BITCOUNT k 0 0", "(integer) 4");
        t.expect("BITCOUNT k 1 1 BYTE", "(integer) 6");
        t.expect("BITCOUNT k 5 30 bit", "(integer) 17");
        t.expect("BITCOUNT k -2 -1", "(integer) 7");
        t.expect("BITCOUNT k 3 1", "(integer) 0");
        t.expect("BITCOUNT k -100 100", "(integer) 26");
        t.expect("BITCOUNT nosuch 0 -1 BIT", "(integer) 0");
        t.expect_error("BITCOUNT k 0", "ERR syntax error");
        t.expect_error("BITCOUNT k 0 1 BITS", "ERR syntax error");
        t.expect_error("BITCOUNT k 0 1 BIT x", "ERR syntax error");
        t.expect_error("BITCOUNT k a 1", "ERR value is not an integer or out of range");
        t.expect_error("BITCOUNT k 0 b BITS", "ERR value is not an integer or out of range");
    });
}

#[test]
fn bitcount_looks_at_the_key_before_the_range() {
    both(|t| {
        t.run("SET k foobar");
        t.expect("BITCOUNT nosuch a", "(integer) 0");
        t.expect("BITCOUNT k -1 -2 BITS", "(integer) 0");
    });
}

#[test]
fn bitpos_finds_the_first_bit() {
    both(|t| {
        t.run(r#"SET k "\xff\xf0\x00""#);
        t.expect("BITPOS k 0", "(integer) 12");
        t.expect("BITPOS k 1", "(integer) 0");
        t.expect("BITPOS k 1 2", "(integer) -1");
        t.expect("BITPOS k 0 0 0", "(integer) -1");
        t.expect("BITPOS k 1 7 15 BIT", "(integer) 7");
        t.expect("BITPOS k 0 7 -1 bit", "(integer) 12");
        t.expect("BITPOS k 1 -3 -1 byte", "(integer) 0");
        t.run(r#"SET k "\xff\xff""#);
        t.expect("BITPOS k 0", "(integer) 16");
        t.expect("BITPOS k 0 1", "(integer) 16");
        t.expect("BITPOS k 0 0 -1", "(integer) -1");
        t.expect("BITPOS k 0 2", "(integer) -1");
    });
}

#[test]
fn bitpos_of_a_missing_key_is_that_of_endless_zeros() {
    both(|t| {
        t.expect("BITPOS nosuch 0", "(integer) 0");
        t.expect("BITPOS nosuch 1", "(integer) -1");
        t.expect("BITPOS nosuch 0 5 9 BITS", "(integer) 0");
        t.run(r#"SET empty """#);
        t.expect("BITPOS empty 0", "(integer) -1");
    });
}

#[test]
fn bitpos_refuses_bad_arguments() {
    both(|t| {
        t.run("SET k foobar");
        t.expect_error("BITPOS k 2", "ERR The bit argument must be 1 or 0.");
        t.expect_error("BITPOS nosuch -1", "ERR The bit argument must be 1 or 0.");
        t.expect_error("BITPOS k a", "ERR value is not an integer or out of range");
        t.expect_error("BITPOS k 1 a", "ERR value is not an integer or out of range");
        t.expect_error("BITPOS k 1 0 a", "ERR value is not an integer or out of range");
        t.expect_error("BITPOS k 1 0 a BITS", "ERR syntax error");
        t.expect_error("BITPOS k 1 0 1 BIT x", "ERR syntax error");
    });
}

#[test]
fn bitop_combines_strings() {
    both(|t| {
        t.run(r#"SET a "\x0f\xff""#);
        t.run(r#"SET b "\x3c""#);
        t.run(r#"SET c "\x55""#);
        let table = [
            ("AND", "a b", r#""\x0c\x00""#),
            ("or", "a b", r#""?\xff""#),
            ("XOR", "a b c", r#""f\xff""#),
            ("NOT", "a", r#""\xf0\x00""#),
            ("AND", "a nosuch", r#""\x00\x00""#),
            ("OR", "nosuch b", r#""<""#),
            ("DIFF", "a b c", r#""\x02\xff""#),
            ("DIFF1", "b a", r#""\x03\xff""#),
            ("ANDOR", "a b c", r#""\r\x00""#),
            ("ONE", "a b c", r#""b\xff""#),
            ("DIFF", "nosuch a", r#""\x00\x00""#),
        ];
        for (op, sources, result) in table {
            let len = if result == r#""<""# { 1 } else { 2 };
            t.expect(&format!("BITOP {op} d {sources}"), &format!("(integer) {len}"));
            t.expect("GET d", result);
        }
    });
}

#[test]
fn bitop_may_write_to_a_source() {
    both(|t| {
        t.run(r#"SET a "\x0f""#);
        t.expect("BITOP NOT a a", "(integer) 1");
        t.expect("GET a", r#""\xf0""#);
    });
}

#[test]
fn bitop_without_a_result_removes_the_destination() {
    both(|t| {
        t.run("SET d x");
        t.run(r#"SET empty """#);
        t.expect("BITOP AND d nosuch empty", "(integer) 0");
        t.expect("GET d", "(nil)");
        t.expect("BITOP AND d nosuch", "(integer) 0");
    });
}

#[test]
fn bitop_refuses_bad_calls() {
    both(|t| {
        t.expect_error("BITOP NAND d a", "ERR syntax error");
        t.expect_error("BITOP NOT d a b", "ERR BITOP NOT must be called with a single source key.");
        for op in ["DIFF", "diff1", "AndOr"] {
            let name = op.to_uppercase();
            let text = format!("ERR BITOP {name} must be called with at least two source keys.");
            t.expect_error(&format!("BITOP {op} d a"), &text);
        }
        t.expect_error("BITOP ONE d", "ERR wrong number of arguments for 'bitop' command");
    });
}

#[test]
fn bitfield_reads_writes_and_increments() {
    both(|t| {
        t.expect("BITFIELD k", "(empty array)");
        t.expect("GET k", "(nil)");
        t.expect(
            "BITFIELD k SET u8 0 255 GET u8 0 incrby i5 #2 -1 GET i5 10 GET u4 100",
            "1) (integer) 0\n2) (integer) 255\n3) (integer) -1\n4) (integer) -1\n5) (integer) 0",
        );
        t.expect("GET k", r#""\xff>""#);
        t.expect("BITFIELD k SET i64 0 -9223372036854775808", "1) (integer) -54606145481867264");
        t.expect("BITFIELD k GET u63 0", "1) (integer) 4611686018427387904");
        t.expect("BITFIELD_RO k GET u1 0 get u1 1", "1) (integer) 1\n2) (integer) 0");
        t.expect("BITFIELD_RO nosuch GET i64 4000000000", "1) (integer) 0");
        t.expect("BITFIELD_RO k", "(empty array)");
    });
}

#[test]
fn bitfield_overflows_as_told() {
    both(|t| {
        t.expect(
            "BITFIELD k SET u8 0 250 INCRBY u8 0 10 OVERFLOW SAT INCRBY u8 0 1000 overflow fail INCRBY u8 0 1 \
             SET u8 0 300 OVERFLOW WRAP SET i8 0 200",
            "1) (integer) 0\n2) (integer) 4\n3) (integer) 255\n4) (nil)\n5) (nil)\n6) (integer) -1",
        );
        t.expect("BITFIELD k OVERFLOW SAT SET i8 0 -200 GET i8 0", "1) (integer) -56\n2) (integer) -128");
        t.expect("BITFIELD f OVERFLOW FAIL INCRBY u2 0 4", "1) (nil)");
        t.expect("GET f", r#""\x00""#);
    });
}

#[test]
fn bitfield_refuses_bad_calls_without_a_change() {
    let bad_type = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    both(|t| {
        for field in ["u64", "i65", "u0", "x8", "\"\"", "I8", "u08"] {
            t.expect_error(&format!("BITFIELD k SET u8 0 1 GET {field} 0"), bad_type);
        }
        for offset in ["-1", "x", "#", "#-1", "#x", "4294967296", "#536870912"] {
            t.expect_error(&format!("BITFIELD k SET u8 0 1 GET u8 {offset}"), OFFSET);
        }
        for words in ["GET u8", "GET", "SET u8 0", "INCRBY u8 0", "OVERFLOW", "FOO u8 0"] {
            t.expect_error(&format!("BITFIELD k SET u8 0 1 {words}"), "ERR syntax error");
        }
        t.expect_error("BITFIELD k OVERFLOW none SET u8 0 1", "ERR Invalid OVERFLOW type specified");
        t.expect_error("BITFIELD k SET u8 0 x", "ERR value is not an integer or out of range");
        t.expect_error("BITFIELD_RO k SET u8 0 1", "ERR BITFIELD_RO only supports the GET subcommand");
        t.expect_error("BITFIELD_RO k INCRBY u8 x 1", OFFSET);
        t.expect("GET k", "(nil)");
    });
}

#[test]
fn bitfield_takes_many_operations() {
    both(|t| {
        let mut request = "BITFIELD k".to_string();
        (0..30_000).for_each(|n| write!(request, " SET u8 #{n} 1").unwrap());
        let zeros: Vec<String> = (1..=30_000).map(|n| format!("{n}) (integer) 0")).collect();
        t.expect(&request, &zeros.join("\n"));
        t.expect("BITCOUNT k", "(integer) 30000");
    });
}

#[test]
fn a_bitfield_that_only_reads_declares_its_key_as_read() {
    let flags = |request: &str| {
        let mut argv = OwnedArgs::default();
        request.split(' ').for_each(|word| argv.push(word.as_bytes()));
        let mut found: Vec<FoundKey> = Vec::new();
        find_keys(table().find(b"BITFIELD").unwrap().spec, argv.view(), &mut found).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].position, 1);
        found[0].flags
    };
    let read = KeyFlags::RO | KeyFlags::ACCESS;
    let written = KeyFlags::RW | KeyFlags::ACCESS | KeyFlags::UPDATE;
    assert_eq!(flags("BITFIELD k GET u8 0 OVERFLOW SAT get u8 1"), read);
    assert_eq!(flags("BITFIELD k"), read);
    assert_eq!(flags("BITFIELD k GET u8 0 SET u8 0 1"), written);
    assert_eq!(flags("BITFIELD k INCRBY u8 0 1"), written);
}
