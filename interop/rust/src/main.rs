//! How to connect from Rust: AWS's SDK as it is, with `AWS_ENDPOINT_URL` in the environment.
//!
//! Every operation that the server has is called once, and what it did is looked at. It prints a
//! line for each step, and panics at the first that is not as on AWS.

mod consumers;
mod records;
mod streams;

use aws_sdk_kinesis::Client;
use std::error::Error;

/// Where an error that should not be ends the program.
type Done<T = ()> = Result<T, Box<dyn Error>>;

const STREAM: &str = "rust-orders";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let client = Client::new(&aws_config::load_from_env().await);
    let arn = streams::create(&client).await?;
    streams::describe(&client, &arn).await?;
    streams::tag(&client).await?;
    streams::retain(&client).await?;
    streams::monitor(&client).await?;
    streams::encrypt(&client).await?;
    records::record(&client).await?;
    consumers::consume(&client, &arn).await?;
    records::reshard(&client).await?;
    streams::decrypt(&client).await?;
    streams::refuse(&client).await;
    streams::remove(&client).await
}

/// Says that a step went as it should, or ends the program.
fn check<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(what: &str, got: T, wanted: U) {
    assert_eq!(got, wanted, "not ok: {what}");
    println!("ok: {what}");
}
