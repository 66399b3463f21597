//! The layout of a credentials file: members, limits, and access to them by name.
//!
//! Errors say where something is and what it should be, never what it is: it may be a secret.

use std::fmt::Display;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// The largest credentials file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The largest file with a single secret or token.
pub const SECRET_FILE_BYTES_MAX: u64 = 16 * 1024;
/// The lengths of a secret access key. AWS's have 40.
pub const SECRET_BYTES_MIN: usize = 16;
/// The longest secret access key.
pub const SECRET_BYTES_MAX: usize = 256;
/// The longest token of a session: it has to fit into the head of a request.
pub const TOKEN_BYTES_MAX: usize = 8192;

/// The regions that are served, of the file.
pub const REGIONS: &str = "regions";
/// The users, of the file.
pub const USERS: &str = "users";
/// A user's account.
pub const ACCOUNT: &str = "account";
/// A user's name.
pub const NAME: &str = "name";
/// A user's policies.
pub const POLICIES: &str = "policies";
/// A user's access keys.
pub const KEYS: &str = "keys";
/// A key's id.
pub const ID: &str = "id";
/// A key's secret, and a file with it.
pub const SECRET: [&str; 2] = ["secret", "secret-file"];
/// The token of a key's session, and a file with it.
pub const TOKEN: [&str; 2] = ["session-token", "session-token-file"];
/// The end of a key's session.
pub const EXPIRES: &str = "expires";
/// When a key was made.
pub const CREATED: &str = "created";

/// What is wrong with a credentials file, without anything of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

impl Wrong {
    /// Something is wrong at a place.
    pub fn at(place: impl Display, what: impl Display) -> Self {
        Self(format!("{place}: {what}"))
    }
}

/// Parses a file's text.
///
/// # Errors
/// The line at which it is no TOML.
pub fn parse(text: &str) -> Result<DocumentMut, Wrong> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = 1 + before.unwrap_or_default().matches('\n').count();
        Wrong::at(format!("line {line}"), error.message())
    })
}

/// A table of the file, with its place.
pub struct Part<'a> {
    table: &'a dyn TableLike,
    place: String,
}

impl<'a> Part<'a> {
    /// The file itself.
    pub fn whole(document: &'a DocumentMut) -> Self {
        Self {
            table: document.as_table(),
            place: String::new(),
        }
    }

    /// The place of a member, such as `users[0].name`.
    pub fn place(&self, member: &str) -> String {
        match self.place.is_empty() {
            true => member.to_owned(),
            false => format!("{}.{member}", self.place),
        }
    }

    /// Refuses members of other names.
    ///
    /// # Errors
    /// If there is one.
    pub fn has_only(&self, known: &[&str]) -> Result<(), Wrong> {
        let mut members = self.table.iter().map(|(name, _)| name);
        match members.find(|name| !known.contains(name)) {
            None => Ok(()),
            // The name of a member is no place for a secret, but might have become one.
            Some(_) => Err(Wrong(format!(
                "{} has a member that is none of {}",
                match self.place.is_empty() {
                    true => "the file",
                    false => &self.place,
                },
                known.join(", ")
            ))),
        }
    }

    /// Whether a member is there.
    pub fn has(&self, member: &str) -> bool {
        self.get(member).is_some()
    }

    fn get(&self, member: &str) -> Option<&'a Item> {
        self.table.get(member).filter(|item| !item.is_none())
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn text(&self, member: &str) -> Result<Option<&'a str>, Wrong> {
        let wrong = || Wrong::at(self.place(member), "expected a text in quotes");
        let item = self.get(member);
        item.map(|item| item.as_str().ok_or_else(wrong)).transpose()
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// If it is not, or is something else.
    pub fn required(&self, member: &str) -> Result<&'a str, Wrong> {
        let missing = || Wrong(format!("{} is missing", self.place(member)));
        self.text(member)?.ok_or_else(missing)
    }

    /// Texts, none if they are not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn texts(&self, member: &str) -> Result<Vec<&'a str>, Wrong> {
        let wrong = || Wrong::at(self.place(member), "expected an array of texts");
        match self.get(member) {
            None => Ok(Vec::new()),
            Some(item) => {
                let values = item.as_array().ok_or_else(wrong)?.iter();
                values
                    .map(|value| value.as_str().ok_or_else(wrong))
                    .collect()
            }
        }
    }

    /// A time with an offset, in seconds since the epoch, if it is there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn seconds(&self, member: &str) -> Result<Option<u64>, Wrong> {
        let wrong = || {
            let what = "expected a time such as 2030-01-31T12:00:00Z, without quotes";
            Wrong::at(self.place(member), what)
        };
        let Some(item) = self.get(member) else {
            return Ok(None);
        };
        let time = item.as_datetime().ok_or_else(wrong)?.to_string();
        let format = &time::format_description::well_known::Rfc3339;
        let time = time::OffsetDateTime::parse(&time, format).map_err(|_| wrong())?;
        u64::try_from(time.unix_timestamp())
            .map(Some)
            .map_err(|_| wrong())
    }

    /// The tables of an array, none if it is not there.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parts(&self, member: &str) -> Result<Vec<Part<'a>>, Wrong> {
        let wrong = || Wrong::at(self.place(member), "expected an array of tables");
        let tables: Vec<&'a dyn TableLike> = match self.get(member) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as _).collect(),
            Some(Item::Value(Value::Array(values))) => {
                let tables = values
                    .iter()
                    .map(|value| Some(value.as_inline_table()? as _));
                tables.collect::<Option<_>>().ok_or_else(wrong)?
            }
            Some(Item::None | Item::Value(_) | Item::Table(_)) => return Err(wrong()),
        };
        let tables = tables.into_iter().enumerate();
        Ok(tables
            .map(|(place, table)| Part {
                table,
                place: self.place(&format!("{member}[{place}]")),
            })
            .collect())
    }
}
