//! `millstream dev`: what it promises, as settings.

use crate::cli::{Dev, Durability};
use crate::run::{Data, Settings};

/// The settings of a development server: open to any credentials, its data temporary unless a folder
/// is given.
pub fn settings(dev: Dev) -> Settings {
    let Dev { shared, streams } = dev;
    let (data, durability) = match &shared.data_dir {
        None => (Data::Temporary, Durability::Os),
        Some(folder) => (Data::Kept(folder.clone()), Durability::Fsync),
    };
    let mut settings = Settings::new(&shared, data, shared.durability.unwrap_or(durability));
    settings.streams = streams;
    settings
}
