//! The whole surface, through the real router, over fakes.

mod garbage;
mod scene;
mod surface;
