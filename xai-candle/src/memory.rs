//! Memory that a pass frees, and the next one asks for again.

use std::sync::Once;

use candle_core::Tensor;

/// As xai-tch does for libtorch's maps, for the same reason: glibc gives memory back to the system whenever much of it
/// is free at the end of the heap, or was mapped by itself, and in the next pass the system hands it out page by page,
/// each of them zeroed. So the end of the heap is made a block that is never given back and never written to, behind
/// room for the maps of a pass: addresses, which become memory as they are used. BENCHMARKS.md tells what that saves.
///
/// Done when the first map comes, and not before: weights would take the room; of the heap of the thread that asks
/// first. Where the program has another allocator than the system's, that one decides, and nothing but addresses is
/// taken.
pub(crate) fn keep_freed_maps(x: &Tensor) {
    static ONCE: Once = Once::new();
    let here = cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"));
    if here && !ONCE.is_completed() && x.device().is_cpu() {
        ONCE.call_once(|| {
            // The first is mapped by itself. Given back, it has all others of its size put into the heap.
            drop(block());
            let room: Vec<_> = (0..BLOCKS).map(|_| block()).collect();
            std::mem::forget(block());
            drop(room);
        });
    }
}

/// Not much below 32 MiB, the largest that is ever put into the heap.
const BLOCK: usize = 31 << 20;

/// 992 MiB, as on libtorch.
const BLOCKS: usize = 32;

fn block() -> Vec<u8> {
    let mut block = Vec::new();
    // What is not to be had is not kept: nothing depends on it.
    let _ = block.try_reserve_exact(BLOCK);
    std::hint::black_box(block)
}
