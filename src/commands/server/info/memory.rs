//! INFO memory.

use super::text::Fact;
use super::view::{View, ratio};
use super::{Field, NONE};
use crate::script::interpreter_bytes;
use crate::util::{alloc, process};

pub(super) const FIELDS: &[Field] = &[
    ("used_memory", |v| v.memory().used.into()),
    ("used_memory_human", |v| Fact::Human(v.memory().used)),
    ("used_memory_rss", |v| v.memory().rss.into()),
    ("used_memory_rss_human", |v| Fact::Human(v.memory().rss)),
    ("used_memory_peak", |v| v.memory().peak.into()),
    ("used_memory_peak_human", |v| Fact::Human(v.memory().peak)),
    ("used_memory_peak_perc", |v| Fact::Percent(v.memory().peak_percent())),
    ("used_memory_overhead", |v| v.memory().overhead.into()),
    ("used_memory_startup", |v| v.memory().startup.into()),
    ("used_memory_dataset", |v| v.memory().dataset().into()),
    ("used_memory_dataset_perc", |v| Fact::Percent(v.memory().dataset_percent())),
    ("allocator_allocated", |v| v.memory().allocator.allocated.into()),
    ("allocator_active", |v| v.memory().allocator.active.into()),
    ("allocator_resident", |v| v.memory().allocator.resident.into()),
    ("allocator_muzzy", NONE),
    ("total_system_memory", |_| process::machine_bytes().into()),
    ("total_system_memory_human", |_| Fact::Human(process::machine_bytes())),
    ("used_memory_lua", |_| interpreter_bytes().into()),
    ("used_memory_vm_eval", |_| interpreter_bytes().into()),
    ("used_memory_lua_human", |_| Fact::Human(interpreter_bytes() as u64)),
    ("used_memory_scripts_eval", |v| v.server.scripts.script_bytes().into()),
    ("number_of_cached_scripts", |v| v.server.scripts.len().into()),
    ("number_of_functions", |v| v.server.scripts.libraries().function_count().into()),
    ("number_of_libraries", |v| v.server.scripts.libraries().iter().len().into()),
    // Scripts and functions share their interpreters.
    ("used_memory_vm_functions", NONE),
    ("used_memory_vm_total", |_| interpreter_bytes().into()),
    ("used_memory_vm_total_human", |_| Fact::Human(interpreter_bytes() as u64)),
    ("used_memory_functions", |v| v.server.scripts.library_bytes().into()),
    ("used_memory_scripts", |v| script_bytes(v).into()),
    ("used_memory_scripts_human", |v| Fact::Human(script_bytes(v) as u64)),
    ("maxmemory", |v| v.server.config.maxmemory().into()),
    ("maxmemory_human", |v| Fact::Human(v.server.config.maxmemory())),
    ("maxmemory_policy", maxmemory_policy),
    ("allocator_frag_ratio", |v| Fact::Ratio(v.memory().fragmentation())),
    ("allocator_frag_bytes", |v| v.memory().fragmentation_bytes().into()),
    ("allocator_rss_ratio", |v| Fact::Ratio(v.memory().allocator_rss())),
    ("allocator_rss_bytes", |v| Fact::Signed(v.memory().allocator_rss_bytes())),
    ("rss_overhead_ratio", |v| Fact::Ratio(v.memory().rss_overhead())),
    ("rss_overhead_bytes", |v| Fact::Signed(v.memory().rss_overhead_bytes())),
    ("mem_fragmentation_ratio", |v| Fact::Ratio(ratio(v.memory().rss, v.memory().used))),
    ("mem_fragmentation_bytes", |v| Fact::Signed(v.memory().rss as i64 - v.memory().used as i64)),
    ("mem_not_counted_for_evict", NONE),
    ("mem_replication_backlog", NONE),
    ("mem_total_replication_buffers", NONE),
    ("mem_replica_full_sync_buffer", NONE),
    ("mem_clients_slaves", NONE),
    ("mem_clients_normal", |v| v.memory().clients.into()),
    ("mem_cluster_links", NONE),
    ("mem_aof_buffer", NONE),
    ("mem_allocator", |_| alloc::name().into()),
    ("mem_overhead_db_hashtable_rehashing", NONE),
    ("active_defrag_running", NONE),
    ("lazyfree_pending_objects", |v| v.server.lazy_free.pending().into()),
    ("lazyfreed_objects", |v| v.server.lazy_free.freed().into()),
];

fn maxmemory_policy(view: &View<'_>) -> Fact {
    const POLICY: crate::config::ParamId = crate::config::ParamId::of("maxmemory-policy");
    String::from_utf8_lossy(&view.server.config.text(POLICY)).into_owned().into()
}

/// Memory of scripts and libraries, in bytes.
fn script_bytes(view: &View<'_>) -> usize {
    view.server.scripts.script_bytes() + view.server.scripts.library_bytes()
}
