//! The floor: the minimum that a durable server of these operations must do, and nothing else.
//!
//! It reads the body, hashes it with SHA-256 as a signature's verification must, parses it, decodes
//! base64, hashes partition keys with MD5, appends data and keys to a file, shares one `fdatasync`
//! among all waiting requests, and responds with as many bytes as a Kinesis server. It responds to
//! GetRecords with the bodies sent by `Floor.Prepare` in the same protocol since the last
//! `Floor.Forget`, round-robin. It validates nothing, keeps no index, cannot read its data back,
//! and does not implement Kinesis.

mod append;
mod parse;
mod prepared;
mod service;

pub use append::Space;

use append::Appender;
use clap::Args;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::Service;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// `bench floor`.
#[derive(Debug, Args)]
pub struct Floor {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:4566")]
    listen: SocketAddr,
    /// The folder for its files.
    #[arg(long)]
    data_dir: PathBuf,
    /// What its writes go to.
    #[arg(long, value_enum, default_value = "preallocated")]
    space: Space,
}

/// Serves until it is killed.
pub fn run(floor: Floor) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    std::fs::create_dir_all(&floor.data_dir)?;
    let appender = Appender::open(&floor.data_dir, floor.space)?;
    let service = Arc::new(Service::new(appender));
    runtime.block_on(serve(floor.listen, service))
}

async fn serve(listen: SocketAddr, service: Arc<Service>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(|request| Arc::clone(&service).answer(request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // A client that disconnects is not an error.
            let _ = connection.await;
        });
    }
}
