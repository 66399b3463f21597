//! Policies in files.

use millstream_auth::policy::{
    IDENTITY_POLICY_BYTES_MAX, IdentityPolicy, Policy, ResourcePolicy, managed,
};
use millstream_env::{Disk, RealDisk};
use millstream_model::limits::POLICY_BYTES_MAX;
use millstream_model::{AccountId, ConsumerArn, ResourceArn, StreamArn};
use millstream_tools::Failure;
use std::path::Path;

/// A resource that may have a policy.
#[derive(Clone, Debug)]
pub enum Holder {
    /// A stream.
    Stream(StreamArn),
    /// A consumer of a stream.
    Consumer(ConsumerArn),
}

impl Holder {
    /// The resource of an ARN.
    ///
    /// # Errors
    /// If it is not a stream's or a consumer's.
    pub fn parse(text: &str) -> Result<Self, String> {
        match ResourceArn::parse(text) {
            Ok(ResourceArn::Stream(arn)) => Ok(Self::Stream(arn)),
            Ok(ResourceArn::Consumer(arn)) => Ok(Self::Consumer(arn)),
            Ok(ResourceArn::Queue | ResourceArn::Channel) | Err(_) => {
                Err("give the ARN of a stream or a consumer".to_owned())
            }
        }
    }

    /// The stream, or the consumer's.
    pub fn stream(&self) -> &StreamArn {
        match self {
            Self::Stream(arn) => arn,
            Self::Consumer(arn) => &arn.stream,
        }
    }

    /// The account that owns it.
    pub fn account(&self) -> &AccountId {
        &self.stream().account
    }

    /// Its name in policies.
    pub fn resource(&self) -> millstream_auth::Resource<'_> {
        match self {
            Self::Stream(arn) => arn.into(),
            Self::Consumer(arn) => arn.into(),
        }
    }
}

/// Reads a policy of a user, which is known by its path, or takes AWS's of an ARN.
///
/// # Errors
/// If it cannot be read, or is no policy.
pub fn identity(path: &Path) -> Result<IdentityPolicy, Failure> {
    if let Some(policy) = path.to_str().and_then(managed) {
        return Ok(policy);
    }
    let text = text(path, IDENTITY_POLICY_BYTES_MAX)?;
    IdentityPolicy::parse(&path.display().to_string(), &text).map_err(|fault| {
        let failure = no_policy(path, &fault);
        failure.with_advice("A policy of a stream or a consumer needs its ARN beside it.")
    })
}

/// Reads a policy of a resource.
///
/// # Errors
/// If it cannot be read, or is no policy of that resource.
pub fn of_resource(path: &Path, holder: &Holder) -> Result<ResourcePolicy, Failure> {
    let text = text(path, POLICY_BYTES_MAX)?;
    Policy::parse(&text, holder.resource()).map_err(|fault| no_policy(path, &fault))?;
    Ok(ResourcePolicy::of_stored(&text, holder.resource()))
}

fn text(path: &Path, bytes_max: usize) -> Result<String, Failure> {
    let bytes = RealDisk
        .read_whole(path, bytes_max as u64)
        .map_err(|error| Failure::of_file("read", path, &error))?;
    String::from_utf8(bytes).map_err(|_| no_policy(path, "not text in UTF-8"))
}

fn no_policy(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::new(format!("{} is no policy: {why}", path.display()))
}
