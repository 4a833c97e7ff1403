//! The library against simulated providers, over loopback.

#[cfg(test)]
mod wildcards;
