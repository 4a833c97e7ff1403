//! Starts one simulated provider of each vendor and prints how to reach them, as lines for a shell:
//!
//! ```sh
//! cargo run -p sanso-sim --example providers             # ports chosen by the system
//! cargo run -p sanso-sim --example providers 9001 9002 9003
//! ```
//!
//! They run until the process ends.

use std::io::{self, Write};

use sanso_sim::provider::{Pace, Provider, Setup, Vendor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut ports = std::env::args().skip(1);
    let mut providers = Vec::new();
    for vendor in Vendor::ALL {
        let port = ports.next().map_or(Ok(0), |port| port.parse());
        let port = port.map_err(|_| io::Error::other("a port is a number from 0 to 65535"))?;
        let setup = Setup { port, pace: Pace::BRISK, ..Setup::new(vendor) };
        let provider = Provider::start_with(setup).await?;
        let name = vendor.name().to_ascii_uppercase();
        let mut out = io::stdout().lock();
        writeln!(out, "export {name}_API_BASE={} {name}_API_KEY=simulated", provider.base_url())?;
        out.flush()?;
        providers.push(provider);
    }
    std::future::pending().await
}
