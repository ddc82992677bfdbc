//! thingspeak
