//! The system as its callers see it, in virtual time, over an archive and a feed in memory.

mod changing;
mod crashing;
mod ending;
mod failing;
mod fencing;
mod flooding;
mod gathering;
mod living;
mod poison;
mod saving;
mod scene;
mod standing;
mod starting;
mod writing;
