//! The flags that say where `serve` gets its KMS keys from.

use crate::keys::source::{AwsKmsAt, Source};
use clap::Args;
use millstream_kms::KeyId;
use millstream_model::Region;
use millstream_tools::parse_endpoint;
use std::path::PathBuf;

/// What `--keys` has for AWS KMS. A file of this name is `./aws-kms`.
const AWS_KMS: &str = "aws-kms";

/// The flags.
#[derive(Debug, Args)]
pub struct KeyFlags {
    /// What encrypts streams at rest: a keyring, reloaded when it changes, or "aws-kms"
    ///
    /// `millstream keys create` makes a keyring. Nobody but its owner may have access to it. While
    /// it cannot be read, encrypted streams are neither written nor read. "aws-kms" is AWS KMS, or
    /// whatever speaks its API.
    #[arg(long, value_name = "FILE|aws-kms", value_parser = parse_kind)]
    keys: Option<Kind>,
    /// The key that alias/aws/kinesis means with --keys aws-kms: id, ARN, alias or its ARN
    ///
    /// On AWS nobody but its own services may use the key of that alias. This one also encrypts
    /// what the server keeps of its own.
    #[arg(long, value_name = "KEY", value_parser = crate::keys::command::parse_key)]
    kms_key: Option<KeyId>,
    /// The endpoint of --keys aws-kms [default: AWS's in the region]
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    kms_endpoint: Option<String>,
    /// The region of all keys of --keys aws-kms [default: that of the key's ARN or of the stream]
    ///
    /// Without it, what the server keeps of its own is encrypted with a key in us-east-1.
    #[arg(long, value_name = "REGION", value_parser = crate::keys::command::parse_region)]
    kms_region: Option<Region>,
}

/// A value of `--keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    File(PathBuf),
    AwsKms,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    match text {
        "" => Err("name a file, or aws-kms".to_owned()),
        AWS_KMS => Ok(Kind::AwsKms),
        path => Ok(Kind::File(path.into())),
    }
}

fn parse_url(text: &str) -> Result<String, String> {
    parse_endpoint(text).map(|_| text.to_owned())
}

impl KeyFlags {
    /// Where keys come from.
    ///
    /// # Errors
    /// If the flags contradict each other.
    pub fn source(self) -> Result<Source, String> {
        let Self {
            keys,
            kms_key,
            kms_endpoint,
            kms_region,
        } = self;
        match (keys, kms_key) {
            (Some(Kind::AwsKms), Some(built_in)) => Ok(Source::AwsKms(AwsKmsAt {
                built_in,
                endpoint: kms_endpoint,
                region: kms_region,
            })),
            (Some(Kind::AwsKms), None) => Err(
                "--kms-key <KEY> is missing: --keys aws-kms needs a key for alias/aws/kinesis"
                    .to_owned(),
            ),
            (_, Some(_)) => Err("--kms-key is for --keys aws-kms alone".to_owned()),
            _ if kms_endpoint.is_some() => {
                Err("--kms-endpoint is for --keys aws-kms alone".to_owned())
            }
            _ if kms_region.is_some() => Err("--kms-region is for --keys aws-kms alone".to_owned()),
            (Some(Kind::File(path)), None) => Ok(Source::File(path)),
            (None, None) => Ok(Source::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        keys: KeyFlags,
    }

    fn source(words: &[&str]) -> Result<Source, String> {
        let words = ["test"].iter().chain(words);
        let flags = Flags::try_parse_from(words).map_err(|error| error.to_string())?;
        flags.keys.source()
    }

    #[test]
    fn keys_when_given_by_flags_then_come_from_there_and_flags_of_others_are_refused() {
        assert_eq!(source(&[]), Ok(Source::Nothing));
        assert_eq!(source(&["--keys", "a/b"]), Ok(Source::File("a/b".into())));
        let file = Source::File("./aws-kms".into());
        assert_eq!(source(&["--keys", "./aws-kms"]), Ok(file));
        let aws = ["--keys", "aws-kms", "--kms-key", "alias/millstream"];
        let mut expected = AwsKmsAt {
            built_in: KeyId::parse("alias/millstream").unwrap(),
            endpoint: None,
            region: None,
        };
        assert_eq!(source(&aws), Ok(Source::AwsKms(expected.clone())));
        let more = ["--kms-endpoint", "http://a:1", "--kms-region", "eu-west-1"];
        expected.endpoint = Some("http://a:1".to_owned());
        expected.region = Some(Region::parse("eu-west-1").unwrap());
        let all = [&aws[..], &more].concat();
        assert_eq!(source(&all), Ok(Source::AwsKms(expected)));

        for (words, said) in [
            (&["--keys", "aws-kms"][..], "--kms-key <KEY> is missing"),
            (&["--keys", "a", "--kms-key", "a"], "--kms-key is for"),
            (&["--kms-key", "a"], "--kms-key is for"),
            (&more[..2], "--kms-endpoint is for --keys aws-kms alone"),
            (
                &["--keys", "a", "--kms-region", "eu-west-1"],
                "--kms-region is for",
            ),
            (&["--keys", ""], "name a file, or aws-kms"),
            (&["--kms-endpoint", "localhost"], "an endpoint is a URL"),
            (&["--kms-region", "?"], "a region is written as"),
            (&["--kms-key", "a/b"], "a key is its id"),
        ] {
            let refused = source(words).unwrap_err();
            assert!(refused.contains(said), "{said}: {refused}");
        }
    }
}
