//! `millstream dev`: its guarantees, as settings.

use crate::cli::{Dev, Durability};
use crate::keys::Source;
use crate::run::{Data, Settings};

/// The settings of a development server: accepts any credentials; its data is temporary unless a
/// directory is given.
///
/// # Errors
/// If flags contradict each other.
pub fn settings(dev: Dev) -> Result<Settings, clap::Error> {
    let Dev { shared, streams } = dev;
    let (data, durability) = match &shared.data_dir {
        None => (Data::Temporary, Durability::Os),
        Some(folder) => (Data::Kept(folder.clone()), Durability::Fsync),
    };
    let durability = shared.durability.unwrap_or(durability);
    let mut settings = Settings::new("dev", &shared, data, durability)?;
    settings.streams = streams;
    settings.keys = Source::Beside;
    Ok(settings)
}
