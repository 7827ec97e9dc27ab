//! Memory that libtorch frees, and asks for again in the next pass.

use std::sync::Once;

use tch::{Device, Kind, Tensor as Torch};

/// glibc gives memory back to the system whenever much of it is free at the end of the heap, or was mapped by itself:
/// the maps of a network are both, after each pass. In the next pass the system hands it out page by page, each of them
/// zeroed. So the end of the heap is made a block that is never given back and never written to, behind room for the
/// maps of a pass: addresses, which become memory as they are used. BENCHMARKS.md tells what that saves.
///
/// Done when the first input comes, and not before: weights would take the room. The blocks are libtorch's, since the
/// program's own may come from another allocator.
pub(crate) fn keep_freed_maps(input: &Torch) {
    static ONCE: Once = Once::new();
    let here = cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"));
    if here && !ONCE.is_completed() && input.device() == Device::Cpu {
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
const BLOCK: i64 = 31 << 20;

/// 992 MiB, which hold the maps of a pass of secants through VGG-16.
const BLOCKS: usize = 32;

fn block() -> Option<Torch> {
    Torch::f_empty([BLOCK], (Kind::Uint8, Device::Cpu)).ok()
}
