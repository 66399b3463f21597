//! What the client makes of endpoints, profiles and aggregated records, compared with botocore and
//! Amazon's library of aggregated records.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod aggregation;
mod capture;
mod endpoints;
mod profiles;
mod requests;
