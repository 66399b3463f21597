//! Resource policies.

use super::Words;
use millstream_auth::policy::Fault;
use millstream_streams::facts::InvalidPolicy;

pub(super) fn words(InvalidPolicy(fault): &InvalidPolicy) -> Words {
    Words::unrecorded(match fault {
        Fault::TooLong { bytes, bytes_max } => {
            format!("Policy has {bytes} bytes. A policy cannot have more than {bytes_max} bytes.")
        }
        Fault::Malformed => "Policy is not a valid JSON document.".to_owned(),
        Fault::Repeated { member } => invalid(&format!("{member} is specified more than once.")),
        Fault::Unknown { member, within } => {
            let within = within.name();
            invalid(&format!("{member} is not an element of {within}."))
        }
        Fault::Negated { member } => invalid(&format!(
            "{member} is not supported in policies of streams and consumers."
        )),
        Fault::Missing { element } => invalid(&format!("{} is missing.", element.name())),
        Fault::Form { element } => {
            invalid(&format!("{} does not have a valid value.", element.name()))
        }
        Fault::Version { given } => invalid(&format!(
            "Version {given} is not valid. Valid versions: 2008-10-17, 2012-10-17."
        )),
        Fault::Effect { given } => invalid(&format!(
            "Effect {given} is not valid. Valid effects: Allow, Deny."
        )),
        Fault::RepeatedSid { sid } => invalid(&format!("Sid {sid} is not unique.")),
        Fault::PrincipalKind { given } => invalid(&format!(
            "Principals of type {given} are not supported. Valid principals: accounts, users and roles, \
             of type AWS."
        )),
        Fault::Principal { given } => invalid(&format!("Principal {given} is not valid.")),
        Fault::Wildcard { element } => invalid(&format!(
            "Wildcards are not supported in {}.",
            element.name()
        )),
        Fault::Action { given } => invalid(&format!(
            "Action {given} is not supported for the resource."
        )),
        Fault::Resource { given } => {
            invalid(&format!("Resource {given} does not match ResourceARN."))
        }
        Fault::Operator { given } => invalid(&format!("Condition operator {given} is not valid.")),
        Fault::Key { given } => invalid(&format!("Condition key {given} is not supported.")),
        Fault::Comparison { operator, key } => invalid(&format!(
            "Condition operator {operator} cannot be used with the condition key {key}."
        )),
        Fault::Value { key, value } => invalid(&format!(
            "Value {value} of the condition key {key} is not valid for the condition operator."
        )),
        Fault::Variable { given } => invalid(&format!("Policy variable {given} is not valid.")),
    })
}

fn invalid(why: &str) -> String {
    format!("Policy is not valid: {why}")
}

/// moto's text.
pub(super) fn none(arn: &str) -> Words {
    Words::unrecorded(format!("No resource policy found for resource ARN {arn}"))
}
