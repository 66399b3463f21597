//! A credentials file while it is changed: comments, order and what it has else stay.
//!
//! The file is replaced by another one in a single step, so that a server sees the old one or the
//! new one, and only if the new one is right. Two commands at once do not undo each other.

use crate::credentials::issue::Issued;
use crate::credentials::layout::{
    self, ACCOUNT, CREATED, FILE_BYTES_MAX, ID, KEYS, NAME, Part, SECRET, USERS, Wrong,
};
use crate::credentials::reader;
use crate::private_file::read_private;
use anyhow::{Context, bail, ensure};
use millstream_model::AccountId;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, Datetime, DocumentMut, Item, Table, value};
use zeroize::Zeroizing;

/// The text that a new file begins with.
const HEAD: &str = "\
# Access keys of Millstream: `millstream credentials` changes this file, and so may you.
";

/// What becomes of a file that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is made.
    Made,
    /// That is an error.
    Refused,
}

/// An owner of access keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: String,
    /// The user's name.
    pub name: String,
}

/// Changes a file.
///
/// # Errors
/// If it, or what would become of it, is no credentials file, if it cannot be written, or if
/// `change` fails. It is as before then.
pub fn edit<T>(
    path: &Path,
    missing: Missing,
    change: impl FnOnce(&mut DocumentMut) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let place = Place::of(path)?;
    let _lock = place.lock()?;
    let (head, before) = match place.read(missing)? {
        Some(before) => ("", before),
        None => (HEAD, Zeroizing::default()),
    };
    let named = || path.display().to_string();
    let mut document = layout::parse(&before).with_context(named)?;
    // What is wrong before is said before anything is changed.
    reader::check(&place.path, &before).with_context(named)?;
    let changed = change(&mut document)?;
    let after = Zeroizing::new(format!("{head}{document}"));
    let fits = after.len() as u64 <= FILE_BYTES_MAX;
    ensure!(
        fits,
        "{} would be larger than {FILE_BYTES_MAX} bytes",
        path.display()
    );
    reader::check(&place.path, &after).with_context(named)?;
    place
        .write(&after)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(changed)
}

/// Adds an access key for a user, who is added if not there.
///
/// # Errors
/// If the file has its users in a form to which none can be added.
pub fn add_key(
    document: &mut DocumentMut,
    owner: &Owner,
    key: &Issued,
    created: Datetime,
) -> anyhow::Result<()> {
    let users = document
        .entry(USERS)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(users) = users.as_array_of_tables_mut() else {
        bail!("write users as [[users]], so that a key can be added");
    };
    let is_owner = |user: &Table| {
        let text = |member| user.get(member).and_then(Item::as_str);
        (text(ACCOUNT), text(NAME)) == (Some(&owner.account), Some(&owner.name))
    };
    if !users.iter().any(is_owner) {
        let mut user = Table::new();
        user.insert(ACCOUNT, value(&owner.account));
        user.insert(NAME, value(&owner.name));
        users.push(user);
    }
    let user = users
        .iter_mut()
        .find(|user| is_owner(user))
        .context("the user was just added")?;
    let keys = user
        .entry(KEYS)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(keys) = keys.as_array_of_tables_mut() else {
        bail!("write the user's keys as [[users.keys]], so that one can be added");
    };
    let mut table = Table::new();
    let [secret, _] = SECRET;
    table.insert(ID, value(&key.id));
    table.insert(secret, value(key.secret.as_str()));
    table.insert(CREATED, value(created));
    keys.push(table);
    Ok(())
}

/// Removes an access key, and says whose it was.
///
/// # Errors
/// If there is no such key, or it is in a form from which it cannot be removed.
pub fn remove_key(document: &mut DocumentMut, id: &str) -> anyhow::Result<Owner> {
    let owner = owner_of_key(document, id)?;
    let users = document
        .get_mut(USERS)
        .and_then(Item::as_array_of_tables_mut);
    for user in users.into_iter().flat_map(ArrayOfTables::iter_mut) {
        let Some(keys) = user.get_mut(KEYS).and_then(Item::as_array_of_tables_mut) else {
            continue;
        };
        let is_it = |key: &Table| key.get(ID).and_then(Item::as_str) == Some(id);
        if keys.iter().any(is_it) {
            keys.retain(|key| !is_it(key));
            return Ok(owner);
        }
    }
    bail!("write the key as [[users.keys]], so that it can be removed")
}

/// Says whose an access key is.
///
/// # Errors
/// If there is no such key.
pub fn owner_of_key(document: &DocumentMut, id: &str) -> anyhow::Result<Owner> {
    owner_of(document, id)?.with_context(|| format!("there is no access key {id}"))
}

fn owner_of(document: &DocumentMut, id: &str) -> Result<Option<Owner>, Wrong> {
    for user in Part::whole(document).parts(USERS)? {
        for key in user.parts(KEYS)? {
            if key.required(ID)? == id {
                return Ok(Some(Owner {
                    account: user.required(ACCOUNT)?.to_owned(),
                    name: user.required(NAME)?.to_owned(),
                }));
            }
        }
    }
    Ok(None)
}

impl Owner {
    /// A user of an account.
    pub fn new(account: &AccountId, name: &str) -> Self {
        Self {
            account: account.as_str().to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Where a file is, behind all symbolic links.
struct Place {
    path: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let path = match path.canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        Ok(Self { path, folder })
    }

    /// Keeps other commands from the folder.
    #[expect(
        clippy::disallowed_methods,
        reason = "credentials are on the real disk"
    )]
    fn lock(&self) -> anyhow::Result<File> {
        let named = || self.folder.display().to_string();
        let folder = File::open(&self.folder).with_context(named)?;
        match folder.try_lock() {
            Ok(()) => Ok(folder),
            Err(TryLockError::WouldBlock) => bail!(
                "another command changes credentials in {}: try again in a moment",
                self.folder.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(named),
        }
    }

    /// The file's text; `None` if it is to be made.
    fn read(&self, missing: Missing) -> anyhow::Result<Option<Zeroizing<String>>> {
        let bytes = match read_private(&self.path, FILE_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Made => {
                return Ok(None);
            }
            read => read.with_context(|| self.path.display().to_string())?,
        };
        let text = str::from_utf8(&bytes).context("it is no text in UTF-8");
        let text = text.with_context(|| self.path.display().to_string())?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Replaces the file, durably, by one that has the same owner and is as private.
    #[expect(
        clippy::disallowed_methods,
        reason = "credentials are on the real disk"
    )]
    fn write(&self, text: &str) -> anyhow::Result<()> {
        // Made with mode 600.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        if let Ok(before) = self.path.metadata() {
            let own = file.as_file().metadata()?;
            if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
                fchown(file.as_file(), Some(before.uid()), Some(before.gid()))
                    .context("cannot keep its owner")?;
            }
        }
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
