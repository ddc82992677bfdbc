//! Where the process begins.

fn main() {}
