//! The whole surface, through the real router, over fakes.

mod description;
mod garbage;
mod scene;
mod sockets;
mod surface;
