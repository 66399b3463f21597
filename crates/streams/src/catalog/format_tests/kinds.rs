//! A sample of each kind of command, and the name of each kind.

use super::encryption::{
    add_data_key, drop_data_keys, start_encryption, stop_encryption, wrapped_secret,
};
use super::*;

/// A command of each kind.
pub(super) fn commands() -> [Command; 24] {
    [
        Command::CreateStream(create_stream()),
        Command::BeginDelete(begin_delete()),
        Command::CompleteDelete(1),
        Command::BeginReshard(begin_reshard(Change::Scale { target: ELEVEN })),
        Command::CompleteReshard(complete_reshard()),
        Command::ExpireShards(expire_shards()),
        Command::SetRetention(set_retention(Direction::Decrease)),
        Command::ChangeTags(change_tags()),
        Command::ChangeMonitoring(change_monitoring()),
        Command::RegisterConsumer(register_consumer()),
        Command::DeregisterConsumer(deregister_consumer()),
        Command::AddTokenKey([7; 32].into()),
        Command::SetMode(set_mode()),
        Command::SetWarmThroughput(set_warm_throughput()),
        Command::SetRecordLimit(set_record_limit()),
        Command::SetCommitment(set_commitment()),
        Command::SetDistribution(set_distribution(Distribution::Auto)),
        Command::SetPolicy(set_policy()),
        Command::RaisePeak(raise_peak()),
        Command::StartEncryption(start_encryption()),
        Command::StopEncryption(stop_encryption()),
        Command::AddDataKey(add_data_key()),
        Command::DropDataKeys(drop_data_keys()),
        Command::AddWrappedTokenKey(wrapped_secret()),
    ]
}

/// Its name in the page; a new command does not compile without one.
pub(super) fn command_name(command: &Command) -> &'static str {
    match command {
        Command::CreateStream(_) => "CreateStream",
        Command::BeginDelete(_) => "BeginDelete",
        Command::CompleteDelete(_) => "CompleteDelete",
        Command::BeginReshard(_) => "BeginReshard",
        Command::CompleteReshard(_) => "CompleteReshard",
        Command::ExpireShards(_) => "ExpireShards",
        Command::SetRetention(_) => "SetRetention",
        Command::ChangeTags(_) => "ChangeTags",
        Command::ChangeMonitoring(_) => "ChangeMonitoring",
        Command::RegisterConsumer(_) => "RegisterConsumer",
        Command::DeregisterConsumer(_) => "DeregisterConsumer",
        Command::AddTokenKey(_) => "AddTokenKey",
        Command::SetMode(_) => "SetMode",
        Command::SetWarmThroughput(_) => "SetWarmThroughput",
        Command::SetRecordLimit(_) => "SetRecordLimit",
        Command::SetCommitment(_) => "SetCommitment",
        Command::SetDistribution(_) => "SetDistribution",
        Command::SetPolicy(_) => "SetPolicy",
        Command::RaisePeak(_) => "RaisePeak",
        Command::StartEncryption(_) => "StartEncryption",
        Command::StopEncryption(_) => "StopEncryption",
        Command::AddDataKey(_) => "AddDataKey",
        Command::DropDataKeys(_) => "DropDataKeys",
        Command::AddWrappedTokenKey(_) => "AddWrappedTokenKey",
    }
}
