//! The whole surface, through the real router, over fakes.

mod border;
mod by_order;
mod conventions;
mod description;
mod garbage;
mod limits;
mod memory;
mod once;
mod operations;
mod past;
mod past_scene;
mod planted;
mod pushing;
mod scene;
mod scoped;
mod sockets;
mod starting;
mod surface;
mod writes;
