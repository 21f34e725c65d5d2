//! The libraries on any input: no panic, and what was packed is unpacked again.

use mlua::{Function, Lua, LuaString, Value};
use proptest::prelude::*;

use super::super::interpreter::Interpreter;

thread_local! {
    static SANDBOX: Interpreter = Interpreter::new();
}

/// A function of the sandbox, by its name.
fn with(name: &str, f: impl FnOnce(&Lua, Function) -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    SANDBOX.with(|interpreter| {
        let lua = interpreter.lua();
        let function = lua.load(format!("return {name}")).eval::<Function>().unwrap();
        f(lua, function)
    })
}

/// JSON-like text, so that more than the first byte is looked at.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"{"[..]),
        Just(&b"}"[..]),
        Just(&b"["[..]),
        Just(&b"]"[..]),
        Just(&b"\"a\""[..]),
        Just(&b"\"\\u00e9\""[..]),
        Just(&b"\"\\ud83d\\ude00\""[..]),
        Just(&b"\\u"[..]),
        Just(&b":"[..]),
        Just(&b","[..]),
        Just(&b"1.5e3"[..]),
        Just(&b"-"[..]),
        Just(&b"0x1f"[..]),
        Just(&b"nan"[..]),
        Just(&b"null"[..]),
        Just(&b"true"[..]),
        Just(&b"\0"[..]),
        Just(&b"\xff"[..]),
        Just(&b" "[..]),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn json_is_decoded_or_refused(text in prop_oneof![jsonish(), prop::collection::vec(any::<u8>(), 0..60)]) {
        with("cjson.decode", |lua, decode| {
            let text = lua.create_string(text).unwrap();
            if let Ok(value) = decode.call::<Value>(text) {
                let encode = lua.load("return cjson.encode").eval::<Function>().unwrap();
                // Sparse arrays, and numbers that JSON does not know, are refused.
                let _ = encode.call::<LuaString>(value);
            }
            Ok(())
        })?;
    }

    #[test]
    fn msgpack_is_unpacked_or_refused(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80..0xa2u8, 0xd9..=0xdfu8], 0..80),
    ) {
        with("cmsgpack.unpack", |lua, unpack| {
            let _ = unpack.call::<mlua::MultiValue>(lua.create_string(bytes).unwrap());
            Ok(())
        })?;
    }

    #[test]
    fn structs_are_unpacked_or_refused(format in "[<>!bBhHlLTiIfdsxc0-9 ZZ]{0,12}", data in prop::collection::vec(any::<u8>(), 0..40), from in -2..50i64) {
        with("struct.unpack", |lua, unpack| {
            let _ = unpack.call::<mlua::MultiValue>((&format[..], lua.create_string(data).unwrap(), from));
            let size = lua.load("return struct.size").eval::<Function>().unwrap();
            let _ = size.call::<Value>(&format[..]);
            Ok(())
        })?;
    }

    #[test]
    fn what_nests_is_read_or_refused(depth in 0..200usize, kinds in "[am]{1,9}", has_end in any::<bool>()) {
        with("cjson.decode", |lua, decode| {
            let kinds: Vec<u8> = kinds.bytes().cycle().take(depth).collect();
            let opens = kinds.iter().map(|kind| if *kind == b'a' { "[" } else { "{\"k\":" });
            let closes = kinds.iter().rev().map(|kind| if *kind == b'a' { "]" } else { "}" });
            let json: String = opens.chain(["1"]).chain(closes.filter(|_| has_end)).collect();
            let is_read = decode.call::<Value>(json).is_ok();
            prop_assert_eq!(is_read, depth == 0 || has_end);
            let unpack = lua.load("return cmsgpack.unpack").eval::<Function>().unwrap();
            let packed: Vec<u8> = kinds.iter().flat_map(|kind| if *kind == b'a' { &b"\x91"[..] } else { b"\x81\x01" }).copied().collect();
            let packed = [&packed[..], if has_end { b"\x01" } else { b"" }].concat();
            let _ = unpack.call::<mlua::MultiValue>(lua.create_string(packed).unwrap());
            Ok(())
        })?;
    }

    #[test]
    fn any_number_is_encoded_or_refused(bits in any::<u64>()) {
        with("cjson.encode", |lua, encode| {
            let x = f64::from_bits(bits);
            let is_encoded = encode.call::<LuaString>(x).is_ok();
            prop_assert_eq!(is_encoded, x.is_finite());
            let again = lua.load("return function(x) return cmsgpack.unpack(cmsgpack.pack(x)) end").eval::<Function>().unwrap();
            let y = again.call::<f64>(x).unwrap();
            prop_assert!(y == x || x.is_nan() && y.is_nan() || (y as f32) == (x as f32), "{x} {y}");
            Ok(())
        })?;
    }

    #[test]
    fn structs_come_back(little in any::<bool>(), n in any::<i32>(), x in any::<f64>(), text in "[a-z]{0,9}") {
        with("struct.pack", |lua, pack| {
            let format = if little { "<!4iBsdc0" } else { ">iBsdc0" };
            let format = &format[..format.len() - 2];
            let packed = pack.call::<LuaString>((format, n, 200, &text[..], x)).unwrap();
            let unpack = lua.load("return struct.unpack").eval::<Function>().unwrap();
            let (m, b, t, y, _) = unpack.call::<(i32, u8, String, f64, f64)>((format, packed)).unwrap();
            prop_assert_eq!((m, b, t), (n, 200, text));
            prop_assert_eq!(y.to_bits(), x.to_bits());
            Ok(())
        })?;
    }

    #[test]
    fn numbers_and_strings_come_back(n in any::<i32>(), x in -1e9..1e9f64, text in prop::collection::vec(any::<u8>(), 0..300)) {
        with("cmsgpack.pack", |lua, pack| {
            let unpack = lua.load("return cmsgpack.unpack").eval::<Function>().unwrap();
            let bytes = lua.create_string(&text).unwrap();
            let packed = pack.call::<LuaString>((n, x, bytes.clone())).unwrap();
            let (m, y, same) = unpack.call::<(f64, f64, LuaString)>(packed).unwrap();
            prop_assert_eq!((m, y), (f64::from(n), x));
            prop_assert_eq!(&same.as_bytes()[..], &text[..]);
            let encode = lua.load("return cjson.encode").eval::<Function>().unwrap();
            let decode = lua.load("return cjson.decode").eval::<Function>().unwrap();
            let json = encode.call::<LuaString>(bytes).unwrap();
            let same = decode.call::<LuaString>(json).unwrap();
            prop_assert_eq!(&same.as_bytes()[..], &text[..]);
            Ok(())
        })?;
    }
}
