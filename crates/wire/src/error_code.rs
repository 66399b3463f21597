//! Every error that Kinesis names: one table.

/// The name of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The caller may not do this.
    AccessDeniedException,
    /// The request would have succeeded, had it not been a trial.
    DryRunOperationException,
    /// The shard iterator is too old.
    ExpiredIteratorException,
    /// The token of a list's next page is too old.
    ExpiredNextTokenException,
    /// The session token is too old.
    ExpiredTokenException,
    /// Authentication has parts missing.
    IncompleteSignatureException,
    /// The service failed, where the operation's model lists no other name for it.
    InternalFailure,
    /// The service failed.
    InternalFailureException,
    /// An argument makes no sense, or not at this time.
    InvalidArgumentException,
    /// The signature is wrong, or too old.
    InvalidSignatureException,
    /// The key may not be used.
    KMSAccessDeniedException,
    /// The key is disabled.
    KMSDisabledException,
    /// The key is in a state in which it cannot be used.
    KMSInvalidStateException,
    /// There is no such key.
    KMSNotFoundException,
    /// The account has no access to the key service.
    KMSOptInRequired,
    /// Too many calls to the key service.
    KMSThrottlingException,
    /// A limit of the account or the call rate.
    LimitExceededException,
    /// No authentication at all.
    MissingAuthenticationTokenException,
    /// A shard's throughput is used up.
    ProvisionedThroughputExceededException,
    /// The resource is in another state than it should be.
    ResourceInUseException,
    /// There is no such resource.
    ResourceNotFoundException,
    /// The body is malformed, or a value has the wrong type.
    SerializationException,
    /// The service cannot take the request for now; nothing was done.
    ServiceUnavailable,
    /// Too much at once, for now.
    ThrottlingException,
    /// There is no such operation.
    UnknownOperationException,
    /// There is no such access key.
    UnrecognizedClientException,
    /// Values that break the service model's constraints.
    ValidationException,
}

impl ErrorCode {
    /// Every code, by name.
    pub const ALL: &'static [Self] = &[
        Self::AccessDeniedException,
        Self::DryRunOperationException,
        Self::ExpiredIteratorException,
        Self::ExpiredNextTokenException,
        Self::ExpiredTokenException,
        Self::IncompleteSignatureException,
        Self::InternalFailure,
        Self::InternalFailureException,
        Self::InvalidArgumentException,
        Self::InvalidSignatureException,
        Self::KMSAccessDeniedException,
        Self::KMSDisabledException,
        Self::KMSInvalidStateException,
        Self::KMSNotFoundException,
        Self::KMSOptInRequired,
        Self::KMSThrottlingException,
        Self::LimitExceededException,
        Self::MissingAuthenticationTokenException,
        Self::ProvisionedThroughputExceededException,
        Self::ResourceInUseException,
        Self::ResourceNotFoundException,
        Self::SerializationException,
        Self::ServiceUnavailable,
        Self::ThrottlingException,
        Self::UnknownOperationException,
        Self::UnrecognizedClientException,
        Self::ValidationException,
    ];

    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDeniedException => "AccessDeniedException",
            Self::DryRunOperationException => "DryRunOperationException",
            Self::ExpiredIteratorException => "ExpiredIteratorException",
            Self::ExpiredNextTokenException => "ExpiredNextTokenException",
            Self::ExpiredTokenException => "ExpiredTokenException",
            Self::IncompleteSignatureException => "IncompleteSignatureException",
            Self::InternalFailure => "InternalFailure",
            Self::InternalFailureException => "InternalFailureException",
            Self::InvalidArgumentException => "InvalidArgumentException",
            Self::InvalidSignatureException => "InvalidSignatureException",
            Self::KMSAccessDeniedException => "KMSAccessDeniedException",
            Self::KMSDisabledException => "KMSDisabledException",
            Self::KMSInvalidStateException => "KMSInvalidStateException",
            Self::KMSNotFoundException => "KMSNotFoundException",
            Self::KMSOptInRequired => "KMSOptInRequired",
            Self::KMSThrottlingException => "KMSThrottlingException",
            Self::LimitExceededException => "LimitExceededException",
            Self::MissingAuthenticationTokenException => "MissingAuthenticationTokenException",
            Self::ProvisionedThroughputExceededException => {
                "ProvisionedThroughputExceededException"
            }
            Self::ResourceInUseException => "ResourceInUseException",
            Self::ResourceNotFoundException => "ResourceNotFoundException",
            Self::SerializationException => "SerializationException",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::ThrottlingException => "ThrottlingException",
            Self::UnknownOperationException => "UnknownOperationException",
            Self::UnrecognizedClientException => "UnrecognizedClientException",
            Self::ValidationException => "ValidationException",
        }
    }

    /// Finds the code of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Returns the HTTP status: 500 where the service failed, 503 where it has too much to do, 400
    /// for everything else.
    pub fn status(self) -> u16 {
        if self == Self::ServiceUnavailable {
            503
        } else if self.is_server_fault() {
            500
        } else {
            400
        }
    }

    /// Tells whether the same request may succeed a moment later.
    pub fn is_retryable(self) -> bool {
        self.is_server_fault()
            || matches!(
                self,
                Self::KMSThrottlingException
                    | Self::ServiceUnavailable
                    | Self::LimitExceededException
                    | Self::ProvisionedThroughputExceededException
                    | Self::ThrottlingException
            )
    }

    fn is_server_fault(self) -> bool {
        matches!(self, Self::InternalFailure | Self::InternalFailureException)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
