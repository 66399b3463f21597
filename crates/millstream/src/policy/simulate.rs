//! `millstream policy simulate`.

use super::context::{Context, Pair, parse_pair};
use super::files::{self, Holder};
use millstream_auth::policy::{
    Accounts, Asked, Decision, Judgement, POLICIES_PER_USER_MAX, Request, RequestTags, Side, Who,
    judge,
};
use millstream_protocol::operations::{ALL, UNSERVED};
use millstream_tools::{Failure, Surroundings};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `millstream policy simulate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A policy of the caller, or the ARN of one of AWS's; may be repeated
    #[arg(long = "policy", value_name = "FILE|ARN")]
    policies: Vec<PathBuf>,
    /// The policy of the stream or the consumer
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,
    /// The caller: the ARN of a user, or of an account's root
    #[arg(long, value_name = "ARN", value_parser = parse_who)]
    principal: Who,
    /// The operation, as PutRecord or kinesis:PutRecord
    #[arg(long, value_name = "NAME", value_parser = parse_action)]
    action: String,
    /// The stream or the consumer; "*" for operations that concern the account
    #[arg(long, value_name = "ARN", default_value = "*", value_parser = parse_resource)]
    resource: Target,
    /// A condition key and its value; may be repeated
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = parse_pair)]
    context: Vec<Pair>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What the request is about.
#[derive(Clone, Debug)]
enum Target {
    Account,
    Of(Holder),
}

fn parse_who(text: &str) -> Result<Who, String> {
    let form = "write arn:aws:iam::ACCOUNT:user/NAME or arn:aws:iam::ACCOUNT:root";
    Who::parse(text).ok_or_else(|| form.to_owned())
}

/// The action of a name in any capitals, as AWS spells it.
fn parse_action(text: &str) -> Result<String, String> {
    let name = text.split_once(':').map_or(text, |(_, name)| name);
    let is_ours = text.len() == name.len() || text.to_ascii_lowercase().starts_with("kinesis:");
    let mut names = ALL
        .iter()
        .map(|one| one.name)
        .chain(UNSERVED.iter().copied());
    match names.find(|known| is_ours && known.eq_ignore_ascii_case(name)) {
        Some(known) => Ok(format!("kinesis:{known}")),
        None => Err("Kinesis has no such operation".to_owned()),
    }
}

fn parse_resource(text: &str) -> Result<Target, String> {
    match text {
        "*" => Ok(Target::Account),
        arn => Holder::parse(arn).map(Target::Of),
    }
}

impl Target {
    fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Account => None,
            Self::Of(holder) => Some(holder),
        }
    }

    fn name(&self) -> String {
        let arn = |holder: &Holder| holder.resource().to_string();
        self.holder().map_or_else(|| "*".to_owned(), arn)
    }
}

/// Judges the request.
///
/// # Errors
/// If it is refused, or a file is no policy.
pub async fn run(args: &Args, surroundings: &Surroundings) -> Result<(), Failure> {
    let mut who = args.principal.clone();
    if who.user.is_none() && !args.policies.is_empty() {
        let failure = Failure::usage("policies of users do not concern an account's root");
        return Err(failure.with_advice("Leave --policy out, or name a user as --principal."));
    }
    if args.policies.len() > POLICIES_PER_USER_MAX {
        let what = format!("a user has at most {POLICIES_PER_USER_MAX} policies");
        return Err(Failure::usage(what));
    }
    let policies = args.policies.iter().map(|path| files::identity(path));
    who.policies = policies.collect::<Result<Vec<_>, Failure>>()?.into();
    let holder = args.resource.holder();
    let policy = match (&args.resource_policy, holder) {
        (None, _) => None,
        (Some(path), Some(holder)) => Some(files::of_resource(path, holder)?),
        (Some(_), None) => {
            let failure = Failure::usage("--resource-policy needs --resource");
            return Err(failure.with_advice("Give the ARN of the stream or the consumer."));
        }
    };
    let owner = holder.map(Holder::account);
    let region = holder.map(|holder| holder.stream().region.as_str());
    let now = surroundings.env.clock.now();
    let follows = Request {
        who: &who,
        region,
        context: None,
        now,
        owner,
        resource_tags: None,
        request_tags: &RequestTags::None,
    };
    let context = Context::new(&args.context, follows).map_err(Failure::usage)?;
    let resource = args.resource.name();
    let asked = Asked {
        who: &who,
        action: &args.action,
        resource: &resource,
        owner,
        policy: policy.as_ref(),
    };
    let judgement = judge(asked, &context);
    let told = Told {
        asked,
        judgement,
        missing: context.missing(),
    };
    told.print(args.json, surroundings)?;
    match judgement.decision {
        Decision::Allow => Ok(()),
        Decision::Deny(_) => Err(Failure::found("the request would be refused")),
    }
}

/// A judgement, to be told.
struct Told<'a> {
    asked: Asked<'a>,
    judgement: Judgement<'a>,
    missing: Vec<String>,
}

impl Told<'_> {
    /// The decision, in the words that the caller of a refused request gets.
    fn decision(&self) -> String {
        let Asked {
            who,
            action,
            resource,
            ..
        } = self.asked;
        match self.judgement.decision {
            Decision::Allow => format!(
                "User: {} may perform: {action} on resource: {resource}",
                who.arn()
            ),
            Decision::Deny(denial) => denial.message(&who.arn(), action, resource),
        }
    }

    fn print(&self, json: bool, surroundings: &Surroundings) -> Result<(), Failure> {
        let output = surroundings.terminal.output();
        let Judgement {
            identity, resource, ..
        } = self.judgement;
        if json {
            return output.document(&self.document());
        }
        let decision = match self.judgement.decision {
            Decision::Allow => "allowed",
            Decision::Deny(_) => "denied",
        };
        output.line(format!("{decision}: {}", self.decision()))?;
        output.line(format!("  the caller's policies: {}", said(identity)))?;
        output.line(format!("  the resource's policy: {}", said(resource)))?;
        if self.judgement.accounts == Accounts::Across {
            output
                .line("  caller and resource are of different accounts: both have to permit it")?;
        }
        for key in &self.missing {
            output.line(format!(
                "  not known: {key}; give it with --context {key}=VALUE"
            ))?;
        }
        Ok(())
    }

    fn document(&self) -> Value {
        let Judgement {
            identity,
            resource,
            accounts,
            decision,
        } = self.judgement;
        json!({
            "Decision": if decision == Decision::Allow { "allowed" } else { "denied" },
            "Message": self.decision(),
            "Principal": self.asked.who.arn(),
            "Action": self.asked.action,
            "Resource": self.asked.resource,
            "AcrossAccounts": accounts == Accounts::Across,
            "IdentityPolicies": side_document(identity),
            "ResourcePolicy": side_document(resource),
            "MissingContextKeys": self.missing,
        })
    }
}

fn said(side: Side<'_>) -> String {
    let (verb, place) = match side {
        Side::Silent => return "nothing about it".to_owned(),
        Side::Root => return "none concerns an account's root".to_owned(),
        Side::Unreadable => return "cannot be read".to_owned(),
        Side::Allows(place) => ("permitted by", place),
        Side::Delegates(place) => ("left to the caller's account by", place),
        Side::Denies(place) => ("refused by", place),
    };
    let mut text = format!("{verb} statement {}", place.statement);
    if let Some(sid) = place.sid {
        text += &format!(" ({sid})");
    }
    match place.policy {
        "" => text,
        policy => format!("{text} of {policy}"),
    }
}

fn side_document(side: Side<'_>) -> Value {
    let (says, place) = match side {
        Side::Silent => ("nothing", None),
        Side::Root => ("root", None),
        Side::Unreadable => ("unreadable", None),
        Side::Allows(place) => ("allow", Some(place)),
        Side::Delegates(place) => ("delegate", Some(place)),
        Side::Denies(place) => ("deny", Some(place)),
    };
    let mut document = json!({"Says": says});
    if let Some(place) = place {
        document["Statement"] = place.statement.into();
        if let Some(sid) = place.sid {
            document["Sid"] = sid.into();
        }
        if !place.policy.is_empty() {
            document["Policy"] = place.policy.into();
        }
    }
    document
}
