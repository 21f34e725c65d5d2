//! Beside Lua's own functions: the same values, and the same errors, to the byte.

use proptest::prelude::*;

use super::*;
use crate::script::error::Raised;

/// Calls a function of `string`; `gmatch` to its end.
const CALL: &str = "
    local name, s, p, third, fourth = ...
    local function counted(...) return select('#', ...), ... end
    if name ~= 'gmatch' then return counted(string[name](s, p, third, fourth)) end
    local found = {}
    for a, b, c in string.gmatch(s, p) do
      found[#found + 1] = tostring(a) .. ',' .. tostring(b) .. ',' .. tostring(c)
      if #found > 100 then break end
    end
    return table.concat(found, ';')
";

/// Interpreters: one with Lua's functions, one with ours, one that has the choice.
struct Trio {
    theirs: Lua,
    ours: Lua,
    mixed: Lua,
}

impl Trio {
    fn new() -> Trio {
        let (theirs, ours, mixed) = (Lua::new(), Lua::new(), Lua::new());
        install(&mixed, &mixed.globals().get("string").unwrap(), &Rc::default()).unwrap();
        let string: Table = ours.globals().get("string").unwrap();
        // Called as scripts call them, but in all cases.
        let always = "local ours = ... return function(...) return ours(...) end";
        for (name, function) in functions(&ours, &Rc::default()).unwrap() {
            let called: Function = ours.load(always).call(function).unwrap();
            string.raw_set(name, called).unwrap();
        }
        Trio { theirs, ours, mixed }
    }

    /// What all answer, which is the same.
    #[track_caller]
    fn same(&self, source: &str, args: &[Arg]) -> String {
        let theirs = answer(&self.theirs, source, args);
        for lua in [&self.ours, &self.mixed] {
            assert_eq!(answer(lua, source, args), theirs, "{source} {args:?}");
        }
        theirs
    }
}

/// An argument of a call.
#[derive(Debug, Clone)]
enum Arg {
    Nil,
    Text(Vec<u8>),
    Number(f64),
    /// A table from captures to texts, numbers, and what is no replacement.
    Table,
    /// A function that answers its arguments, by turns something else.
    Function,
}

impl Arg {
    fn value(&self, lua: &Lua) -> Value {
        let source = match self {
            Arg::Nil => return Value::Nil,
            Arg::Number(x) => return Value::Number(*x),
            Arg::Text(text) => return Value::String(lua.create_string(text).unwrap()),
            Arg::Table => {
                "return setmetatable({a='X', b=7, ab=1.5, ['']=false}, {__index=function(_, k) return k end})"
            }
            Arg::Function => {
                "local n = 0
                 return function(...)
                   n = n + 1
                   if n % 4 == 0 then return n end
                   if n % 5 == 0 then return nil end
                   if n % 11 == 0 then return {} end
                   return '<' .. tostring((...)) .. select('#', ...) .. '>', 'more'
                 end"
            }
        };
        lua.load(source).eval().unwrap()
    }
}

fn answer(lua: &Lua, source: &str, args: &[Arg]) -> String {
    let args: MultiValue = args.iter().map(|arg| arg.value(lua)).collect();
    match lua.load(source).set_name("=test").call::<MultiValue>(args) {
        Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" "),
        Err(error) => {
            let text = Raised::of(&error).to_string();
            format!("!{}", text.split("\nstack traceback").next().unwrap_or_default())
        }
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Integer(n) => n.to_string(),
        Value::Number(x) => x.to_string(),
        Value::String(text) => format!("'{}'", text.as_bytes().escape_ascii()),
        other => other.type_name().into(),
    }
}

fn text(text: &[u8]) -> Arg {
    Arg::Text(text.to_vec())
}

fn subject() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => prop::sample::select(b"ab".to_vec()), 2 => prop::sample::select(b"() \n19Z%-]^_\0".to_vec()), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..14)
}

/// Patterns that are mostly well-formed.
fn pattern() -> impl Strategy<Value = Vec<u8>> {
    let class = prop::sample::select(vec![
        "a", "b", ".", "%a", "%A", "%d", "%s", "%S", "%w", "%W", "%p", "%c", "%l", "%u", "%x", "%z", "%Z", "%(", "%.",
        "%%", "[ab]", "[^a]", "[a-]", "[]]", "[^]]", "[%a-z]", "[a-%%]", "[%w_]", "[-a]", "[^%s]", "[b-a]", "^", "$",
        "-", "]",
    ]);
    let repeated = prop::sample::select(vec!["", "", "", "*", "+", "-", "?"]);
    let special = prop::sample::select(vec![
        "(", ")", "(", ")", "()", "%1", "%2", "%b()", "%bab", "%f[a]", "%f[^a]", "%f[%z]", "%f[%w]", "(a*)", "(.-)",
        "(.)%1",
    ]);
    let odd = prop::sample::select(vec![
        "%", "[", "[^", "[a", "%b", "%ba", "%f", "%fa", "%0", "%9", "[%", "[]", "\0", "[a-", "*",
    ]);
    let item = prop_oneof![
        8 => (class, repeated).prop_map(|(class, repeated)| format!("{class}{repeated}")),
        4 => special.prop_map(str::to_owned),
        1 => odd.prop_map(str::to_owned),
    ];
    let start = prop::sample::select(vec!["", "", "", "^"]);
    (start, prop::collection::vec(item, 0..6), prop::sample::select(vec!["", "", "", "$"]))
        .prop_map(|(start, items, end)| format!("{start}{}{end}", items.concat()).into_bytes())
}

fn replacement() -> impl Strategy<Value = Arg> {
    prop_oneof![
        prop::sample::select(vec!["", "x", "<%0>", "%1", "%1%2", "%%", "%", "%a", "a%0%0"])
            .prop_map(|r| text(r.as_bytes())),
        Just(Arg::Number(1.5)),
        Just(Arg::Table),
        Just(Arg::Function),
        Just(Arg::Nil),
    ]
}

fn number() -> impl Strategy<Value = Arg> {
    prop_oneof![
        4 => Just(Arg::Nil),
        4 => (-16_i32..16).prop_map(|n| Arg::Number(n.into())),
        1 => prop::sample::select(vec![0.5, 1e10, -1e10, 1e300, f64::NAN, -9.3e18]).prop_map(Arg::Number),
        1 => Just(text(b"2")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn finds_what_lua_finds(subject in subject(), pattern in pattern(), start in number(), plain in any::<bool>()) {
        thread_local! { static TRIO: Trio = Trio::new(); }
        TRIO.with(|trio| {
            let fourth = if plain && subject.len() % 3 == 0 { Arg::Number(1.0) } else { Arg::Nil };
            for name in ["find", "match", "gmatch"] {
                trio.same(CALL, &[text(name.as_bytes()), text(&subject), text(&pattern), start.clone(), fourth.clone()]);
            }
        });
    }

    #[test]
    fn replaces_what_lua_replaces(subject in subject(), pattern in pattern(), by in replacement(), most in number()) {
        thread_local! { static TRIO: Trio = Trio::new(); }
        TRIO.with(|trio| trio.same(CALL, &[text(b"gsub"), text(&subject), text(&pattern), by, most]));
    }
}

#[test]
fn errors_are_those_of_lua() {
    let trio = Trio::new();
    for (source, said) in [
        ("local a = string.find('a', '%')", "!test:1: malformed pattern (ends with '%')"),
        ("local a = ('a'):match('[a')", "!test:1: malformed pattern (missing ']')"),
        ("local a = ('a'):match('%f')", "!test:1: missing '[' after '%f' in pattern"),
        ("local a = ('a'):match('%b')", "!test:1: unbalanced pattern"),
        ("local a = ('a'):match('%1')", "!test:1: invalid capture index"),
        ("local a = ('a'):match(')')", "!test:1: invalid pattern capture"),
        ("local a = ('a'):match('(')", "!test:1: unfinished capture"),
        ("local a = ('a'):match(('()'):rep(33))", "!test:1: too many captures"),
        ("local a = ('a'):gsub('a', '%2')", "!test:1: invalid capture index"),
        ("local a = ('a'):gsub('a', function() return {} end)", "!test:1: invalid replacement value (a table)"),
        ("local a = string.find()", "!test:1: bad argument #1 to 'find' (string expected, got no value)"),
        ("local a = string.find('a', {})", "!test:1: bad argument #2 to 'find' (string expected, got table)"),
        ("local a = string.find('a', 'a', {})", "!test:1: bad argument #3 to 'find' (number expected, got table)"),
        ("local a = string.gsub('a', 'a')", "!test:1: bad argument #3 to 'gsub' (string/function/table expected)"),
        (
            "local a = string.gsub('a', 'a', true, {})",
            "!test:1: bad argument #4 to 'gsub' (number expected, got table)",
        ),
        (
            "local a = string.find(nil, ('a'):rep(1000))",
            "!test:1: bad argument #1 to 'find' (string expected, got nil)",
        ),
        ("for a in ('a'):gmatch('%') do end", "!test:1: malformed pattern (ends with '%')"),
        ("for a in ('a'):gmatch(('.'):rep(1000) .. '%') do end", ""),
        ("for a in ('a'):gmatch(('%('):rep(1000) .. '%') do end", ""),
        ("for a in ('a'):rep(1e3):gmatch(('a'):rep(1000) .. '%') do end", "!test:1: malformed pattern (ends with '%')"),
        ("local a = string.gmatch('a')", "!test:1: bad argument #2 to 'gmatch' (string expected, got no value)"),
        ("local f = string.match local a = f(nil)", "!test:1: bad argument #1 to 'f' (string expected, got nil)"),
        ("local a = ('a'):match()", "!test:1: bad argument #1 to 'match' (string expected, got no value)"),
        ("local a = ('a'):gsub('a', function() error('mine') end)", "!test:1: mine"),
        ("local a = ('a'):gsub('a', setmetatable({}, {__index = function() error('mine', 0) end}))", "!mine"),
    ] {
        assert_eq!(trio.same(source, &[]), said, "{source}");
    }
}

#[test]
fn numbers_are_texts() {
    let trio = Trio::new();
    assert_eq!(trio.same("return string.find(1225, 2, 1)", &[]), "2 2");
    assert_eq!(trio.same("return string.gsub(121, 1, 5.5)", &[]), "'5.525.5' 2");
    assert_eq!(trio.same("return ('x'):rep(20):gsub('()x', '%1', 12)", &[]), "'123456789101112xxxxxxxx' 12");
}

#[test]
fn a_text_is_found_across_windows() {
    let signals = Signals::default();
    for len in [1, 2, 100, WINDOW, WINDOW + 1] {
        let sought = vec![b'x'; len];
        for at in [0, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW] {
            let mut subject = vec![b'-'; at];
            assert_eq!(find_text(&subject, &sought, &signals), Ok(None));
            subject.extend(&sought);
            assert_eq!(find_text(&subject, &sought, &signals), Ok(Some(at)));
        }
    }
}

/// Lua's own functions end the process over this.
#[test]
fn a_pattern_of_many_items_is_an_error() {
    let lua = Trio::new().mixed;
    let source = "return string.find('x', string.rep('a?', 1e6))";
    assert!(answer(&lua, source, &[]).starts_with('1'));
    assert_eq!(
        answer(&lua, "return string.find(string.rep('a', 1e6), string.rep('a?', 1e6))", &[]),
        "!test:1: pattern too complex"
    );
}
