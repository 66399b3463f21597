//! What the client makes of regions, endpoints and profiles, compared with what botocore makes of
//! the same.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod endpoints;
mod profiles;
