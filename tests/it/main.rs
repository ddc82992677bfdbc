//! The tests that need more than one module, as one binary: linked once.

mod supply;
mod tidy;
