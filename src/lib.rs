//! The Freshpaint Webhooks destination as an Envoy filter.
