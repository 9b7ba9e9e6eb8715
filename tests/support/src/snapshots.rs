//! CKB-VM's snapshots in our types and the other way round, and a source of data for both.
//!
//! The fields are the same, so nothing is decided here.

use std::borrow::Cow;

use ckb_vm::{Bytes, snapshot, snapshot2};
use lockstep_runtime::{DataSource, Snapshot, Snapshot2};

/// Files by number.
#[derive(Clone, Default)]
pub struct Files(pub Vec<Bytes>);

impl Files {
    fn find(&self, id: u8, offset: u64, length: u64) -> Option<(Bytes, u64)> {
        let file = self.0.get(usize::from(id))?;
        let start = offset.min(file.len() as u64);
        let rest = file.len() as u64 - start;
        let end = start + rest.min(length);
        Some((file.slice(start as usize..end as usize), rest))
    }
}

impl snapshot2::DataSource<u8> for Files {
    fn load_data(&self, id: &u8, offset: u64, length: u64) -> Option<(Bytes, u64)> {
        self.find(*id, offset, length)
    }
}

impl DataSource<u8> for Files {
    fn load_data(&self, id: &u8, offset: u64, length: u64) -> Option<(Cow<'_, [u8]>, u64)> {
        let (bytes, rest) = self.find(*id, offset, length)?;
        Some((Cow::Owned(bytes.to_vec()), rest))
    }
}

/// CKB-VM's context, with files as its source.
pub type CkbVmContext = snapshot2::Snapshot2Context<u8, Files>;
/// Ours.
pub type OurContext = lockstep_runtime::Snapshot2Context<u8, Files>;

/// CKB-VM's in our type.
pub fn first_of(taken: &snapshot::Snapshot) -> Snapshot {
    Snapshot {
        version: taken.version,
        registers: taken.registers,
        pc: taken.pc,
        page_indices: taken.page_indices.clone(),
        page_flags: taken.page_flags.clone(),
        pages: taken.pages.clone(),
        load_reservation_address: taken.load_reservation_address,
    }
}

/// Ours in CKB-VM's type.
pub fn ckb_vm_first(taken: &Snapshot) -> snapshot::Snapshot {
    snapshot::Snapshot {
        version: taken.version,
        registers: taken.registers,
        pc: taken.pc,
        page_indices: taken.page_indices.clone(),
        page_flags: taken.page_flags.clone(),
        pages: taken.pages.clone(),
        load_reservation_address: taken.load_reservation_address,
    }
}

/// CKB-VM's in our type.
pub fn second_of(taken: snapshot2::Snapshot2<u8>) -> Snapshot2<u8> {
    Snapshot2 {
        pages_from_source: taken.pages_from_source,
        dirty_pages: taken.dirty_pages,
        version: taken.version,
        registers: taken.registers,
        pc: taken.pc,
        cycles: taken.cycles,
        max_cycles: taken.max_cycles,
        load_reservation_address: taken.load_reservation_address,
    }
}

/// Ours in CKB-VM's type.
pub fn ckb_vm_second(taken: &Snapshot2<u8>) -> snapshot2::Snapshot2<u8> {
    snapshot2::Snapshot2 {
        pages_from_source: taken.pages_from_source.clone(),
        dirty_pages: taken.dirty_pages.clone(),
        version: taken.version,
        registers: taken.registers,
        pc: taken.pc,
        cycles: taken.cycles,
        max_cycles: taken.max_cycles,
        load_reservation_address: taken.load_reservation_address,
    }
}
