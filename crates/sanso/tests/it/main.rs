//! The library against simulated providers, over loopback.

#[cfg(test)]
mod mock_response;
#[cfg(test)]
mod wildcards;
