//! A faithful ThingSpeak with a living fleet behind it.
pub mod fleet;
