//! The same random commands to a real redis-server and to Nyala; every reply and the data left behind must be equal.
//!
//! Environment:
//!   NYALA_DIFF_COMMANDS=30000     commands in each protocol
//!   NYALA_DIFF_SEED=7             other programs than those of the fixed seed (a failure prints it)
//!   NYALA_DIFF_ONLY=set,bitmap    only these commands or groups
//!   NYALA_DIFF_PEER=/path         another server than the installed redis-server
//!
//! Differences that are meant are rows of [`rules`], with reasons.

#[path = "../server/fixture.rs"]
mod fixture;
#[path = "../generator/mod.rs"]
mod generator;
#[path = "../commands/render.rs"]
mod render;
#[path = "../server/wire.rs"]
mod wire;

mod compare;
mod declared;
mod events;
mod pair;
mod program;
mod protocol;
mod rules;
mod shrink;

use std::collections::BTreeMap;
use std::env;

use pair::{Difference, Pair};
use program::Programs;

/// Commands of one program, after which the data are compared.
const PROGRAM_COMMANDS: usize = 60;
/// Seed of the programs unless another is asked for: a change of ours is then the only thing that can break the test.
const FIXED_SEED: u64 = 1;
/// Different differences shown before a run gives up.
const DIFFERENCES_MAX: usize = 20;

/// A whole number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Runs programs of that many commands altogether, and fails with every kind of difference once.
fn compare_servers(protocol: u8, commands: u64) {
    let Some(mut pair) = Pair::start(protocol) else { return };
    let commands = number("NYALA_DIFF_COMMANDS").unwrap_or(commands);
    let seed = number("NYALA_DIFF_SEED").unwrap_or(FIXED_SEED);
    let mut programs = Programs::new(seed, pair.peer_version());
    let mut found: BTreeMap<String, (Difference, usize)> = BTreeMap::new();
    for _ in 0..commands.div_ceil(PROGRAM_COMMANDS as u64) {
        let program = programs.next(PROGRAM_COMMANDS);
        let Some(difference) = pair.run(&program) else { continue };
        if let Some((_, count)) = found.get_mut(&difference.kind()) {
            *count += 1;
        } else if let Some(difference) = shrink::shrink(&mut pair, program) {
            found.entry(difference.kind()).or_insert((difference, 0)).1 += 1;
        }
        if found.len() >= DIFFERENCES_MAX {
            break;
        }
    }
    let reports: Vec<String> =
        found.values().map(|(difference, count)| format!("{difference}({count} times)\n")).collect();
    assert!(
        reports.is_empty(),
        "{} kinds of differences in RESP{protocol} (NYALA_DIFF_SEED={seed})\n\n{}",
        reports.len(),
        reports.join("\n")
    );
}

#[test]
fn replies_and_data_are_equal_in_resp2() {
    compare_servers(2, 15_000);
}

#[test]
fn replies_and_data_are_equal_in_resp3() {
    compare_servers(3, 15_000);
}

#[test]
#[ignore = "slow: half a million commands"]
fn many_replies_and_data_are_equal_in_resp2() {
    compare_servers(2, 500_000);
}

#[test]
#[ignore = "slow: half a million commands"]
fn many_replies_and_data_are_equal_in_resp3() {
    compare_servers(3, 500_000);
}
