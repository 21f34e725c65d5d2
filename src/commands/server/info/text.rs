//! Values of INFO as text.

use std::borrow::Cow;
use std::io::Write;

/// The value of a field.
#[derive(Debug, PartialEq)]
pub(super) enum Fact {
    /// A number or a state as a number.
    Count(u64),
    /// A number that may be negative.
    Signed(i64),
    /// Two decimals.
    Ratio(f64),
    /// Two decimals and a percent sign.
    Percent(f64),
    /// Bytes for people: `1.50M`.
    Human(u64),
    /// Microseconds as seconds with six decimals.
    Seconds(u64),
    /// Anything else.
    Text(Cow<'static, str>),
}

impl From<u64> for Fact {
    fn from(n: u64) -> Fact {
        Fact::Count(n)
    }
}

impl From<usize> for Fact {
    fn from(n: usize) -> Fact {
        Fact::Count(n as u64)
    }
}

impl From<u32> for Fact {
    fn from(n: u32) -> Fact {
        Fact::Count(n.into())
    }
}

impl From<bool> for Fact {
    fn from(yes: bool) -> Fact {
        Fact::Count(yes.into())
    }
}

impl From<&'static str> for Fact {
    fn from(text: &'static str) -> Fact {
        Fact::Text(text.into())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Fact {
        Fact::Text(text.into())
    }
}

/// `name:value` and a line end.
pub(super) fn write_line(out: &mut Vec<u8>, name: &str, fact: &Fact) {
    let done = match fact {
        Fact::Count(n) => write!(out, "{name}:{n}\r\n"),
        Fact::Signed(n) => write!(out, "{name}:{n}\r\n"),
        Fact::Ratio(x) => write!(out, "{name}:{x:.2}\r\n"),
        Fact::Percent(x) => write!(out, "{name}:{x:.2}%\r\n"),
        Fact::Human(bytes) => write!(out, "{name}:{}\r\n", human(*bytes)),
        Fact::Seconds(us) => write!(out, "{name}:{}.{:06}\r\n", us / 1_000_000, us % 1_000_000),
        Fact::Text(text) => write!(out, "{name}:{text}\r\n"),
    };
    done.expect("writing to a vector succeeds");
}

/// Bytes in the largest unit of 1024 that leaves at least one.
fn human(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    match bytes.checked_ilog2().unwrap_or(0) / 10 {
        0 => format!("{bytes}B"),
        power => format!("{:.2}{}", bytes as f64 / 1024f64.powi(power as i32), UNITS[power as usize - 1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people() {
        let cases = [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (966_096, "943.45K"),
            (6_832_128, "6.52M"),
            (25_276_063_744, "23.54G"),
            (u64::MAX, "16.00E"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn lines() {
        let mut out = Vec::new();
        write_line(&mut out, "a", &Fact::Ratio(2.0 / 3.0));
        write_line(&mut out, "b", &Fact::Percent(99.999));
        write_line(&mut out, "c", &Fact::Seconds(1_000_042));
        write_line(&mut out, "d", &Fact::Signed(-1));
        assert_eq!(String::from_utf8(out).unwrap(), "a:0.67\r\nb:100.00%\r\nc:1.000042\r\nd:-1\r\n");
    }
}
