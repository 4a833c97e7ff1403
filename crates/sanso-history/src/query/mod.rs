//! Questions to the file. Each opens it for itself, so that no answer depends on what happened to an
//! earlier connection.

mod chains;
mod gather;
mod groups;
mod lanes;
mod range;
mod requests;
mod series;

pub use range::Range;
pub use requests::Found;
