//! INFO cpu.

use super::Field;
use super::text::Fact;
use crate::util::process::{cpu_time, main_thread_cpu_time};

pub(super) const FIELDS: &[Field] = &[
    ("used_cpu_sys", |_| Fact::Seconds(cpu_time().system_us)),
    ("used_cpu_user", |_| Fact::Seconds(cpu_time().user_us)),
    ("used_cpu_sys_children", |_| Fact::Seconds(cpu_time().child_system_us)),
    ("used_cpu_user_children", |_| Fact::Seconds(cpu_time().child_user_us)),
    ("used_cpu_sys_main_thread", |_| Fact::Seconds(main_thread_cpu_time().system_us)),
    ("used_cpu_user_main_thread", |_| Fact::Seconds(main_thread_cpu_time().user_us)),
];
