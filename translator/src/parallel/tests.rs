//! Units come out the same however many threads the system gives.

use std::cell::Cell;
use std::thread::Scope;

use lockstep_contract::heat::Heat;
use lockstep_isa::{Cost, Inst, Op, Profile, Version, encode::encode};

use super::{Beside, Start, Work, compile_beside, compile_here, start};
use crate::Options;
use crate::code_region::CodeRegion;
use crate::codegen::Compiler;
use crate::discover::{MODULE_WEIGHT_LIMIT, discover};
use crate::hints::Hints;
use crate::link::Links;
use crate::units::partition;

const BASE: u64 = 0x1_0000;
/// Functions of the guest; each becomes a unit.
const FUNCTIONS: usize = 12;

/// Pages with some small functions, and the addresses where they start.
fn code() -> (Vec<u8>, Vec<u64>) {
    let mut bytes = vec![0; 0x1000 * FUNCTIONS];
    let ecall = encode(&Inst::bare(Op::Ecall, 4)).unwrap();
    let starts = (0..FUNCTIONS).map(|page| {
        bytes[page << 12..][..4].copy_from_slice(&ecall.to_le_bytes());
        BASE + ((page as u64) << 12)
    });
    let starts = starts.collect();
    (bytes, starts)
}

#[test]
fn without_threads_the_calling_thread_is_asked_to_compile() {
    let (bytes, starts) = code();
    let region = CodeRegion {
        profile: Profile::of(Version::V2),
        cost: Cost::Estimate,
        memory_size: 4 << 20,
        base: BASE,
        bytes: &bytes,
    };
    // The two highest bits say that it is the address of a function.
    let starts: Vec<u64> = starts.iter().map(|start| start | 2 << 62).collect();
    let hints = Hints::from_recorded(&region, &starts);
    let options = Options::default();
    let program = discover(&region, &hints, &Heat::default(), MODULE_WEIGHT_LIMIT);
    let (units, _) = partition(&program, region.profile.xlen, &options);
    assert!(units.len() >= 4, "{} units", units.len());
    let links = Links::new(&units);
    let compiler = || Compiler::new(&options).unwrap();
    let mut expected = Vec::new();
    compile_here(&region, &units, &links, compiler(), &mut |_, outcome| {
        expected.push(outcome?.code);
        Ok(true)
    })
    .unwrap();
    // How many threads the system gives before it refuses.
    for given in [0, 1, 2, 4] {
        let left = Cell::new(given);
        fn some<'scope, 'env>(
            left: &Cell<usize>,
            scope: &'scope Scope<'scope, 'env>,
            work: Work<'scope>,
        ) -> bool {
            left.get() > 0 && {
                left.set(left.get() - 1);
                start(scope, work)
            }
        }
        let start: Start<'_> = &|scope, work| some(&left, scope, work);
        let compilers = (0..4).map(|_| compiler()).collect();
        let mut found = Vec::new();
        let ended = compile_beside(
            &region,
            &units,
            &links,
            compilers,
            start,
            &mut |_, outcome| {
                found.push(outcome?.code);
                Ok(true)
            },
        );
        match ended {
            Beside::Ended(result) => {
                result.unwrap();
                assert_eq!(found, expected, "{given} threads");
                assert!(given > 0);
            }
            Beside::NoThread => {
                assert_eq!(given, 0);
                assert!(found.is_empty());
            }
        }
    }
}
