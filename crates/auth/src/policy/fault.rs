//! What is wrong with a text that should be a policy, as data.

/// Why a text is not a policy for its resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is longer than AWS allows.
    #[error("{bytes} bytes are more than {bytes_max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// It is not JSON.
    #[error("not JSON")]
    Malformed,
    /// An object has a member twice.
    #[error("{member} is given twice")]
    Repeated {
        /// The member's name.
        member: String,
    },
    /// An object has a member that the language does not have there.
    #[error("{member} is no part of {}", within.name())]
    Unknown {
        /// The member's name.
        member: String,
        /// The element with the object.
        within: Element,
    },
    /// The opposite of an element, which would be about everything but what it names.
    #[error("{member} in a resource policy")]
    Negated {
        /// The member's name.
        member: &'static str,
    },
    /// A required element is absent.
    #[error("no {}", element.name())]
    Missing {
        /// The element.
        element: Element,
    },
    /// An element has a value of the wrong type, or an empty one.
    #[error("{} has another form", element.name())]
    Form {
        /// The element.
        element: Element,
    },
    /// There is no such version of the language.
    #[error("there is no version {given}")]
    Version {
        /// As given.
        given: String,
    },
    /// There is no such effect.
    #[error("there is no effect {given}")]
    Effect {
        /// As given.
        given: String,
    },
    /// Two statements have the same id.
    #[error("two statements are called {sid}")]
    RepeatedSid {
        /// The id.
        sid: String,
    },
    /// A kind of principal that streams cannot be shared with.
    #[error("{given} is no kind of principal")]
    PrincipalKind {
        /// As given.
        given: String,
    },
    /// Neither an account nor a user nor a role.
    #[error("{given} is no principal")]
    Principal {
        /// As given.
        given: String,
    },
    /// A wildcard in place of a name.
    #[error("a wildcard in {}", element.name())]
    Wildcard {
        /// The element.
        element: Element,
    },
    /// No action, or none that may be shared for this kind of resource.
    #[error("{given} cannot be shared")]
    Action {
        /// As given.
        given: String,
    },
    /// Another resource than the policy's.
    #[error("{given} is another resource")]
    Resource {
        /// As given.
        given: String,
    },
    /// There is no such condition operator.
    #[error("there is no operator {given}")]
    Operator {
        /// As given.
        given: String,
    },
    /// There is no such condition key, or no request here has it and AWS's have.
    #[error("there is no condition key {given}")]
    Key {
        /// As given.
        given: String,
    },
    /// An operator that does not compare the values of a key.
    #[error("{operator} does not compare {key}")]
    Comparison {
        /// The operator.
        operator: String,
        /// The key, as given.
        key: String,
    },
    /// A value that its operator cannot compare.
    #[error("{value} is no value of {key} for its operator")]
    Value {
        /// The key, as given.
        key: String,
        /// The value.
        value: String,
    },
    /// There is no such policy variable.
    #[error("there is no policy variable {given}")]
    Variable {
        /// As given.
        given: String,
    },
}

/// An element of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// The whole document.
    Policy,
    /// The version of the language.
    Version,
    /// The policy's id.
    Id,
    /// A statement, or the list of all.
    Statement,
    /// A statement's id.
    Sid,
    /// Whether a statement permits or refuses.
    Effect,
    /// Whom a statement is about.
    Principal,
    /// What a statement is about.
    Action,
    /// What it is done to.
    Resource,
    /// When a statement applies.
    Condition,
}

impl Element {
    /// Its name in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "Policy",
            Self::Version => "Version",
            Self::Id => "Id",
            Self::Statement => "Statement",
            Self::Sid => "Sid",
            Self::Effect => "Effect",
            Self::Principal => "Principal",
            Self::Action => "Action",
            Self::Resource => "Resource",
            Self::Condition => "Condition",
        }
    }
}
