//! The sanso gateway.

fn main() {}
