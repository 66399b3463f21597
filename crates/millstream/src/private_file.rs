//! Files that security rests on. They are on the real disk, whatever the data is on.

pub use millstream_env::{Guard, exposure, read_guarded, read_private};
