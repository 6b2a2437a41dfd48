//! An event as the bytes of the contract's JSON (seed, "Events").
