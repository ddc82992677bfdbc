//! The whole surface, through the real router, over fakes.

mod authority;
mod border;
mod by_order;
mod conventions;
mod description;
mod estate;
mod garbage;
mod housed;
mod ip_rules;
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
mod tenants;
mod writes;
