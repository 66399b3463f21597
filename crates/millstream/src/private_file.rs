//! Files of secrets. They are on the real disk, whatever the data is on.

pub use millstream_env::{exposure, read_private};
