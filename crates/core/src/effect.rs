//! What the shell must do for the core.
