//! The composition root: what the service is made of, and in which order it starts and ends.
pub mod clock;
pub mod listener;
