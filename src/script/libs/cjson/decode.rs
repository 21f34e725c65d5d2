//! JSON to Lua values.

use mlua::{Lua, Value};

use super::{DEPTH_MAX, Settings};

/// Why a text is no JSON.
pub(super) enum Fault {
    Text(String),
    Lua(mlua::Error),
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Fault {
        Fault::Lua(error)
    }
}

/// The value of a JSON text. A zero byte ends it.
pub(super) fn decode(lua: &Lua, text: &[u8], settings: &Settings) -> Result<Value, Fault> {
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(Fault::Text("JSON parser does not support UTF-16 or UTF-32".to_owned()));
    }
    let mut parser = Parser { lua, text, at: 0, settings, depth: 0 };
    let first = parser.token()?;
    let value = parser.value(first)?;
    let last = parser.token()?;
    match last.kind {
        Kind::End => Ok(value),
        _ => Err(unexpected("the end", &last)),
    }
}

enum Kind {
    Bracket(u8),
    Colon,
    Comma,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    End,
    /// No token: why.
    Error(&'static str),
}

struct Token {
    kind: Kind,
    /// Where it begins, from 0.
    at: usize,
}

fn unexpected(expected: &str, token: &Token) -> Fault {
    let found = match &token.kind {
        Kind::Bracket(b'{') => "T_OBJ_BEGIN",
        Kind::Bracket(b'}') => "T_OBJ_END",
        Kind::Bracket(b'[') => "T_ARR_BEGIN",
        Kind::Bracket(_) => "T_ARR_END",
        Kind::Colon => "T_COLON",
        Kind::Comma => "T_COMMA",
        Kind::Text(_) => "T_STRING",
        Kind::Number(_) => "T_NUMBER",
        Kind::Boolean(_) => "T_BOOLEAN",
        Kind::Null => "T_NULL",
        Kind::End => "T_END",
        Kind::Error(text) => text,
    };
    Fault::Text(format!("Expected {expected} but found {found} at character {}", token.at + 1))
}

struct Parser<'a> {
    lua: &'a Lua,
    text: &'a [u8],
    at: usize,
    settings: &'a Settings,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    fn value(&mut self, token: Token) -> Result<Value, Fault> {
        match token.kind {
            Kind::Text(text) => Ok(Value::String(self.lua.create_string(text)?)),
            Kind::Number(x) => Ok(Value::Number(x)),
            Kind::Boolean(yes) => Ok(Value::Boolean(yes)),
            Kind::Null => Ok(Value::NULL),
            Kind::Bracket(b'{') => self.object(),
            Kind::Bracket(b'[') => self.array(),
            _ => Err(unexpected("value", &token)),
        }
    }

    fn descend(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth <= DEPTH_MAX.min(self.settings.decode_depth as usize) {
            return Ok(());
        }
        let (depth, at) = (self.depth, self.at);
        Err(Fault::Text(format!("Found too many nested data structures ({depth}) at character {at}")))
    }

    fn object(&mut self) -> Result<Value, Fault> {
        self.descend()?;
        let table = self.lua.create_table()?;
        let mut token = self.token()?;
        if !matches!(token.kind, Kind::Bracket(b'}')) {
            loop {
                let Kind::Text(key) = token.kind else { return Err(unexpected("object key string", &token)) };
                token = self.token()?;
                if !matches!(token.kind, Kind::Colon) {
                    return Err(unexpected("colon", &token));
                }
                token = self.token()?;
                let value = self.value(token)?;
                table.raw_set(self.lua.create_string(key)?, value)?;
                token = self.token()?;
                match token.kind {
                    Kind::Bracket(b'}') => break,
                    Kind::Comma => token = self.token()?,
                    _ => return Err(unexpected("comma or object end", &token)),
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn array(&mut self) -> Result<Value, Fault> {
        self.descend()?;
        let table = self.lua.create_table()?;
        let mut token = self.token()?;
        if !matches!(token.kind, Kind::Bracket(b']')) {
            for at in 1.. {
                table.raw_seti(at, self.value(token)?)?;
                token = self.token()?;
                match token.kind {
                    Kind::Bracket(b']') => break,
                    Kind::Comma => token = self.token()?,
                    _ => return Err(unexpected("comma or array end", &token)),
                }
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let blank = self.rest().iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
        self.at += blank;
        let at = self.at;
        let Some(&first) = self.rest().first().filter(|byte| **byte != 0) else {
            return Ok(Token { kind: Kind::End, at });
        };
        let kind = match first {
            b'{' | b'}' | b'[' | b']' => self.skip(1, Kind::Bracket(first)),
            b':' => self.skip(1, Kind::Colon),
            b',' => self.skip(1, Kind::Comma),
            b'"' => return Ok(self.string()),
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.rest().starts_with(b"true") => self.skip(4, Kind::Boolean(true)),
            _ if self.rest().starts_with(b"false") => self.skip(5, Kind::Boolean(false)),
            _ if self.rest().starts_with(b"null") => self.skip(4, Kind::Null),
            _ if self.settings.decode_invalid && is_unusual(self.rest()) => self.number(),
            _ => Kind::Error("invalid token"),
        };
        Ok(Token { kind, at })
    }

    fn skip(&mut self, len: usize, kind: Kind) -> Kind {
        self.at += len;
        kind
    }

    fn number(&mut self) -> Kind {
        if !self.settings.decode_invalid && is_unusual(self.rest()) {
            return Kind::Error("invalid number");
        }
        match c_number(self.rest()) {
            Some((x, len)) => self.skip(len, Kind::Number(x)),
            None => Kind::Error("invalid number"),
        }
    }

    /// A string; an error stands where it was found.
    fn string(&mut self) -> Token {
        let start = self.at;
        let mut text = Vec::new();
        let mut at = start + 1;
        loop {
            let plain = self.text[at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0)).count();
            text.extend_from_slice(&self.text[at..at + plain]);
            at += plain;
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Token { kind: Kind::Text(text), at: start };
                }
                Some(b'\\') => match escape(&self.text[at + 1..], &mut text) {
                    Ok(len) => at += 1 + len,
                    Err(error) => return Token { kind: Kind::Error(error), at },
                },
                _ => return Token { kind: Kind::Error("unexpected end of string"), at },
            }
        }
    }
}

/// What stands behind a backslash: appends what it means and answers its length.
fn escape(rest: &[u8], text: &mut Vec<u8>) -> Result<usize, &'static str> {
    let byte = match rest.first() {
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => {
            let (c, len) = unicode(rest).ok_or("invalid unicode escape code")?;
            text.extend(c.encode_utf8(&mut [0; 4]).bytes());
            return Ok(len);
        }
        _ => return Err("invalid escape code"),
    };
    text.push(byte);
    Ok(1)
}

/// `uXXXX`, or a pair of surrogates.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = rest.get(from..from + 4)?;
        digits.iter().try_fold(0u32, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
    };
    let first = unit(1)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 5));
    }
    if rest.get(5..7)? != b"\\u" {
        return None;
    }
    let second = unit(7).filter(|unit| (0xdc00..0xe000).contains(unit))?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 11))
}

/// Whether a number is none of JSON: with a plus, hexadecimal, with leading zeros, infinite or none.
fn is_unusual(text: &[u8]) -> bool {
    if text.first() == Some(&b'+') {
        return true;
    }
    match text.strip_prefix(b"-").unwrap_or(text) {
        [b'0', b'x' | b'X' | b'0'..=b'9', ..] => true,
        [b'0'..=b'9', ..] => false,
        other => has_word(other, b"inf") || has_word(other, b"nan"),
    }
}

fn has_word(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// The longest number at the head, as C's `strtod` reads it, and its length.
fn c_number(text: &[u8]) -> Option<(f64, usize)> {
    let sign_len = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let sign = if text.first() == Some(&b'-') { -1.0 } else { 1.0 };
    let body = &text[sign_len..];
    for (word, value) in [(&b"infinity"[..], f64::INFINITY), (b"inf", f64::INFINITY), (b"nan", f64::NAN)] {
        if has_word(body, word) {
            return Some((sign * value, sign_len + word.len()));
        }
    }
    if has_word(body, b"0x") {
        let digits = body[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 0 {
            let value = body[2..2 + digits]
                .iter()
                .fold(0.0, |value, digit| value * 16.0 + f64::from((*digit as char).to_digit(16).unwrap_or_default()));
            return Some((sign * value, sign_len + 2 + digits));
        }
    }
    let digits = |from: usize| body[from.min(body.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut len = whole;
    if body.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if whole + fraction > 0 {
            len += 1 + fraction;
        }
    }
    if len == 0 {
        return None;
    }
    if matches!(body.get(len), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(body.get(len + 1), Some(b'-' | b'+')));
        let exponent = digits(len + 1 + signed);
        if exponent > 0 {
            len += 1 + signed + exponent;
        }
    }
    let value: f64 = std::str::from_utf8(&body[..len]).ok()?.parse().ok()?;
    Some((sign * value, sign_len + len))
}
