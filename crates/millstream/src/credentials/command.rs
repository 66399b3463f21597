//! `millstream credentials`: makes, lists, removes and replaces access keys in a credentials file.
//!
//! A secret is printed once, by the command that makes it.

use crate::credentials::document::{self, May, Missing, Owner};
use crate::credentials::issue::{self, Issued};
use crate::credentials::layout::{
    self, ACCOUNT, CREATED, EXPIRES, FILE_BYTES_MAX, ID, KEYS, NAME, POLICIES, Part, USERS,
};
use crate::credentials::reader;
use crate::offline::failure;
use anyhow::Context;
use clap::{Args, Subcommand};
use millstream_auth::UserName;
use millstream_auth::policy::MANAGED;
use millstream_env::Env;
use millstream_env::read_private;
use millstream_model::AccountId;
use millstream_tools::terminal::{Output, Table};
use millstream_tools::{Failure, Look, Surroundings};
use serde_json::json;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml_edit::Datetime;

/// `millstream credentials`.
#[derive(Debug, Args)]
pub struct Credentials {
    /// What to do.
    #[command(subcommand)]
    action: Action,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// What to do with access keys.
#[derive(Debug, Subcommand)]
enum Action {
    /// Make an access key, and print it with its secret
    ///
    /// The user is added if not there, and so is the file, which nobody but its owner can read. A
    /// user may do what its policies permit: without any, nothing. The one called root may do
    /// everything in its account.
    ///
    /// Examples:
    ///   millstream credentials create credentials.toml --user ingest --policy ingest.json
    ///   millstream credentials create credentials.toml --account 111122223333 --user root --json
    #[command(verbatim_doc_comment)]
    Create(Create),
    /// List the access keys, without their secrets
    ///
    /// Examples:
    ///   millstream credentials list /etc/millstream/credentials.toml
    #[command(verbatim_doc_comment)]
    List(List),
    /// Remove an access key: a running server refuses it within a second
    ///
    /// Examples:
    ///   millstream credentials revoke /etc/millstream/credentials.toml MSAKQ3JZ5N2YVEXAMPLE
    #[command(verbatim_doc_comment)]
    Revoke(Revoke),
    /// Replace an access key by a new one of the same user, and print that
    ///
    /// A running server refuses the old one within a second, unless it is kept: then revoke it once
    /// all clients have the new one.
    ///
    /// Examples:
    ///   millstream credentials rotate credentials.toml MSAKQ3JZ5N2YVEXAMPLE --keep-old
    #[command(verbatim_doc_comment)]
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Create {
    /// The credentials file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The user whom the key belongs to
    #[arg(long, value_name = "NAME", value_parser = parse_user)]
    user: String,
    /// The user's account
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = parse_account)]
    account: AccountId,
    /// A policy for the user: a JSON file, or the ARN of one of AWS's; may be repeated
    #[arg(long = "policy", value_name = "FILE|ARN")]
    policies: Vec<String>,
    /// Print a JSON object, as IAM's CreateAccessKey answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// The credentials file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print a JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The credentials file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id of the access key
    #[arg(value_name = "KEY_ID")]
    id: String,
}

#[derive(Debug, Args)]
struct Rotate {
    /// The credentials file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id of the access key
    #[arg(value_name = "KEY_ID")]
    id: String,
    /// Leave the old key in the file
    #[arg(long)]
    keep_old: bool,
    /// Print a JSON object, as IAM's CreateAccessKey answers
    #[arg(long)]
    json: bool,
}

fn parse_user(text: &str) -> Result<String, String> {
    let name = UserName::parse(text).map(|name| name.as_str().to_owned());
    name.ok_or_else(|| "a user's name has 1 to 64 letters, digits and _+=,.@-".to_owned())
}

fn parse_account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| "an account has twelve digits".to_owned())
}

/// Does it.
///
/// # Errors
/// If the file cannot be read or written, or has no such key.
pub fn run(credentials: Credentials, surroundings: &Surroundings) -> Result<(), Failure> {
    let output = surroundings.terminal.output();
    match credentials.action {
        Action::Create(create) => {
            let (key, owner, may) = make(&create, &surroundings.env).map_err(failure)?;
            if may == May::Nothing {
                surroundings.terminal.say(advice(&owner, &create.file));
            }
            print(&key, &owner, Form::of(create.json), output)
        }
        Action::List(list) => show(&rows(&list.file).map_err(failure)?, list.json, output),
        Action::Revoke(Revoke { file, id }) => {
            let removed = document::edit(&file, Missing::Refused, |document| {
                document::remove_key(document, &id)
            });
            removed.map(drop).map_err(failure)
        }
        Action::Rotate(rotate) => {
            let (key, owner) = replace(&rotate, &surroundings.env).map_err(failure)?;
            print(&key, &owner, Form::of(rotate.json), output)
        }
    }
}

fn make(create: &Create, env: &Env) -> anyhow::Result<(Issued, Owner, May)> {
    let owner = Owner::new(&create.account, &create.user);
    let (key, created) = (issue::draw(&*env.random), now(env)?);
    let entries = create.policies.iter();
    let entries = entries.map(|given| document::entry_of(given, &create.file));
    let entries: Vec<String> = entries.collect::<anyhow::Result<_>>()?;
    let may = document::edit(&create.file, Missing::Made, |file| {
        let may = document::add_policies(file, &owner, &entries)?;
        document::add_key(file, &owner, &key, created)?;
        Ok(may)
    })?;
    Ok((key, owner, may))
}

/// What to do about a user without policies.
fn advice(owner: &Owner, file: &Path) -> String {
    let Owner { account, name } = owner;
    let [(_, _), (reads, _)] = MANAGED;
    format!(
        "The user {name} of account {account} may do nothing yet. Add its policies to {}, such as\n  \
         policies = [\"arn:aws:iam::aws:policy/{reads}\"]",
        file.display()
    )
}

fn replace(rotate: &Rotate, env: &Env) -> anyhow::Result<(Issued, Owner)> {
    let (key, created) = (issue::draw(&*env.random), now(env)?);
    let owner = document::edit(&rotate.file, Missing::Refused, |file| {
        let owner = match rotate.keep_old {
            true => document::owner_of_key(file, &rotate.id)?,
            false => document::remove_key(file, &rotate.id)?,
        };
        document::add_key(file, &owner, &key, created)?;
        Ok(owner)
    })?;
    Ok((key, owner))
}

/// How a new key is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As lines of the file that AWS's tools read.
    Shared,
    /// As IAM answers.
    Json,
}

impl Form {
    fn of(json: bool) -> Self {
        match json {
            true => Self::Json,
            false => Self::Shared,
        }
    }
}

fn print(key: &Issued, owner: &Owner, form: Form, output: &Output) -> Result<(), Failure> {
    let Issued { id, secret } = key;
    match form {
        Form::Shared => {
            output.line(format_args!("aws_access_key_id = {id}"))?;
            output.line(format_args!("aws_secret_access_key = {}", secret.as_str()))
        }
        Form::Json => output.document(&json!({
            "AccessKey": {
                "AccessKeyId": id,
                "SecretAccessKey": secret.as_str(),
                "UserName": owner.name,
                "Account": owner.account,
                "Status": "Active",
            }
        })),
    }
}

/// A key as it is listed.
struct Row {
    owner: Owner,
    policies: Vec<String>,
    id: String,
    created: Option<String>,
    expires: Option<String>,
}

fn rows(file: &Path) -> anyhow::Result<Vec<Row>> {
    let named = || file.display().to_string();
    let bytes = read_private(file, FILE_BYTES_MAX).with_context(named)?;
    let text = str::from_utf8(&bytes).context("it is no text in UTF-8");
    let text = text.with_context(named)?;
    reader::check(file, text).with_context(named)?;
    let document = layout::parse(text)?;
    let mut rows = Vec::new();
    for user in Part::whole(&document).parts(USERS)? {
        let policies = user.texts(POLICIES)?.into_iter();
        let policies: Vec<String> = policies.map(str::to_owned).collect();
        for key in user.parts(KEYS)? {
            rows.push(Row {
                owner: Owner {
                    account: user.required(ACCOUNT)?.to_owned(),
                    name: user.required(NAME)?.to_owned(),
                },
                policies: policies.clone(),
                id: key.required(ID)?.to_owned(),
                created: text_of(key.seconds(CREATED)?)?,
                expires: text_of(key.seconds(EXPIRES)?)?,
            });
        }
    }
    Ok(rows)
}

fn show(rows: &[Row], json: bool, output: &Output) -> Result<(), Failure> {
    let mut table = Table::new(&["ACCOUNT", "USER", "KEY", "CREATED", "EXPIRES", "POLICIES"]);
    for row in rows {
        if json {
            output.json_line(&json!({
                "Account": row.owner.account,
                "UserName": row.owner.name,
                "AccessKeyId": row.id,
                "CreateDate": row.created,
                "Expires": row.expires,
                "Policies": row.policies,
            }))?;
        } else {
            let [created, expires] =
                [&row.created, &row.expires].map(|time| time.as_deref().unwrap_or("-"));
            let Owner { account, name } = &row.owner;
            let policies = match row.policies.as_slice() {
                [] => "-".to_owned(),
                policies => policies.join(", "),
            };
            table.row([account, name, &row.id, created, expires, &policies]);
        }
    }
    match table.is_empty() {
        true => Ok(()),
        false => output.table(table),
    }
}

fn text_of(seconds: Option<u64>) -> anyhow::Result<Option<String>> {
    let text = |seconds| {
        let time = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds)?)?;
        Ok(time.format(&Rfc3339)?)
    };
    seconds.map(text).transpose()
}

fn now(env: &Env) -> anyhow::Result<Datetime> {
    let now = text_of(Some(env.clock.now().seconds()))?;
    now.and_then(|now| now.parse().ok())
        .context("the clock shows no time of the calendar")
}
