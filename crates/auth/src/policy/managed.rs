//! AWS's own policies for Kinesis Data Streams, by their names.
//!
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

use super::identity::IdentityPolicy;
use super::who::PARTITIONS;

/// The names of the policies that are built in, with their documents.
pub const MANAGED: [(&str, &str); 2] = [
    (
        "AmazonKinesisFullAccess",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}"#,
    ),
    (
        "AmazonKinesisReadOnlyAccess",
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["kinesis:Get*", "kinesis:List*", "kinesis:Describe*"],
             "Resource": "*"}]}"#,
    ),
];

/// The policy of an ARN such as `arn:aws:iam::aws:policy/AmazonKinesisFullAccess`, of any
/// partition; `None` if no such policy is built in.
pub fn managed(arn: &str) -> Option<IdentityPolicy> {
    let (partition, name) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
    let known = MANAGED.iter().find(|(known, _)| *known == name)?;
    PARTITIONS
        .contains(&partition)
        .then(|| IdentityPolicy::parse(arn, known.1).expect("documents that a test parses"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_of_aws_when_named_by_its_arn_then_is_there_in_every_partition() {
        for (name, _) in MANAGED {
            for partition in PARTITIONS {
                let arn = format!("arn:{partition}:iam::aws:policy/{name}");
                assert_eq!(&*managed(&arn).unwrap().name, arn);
            }
        }
        for other in [
            "AmazonKinesisFullAccess",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:iam::aws:policy/amazonkinesisfullaccess",
            "arn:aws:iam::111111111111:policy/AmazonKinesisFullAccess",
            "arn:aws-x:iam::aws:policy/AmazonKinesisFullAccess",
            "arn:aws:iam::aws:policy/AmazonKinesisFullAccess ",
        ] {
            assert_eq!(managed(other), None, "{other}");
        }
    }
}
