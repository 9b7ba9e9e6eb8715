//! The two kinds of machines that make host calls: the runtime's, for a program by itself, and `ckb-script`'s.

use lockstep_isa::Reg;
use lockstep_runtime::{Core, Syscall, Trap};

use super::{Guest, HostCalls};

const A0: usize = 10;
const A7: usize = 17;

impl Guest for Core {
    type Error = Trap;

    fn argument(&self, at: usize) -> u64 {
        self.registers()[A0 + at]
    }

    fn load(&mut self, addr: u64, len: u64) -> Result<Vec<u8>, Trap> {
        self.memory_mut().load_bytes(addr, len)
    }

    fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Trap> {
        self.memory_mut().store_bytes(addr, bytes)
    }
}

impl Syscall for HostCalls {
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
        let answer = self.serve(core.registers()[A7], core)?;
        if let Some(answer) = answer {
            core.set_register(Reg::A0, answer);
        }
        Ok(answer.is_some())
    }
}

#[cfg(feature = "tx")]
mod script {
    use std::sync::Arc;

    use ckb_vm::{Error, Memory, Register, SupportMachine, Syscalls};
    use lockstep::transaction::MoreCalls;

    use super::super::{Guest, HostCalls};
    use super::{A0, A7};

    /// A machine of `ckb-script`.
    struct Machine<'a, Mac>(&'a mut Mac);

    impl<Mac: SupportMachine> Guest for Machine<'_, Mac> {
        type Error = Error;

        fn argument(&self, at: usize) -> u64 {
            self.0.registers()[A0 + at].to_u64()
        }

        fn load(&mut self, addr: u64, len: u64) -> Result<Vec<u8>, Error> {
            let bytes = self.0.memory_mut().load_bytes(addr, len)?;
            Ok(bytes.to_vec())
        }

        fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Error> {
            self.0.memory_mut().store_bytes(addr, bytes)
        }
    }

    impl<Mac: SupportMachine> Syscalls<Mac> for HostCalls {
        fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
            Ok(())
        }

        fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
            let number = machine.registers()[A7].to_u64();
            let answer = self.serve(number, &mut Machine(machine))?;
            if let Some(answer) = answer {
                machine.set_register(A0, Mac::REG::from_u64(answer));
            }
            Ok(answer.is_some())
        }
    }

    impl HostCalls {
        /// For [`Host::with`](lockstep::transaction::Host::with): what `first` makes, and these calls behind it.
        pub(crate) fn behind<Mac: SupportMachine + 'static>(
            &self,
            first: MoreCalls<Mac>,
        ) -> MoreCalls<Mac> {
            let calls = self.clone();
            Arc::new(move |id, group, context| {
                let mut all = first(id, group, context);
                all.push(Box::new(calls.for_machine()));
                all
            })
        }
    }
}
