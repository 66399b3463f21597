//! A credentials file while it is changed: comments, order and what it has else stay.
//!
//! The file is replaced by another one in a single step, so that a server sees the old one or the
//! new one, and only if the new one is right. Two commands at once do not undo each other.

use crate::credentials::issue::Issued;
use crate::credentials::layout::{
    self, ACCOUNT, CREATED, FILE_BYTES_MAX, ID, KEYS, NAME, POLICIES, Part, SECRET, USERS, Wrong,
};
use crate::credentials::policies::Source;
use crate::credentials::reader;
use anyhow::{Context, bail, ensure};
use millstream_auth::UserName;
use millstream_env::read_private;
use millstream_model::AccountId;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, Item, Table, value};
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

/// What a user may do, as its policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Nothing: it has no policies.
    Nothing,
    /// What its policies permit.
    Something,
    /// Everything in its account, whose root it is.
    Everything,
}

/// Gives a user policies, besides those it has. The user is added if not there.
///
/// # Errors
/// If the file has its users or the user's policies in a form to which none can be added.
pub fn add_policies(
    document: &mut DocumentMut,
    owner: &Owner,
    entries: &[String],
) -> anyhow::Result<May> {
    let user = user(document, owner)?;
    if !entries.is_empty() {
        let policies = user.entry(POLICIES).or_insert(value(Array::new()));
        let Some(policies) = policies.as_array_mut() else {
            bail!("write the user's policies as an array, so that one can be added");
        };
        for entry in entries {
            let is_there = policies.iter().any(|one| one.as_str() == Some(entry));
            if !is_there {
                policies.push(entry);
            }
        }
    }
    let policies = user.get(POLICIES).and_then(Item::as_array);
    Ok(
        match policies.is_some_and(|policies| !policies.is_empty()) {
            _ if owner.is_root() => May::Everything,
            true => May::Something,
            false => May::Nothing,
        },
    )
}

/// The entry for a policy as it was given on the command line: the name of a file is relative to
/// the credentials file's folder if it is in there, and the credentials file no link to elsewhere.
///
/// # Errors
/// If the working directory is not known, or the name is no text.
pub fn entry_of(given: &str, file: &Path) -> anyhow::Result<String> {
    let place = Place::of(file)?;
    match Source::of(given, Path::new("")) {
        Source::Managed(arn) => Ok(arn),
        Source::File(path) => {
            let (path, file) = (absolute(&path)?, absolute(file)?);
            let meant = absolute(&place.path)?;
            let within = match (file.parent(), meant.parent()) {
                (Some(named), Some(real)) if named == real => path.strip_prefix(real).ok(),
                (Some(_) | None, Some(_) | None) => None,
            };
            let entry = within.unwrap_or(&path).to_str();
            Ok(entry.context("the name of a policy is no text")?.to_owned())
        }
    }
}

/// The path from the root, behind all symbolic links that lead to its folder.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    let named = || path.display().to_string();
    let path = std::path::absolute(path).with_context(named)?;
    Ok(
        match (path.parent().map(Path::canonicalize), path.file_name()) {
            (Some(Ok(folder)), Some(name)) => folder.join(name),
            _ => path,
        },
    )
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
    let user = user(document, owner)?;
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

/// A user, who is added if not there.
fn user<'a>(document: &'a mut DocumentMut, owner: &Owner) -> anyhow::Result<&'a mut Table> {
    let users = document
        .entry(USERS)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(users) = users.as_array_of_tables_mut() else {
        bail!("write users as [[users]], so that a user can be changed");
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
    let mut users = users.iter_mut();
    let user = users.find(|user| is_owner(user));
    user.context("the user was just added")
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

    /// Whether it is the account's root user.
    pub fn is_root(&self) -> bool {
        UserName::parse(&self.name).is_some_and(|name| name.is_root())
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
