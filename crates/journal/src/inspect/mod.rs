//! A look at a journal at rest: every checksum, every file, every gap, without writing anything.
//!
//! The files are read by the readers that a start uses: the MANIFEST, the footers, the scan of
//! frames, the classification of tails. What a start would refuse or find missing is found here in
//! the same way; beyond that, all frames and all records are read. What always holds: no file is
//! created or changed, and memory is bounded by what a start takes and one segment's blocks.

mod accounted;
mod coverage;
mod finding;
mod inspection;
mod kept;
mod plan;
mod read_only;
mod rebuilt;
mod repair;
mod verify;

pub use finding::{Checked, Extent, Finding, InspectionSize, Records, Severity, Visitor, What};
pub use inspection::Inspection;
pub use plan::{Changes, Loss, Plan};
pub use repair::Repair;
