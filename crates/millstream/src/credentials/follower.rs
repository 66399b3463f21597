//! A server's table of keys, kept as its credentials file is.
//!
//! A file that is emptied takes effect at once. One that cannot be read, or is wrong, is given one
//! more look, since it may be in the middle of being written; then everybody is refused until it is
//! right again. No state of the file lets in whom it does not list.

use crate::credentials::reader::{self, Print, Read};
use crate::look::look;
use millstream_auth::{KeyStore, Keys};
use millstream_env::Env;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// The time between two looks at the file. With [`BAD_LOOKS`] a removed key is refused well within
/// a second.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// After so many looks at a file that cannot be used everybody is refused.
const BAD_LOOKS: u32 = 2;

/// Reads a credentials file, and keeps a table as it is from now on.
///
/// # Errors
/// If it cannot be used.
pub fn serve(path: PathBuf, env: &Env) -> anyhow::Result<KeyStore> {
    let Read { keys, users, print } = reader::read(&path)?;
    Found::Taken(keys.len(), users).tell(&path);
    let store = KeyStore::new(keys);
    let follower = Follower {
        path,
        store: store.clone(),
        in_force: Some(print),
        bad: 0,
        said: String::new(),
    };
    env.tasks
        .spawn("credentials", Box::pin(follow(follower, env.clone())));
    Ok(store)
}

/// Looks for ever, each time on a thread that may block.
async fn follow(mut follower: Follower, env: Env) {
    loop {
        env.clock.sleep(LOOK_INTERVAL).await;
        let Some((back, found)) = look(follower, Follower::look, &env).await else {
            return;
        };
        follower = back;
        if let Some(found) = found {
            found.tell(&follower.path);
        }
    }
}

/// What a look found that is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Another table is in force: its numbers of keys and of users.
    Taken(usize, usize),
    /// Everybody is refused, and why.
    Refusing(String),
}

impl Found {
    fn tell(&self, path: &std::path::Path) {
        let path = path.display();
        match self {
            Self::Taken(0, _) => {
                tracing::warn!(
                    "--credentials {path}: it has no access keys, so everybody is refused"
                );
            }
            Self::Taken(keys, users) => {
                tracing::info!(keys, users, "the access keys of {path} are in force");
            }
            Self::Refusing(error) => {
                tracing::error!(
                    error,
                    "everybody is refused until the credentials can be read"
                );
            }
        }
    }
}

/// What is in force, and what was said last.
struct Follower {
    path: PathBuf,
    store: KeyStore,
    /// The files that the table was read from; `None` while everybody is refused.
    in_force: Option<Print>,
    /// The number of looks in a row at something that cannot be used.
    bad: u32,
    said: String,
}

impl Follower {
    fn look(&mut self) -> Option<Found> {
        match self.read() {
            Ok(None) => {
                self.bad = 0;
                None
            }
            Ok(Some(Read { keys, users, print })) => {
                self.bad = 0;
                self.said.clear();
                self.in_force = Some(print);
                let found = Found::Taken(keys.len(), users);
                self.store.replace(keys);
                Some(found)
            }
            Err(error) => {
                self.bad = self.bad.saturating_add(1);
                if self.bad < BAD_LOOKS {
                    return None;
                }
                self.store.replace(Keys::none(BTreeSet::new()));
                self.in_force = None;
                let error = format!("{error:#}");
                let is_new = error != self.said;
                self.said.clone_from(&error);
                is_new.then_some(Found::Refusing(error))
            }
        }
    }

    /// The table of the file, if it is not the one in force.
    fn read(&self) -> anyhow::Result<Option<Read>> {
        if let Some(before) = &self.in_force
            && reader::print(&self.path, before).is_ok_and(|now| now == *before)
        {
            return Ok(None);
        }
        reader::read(&self.path).map(Some)
    }
}

#[cfg(test)]
mod tests;
