//! AWS's partitions: groups of regions that share domain names and nothing else.
//!
//! A region belongs to the first partition whose pattern it matches. One that matches none is taken
//! for a region of `aws`, as AWS's SDKs do: regions are added more often than clients are updated.

/// A partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The name, as it stands in ARNs.
    pub(crate) name: &'static str,
    /// The suffix of host names.
    pub(crate) dns_suffix: &'static str,
    /// The suffix of host names that have addresses of IPv4 and IPv6.
    pub(crate) dual_stack_dns_suffix: &'static str,
    /// What precedes the last two words of its regions' names.
    prefixes: &'static [&'static str],
    /// The pseudo-region of services that have no regions.
    global: Option<&'static str>,
}

/// All partitions. Each has FIPS and dual-stack endpoints.
const PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        prefixes: &["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
        global: Some("aws-global"),
    },
    Partition {
        name: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        prefixes: &["cn"],
        global: Some("aws-cn-global"),
    },
    Partition {
        name: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        prefixes: &["eusc-de"],
        global: None,
    },
    Partition {
        name: "aws-iso",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        prefixes: &["us-iso"],
        global: Some("aws-iso-global"),
    },
    Partition {
        name: "aws-iso-b",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        prefixes: &["us-isob"],
        global: Some("aws-iso-b-global"),
    },
    Partition {
        name: "aws-iso-e",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        prefixes: &["eu-isoe"],
        global: Some("aws-iso-e-global"),
    },
    Partition {
        name: "aws-iso-f",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        prefixes: &["us-isof"],
        global: Some("aws-iso-f-global"),
    },
    Partition {
        name: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        prefixes: &["us-gov"],
        global: Some("aws-us-gov-global"),
    },
];

impl Partition {
    /// The partition of a region.
    pub(crate) fn of(region: &str) -> &'static Self {
        let found = PARTITIONS.iter().find(|partition| partition.has(region));
        found.unwrap_or(&PARTITIONS[0])
    }

    /// Whether a host's name is one of AWS's.
    pub(crate) fn is_host(host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_below = |suffix: &str| {
            let rest = host.strip_suffix(suffix);
            rest.is_some_and(|rest| rest.ends_with('.'))
        };
        PARTITIONS.iter().any(|partition| {
            is_below(partition.dns_suffix) || is_below(partition.dual_stack_dns_suffix)
        })
    }

    /// Whether a region's name is one of its own: `PREFIX-WORD-DIGITS`.
    fn has(&self, region: &str) -> bool {
        let is_listed = self.global == Some(region);
        is_listed || self.prefixes.iter().any(|prefix| is_below(prefix, region))
    }

    /// Whether Kinesis has endpoints there that name the account or a resource.
    pub(crate) fn has_named_endpoints(&self) -> bool {
        !matches!(self.name, "aws-iso" | "aws-iso-b")
    }
}

fn is_below(prefix: &str, region: &str) -> bool {
    let rest = region.strip_prefix(prefix);
    let rest = rest.and_then(|rest| rest.strip_prefix('-'));
    let Some((word, digits)) = rest.and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_named = !word.is_empty() && word.chars().all(is_word);
    is_named && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_when_its_name_is_of_aws_then_is_told_from_others() {
        for (host, expected) in [
            ("kinesis.us-east-1.amazonaws.com", true),
            ("vpce-1.kinesis.eu-west-1.vpce.AMAZONAWS.com.", true),
            ("123456789012.data-kinesis.eu-central-1.api.aws", true),
            ("kinesis.cn-north-1.amazonaws.com.cn", true),
            ("kinesis.eusc-de-east-1.amazonaws.eu", true),
            ("127.0.0.1", false),
            ("amazonaws.com", false),
            ("kinesis.notamazonaws.com", false),
            ("amazonaws.com.example.org", false),
        ] {
            assert_eq!(Partition::is_host(host), expected, "{host}");
        }
    }
}
