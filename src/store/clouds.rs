//! Clouds: whose object storage a build can reach, and how the environment says where it is and with whose rights.
//!
//! Variables have the names that the cloud's own tools know. Which clouds there are is chosen by features, because few need more
//! than one.

use std::sync::Arc;

use deltalake::logstore::object_store::{Error as Failure, ObjectStore};
use url::Url;

/// Variables of an environment.
pub type Variables = Vec<(String, String)>;

/// A cloud.
pub(super) struct Cloud {
    /// How its addresses begin.
    pub(super) scheme: &'static str,
    /// The feature of a build that can reach it.
    pub(super) feature: &'static str,
    /// Makes what speaks to a bucket; nothing in a build without the feature.
    pub(super) reach: Option<Reach>,
}

type Reach = fn(&Url, &Variables) -> Result<Arc<dyn ObjectStore>, Failure>;

pub(super) const CLOUDS: [Cloud; 3] = [
    Cloud {
        scheme: "s3",
        feature: "s3",
        #[cfg(feature = "s3")]
        reach: Some(built::s3),
        #[cfg(not(feature = "s3"))]
        reach: None,
    },
    Cloud {
        scheme: "gs",
        feature: "gcs",
        #[cfg(feature = "gcs")]
        reach: Some(built::gcs),
        #[cfg(not(feature = "gcs"))]
        reach: None,
    },
    Cloud {
        scheme: "az",
        feature: "azure",
        #[cfg(feature = "azure")]
        reach: Some(built::azure),
        #[cfg(not(feature = "azure"))]
        reach: None,
    },
];

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod built {
    use std::str::FromStr;
    use std::time::Duration;

    use object_store::{ClientOptions, RetryConfig};

    use super::{Arc, Failure, ObjectStore, Url, Variables};

    /// How long a request is repeated; then the work ends with what was said last.
    const PATIENCE: Duration = Duration::from_secs(45);
    /// Tries after the first.
    const TRIES: usize = 8;
    /// How long a server may take to answer a call.
    const CONNECT: Duration = Duration::from_secs(5);
    /// How long one request may take, the biggest part over a slow line.
    const REQUEST: Duration = Duration::from_mins(2);

    fn options() -> ClientOptions {
        ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST)
    }

    fn retry() -> RetryConfig {
        RetryConfig { max_retries: TRIES, retry_timeout: PATIENCE, ..RetryConfig::default() }
    }

    /// The settings among the variables whose names begin so.
    fn settings<'v, K: FromStr>(
        environment: &'v Variables,
        prefix: &'static str,
    ) -> impl Iterator<Item = (K, &'v String)> {
        let of_cloud = environment.iter().filter(move |(name, _)| name.starts_with(prefix));
        of_cloud.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
    }

    #[cfg(feature = "s3")]
    pub(super) fn s3(root: &Url, environment: &Variables) -> Result<Arc<dyn ObjectStore>, Failure> {
        let builder = object_store::aws::AmazonS3Builder::new().with_client_options(options()).with_retry(retry());
        let builder =
            settings(environment, "AWS_").fold(builder, |builder, (key, value)| builder.with_config(key, value));
        Ok(Arc::new(builder.with_url(root.as_str()).build()?))
    }

    #[cfg(feature = "gcs")]
    pub(super) fn gcs(root: &Url, environment: &Variables) -> Result<Arc<dyn ObjectStore>, Failure> {
        let builder = object_store::gcp::GoogleCloudStorageBuilder::new();
        let builder = builder.with_client_options(options()).with_retry(retry());
        let builder =
            settings(environment, "GOOGLE_").fold(builder, |builder, (key, value)| builder.with_config(key, value));
        Ok(Arc::new(builder.with_url(root.as_str()).build()?))
    }

    #[cfg(feature = "azure")]
    pub(super) fn azure(root: &Url, environment: &Variables) -> Result<Arc<dyn ObjectStore>, Failure> {
        let builder = object_store::azure::MicrosoftAzureBuilder::new();
        let builder = builder.with_client_options(options()).with_retry(retry());
        let builder =
            settings(environment, "AZURE_").fold(builder, |builder, (key, value)| builder.with_config(key, value));
        Ok(Arc::new(builder.with_url(root.as_str()).build()?))
    }
}
