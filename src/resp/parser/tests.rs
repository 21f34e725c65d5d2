use bytes::BufMut;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::resp::big::BigBulk;

type Requests = Vec<Vec<Vec<u8>>>;

/// Does what a connection does, with the pieces that the network brings.
struct Connection {
    parser: Parser,
    limits: Limits,
    buf: Vec<u8>,
    big: Option<BigBulk>,
    requests: Requests,
    error: Option<ProtocolError>,
}

impl Connection {
    fn new(limits: Limits) -> Self {
        let (parser, buf) = (Parser::default(), Vec::new());
        Self { parser, limits, buf, big: None, requests: vec![], error: None }
    }

    fn receive(&mut self, mut piece: &[u8]) {
        if let Some(big) = &mut self.big {
            let n = piece.len().min(big.missing());
            while let n @ 1.. = n.min(big.missing()).min(piece.len()) {
                let mut space = big.space();
                let n = n.min(space.remaining_mut());
                space.put_slice(&piece[..n]);
                piece = &piece[n..];
            }
            if big.missing() > 0 {
                return;
            }
            self.parser.big_done(self.big.take().unwrap().finish());
        }
        self.buf.extend_from_slice(piece);
        let mut pos = 0;
        while self.error.is_none() {
            match self.parser.parse(&self.buf[pos..], &self.limits) {
                Ok(Parsed::Request { consumed }) => {
                    let args = self.parser.request(&self.buf[pos..]);
                    self.requests.push(args.iter().map(<[u8]>::to_vec).collect());
                    pos += consumed;
                }
                Ok(Parsed::Empty { consumed }) => pos += consumed,
                Ok(Parsed::Incomplete) => break,
                Ok(Parsed::Big { start, len }) => {
                    assert!(len >= self.limits.big_bulk);
                    self.big = Some(BigBulk::new(len, &self.buf[pos + start..]));
                    self.buf.truncate(pos + start);
                    break;
                }
                Err(error) => self.error = Some(error),
            }
        }
        self.buf.drain(..pos);
    }
}

/// The requests in `bytes` cut at `cuts`, and the error that ends them.
fn parse_cut(bytes: &[u8], cuts: &[usize], limits: Limits) -> (Requests, Option<ProtocolError>) {
    let mut connection = Connection::new(limits);
    let mut from = 0;
    for &to in cuts.iter().chain([&bytes.len()]) {
        connection.receive(&bytes[from..to]);
        from = to;
    }
    (connection.requests, connection.error)
}

/// All at once and byte by byte.
#[track_caller]
fn parse(bytes: &[u8], limits: Limits) -> (Requests, Option<ProtocolError>) {
    let whole = parse_cut(bytes, &[], limits);
    let cuts: Vec<usize> = (1..bytes.len()).collect();
    assert_eq!(parse_cut(bytes, &cuts, limits), whole, "{}", bytes.escape_ascii());
    whole
}

#[track_caller]
fn gives(bytes: impl AsRef<[u8]>, requests: &[&[&str]]) {
    let (got, error) = parse(bytes.as_ref(), Limits::default());
    assert_eq!(error, None);
    let requests: Requests = requests.iter().map(|r| r.iter().map(|a| a.as_bytes().to_vec()).collect()).collect();
    assert_eq!(got, requests);
}

#[track_caller]
fn refuses(bytes: impl AsRef<[u8]>, text: &str) {
    let (requests, error) = parse(bytes.as_ref(), Limits::default());
    assert_eq!(requests, Requests::new());
    assert_eq!(error.expect("refused").text(), format!("ERR Protocol error: {text}").into_bytes());
}

#[test]
fn requests_are_read_as_redis_reads_them() {
    gives("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$12\r\nabcdefghijkl\r\n", &[&["SET", "", "abcdefghijkl"]]);
    gives("*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n", &[&["PING"], &["ECHO", "x"]]);
    gives("*0\r\n*-1\r\n*-9223372036854775808\r\n\r\n\n  \r\n*1\r\n$4\r\nPING\r\n*0\r\n", &[&["PING"]]);
    gives("*1\rX$4\rYPINGZZPING\n", &[&["PING"], &["PING"]]);
    gives("PING\r\nset k 'a b'\n\tget \"k\" \r\r\n-1\r\n", &[&["PING"], &["set", "k", "a b"], &["get", "k"], &["-1"]]);
    gives("ECHO a\0b\r\n", &[&["ECHO", "a\0b"]]);
    let many = (0..12).map(|_| "$1\r\nx\r\n").collect::<String>();
    gives(format!("*12\r\n{many}"), &[&["x"; 12]]);
}

/// The texts and conditions were taken from redis-server 7.0.15.
#[test]
fn bad_counts_are_refused() {
    for count in ["a", "", "00", "01", "-0", "+1", " 1", "1 ", "1\n$4", "2147483648", "-9223372036854775809"] {
        refuses(format!("*{count}\r\n$4\r\nPING\r\n"), "invalid multibulk length");
    }
    gives("*2147483647\r\n", &[]);
    gives("*a", &[]);
    gives("*a\r", &[]);
}

#[test]
fn bad_lengths_are_refused() {
    for len in ["-1", "", "04", "x", "00", "536870913", "99999999999999999999"] {
        refuses(format!("*1\r\n${len}\r\nPING\r\n"), "invalid bulk length");
    }
    gives("*1\r\n$536870912\r\n", &[]);
    let limits = Limits { max_bulk_len: 5, ..Limits::default() };
    assert_eq!(parse(b"*1\r\n$6\r\n", limits).1, Some(ProtocolError::InvalidLength));
    assert_eq!(parse(b"*1\r\n$5\r\nabcde\r\n", limits), (vec![vec![b"abcde".to_vec()]], None));
}

#[test]
fn an_argument_must_begin_with_a_dollar() {
    refuses("*1\r\n:4\r\n", "expected '$', got ':'");
    refuses("*1\r\nPING\r\n", "expected '$', got 'P'");
    refuses("*1\r\n\"\r\n", "expected '$', got '\"'");
    gives("*1\r\nPX", &[]);
    let high = parse(b"*1\r\n\x80\r\n", Limits::default()).1.expect("refused");
    assert_eq!(high.text(), b"ERR Protocol error: expected '$', got '\x80'");
    // The writer makes the CR a space.
    refuses("*1\r\n\r\n", "expected '$', got '\r'");
}

#[test]
fn unbalanced_quotes_are_refused() {
    for line in ["SET \"a", "SET 'a", "SET \"a\"b", "ECHO a\"b\"c"] {
        refuses(format!("{line}\r\n"), "unbalanced quotes in request");
    }
}

#[test]
fn lines_without_end_are_refused() {
    const MAX: usize = LINE_MAX;
    let line = |start: &str, fill: &str, len: usize| format!("{start}{}", fill.repeat(len - start.len()));
    let whole = |bytes: String| parse_cut(bytes.as_bytes(), &[1000, MAX - 1], Limits::default());
    let error = |bytes: String| whole(bytes).1;

    assert_eq!(error(line("*", "1", MAX)), None);
    assert_eq!(error(line("*", "1", MAX) + "\r\n"), Some(ProtocolError::InvalidCount));
    assert_eq!(error(line("*", "1", MAX + 1)), Some(ProtocolError::TooBigCount));
    assert_eq!(error(line("*", "1", MAX + 1) + "\r\n"), Some(ProtocolError::TooBigCount));

    let bulk = |len| format!("*1\r\n{}", line("$", "1", len));
    assert_eq!(error(bulk(MAX)), None);
    assert_eq!(error(bulk(MAX) + "\r\n"), Some(ProtocolError::InvalidLength));
    assert_eq!(error(bulk(MAX + 1)), Some(ProtocolError::TooBigLength));
    assert_eq!(error(format!("*1\r\n{}", line("A", "1", MAX + 1))), Some(ProtocolError::TooBigLength));

    assert_eq!(error(line("P", "P", MAX)), None);
    assert_eq!(whole(line("P", "P", MAX) + "\n").0[0][0].len(), MAX);
    assert_eq!(error(line("P", "P", MAX + 1)), Some(ProtocolError::TooBigInline));
    assert_eq!(error(line("P", "P", MAX + 1) + "\n"), Some(ProtocolError::TooBigInline));

    let texts = [ProtocolError::TooBigInline, ProtocolError::TooBigCount, ProtocolError::TooBigLength];
    assert_eq!(
        texts.map(|error| error.to_string()),
        [
            "ERR Protocol error: too big inline request",
            "ERR Protocol error: too big mbulk count string",
            "ERR Protocol error: too big bulk count string"
        ]
    );
}

#[test]
fn strangers_send_only_small_requests() {
    let limits = Limits { authenticated: false, ..Limits::default() };
    let error = |text: &str| parse(text.as_bytes(), limits).1.map(|error| error.to_string());
    assert_eq!(error("*10\r\n$4\r\nPING\r\n"), None);
    assert_eq!(error("*11\r\n").unwrap(), "ERR Protocol error: unauthenticated multibulk length");
    assert_eq!(error("*2147483648\r\n").unwrap(), "ERR Protocol error: invalid multibulk length");
    assert_eq!(error("*1\r\n$16384\r\n"), None);
    assert_eq!(error("*1\r\n$16385\r\n").unwrap(), "ERR Protocol error: unauthenticated bulk length");
    assert_eq!(error("*1\r\n$999999999999\r\n").unwrap(), "ERR Protocol error: invalid bulk length");
    assert_eq!(error("ECHO 1 2 3 4 5 6 7 8 9 10 11 12\r\n"), None);
}

#[test]
fn a_request_in_pieces_is_not_parsed_again() {
    let args = 200_000;
    let bytes = [format!("*{args}\r\n"), "$8\r\nabcdefgh\r\n".repeat(args)].concat().into_bytes();
    let mut parser = Parser::default();
    for end in (0..bytes.len()).step_by(BIG_BULK) {
        assert_eq!(parser.parse(&bytes[..end], &Limits::default()), Ok(Parsed::Incomplete));
        let unparsed = end - parser.pos;
        assert!(unparsed < "$8\r\nabcdefgh\r\n".len(), "{unparsed} bytes would be looked at again");
    }
    let parsed = parser.parse(&bytes, &Limits::default());
    assert_eq!(parsed, Ok(Parsed::Request { consumed: bytes.len() }));
    assert_eq!(parser.request(&bytes).len(), args);

    assert_eq!(parser.parse(&[], &Limits::default()), Ok(Parsed::Incomplete));
    assert!(parser.memory_bytes() <= KEPT_SPANS * size_of::<Span>(), "the spans are given back");
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut parser = Parser::default();
    assert_eq!(parser.memory_bytes(), 0);
    assert_eq!(
        parser.parse(b"*2147483647\r\n$536870912\r\n", &Limits::default()).map(|p| matches!(p, Parsed::Big { .. })),
        Ok(true)
    );
    assert!(parser.memory_bytes() <= SPECULATIVE_SPANS * size_of::<Span>());
}

#[test]
fn a_big_bulk_is_shared_and_then_dropped() {
    let big = vec![b'v'; BIG_BULK];
    let header = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", big.len()).into_bytes();
    let mut parser = Parser::default();
    let parsed = parser.parse(&header, &Limits::default());
    assert_eq!(parsed, Ok(Parsed::Big { start: header.len(), len: big.len() }));
    assert_eq!(parser.parse(&header, &Limits::default()), parsed, "asking again changes nothing");

    let bulk = Bytes::from(big);
    parser.big_done(bulk.clone());
    assert_eq!(parser.parse(&header, &Limits::default()), Ok(Parsed::Request { consumed: header.len() }));
    let args = parser.request(&header);
    assert_eq!((args.get(1), args.get(2)), (&b"k"[..], &bulk[..]));
    assert_eq!(args.get_bytes(2).unwrap().as_ptr(), bulk.as_ptr());
    assert!(!bulk.is_unique());

    assert_eq!(parser.parse(&[], &Limits::default()), Ok(Parsed::Incomplete));
    assert!(bulk.is_unique(), "an idle client holds no value");
}

/// How a request is put on the wire.
#[derive(Clone, Debug)]
enum Sent {
    Multibulk(Vec<Vec<u8>>),
    Inline(Vec<Vec<u8>>),
    Nothing(&'static [u8]),
}

impl Sent {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Multibulk(args) => {
                out.extend(format!("*{}\r\n", args.len()).bytes());
                for arg in args {
                    out.extend(format!("${}\r\n", arg.len()).bytes());
                    out.extend(arg);
                    out.extend(b"\r\n");
                }
            }
            Self::Inline(args) => {
                for arg in args {
                    out.push(b'"');
                    arg.iter().for_each(|b| out.extend(format!("\\x{b:02x}").bytes()));
                    out.extend(b"\" ");
                }
                out.extend(b"\r\n");
            }
            Self::Nothing(bytes) => out.extend(*bytes),
        }
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let arg = prop_oneof![
        8 => vec(any::<u8>(), 0..120),
        1 => (50..400usize, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
    ];
    prop_oneof![
        6 => vec(arg, 1..14).prop_map(Sent::Multibulk),
        2 => vec(vec(any::<u8>(), 0..9), 1..4).prop_map(Sent::Inline),
        1 => prop::sample::select(vec![&b"\r\n"[..], b"\n", b"  \r\n", b"*0\r\n", b"*-1\r\n"]).prop_map(Sent::Nothing),
    ]
}

/// Small, so that generated arguments lie on both sides.
const SMALL_LIMITS: Limits = Limits { max_bulk_len: 300_000, authenticated: true, big_bulk: 100, inline_max: 1000 };

proptest! {
    #[test]
    fn any_cut_gives_the_requests_sent(sent in vec(sent(), 0..8), cuts in vec(any::<prop::sample::Index>(), 0..12)) {
        let mut bytes = vec![];
        sent.iter().for_each(|request| request.write(&mut bytes));
        let expected: Requests = sent
            .into_iter()
            .filter_map(|sent| match sent {
                Sent::Multibulk(args) | Sent::Inline(args) => Some(args),
                Sent::Nothing(_) => None,
            })
            .collect();

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(parse_cut(&bytes, &cuts, SMALL_LIMITS), (expected.clone(), None));
        prop_assert_eq!(parse(&bytes, SMALL_LIMITS), (expected, None));
    }

    #[test]
    fn garbage_is_the_same_garbage_in_any_cut(
        pieces in vec(prop::sample::select(vec![
            &b"*"[..], b"*1\r\n", b"*2\r\n", b"*12\r\n", b"$", b"$3\r\n", b"$12\r\n", b"$150\r\n", b"$0\r\n", b"\r", b"\n",
            b"\r\n", b"-", b"-1", b"0", b"1", b"9", b"\"", b"'", b"\\x4", b"\\", b"abc\r\n", b"abcdefghijkl\r\n", b" ", b"\0",
            b"\xff", &[b'z'; 152],
        ]), 0..30),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
        authenticated: bool,
    ) {
        let bytes = pieces.concat();
        let limits = Limits { authenticated, ..SMALL_LIMITS };
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(parse_cut(&bytes, &cuts, limits), parse(&bytes, limits));
    }

    #[test]
    fn raw_garbage_never_panics(bytes in vec(any::<u8>(), 0..300)) {
        parse(&bytes, SMALL_LIMITS);
    }
}
