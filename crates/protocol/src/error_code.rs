//! Every error code of Kinesis: one table.

/// An error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The caller may not do this.
    AccessDeniedException,
    /// The request would have succeeded, had it not been a dry run.
    DryRunOperationException,
    /// The shard iterator has expired.
    ExpiredIteratorException,
    /// The pagination token has expired.
    ExpiredNextTokenException,
    /// The session token has expired.
    ExpiredTokenException,
    /// The authentication is incomplete.
    IncompleteSignatureException,
    /// The service failed; the name that applies unless the operation's model lists another.
    InternalFailure,
    /// The service failed.
    InternalFailureException,
    /// An argument is invalid, in itself or in the present state.
    InvalidArgumentException,
    /// The signature is wrong or expired.
    InvalidSignatureException,
    /// The caller may not use the key.
    KMSAccessDeniedException,
    /// The key is disabled.
    KMSDisabledException,
    /// The key's state does not allow its use.
    KMSInvalidStateException,
    /// The key does not exist.
    KMSNotFoundException,
    /// The account is not subscribed to the key service.
    KMSOptInRequired,
    /// Too many calls to the key service.
    KMSThrottlingException,
    /// A quota of the account or a call rate is exceeded.
    LimitExceededException,
    /// Authentication is missing.
    MissingAuthenticationTokenException,
    /// A shard's throughput is exceeded.
    ProvisionedThroughputExceededException,
    /// The resource's state does not allow the operation.
    ResourceInUseException,
    /// The resource does not exist.
    ResourceNotFoundException,
    /// The body is malformed, or a value has the wrong type.
    SerializationException,
    /// The service is overloaded; nothing was done.
    ServiceUnavailable,
    /// The account is not subscribed to the service. Only AWS answers so.
    SubscriptionRequiredException,
    /// The request rate is too high.
    ThrottlingException,
    /// The operation does not exist.
    UnknownOperationException,
    /// The access key does not exist.
    UnrecognizedClientException,
    /// Values violate the service model's constraints.
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
        Self::SubscriptionRequiredException,
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
            Self::SubscriptionRequiredException => "SubscriptionRequiredException",
            Self::ThrottlingException => "ThrottlingException",
            Self::UnknownOperationException => "UnknownOperationException",
            Self::UnrecognizedClientException => "UnrecognizedClientException",
            Self::ValidationException => "ValidationException",
        }
    }

    /// Finds the code with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Returns the HTTP status: 500 if the service failed, 503 if it is overloaded, otherwise 400.
    pub fn status(self) -> u16 {
        if self == Self::ServiceUnavailable {
            503
        } else if self.is_server_fault() {
            500
        } else {
            400
        }
    }

    /// Whether a retry may succeed.
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
