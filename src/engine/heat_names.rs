//! Names of modules that differ in heat alone.
//!
//! Such modules have most of their blocks in common, made by the same translator. So where one of them is
//! quarantined, all are: the id of the key without heat is put on the list too, and stands for all of them. What
//! is on the list, and who asks, is for the switches and the store.

use lockstep_contract::key::{Key, KeyId};

/// The id of a key with heat as it would be without; none for a key that has no heat.
pub(super) fn id_without_heat(key: &Key) -> Option<KeyId> {
    key.heat.map(|_| key.with_heat(None).id())
}

/// Whether an id is about the module of this key: its own id, or that of its key without heat.
pub(super) fn is_about(id: &KeyId, key: &Key) -> bool {
    key.id() == *id || id_without_heat(key) == Some(*id)
}
