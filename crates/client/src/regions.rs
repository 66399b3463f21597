//! The regions in which AWS serves Kinesis, as `boto.kinesis.regions()` lists them.
//!
//! The list is for people who choose: [`Endpoint::resolve`](crate::endpoint::Endpoint::resolve)
//! takes any region's name, since AWS adds regions more often than clients are updated.

use crate::partitions::Partition;

/// A region in which AWS serves Kinesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    name: &'static str,
    description: &'static str,
}

impl Region {
    /// The region of this name, if AWS serves Kinesis there as far as this list knows.
    pub fn of(name: &str) -> Option<Self> {
        REGIONS.iter().find(|region| region.name == name).copied()
    }

    /// The name, such as `eu-central-1`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// AWS's name for people, such as `Europe (Frankfurt)`.
    pub fn description(self) -> &'static str {
        self.description
    }

    /// The partition, as it stands in ARNs: `aws`, `aws-cn`, `aws-us-gov` …
    pub fn partition(self) -> &'static str {
        Partition::of(self.name).name
    }

    /// The host name of the region's endpoint.
    pub fn endpoint(self) -> String {
        let suffix = Partition::of(self.name).dns_suffix;
        format!("kinesis.{}.{suffix}", self.name)
    }
}

/// The regions in which AWS serves Kinesis, partition by partition.
///
/// ```
/// use millstream_client::regions::{Region, regions};
///
/// assert!(regions().iter().any(|region| region.partition() == "aws-cn"));
/// let endpoint = Region::of("eu-central-1").map(Region::endpoint);
/// assert_eq!(endpoint.as_deref(), Some("kinesis.eu-central-1.amazonaws.com"));
/// ```
pub fn regions() -> &'static [Region] {
    &REGIONS
}

const fn region(name: &'static str, description: &'static str) -> Region {
    Region { name, description }
}

const REGIONS: [Region; 46] = [
    region("af-south-1", "Africa (Cape Town)"),
    region("ap-east-1", "Asia Pacific (Hong Kong)"),
    region("ap-east-2", "Asia Pacific (Taipei)"),
    region("ap-northeast-1", "Asia Pacific (Tokyo)"),
    region("ap-northeast-2", "Asia Pacific (Seoul)"),
    region("ap-northeast-3", "Asia Pacific (Osaka)"),
    region("ap-south-1", "Asia Pacific (Mumbai)"),
    region("ap-south-2", "Asia Pacific (Hyderabad)"),
    region("ap-southeast-1", "Asia Pacific (Singapore)"),
    region("ap-southeast-2", "Asia Pacific (Sydney)"),
    region("ap-southeast-3", "Asia Pacific (Jakarta)"),
    region("ap-southeast-4", "Asia Pacific (Melbourne)"),
    region("ap-southeast-5", "Asia Pacific (Malaysia)"),
    region("ap-southeast-6", "Asia Pacific (New Zealand)"),
    region("ap-southeast-7", "Asia Pacific (Thailand)"),
    region("ca-central-1", "Canada (Central)"),
    region("ca-west-1", "Canada West (Calgary)"),
    region("eu-central-1", "Europe (Frankfurt)"),
    region("eu-central-2", "Europe (Zurich)"),
    region("eu-north-1", "Europe (Stockholm)"),
    region("eu-south-1", "Europe (Milan)"),
    region("eu-south-2", "Europe (Spain)"),
    region("eu-west-1", "Europe (Ireland)"),
    region("eu-west-2", "Europe (London)"),
    region("eu-west-3", "Europe (Paris)"),
    region("il-central-1", "Israel (Tel Aviv)"),
    region("me-central-1", "Middle East (UAE)"),
    region("me-south-1", "Middle East (Bahrain)"),
    region("mx-central-1", "Mexico (Central)"),
    region("sa-east-1", "South America (Sao Paulo)"),
    region("us-east-1", "US East (N. Virginia)"),
    region("us-east-2", "US East (Ohio)"),
    region("us-west-1", "US West (N. California)"),
    region("us-west-2", "US West (Oregon)"),
    region("cn-north-1", "China (Beijing)"),
    region("cn-northwest-1", "China (Ningxia)"),
    region("eusc-de-east-1", "AWS European Sovereign Cloud (Germany)"),
    region("us-iso-east-1", "US ISO East"),
    region("us-iso-west-1", "US ISO WEST"),
    region("us-isob-east-1", "US ISOB East (Ohio)"),
    region("us-isob-west-1", "US ISOB West"),
    region("eu-isoe-west-1", "EU ISOE West"),
    region("us-isof-east-1", "US ISOF EAST"),
    region("us-isof-south-1", "US ISOF SOUTH"),
    region("us-gov-east-1", "AWS GovCloud (US-East)"),
    region("us-gov-west-1", "AWS GovCloud (US-West)"),
];
