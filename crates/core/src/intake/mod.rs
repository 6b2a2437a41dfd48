//! Recognising a collection request and decoding it into events.
