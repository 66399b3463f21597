//! The command line of `millstream keys`: what may be done with the KMS keys of a keyring.

use clap::{Args, Subcommand};
use millstream_kms::KeyId;
use millstream_model::{AccountId, Region};
use millstream_tools::Look;
use std::path::PathBuf;

/// `millstream keys`.
#[derive(Debug, Args)]
pub struct Keys {
    /// What to do.
    #[command(subcommand)]
    pub(super) action: Action,
    /// What it shows.
    #[command(flatten)]
    pub look: Look,
}

/// What to do with KMS keys.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make a key, and print its ARN
    ///
    /// The keyring is made if not there, as a file that nobody but its owner can read.
    ///
    /// Examples:
    ///   millstream keys create /etc/millstream/keyring.json --alias alias/orders
    ///   millstream keys create keyring.json --account 111122223333 --region eu-west-1 --json
    #[command(verbatim_doc_comment)]
    Create(Create),
    /// List the keys, without their material
    ///
    /// Examples:
    ///   millstream keys list /etc/millstream/keyring.json
    ///   millstream keys list keyring.json --json
    #[command(verbatim_doc_comment)]
    List(List),
    /// Give a key new material, which new data keys are wrapped by
    ///
    /// The old material stays, for the data keys that it has wrapped.
    ///
    /// Examples:
    ///   millstream keys rotate keyring.json alias/orders
    #[command(verbatim_doc_comment)]
    Rotate(Which),
    /// Let a disabled key be used again
    ///
    /// Examples:
    ///   millstream keys enable keyring.json alias/orders
    #[command(verbatim_doc_comment)]
    Enable(Which),
    /// Let a key be used by nobody: what it encrypts can be neither written nor read meanwhile
    ///
    /// Examples:
    ///   millstream keys disable keyring.json alias/orders
    #[command(verbatim_doc_comment)]
    Disable(Which),
    /// Schedule a key's deletion, after which nobody can read what it has encrypted
    ///
    /// The key cannot be used from now on. Until it is due, cancel-deletion keeps the key.
    ///
    /// Examples:
    ///   millstream keys delete keyring.json alias/orders --days 7
    #[command(verbatim_doc_comment)]
    Delete(Delete),
    /// Keep a key that was to be deleted; it is disabled then
    ///
    /// Examples:
    ///   millstream keys cancel-deletion keyring.json 5b1a4a4e-6c0f-4d5a-9f0e-2a6d4cbb3c11
    ///   millstream keys enable keyring.json 5b1a4a4e-6c0f-4d5a-9f0e-2a6d4cbb3c11
    #[command(verbatim_doc_comment)]
    CancelDeletion(Which),
    /// Give a key an alias, which another key of the same account and region loses; or remove it
    ///
    /// A stream stays encrypted with the key that the alias meant when its encryption was started.
    ///
    /// Examples:
    ///   millstream keys alias keyring.json alias/orders 5b1a4a4e-6c0f-4d5a-9f0e-2a6d4cbb3c11
    ///   millstream keys alias keyring.json alias/orders --remove
    #[command(verbatim_doc_comment)]
    Alias(Alias),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The keyring
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The key's account
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = parse_account)]
    pub(super) account: AccountId,
    /// The key's region
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = parse_region)]
    pub(super) region: Region,
    /// An alias for the key, such as alias/orders
    ///
    /// alias/aws/kinesis is the key that a server otherwise makes itself.
    #[arg(long, value_name = "ALIAS", value_parser = parse_alias)]
    pub(super) alias: Option<String>,
    /// Print a JSON object, as AWS KMS's CreateKey answers
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The keyring
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Print a JSON object per line
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The keyring
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The key: its id, its ARN, an alias or an alias's ARN
    #[arg(value_name = "KEY", value_parser = parse_key)]
    pub(super) key: KeyId,
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The key.
    #[command(flatten)]
    pub(super) which: Which,
    /// Days until the key is gone
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(7..=30))]
    pub(super) days: u16,
}

#[derive(Debug, Args)]
pub(super) struct Alias {
    /// The keyring
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The alias, or its ARN
    #[arg(value_name = "ALIAS", value_parser = parse_key)]
    pub(super) alias: KeyId,
    /// The key: its id, its ARN, an alias or an alias's ARN
    #[arg(value_name = "KEY", value_parser = parse_key, required_unless_present = "remove", conflicts_with = "remove")]
    pub(super) key: Option<KeyId>,
    /// Remove the alias
    #[arg(long)]
    pub(super) remove: bool,
}

fn parse_account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|_| "an account has twelve digits".to_owned())
}

pub(super) fn parse_region(text: &str) -> Result<Region, String> {
    Region::parse(text).map_err(|_| "a region is written as eu-west-1".to_owned())
}

pub(super) fn parse_key(text: &str) -> Result<KeyId, String> {
    let expected = "a key is its id, its ARN, an alias such as alias/orders, or an alias's ARN";
    KeyId::parse(text).map_err(|_| expected.to_owned())
}

fn parse_alias(text: &str) -> Result<String, String> {
    match KeyId::parse(text) {
        Ok(KeyId::Alias(alias)) => Ok(alias),
        Ok(KeyId::Id(_) | KeyId::Arn(_) | KeyId::AliasArn(..)) | Err(_) => {
            Err("an alias is alias/ followed by letters, digits and /_-".to_owned())
        }
    }
}
