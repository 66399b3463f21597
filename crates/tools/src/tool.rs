//! The list of tools.

use crate::{
    Failure, Look, Surroundings, bench, completions, consumers, export, import, man, mirror, put,
    shards, streams, tail,
};
use clap::Subcommand;

/// A tool and its arguments: a command of the binary.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Load an endpoint, and measure what it does
    ///
    /// Makes a stream, puts or reads records for some time, and deletes the stream. On a terminal,
    /// the histogram of latencies is shown as it grows. Nothing is tried again: each attempt is
    /// measured. With --rate, latencies begin when a request was due, so that no stall is hidden.
    ///
    /// The status is 3 if requests failed otherwise than by throttling, or records were not
    /// received.
    ///
    /// Examples:
    ///   millstream bench http://127.0.0.1:4567
    ///   millstream bench --operation put-record --in-flight 64 --shards 8
    ///   millstream bench --operation end-to-end --rate 200/s --duration 5m
    ///   millstream bench --stream orders --operation get-records --json > result.json
    #[command(verbatim_doc_comment)]
    Bench(Box<bench::Args>),
    /// Print a shell's completions of every command and flag
    ///
    /// A shell reads them from a file, or at its start. They belong to this version of millstream.
    ///
    /// Examples:
    ///   millstream completions bash > ~/.local/share/bash-completion/completions/millstream
    ///   millstream completions zsh > ~/.zfunc/_millstream
    ///   millstream completions fish > ~/.config/fish/completions/millstream.fish
    #[command(verbatim_doc_comment)]
    Completions(completions::Args),
    /// List the consumers of a stream, register and deregister them
    ///
    /// They are those of enhanced fan-out, which have a throughput of their own.
    ///
    /// Examples:
    ///   millstream consumers orders
    ///   millstream consumers register orders billing --wait
    ///   millstream consumers deregister orders billing
    #[command(verbatim_doc_comment)]
    Consumers(consumers::Args),
    /// Write the records of a stream into a file
    ///
    /// They are lines of JSON, or length-prefixed with checksums (--format binary). Reads some
    /// shards at a time, parents before their children, up to the records that are there. With
    /// --state, the next run goes on where this one stopped, and no record is in the file twice.
    ///
    /// Examples:
    ///   millstream export orders --out orders.ndjson --state orders.state
    ///   millstream export orders --format binary --out orders.records --state orders.state
    ///   millstream export orders --from 15m | gzip > orders.ndjson.gz
    #[command(verbatim_doc_comment)]
    Export(Box<export::Args>),
    /// Store the records of an export
    ///
    /// The file is of any format of export. Records of a partition key are stored in its order. The
    /// first record that is not stored ends the import; with --state, the next run goes on there.
    ///
    /// Examples:
    ///   millstream import copy orders.ndjson --state copy.state
    ///   millstream export orders --region us-east-1 | millstream import orders --region eu-west-1
    #[command(verbatim_doc_comment)]
    Import(Box<import::Args>),
    /// Print or write the manual pages
    ///
    /// Without --out, one page goes to standard output: that of a command, or of millstream.
    ///
    /// Examples:
    ///   millstream man completions | man -l -
    ///   millstream man --out /usr/local/share/man/man1
    #[command(verbatim_doc_comment)]
    Man(man::Args),
    /// Copy the records of a stream into another, and go on with those that come
    ///
    /// The records of a partition key stay in their order, and each goes where its hash key does.
    /// Splits and merges of FROM are followed, until Ctrl-C or, with --until-caught-up, until
    /// every record is copied. With --state, the next run goes on where this one stopped.
    ///
    /// Examples:
    ///   millstream mirror orders copy --plan
    ///   millstream mirror orders orders --to-region eu-west-1 --state orders.state
    ///   millstream mirror orders orders --profile old --to-profile new --until-caught-up
    ///   millstream mirror orders copy --verify
    #[command(verbatim_doc_comment)]
    Mirror(Box<mirror::Args>),
    /// Store lines as records
    ///
    /// Reads lines, JSON objects or the whole input from a file or from standard input, and stores
    /// each as a record. Records that are refused for the moment are tried again; those that are
    /// not stored in the end are named, and the status is 3. A line that cannot be a record ends
    /// it; those before are stored.
    ///
    /// Examples:
    ///   millstream put orders orders.txt
    ///   millstream put orders --format ndjson --key-field /customer/id --ordered < orders.ndjson
    ///   millstream put orders --format whole --key picture picture.png
    ///   seq 1000 | millstream put orders --rate 100/s --json
    #[command(verbatim_doc_comment)]
    Put(Box<put::Args>),
    /// List the shards of a stream and draw their lineage, split and merge them
    ///
    /// The table shows which of all hash keys a shard owns. Below it, if shards were split or
    /// merged, time goes down and hash keys go to the right.
    ///
    /// Examples:
    ///   millstream shards orders
    ///   millstream shards orders --filter at-latest --wide
    ///   millstream shards --hot orders --for 1m
    ///   millstream shards split orders 0 --wait
    ///   millstream shards merge orders 2 3 --wait
    #[command(verbatim_doc_comment)]
    Shards(shards::Args),
    /// List, describe, create, scale and delete streams
    ///
    /// Without a command, lists the streams of the account in the region.
    ///
    /// Examples:
    ///   millstream streams
    ///   millstream streams create orders --shards 4 --wait
    ///   millstream streams scale orders 8 --wait
    ///   millstream streams --json | jq -r '.[].StreamName'
    #[command(verbatim_doc_comment)]
    Streams(streams::Args),
    /// Show a stream's records as they come
    ///
    /// All shards are followed, or those of --shard, through splits and merges: a shard's children
    /// follow its last record. It goes on until Ctrl-C, unless --until-caught-up or --limit end it.
    ///
    /// Examples:
    ///   millstream tail orders
    ///   millstream tail orders --from 15m --output json
    ///   millstream tail orders --from trim-horizon --until-caught-up > orders.txt
    ///   millstream tail orders --key 'customer-4*' --filter '$.items[?@.price > 100]'
    ///   millstream tail orders --fan-out --output json | jq .Data
    #[command(verbatim_doc_comment)]
    Tail(Box<tail::Args>),
}

impl Tool {
    /// What it shows.
    pub fn look(&self) -> &Look {
        match self {
            Self::Bench(args) => &args.look,
            Self::Completions(args) => &args.look,
            Self::Consumers(args) => &args.managing.look,
            Self::Export(args) => &args.look,
            Self::Import(args) => &args.look,
            Self::Man(args) => &args.look,
            Self::Mirror(args) => &args.look,
            Self::Put(args) => &args.look,
            Self::Shards(args) => &args.managing.look,
            Self::Streams(args) => &args.managing.look,
            Self::Tail(args) => &args.look,
        }
    }

    /// Runs it. The caller prints the failure and flushes the output.
    ///
    /// # Errors
    /// If it did not do all of its work.
    pub async fn run(self, surroundings: &Surroundings) -> Result<(), Failure> {
        match self {
            Self::Bench(args) => bench::run(&args, surroundings).await,
            Self::Completions(args) => completions::run(&args, surroundings),
            Self::Consumers(args) => consumers::run(args, surroundings).await,
            Self::Export(args) => export::run(&args, surroundings).await,
            Self::Import(args) => import::run(&args, surroundings).await,
            Self::Man(args) => man::run(&args, surroundings).await,
            Self::Mirror(args) => mirror::run(&args, surroundings).await,
            Self::Put(args) => put::run(&args, surroundings).await,
            Self::Shards(args) => shards::run(args, surroundings).await,
            Self::Streams(args) => streams::run(args, surroundings).await,
            Self::Tail(args) => tail::run(*args, surroundings).await,
        }
    }
}
