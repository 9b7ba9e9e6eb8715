//! The word that native code returns: every reason has one, and no other word has a reason.

use lockstep_contract::exit::Exit;

#[test]
fn every_reason_survives_its_word() {
    let sides = (1..=16).map(|entries| Exit::Side { entries });
    let others = [
        Exit::Limit,
        Exit::Lookup,
        Exit::Ecall,
        Exit::Ebreak,
        Exit::FirstStore { pages: 1 },
        Exit::FirstStore { pages: 2 },
    ];
    for exit in others.into_iter().chain(sides) {
        assert_eq!(Exit::decode(exit.encode()), Some(exit));
    }
}

#[test]
fn other_words_are_no_reason() {
    let words = (0..=u64::from(u16::MAX)).flat_map(|low| [low, low | 1 << 16, low | 1 << 63]);
    let reasons: Vec<u64> = words.filter(|word| Exit::decode(*word).is_some()).collect();
    assert_eq!(reasons.len(), 4 + 2 + 16);
    for word in reasons {
        assert_eq!(Exit::decode(word).map(Exit::encode), Some(word));
    }
}
