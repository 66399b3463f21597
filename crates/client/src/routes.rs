//! Where each call goes: one server of the caller's own, or AWS's, by its endpoint rules.

use crate::Error;
use crate::endpoint::{AccountIdMode, Endpoint, EndpointError, EndpointParams};
use crate::error::with_causes;
use crate::settings::BuildError;
use http::Uri;
use millstream_protocol::Texts;

/// The way from calls to servers.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    pub(crate) region: String,
    /// The region as it was given: `fips-us-east-1` means more than the one that is signed for.
    given: String,
    /// Where calls go that name no resource.
    pub(crate) usual: Uri,
    /// Whether all others go there, too.
    is_own: bool,
    use_fips: bool,
    use_dual_stack: bool,
    account_id_mode: AccountIdMode,
}

/// What a client is told about servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Servers {
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) use_fips: bool,
    pub(crate) use_dual_stack: bool,
    pub(crate) account_id_mode: AccountIdMode,
}

/// The region where nothing names one.
const REGION_DEFAULT: &str = "us-east-1";

impl Routes {
    pub(crate) fn new(servers: Servers) -> Result<Self, BuildError> {
        let region = servers.region.unwrap_or_else(|| REGION_DEFAULT.to_owned());
        // The account is known once there are credentials.
        let params = EndpointParams {
            region: Some(&region),
            endpoint: servers.endpoint.as_deref(),
            use_fips: servers.use_fips,
            use_dual_stack: servers.use_dual_stack,
            account_id_mode: AccountIdMode::Disabled,
            ..EndpointParams::default()
        };
        let usual = match Endpoint::resolve(&params) {
            Err(EndpointError::Url(url)) => return Err(BuildError::Endpoint(url)),
            resolved => resolved?,
        };
        if let Some(url) = servers.endpoint.as_ref().filter(|_| !is_bare(&usual.uri)) {
            return Err(BuildError::Endpoint(url.clone()));
        }
        Ok(Self {
            region: usual.signing_region.unwrap_or_else(|| region.clone()),
            given: region,
            usual: usual.uri,
            is_own: servers.endpoint.is_some(),
            use_fips: servers.use_fips,
            use_dual_stack: servers.use_dual_stack,
            account_id_mode: servers.account_id_mode,
        })
    }

    /// Where every call goes, if that is one server of the caller's own.
    pub(crate) fn own(&self) -> Option<&Uri> {
        self.is_own.then_some(&self.usual)
    }

    /// Where a call with this input and by this account goes.
    pub(crate) fn of(
        &self,
        operation: &str,
        input: &impl Texts,
        account_id: Option<&str>,
    ) -> Result<Uri, Error> {
        if let Some(own) = self.own() {
            return Ok(own.clone());
        }
        let params = EndpointParams {
            region: Some(&self.given),
            use_fips: self.use_fips,
            use_dual_stack: self.use_dual_stack,
            account_id,
            account_id_mode: self.account_id_mode,
            ..EndpointParams::of(operation)
        };
        let endpoint = Endpoint::resolve(&params.read(input));
        let endpoint = endpoint.map_err(|error| Error::Invalid(with_causes(&error)))?;
        Ok(endpoint.uri)
    }
}

/// Whether a URL is a server's: without a path, which requests have none of.
fn is_bare(uri: &Uri) -> bool {
    matches!(uri.path(), "" | "/") && uri.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::operations::{DescribeStreamSummaryInput, PutRecordInput};

    fn own(url: &str) -> Result<Routes, BuildError> {
        Routes::new(Servers {
            endpoint: Some(url.to_owned()),
            ..Servers::default()
        })
    }

    #[test]
    fn endpoints_when_not_of_a_server_then_are_refused() {
        for (url, is_right) in [
            ("http://127.0.0.1:4567", true),
            ("https://kinesis.eu-central-1.amazonaws.com/", true),
            ("http://[::1]:4567", true),
            ("127.0.0.1:4567", false),
            ("localhost", false),
            ("ftp://host", false),
            ("http://", false),
            ("http://host/path", false),
            ("http://host/?query", false),
            ("", false),
        ] {
            assert_eq!(own(url).is_ok(), is_right, "{url}");
        }
    }

    #[test]
    fn calls_when_they_name_a_stream_by_arn_then_go_to_its_account_unless_a_server_was_given() {
        let arn = Some("arn:aws:kinesis:eu-central-1:123456789012:stream/orders".to_owned());
        let put = PutRecordInput {
            stream_arn: arn.clone(),
            ..PutRecordInput::default()
        };
        let describe = DescribeStreamSummaryInput {
            stream_arn: arn,
            ..DescribeStreamSummaryInput::default()
        };
        let aws = Routes::new(Servers {
            region: Some("eu-central-1".to_owned()),
            ..Servers::default()
        });
        let aws = aws.unwrap();
        let host = |uri: Result<Uri, Error>| uri.unwrap().host().unwrap().to_owned();
        assert_eq!(
            host(aws.of("PutRecord", &put, None)),
            "123456789012.data-kinesis.eu-central-1.amazonaws.com"
        );
        assert_eq!(
            host(aws.of("DescribeStreamSummary", &describe, None)),
            "123456789012.control-kinesis.eu-central-1.amazonaws.com"
        );
        let bare = PutRecordInput::default();
        assert_eq!(
            host(aws.of("PutRecord", &bare, None)),
            "kinesis.eu-central-1.amazonaws.com"
        );
        let own = own("http://localhost:4567").unwrap();
        assert_eq!(host(own.of("PutRecord", &put, None)), "localhost");
    }

    #[test]
    fn calls_when_in_a_pseudo_region_or_of_an_account_then_go_to_the_hosts_of_that() {
        let host = |routes: &Routes, account| {
            let uri = routes.of("PutRecord", &PutRecordInput::default(), account);
            uri.map(|uri| uri.host().unwrap().to_owned())
        };
        let fips = Routes::new(Servers {
            region: Some("fips-us-east-1".to_owned()),
            ..Servers::default()
        });
        let fips = fips.unwrap();
        let expected = "kinesis-fips.us-east-1.amazonaws.com";
        assert_eq!(host(&fips, None).unwrap(), expected);
        assert_eq!(fips.usual.host(), Some(expected));
        assert_eq!(fips.region, "us-east-1");
        let of_account = Routes::new(Servers {
            account_id_mode: AccountIdMode::Required,
            ..Servers::default()
        });
        let of_account = of_account.unwrap();
        let found = host(&of_account, Some("123456789012")).unwrap();
        assert!(found.starts_with("123456789012.data-kinesis."), "{found}");
        let refused = host(&of_account, None).unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
        assert!(!refused.is_retryable());
    }
}
