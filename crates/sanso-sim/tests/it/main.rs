//! Simulated providers and clients over real sockets.

// Marked as tests, for the lints that tests are free of: helpers unwrap, too.
#[cfg(test)]
mod demo;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod healthy;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traffic;
