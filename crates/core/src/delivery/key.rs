//! The name of an event in the store.

slotmap::new_key_type! {
    /// Names an entry for as long as the event is in the store.
    pub(super) struct EntryKey;
}
