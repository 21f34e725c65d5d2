//! MEMORY DOCTOR: the figures that deserve attention, in words.

use super::super::super::prelude::*;
use super::super::info::{ClientSums, KeyspaceSums, Memory, ratio};

/// Below this use every ratio is noise.
const TOO_LITTLE_BYTES: u64 = 5 << 20;

/// MEMORY DOCTOR
pub(super) fn doctor(cx: &mut Cx<'_>, _: &mut Args<'_>) -> Outcome {
    let keyspace = KeyspaceSums::gather(cx)?;
    let clients = ClientSums::gather(cx.server);
    let report = report(&Memory::now(cx.server, &keyspace, &clients), cx.server.clients.len());

    cx.reply.verbatim(b"txt", report.as_bytes());
    DONE
}

fn report(memory: &Memory, clients: usize) -> String {
    if memory.used < TOO_LITTLE_BYTES {
        return "Less than 5 MB are in use: too little to judge.\n".to_owned();
    }
    let findings: Vec<String> = FINDINGS.iter().filter_map(|find| find(memory, clients)).collect();
    match findings.len() {
        0 => "No memory problem found.\n".to_owned(),
        _ => findings.concat(),
    }
}

type Finding = fn(&Memory, usize) -> Option<String>;

const FINDINGS: &[Finding] = &[high_peak, fragmented, kept_by_allocator, outside_allocator, clients_buffers];

fn high_peak(memory: &Memory, _: usize) -> Option<String> {
    let factor = ratio(memory.peak, memory.used);
    let text = || {
        format!(
            " * Peak: {factor:.1} times the present use was in use at some time. Pages freed since then may not all \
             have gone back to the system; MEMORY PURGE gives back what can be given.\n"
        )
    };
    (factor > 1.5).then(text)
}

fn fragmented(memory: &Memory, _: usize) -> Option<String> {
    let factor = memory.fragmentation();
    let text = || {
        format!(
            " * Fragmentation: the allocator's pages are {factor:.2} times the size of what lives in them. Many deletions or \
             values that change their length do this; it goes away as new values fill the gaps.\n"
        )
    };
    (factor > 1.1 && memory.fragmentation_bytes() > 10 << 20).then(text)
}

fn kept_by_allocator(memory: &Memory, _: usize) -> Option<String> {
    let factor = memory.allocator_rss();
    let text = || {
        format!(
            " * Idle pages: the allocator holds {factor:.2} times the pages that it uses. They go back to the system within \
             seconds of quiet, or at once by MEMORY PURGE.\n"
        )
    };
    (factor > 1.1 && memory.allocator_rss_bytes() > 10 << 20).then(text)
}

fn outside_allocator(memory: &Memory, _: usize) -> Option<String> {
    let factor = memory.rss_overhead();
    let text = || {
        format!(
            " * Other memory: the process occupies {factor:.2} times what its allocator holds; thread stacks and code are \
             the usual rest.\n"
        )
    };
    (factor > 1.1 && memory.rss_overhead_bytes() > 10 << 20).then(text)
}

fn clients_buffers(memory: &Memory, clients: usize) -> Option<String> {
    let each = memory.clients.checked_div(clients as u64).unwrap_or(0);
    let text = || {
        format!(
            " * Clients: requests and replies that wait take {} KB for each client on average. Some client reads too slowly \
             or sends very large requests: see CLIENT LIST (qbuf, omem).\n",
            each >> 10
        )
    };
    (each > 200 << 10).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_once_there_is_enough_in_use() {
        let mut memory = Memory { used: 1 << 20, peak: 100 << 20, ..Memory::default() };
        assert!(report(&memory, 1).starts_with("Less than"));
        memory.used = 50 << 20;
        assert!(report(&memory, 1).starts_with(" * Peak: 2.0 times"));
        memory.peak = memory.used;
        assert_eq!(report(&memory, 1), "No memory problem found.\n");
        memory.clients = 10 << 20;
        assert!(report(&memory, 2).starts_with(" * Clients: requests and replies that wait take 5120 KB"));
    }
}
