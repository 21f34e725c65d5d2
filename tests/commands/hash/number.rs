//! HINCRBY and HINCRBYFLOAT.

use super::NOT_INTEGER;
use crate::harness::both;

#[test]
fn hincrby_adds_integers() {
    both(|t| {
        for limit in ["0", "512"] {
            t.expect("FLUSHALL", "OK");
            t.config("hash-max-listpack-entries", limit);
            t.expect("HINCRBY h n 5", "(integer) 5");
            t.expect("HINCRBY h n -7", "(integer) -2");
            t.expect("HGET h n", "\"-2\"");
            t.expect("HSET h max 9223372036854775807 min -9223372036854775808 text abc space \" 1\"", "(integer) 4");
            t.expect_error("HINCRBY h max 1", "ERR increment or decrement would overflow");
            t.expect_error("HINCRBY h min -1", "ERR increment or decrement would overflow");
            t.expect_error("HINCRBY h text 1", "ERR hash value is not an integer");
            t.expect_error("HINCRBY h space 1", "ERR hash value is not an integer");
            t.expect_error("HINCRBY h n x", NOT_INTEGER);
            t.expect_error("HINCRBY h n 1.5", NOT_INTEGER);
            t.expect("HGET h max", "\"9223372036854775807\"");
        }
    });
}

#[test]
fn hincrbyfloat_adds_floats() {
    both(|t| {
        for limit in ["0", "512"] {
            t.expect("FLUSHALL", "OK");
            t.config("hash-max-listpack-entries", limit);
            t.expect("HINCRBYFLOAT h n 1.5", "\"1.5\"");
            t.expect("HINCRBYFLOAT h n 1e3", "\"1001.5\"");
            t.expect("HINCRBYFLOAT h n -1001.5", "\"0\"");
            t.expect("HINCRBY h n 3", "(integer) 3");
            t.expect("HSET h text abc huge 1e4932", "(integer) 2");
            t.expect_error("HINCRBYFLOAT h text 1", "ERR hash value is not a float");
            t.expect_error("HINCRBYFLOAT h huge 1e4932", "ERR increment would produce NaN or Infinity");
            t.expect_error("HINCRBYFLOAT h n x", "ERR value is not a valid float");
            t.expect_error("HINCRBYFLOAT h n nan", "ERR value is not a valid float");
            t.expect_error("HINCRBYFLOAT h n inf", "ERR value is NaN or Infinity");
            t.expect("HGET h n", "\"3\"");
        }
    });
}

#[test]
fn a_failed_increment_makes_no_hash() {
    both(|t| {
        t.expect_error("HINCRBY h n x", NOT_INTEGER);
        t.expect_error("HINCRBYFLOAT h n inf", "ERR value is NaN or Infinity");
        t.expect("EXISTS h", "(integer) 0");
    });
}

#[test]
fn increments_keep_the_expiry_of_the_field() {
    both(|t| {
        for limit in ["0", "512"] {
            t.expect("FLUSHALL", "OK");
            t.config("hash-max-listpack-entries", limit);
            t.expect("HSETEX h EX 10 FIELDS 1 n 1", "(integer) 1");
            t.expect("HINCRBY h n 1", "(integer) 2");
            t.expect("HINCRBYFLOAT h n 0.5", "\"2.5\"");
            t.expect("HTTL h FIELDS 1 n", "1) (integer) 10");
            t.advance_ms(10_000);
            t.expect("HINCRBY h n 1", "(integer) 1");
            t.expect("HTTL h FIELDS 1 n", "1) (integer) -1");
        }
    });
}
