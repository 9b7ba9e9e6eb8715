//! Guest memory as CKB-VM's `Memory` trait asks for it: each call is one call of ours, and the
//! checks, their order and the errors are `lockstep_runtime::Memory`'s.

use ckb_vm::{Bytes, Error, Memory, RISCV_MAX_MEMORY, SupportMachine};
use lockstep_isa::Size;

use super::NativeCore;
use super::error::from_trap;

/// The machine that `Memory`'s own constructors make; only its memory is of interest.
const LATEST: u32 = ckb_vm::machine::VERSION2;

impl NativeCore {
    fn load(&mut self, addr: u64, size: Size) -> Result<u64, Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .load(addr, size)
            .map_err(from_trap)
    }

    fn store(&mut self, addr: u64, size: Size, value: u64) -> Result<(), Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .store(addr, size, value)
            .map_err(from_trap)
    }
}

impl Memory for NativeCore {
    type REG = u64;

    fn new() -> NativeCore {
        <NativeCore as Memory>::new_with_memory(RISCV_MAX_MEMORY)
    }

    fn new_with_memory(memory_size: usize) -> NativeCore {
        <NativeCore as SupportMachine>::new_with_memory(0, LATEST, u64::MAX, memory_size)
    }

    fn init_pages(
        &mut self,
        addr: u64,
        size: u64,
        flags: u8,
        source: Option<Bytes>,
        offset_from_addr: u64,
    ) -> Result<(), Error> {
        let source = source.unwrap_or_default();
        self.guest
            .core_mut()
            .memory_mut()
            .init_pages(addr, size, flags, &source, offset_from_addr)
            .map_err(from_trap)
    }

    fn fetch_flag(&mut self, page: u64) -> Result<u8, Error> {
        self.guest
            .core()
            .memory()
            .fetch_flag(page)
            .map_err(from_trap)
    }

    fn set_flag(&mut self, page: u64, flag: u8) -> Result<(), Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .set_flag(page, flag)
            .map_err(from_trap)
    }

    fn clear_flag(&mut self, page: u64, flag: u8) -> Result<(), Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .clear_flag(page, flag)
            .map_err(from_trap)
    }

    fn memory_size(&self) -> usize {
        self.guest.core().memory().size()
    }

    fn store_byte(&mut self, addr: u64, size: u64, value: u8) -> Result<(), Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .store_byte(addr, size, value)
            .map_err(from_trap)
    }

    fn store_bytes(&mut self, addr: u64, value: &[u8]) -> Result<(), Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .store_bytes(addr, value)
            .map_err(from_trap)
    }

    fn load_bytes(&mut self, addr: u64, size: u64) -> Result<Bytes, Error> {
        let bytes = self.guest.core_mut().memory_mut().load_bytes(addr, size);
        bytes.map(Bytes::from).map_err(from_trap)
    }

    fn execute_load16(&mut self, addr: u64) -> Result<u16, Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .fetch16(addr)
            .map_err(from_trap)
    }

    fn execute_load32(&mut self, addr: u64) -> Result<u32, Error> {
        self.guest
            .core_mut()
            .memory_mut()
            .fetch32(addr)
            .map_err(from_trap)
    }

    fn load8(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr, Size::B)
    }

    fn load16(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr, Size::H)
    }

    fn load32(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr, Size::W)
    }

    fn load64(&mut self, addr: &u64) -> Result<u64, Error> {
        self.load(*addr, Size::D)
    }

    fn store8(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, Size::B, *value)
    }

    fn store16(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, Size::H, *value)
    }

    fn store32(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, Size::W, *value)
    }

    fn store64(&mut self, addr: &u64, value: &u64) -> Result<(), Error> {
        self.store(*addr, Size::D, *value)
    }

    fn lr(&self) -> &u64 {
        self.guest.core().memory().reservation_ref()
    }

    fn set_lr(&mut self, value: &u64) {
        self.guest.core_mut().memory_mut().set_reservation(*value);
    }
}
