use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::resp::output::Output;
use crate::resp::reply::{Protocol, Reply};

/// Sends all of `output`, as `writev` would.
fn sent(output: &Output) -> Vec<u8> {
    let mut slices = vec![std::io::IoSlice::new(&[]); 1000];
    let filled = output.io_slices(&mut slices, usize::MAX);
    slices[..filled].iter().flat_map(|slice| slice.iter().copied()).collect()
}

fn written(protocol: Protocol, write: impl FnOnce(&mut Reply)) -> String {
    let mut output = Output::default();
    write(&mut Reply::new(&mut output, protocol));
    String::from_utf8(sent(&output)).unwrap()
}

#[track_caller]
fn writes(write: impl Fn(&mut Reply), resp2: &str, resp3: &str) {
    assert_eq!(written(Protocol::Resp2, &write), resp2);
    assert_eq!(written(Protocol::Resp3, &write), resp3);
}

#[test]
fn every_type_has_its_bytes_in_both_protocols() {
    writes(|r| r.ok(), "+OK\r\n", "+OK\r\n");
    writes(|r| r.queued(), "+QUEUED\r\n", "+QUEUED\r\n");
    writes(|r| r.simple(b"hi"), "+hi\r\n", "+hi\r\n");
    writes(|r| r.null(), "$-1\r\n", "_\r\n");
    writes(|r| r.null_array(), "*-1\r\n", "_\r\n");
    writes(|r| r.bool(true), ":1\r\n", "#t\r\n");
    writes(|r| r.bool(false), ":0\r\n", "#f\r\n");
    writes(|r| r.map(2), "*4\r\n", "%2\r\n");
    writes(|r| r.set(12), "*12\r\n", "~12\r\n");
    writes(|r| r.push(3), "*3\r\n", ">3\r\n");
    writes(|r| r.array(345), "*345\r\n", "*345\r\n");
    writes(|r| r.bulk_integer(-5), "$2\r\n-5\r\n", "$2\r\n-5\r\n");
    writes(|r| r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
    writes(|r| r.double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n");
    writes(|r| r.double(f64::NAN), "$3\r\nnan\r\n", ",nan\r\n");
    writes(|r| r.big_number(b"123"), "$3\r\n123\r\n", "(123\r\n");
    writes(|r| r.verbatim(b"txt", b"a\nb"), "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n");
    assert_eq!(written(Protocol::Resp3, |r| r.attribute(1)), "|1\r\n");
    for n in [0, 9, 10, 99, 100, -1, i64::MAX, i64::MIN] {
        let line = format!(":{n}\r\n");
        writes(|r| r.integer(n), &line, &line);
    }
}

#[test]
fn an_error_is_one_line_and_is_counted() {
    let mut output = Output::default();
    let mut reply = Reply::new(&mut output, Protocol::Resp2);
    assert_eq!((reply.errors(), reply.error_code()), (0, None));
    reply.error("\r\nWRONGTYPE a\r\nb\n");
    assert_eq!((reply.errors(), reply.error_code()), (1, Some(&b"WRONGTYPE"[..])));
    reply.error(format!("{} x", "C".repeat(31)));
    assert_eq!(reply.error_code(), Some("C".repeat(31).as_bytes()));
    reply.error(format!("{} x", "C".repeat(32)));
    assert_eq!((reply.errors(), reply.error_code()), (3, Some(&b"ERR"[..])));
    reply.error("NOSPACE");
    assert_eq!(reply.error_code(), Some(&b"ERR"[..]));
    assert!(sent(&output).starts_with(b"-WRONGTYPE a  b\r\n-CCC"));
}

#[test]
fn what_is_undone_leaves_no_trace() {
    let mut output = Output::default();
    Reply::new(&mut output, Protocol::Resp2).ok();
    let mut reply = Reply::new(&mut output, Protocol::Resp2);
    let mark = reply.mark();
    reply.array(2);
    reply.bulk_bytes(Bytes::from(vec![1; 100_000]));
    reply.error("ERR no");
    reply.undo(mark);
    assert_eq!((reply.errors(), reply.error_code()), (0, None));
    reply.integer(7);
    assert_eq!(output.as_slice(), Some(&b"+OK\r\n:7\r\n"[..]));
}

#[test]
fn a_large_bulk_is_shared() {
    let value = Bytes::from(vec![b'v'; crate::resp::BIG_BULK]);
    let mut output = Output::default();
    Reply::new(&mut output, Protocol::Resp2).bulk_bytes(value.clone());
    let mut slices = [std::io::IoSlice::new(&[]); 4];
    assert_eq!(output.io_slices(&mut slices, usize::MAX), 3);
    assert_eq!(slices[1].as_ptr(), value.as_ptr());
}

/// Any reply of RESP3 that `Reply` can write.
fn value() -> impl Strategy<Value = Value> {
    let text = || vec(any::<u8>().prop_filter("one line", |b| !b"\r\n".contains(b)), 0..40);
    let bulk = prop_oneof![9 => vec(any::<u8>(), 0..120), 1 => (16_000..17_000usize).prop_map(|n| vec![b'x'; n])];
    let leaf = prop_oneof![
        text().prop_map(Value::Simple),
        text().prop_map(Value::Error),
        any::<i64>().prop_map(Value::Integer),
        (-1000..1000i64).prop_map(Value::Integer),
        bulk.prop_map(Value::Bulk),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_filter("equal to itself", |x| !x.is_nan()).prop_map(Value::Double),
        "-?[1-9][0-9]{0,30}".prop_map(|digits| Value::BigNumber(digits.into())),
        vec(any::<u8>(), 0..40).prop_map(|text| Value::Verbatim { format: *b"txt", text }),
    ];
    leaf.prop_recursive(4, 40, 10, |inner| {
        let pairs = || vec((inner.clone(), inner.clone()), 0..6);
        prop_oneof![
            vec(inner.clone(), 0..12).prop_map(Value::Array),
            vec(inner.clone(), 0..12).prop_map(Value::Set),
            vec(inner.clone(), 0..12).prop_map(Value::Push),
            pairs().prop_map(Value::Map),
            (pairs(), inner.clone()).prop_map(|(pairs, v)| Value::Attribute { pairs, value: Box::new(v) }),
        ]
    })
}

/// Writes `value`; aggregates by header or by deferral.
fn write(reply: &mut Reply, value: &Value, defer: bool) {
    let all = |reply: &mut Reply, values: &[Value]| values.iter().for_each(|v| write(reply, v, defer));
    let pairs = |reply: &mut Reply, pairs: &[(Value, Value)]| {
        for (key, value) in pairs {
            write(reply, key, defer);
            write(reply, value, defer);
        }
    };
    match value {
        Value::Simple(text) => reply.simple(text),
        Value::Error(text) => reply.error(text),
        Value::Integer(n) => reply.integer(*n),
        Value::Bulk(bytes) if bytes.len() % 2 == 0 => reply.bulk(bytes),
        Value::Bulk(bytes) => reply.bulk_bytes(bytes.clone().into()),
        Value::Null => reply.null(),
        Value::Bool(yes) => reply.bool(*yes),
        Value::Double(x) => reply.double(*x),
        Value::BigNumber(digits) => reply.big_number(digits),
        Value::Verbatim { format, text } => reply.verbatim(format, text),
        Value::Array(values) | Value::Set(values) | Value::Push(values) if defer => {
            let deferred = reply.defer();
            all(reply, values);
            match value {
                Value::Array(_) => reply.end_array(deferred, values.len()),
                Value::Set(_) => reply.end_set(deferred, values.len()),
                _ => reply.end_push(deferred, values.len()),
            }
        }
        Value::Map(entries) if defer => {
            let deferred = reply.defer();
            pairs(reply, entries);
            reply.end_map(deferred, entries.len());
        }
        Value::Array(values) => {
            reply.array(values.len());
            all(reply, values);
        }
        Value::Set(values) => {
            reply.set(values.len());
            all(reply, values);
        }
        Value::Push(values) => {
            reply.push(values.len());
            all(reply, values);
        }
        Value::Map(entries) => {
            reply.map(entries.len());
            pairs(reply, entries);
        }
        Value::Attribute { pairs: entries, value } => {
            if reply.protocol() == Protocol::Resp3 {
                reply.attribute(entries.len());
                pairs(reply, entries);
            }
            write(reply, value, defer);
        }
        Value::NullBulk | Value::NullArray | Value::BulkError(_) => unreachable!("not generated"),
    }
}

/// What RESP2 makes of a RESP3 reply.
fn in_resp2(value: &Value) -> Value {
    let all = |values: &[Value]| values.iter().map(in_resp2).collect();
    match value {
        Value::Null => Value::NullBulk,
        Value::Bool(yes) => Value::Integer((*yes).into()),
        Value::Double(x) => Value::Bulk(format_like_the_writer(*x)),
        Value::BigNumber(digits) => Value::Bulk(digits.clone()),
        Value::Verbatim { text, .. } => Value::Bulk(text.clone()),
        Value::Array(values) | Value::Set(values) | Value::Push(values) => Value::Array(all(values)),
        Value::Map(pairs) => Value::Array(pairs.iter().flat_map(|(k, v)| [in_resp2(k), in_resp2(v)]).collect()),
        Value::Attribute { value, .. } => in_resp2(value),
        other => other.clone(),
    }
}

/// The text in RESP3, whose meaning the RESP3 round trip checks.
fn format_like_the_writer(x: f64) -> Vec<u8> {
    let line = written(Protocol::Resp3, |reply| reply.double(x));
    line[1..line.len() - 2].into()
}

fn decoded(bytes: &[u8]) -> Option<(Value, usize)> {
    decode(bytes, &DecodeLimits::default()).expect("well formed")
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in value(), defer: bool, cut: prop::sample::Index) {
        for (protocol, expected) in [(Protocol::Resp3, value.clone()), (Protocol::Resp2, in_resp2(&value))] {
            let mut output = Output::default();
            write(&mut Reply::new(&mut output, protocol), &value, defer);
            let bytes = sent(&output);
            prop_assert_eq!(bytes.len(), output.pending());
            prop_assert_eq!(decoded(&bytes), Some((expected, bytes.len())));
            prop_assert_eq!(decoded(&bytes[..cut.index(bytes.len())]), None);
        }
    }

    #[test]
    fn garbage_is_refused_or_read_but_never_panics(bytes in vec(prop::sample::select(&b"*$%~>|+-:_#,(!=0129tf\r\n\r\n\r\nx"[..]), 0..60)) {
        let _ = decode(&bytes, &DecodeLimits::default());
    }
}

#[test]
fn limits_hold() {
    let limits = DecodeLimits { depth: 2, bulk_len: 3, elements: 4 };
    let decode = |text: &str| decode(text.as_bytes(), &limits).map(|found| found.is_some());
    assert_eq!(decode("*1\r\n*1\r\n:1\r\n"), Ok(true));
    assert_eq!(decode("*1\r\n*1\r\n*0\r\n"), Err(DecodeError::TooDeep));
    assert_eq!(decode("$3\r\nabc\r\n"), Ok(true));
    assert_eq!(decode("$4\r\n"), Err(DecodeError::TooBig));
    assert_eq!(decode("*5\r\n"), Err(DecodeError::TooBig));
    assert_eq!(decode("%2\r\n"), Ok(false));
    assert_eq!(decode("%3\r\n"), Err(DecodeError::TooBig));
    assert_eq!(decode(&format!("+{}", "x".repeat(LINE_MAX))), Err(DecodeError::TooLongLine));
}

#[test]
fn malformed_replies_are_refused() {
    let decode = |text: &str| decode(text.as_bytes(), &DecodeLimits::default()).unwrap_err();
    assert_eq!(decode("x\r\n"), DecodeError::UnknownType(b'x'));
    assert_eq!(decode("$3\r\nabcde"), DecodeError::MissingLineEnd);
    for line in [":x\r\n", ":\r\n", "+a\n", "$-2\r\n", "*-2\r\n", "#x\r\n", "_x\r\n", ",x\r\n", "=3\r\ntxt\r\n"] {
        assert_eq!(decode(line), DecodeError::Malformed, "{line:?}");
    }
}
