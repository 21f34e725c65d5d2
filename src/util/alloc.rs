//! The process allocator: jemalloc with size classes 8 bytes apart, its statistics, and the arithmetic of its classes.
//!
//! jemalloc is built with a quantum of 8 (see `.cargo/config.toml`), so an entry of 56 bytes takes 56. The price is
//! that plain allocations are only 8-aligned: every stricter layout states its alignment to jemalloc.
//!
//! [`size_class`] is plain arithmetic and holds whatever allocator is below; the keyspace rounds its blocks with it.
#![allow(unsafe_code, reason = "a global allocator is unsafe by nature")]

/// Bytes that jemalloc sets aside for a request of `size` bytes (8-aligned, quantum 8).
///
/// Classes: multiples of 8 up to 64, then four to each doubling, above 32 KiB whole pages of 4 KiB.
#[inline]
pub const fn size_class(size: usize) -> usize {
    if size > 32 << 10 {
        return (size + 4095) & !4095;
    }
    if size <= 64 {
        return if size <= 8 { 8 } else { (size + 7) & !7 };
    }
    let step = 1usize << ((size - 1).ilog2() - 2);
    (size + step - 1) & !(step - 1)
}

#[cfg(not(any(miri, feature = "system-alloc")))]
pub use jemalloc::{Jemalloc, memory_stats, name, purge, report, set_background_thread, thread_bytes, usable_size};
#[cfg(any(miri, feature = "system-alloc"))]
pub use system::{memory_stats, name, purge, report, set_background_thread, thread_bytes, usable_size};

/// What the allocator holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryStats {
    /// Bytes in live allocations; blocks that threads keep for their next allocation are not counted.
    pub allocated: usize,
    /// Bytes in pages that hold live allocations.
    pub active: usize,
    /// Bytes of physical memory mapped by the allocator.
    pub resident: usize,
    /// Bytes of address space mapped and kept.
    pub retained: usize,
    /// Bytes of the allocator's own tables.
    pub metadata: usize,
}

/// The platform's allocator, under which valgrind, sanitizers and Miri see every block.
#[cfg(any(miri, feature = "system-alloc"))]
mod system {
    use super::MemoryStats;

    /// As jemalloc would round; the platform's allocator does not say.
    pub fn usable_size(size: usize) -> usize {
        super::size_class(size)
    }

    /// What the allocator is called.
    pub fn name() -> String {
        "libc".to_owned()
    }

    /// It has nothing to say.
    pub fn report() -> String {
        "There are no statistics of this allocator.\n".to_owned()
    }

    /// Nothing is known.
    pub fn memory_stats() -> MemoryStats {
        MemoryStats::default()
    }

    /// Nothing is counted.
    pub fn thread_bytes() -> i64 {
        0
    }

    /// There is no such thread.
    pub fn set_background_thread(_on: bool) {}

    /// Nothing can be asked for.
    pub fn purge() -> bool {
        false
    }
}

#[cfg(not(any(miri, feature = "system-alloc")))]
mod jemalloc {
    use std::alloc::{GlobalAlloc, Layout};
    use std::ffi::{CStr, c_char, c_int, c_void};

    use tikv_jemalloc_ctl::thread::{self, ThreadLocal};
    use tikv_jemalloc_ctl::{epoch, stats};
    use tikv_jemalloc_sys as ffi;

    use super::MemoryStats;

    /// Alignment that jemalloc gives without being asked: the quantum set at build time.
    const QUANTUM: usize = 8;

    /// jemalloc as the process allocator.
    #[derive(Debug, Clone, Copy, Default)]
    pub struct Jemalloc;

    #[global_allocator]
    static GLOBAL: Jemalloc = Jemalloc;

    /// Options read by jemalloc before `main`: freed pages go back to the kernel after about a second.
    #[cfg_attr(not(target_os = "macos"), unsafe(export_name = "_rjem_malloc_conf"))]
    #[cfg_attr(target_os = "macos", unsafe(export_name = "_rjem_je_malloc_conf"))]
    #[used]
    static MALLOC_CONF: &[u8; 37] = b"dirty_decay_ms:1000,muzzy_decay_ms:0\0";

    #[inline]
    fn flags(layout: Layout) -> c_int {
        if layout.align() <= QUANTUM { 0 } else { ffi::MALLOCX_ALIGN(layout.align()) }
    }

    // SAFETY: every method passes size and alignment of the layout on to jemalloc, which honours both or returns null.
    unsafe impl GlobalAlloc for Jemalloc {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: GlobalAlloc's caller promises a size above zero, all that mallocx asks.
            unsafe { ffi::mallocx(layout.size(), flags(layout)) }.cast()
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as in `alloc`.
            unsafe { ffi::mallocx(layout.size(), flags(layout) | ffi::MALLOCX_ZERO) }.cast()
        }

        #[inline]
        unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            // SAFETY: the caller promises a live block of ours and a new size above zero.
            unsafe { ffi::rallocx(ptr.cast::<c_void>(), new_size, flags(layout)) }.cast()
        }

        #[inline]
        unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
            // SAFETY: the caller promises a live block allocated with this very layout.
            unsafe { ffi::sdallocx(ptr.cast::<c_void>(), layout.size(), flags(layout)) }
        }
    }

    /// Bytes that jemalloc would set aside for an 8-aligned request of `size` bytes, by its own word.
    pub fn usable_size(size: usize) -> usize {
        if size == 0 {
            return 0;
        }
        // SAFETY: nallocx only computes; the size is above zero.
        unsafe { ffi::nallocx(size, 0) }
    }

    /// What the allocator is called: `jemalloc-5.3.0`.
    pub fn name() -> String {
        let version = tikv_jemalloc_ctl::version::read().unwrap_or("");
        format!("jemalloc-{}", version.split('-').next().unwrap_or(""))
    }

    /// jemalloc's own report, many pages of text. Takes milliseconds.
    pub fn report() -> String {
        let mut text: Vec<u8> = Vec::new();
        let to = (&raw mut text).cast::<c_void>();
        // SAFETY: `write` gets `to` and text of jemalloc's; both live until the call returns.
        unsafe { ffi::malloc_stats_print(Some(write), to, std::ptr::null()) };
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Adds a piece of the report to the vector behind `to`.
    unsafe extern "C" fn write(to: *mut c_void, piece: *const c_char) {
        // SAFETY: `report` hands in a vector that nobody else touches until it is done.
        let text = unsafe { &mut *to.cast::<Vec<u8>>() };
        // SAFETY: jemalloc's pieces end in a zero byte.
        let piece = unsafe { CStr::from_ptr(piece) };
        text.extend_from_slice(piece.to_bytes());
    }

    /// Reads the allocator's statistics; refreshes its snapshot first, which takes some microseconds.
    pub fn memory_stats() -> MemoryStats {
        // A failed refresh leaves the previous snapshot, which is good enough for a report.
        epoch::advance().ok();
        MemoryStats {
            allocated: stats::allocated::read().unwrap_or(0).saturating_sub(cached_bytes()),
            active: stats::active::read().unwrap_or(0),
            resident: stats::resident::read().unwrap_or(0),
            retained: stats::retained::read().unwrap_or(0),
            metadata: stats::metadata::read().unwrap_or(0),
        }
    }

    /// Bytes in blocks that are free but kept by threads: jemalloc counts them as allocated.
    fn cached_bytes() -> usize {
        // 4096 is MALLCTL_ARENAS_ALL: the sum over all arenas.
        // SAFETY: the value is a size, see jemalloc's manual.
        unsafe { tikv_jemalloc_ctl::raw::read(b"stats.arenas.4096.tcache_bytes\0") }.unwrap_or(0)
    }

    thread_local! {
        static COUNTERS: Option<[ThreadLocal<u64>; 2]> =
            thread::allocatedp::read().ok().zip(thread::deallocatedp::read().ok()).map(Into::into);
    }

    /// Bytes that the calling thread has allocated less those that it has freed, since it began: two loads. Negative for
    /// a thread that frees what others allocate. Only differences on one thread have a meaning.
    #[inline]
    pub fn thread_bytes() -> i64 {
        let counters = COUNTERS.with(|counters| *counters);
        counters.map_or(0, |[allocated, freed]| allocated.get().wrapping_sub(freed.get()).cast_signed())
    }

    /// Lets threads of jemalloc's own give pages back (`jemalloc-bg-thread`); without, allocating threads do it on their
    /// way. Not to be switched on before the process has forked for the last time: a fork would lose the threads.
    pub fn set_background_thread(on: bool) {
        // Refused where the platform has no such threads.
        tikv_jemalloc_ctl::background_thread::write(on).ok();
    }

    /// Gives every unused page back to the kernel now (MEMORY PURGE). True when jemalloc agreed.
    pub fn purge() -> bool {
        // 4096 is MALLCTL_ARENAS_ALL: the name addresses every arena.
        let name = c"arena.4096.purge";
        let (null, mut_null) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the name ends in a zero byte, and this control takes and gives no value.
        unsafe { ffi::mallctl(name.as_ptr(), null, mut_null, std::ptr::null_mut(), 0) == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_class_steps() {
        for (size, class) in [(1, 8), (8, 8), (9, 16), (56, 56), (64, 64), (65, 80), (80, 80), (81, 96), (129, 160)] {
            assert_eq!(size_class(size), class, "{size}");
        }
    }

    #[cfg(not(any(miri, feature = "system-alloc")))]
    #[test]
    fn size_class_agrees_with_jemalloc() {
        for size in (1..70_000).chain([900_000, 1 << 20, (1 << 20) + 1, 3_000_000, 100_000_001]) {
            assert_eq!(size_class(size), usable_size(size), "{size}");
        }
    }

    #[cfg(not(any(miri, feature = "system-alloc")))]
    #[test]
    fn stricter_alignments_are_kept() {
        #[repr(align(64))]
        struct Line([u8; 64]);
        #[repr(align(16))]
        struct Wide([u8; 24]);
        let lines: Vec<Box<Line>> = (0..100).map(|n| Box::new(Line([n; 64]))).collect();
        assert!(lines.iter().all(|line| std::ptr::from_ref(&line.0).addr() % 64 == 0));
        let wides: Vec<Box<Wide>> = (0..100).map(|n| Box::new(Wide([n; 24]))).collect();
        assert!(wides.iter().all(|wide| std::ptr::from_ref(&wide.0).addr() % 16 == 0));
    }

    #[cfg(not(any(miri, feature = "system-alloc")))]
    #[test]
    fn options_reached_jemalloc() {
        // SAFETY: the option is a signed size, see jemalloc's manual.
        let decay: isize = unsafe { tikv_jemalloc_ctl::raw::read(b"opt.dirty_decay_ms\0") }.unwrap();
        assert_eq!(decay, 1000);
    }

    #[cfg(not(any(miri, feature = "system-alloc")))]
    #[test]
    fn threads_know_what_they_allocate_and_free() {
        let before = thread_bytes();
        let block = vec![1u8; 100_000];
        let held = thread_bytes();
        assert_eq!(held - before, size_class(100_000) as i64);
        drop(block);
        assert_eq!(thread_bytes(), before);
    }

    #[cfg(not(any(miri, feature = "system-alloc")))]
    #[test]
    fn statistics_follow_allocations() {
        let before = memory_stats();
        let block = vec![1u8; 64 << 20];
        let after = memory_stats();
        assert!(after.allocated >= before.allocated + (32 << 20), "{before:?} {after:?}");
        drop(block);
        assert!(purge());
    }
}
