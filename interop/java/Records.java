import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Records and the shards that they are in. */
final class Records {
    private static final String FIRST = "shardId-000000000000";
    static final String SECOND = "shardId-000000000001";
    /** The first hash key of the second shard, and one in the middle of the first. */
    static final String SECOND_KEY = BigInteger.ONE.shiftLeft(127).toString();
    private static final String MIDDLE_KEY = BigInteger.ONE.shiftLeft(126).toString();

    private final KinesisClient kinesis;
    private final String stream;

    Records(KinesisClient kinesis, String stream) {
        this.kinesis = kinesis;
        this.stream = stream;
    }

    /** Puts records and reads them back; those with hash key 0 are in the first shard. */
    void record() {
        SdkBytes bytes = SdkBytes.fromByteArray(new byte[] {0, -1, 10});
        var first = kinesis.putRecord(r -> r.streamName(stream).partitionKey("customer").explicitHashKey("0").data(bytes));
        Check.that("PutRecord", first.shardId(), FIRST);

        var put = kinesis.putRecords(r -> r.streamName(stream)
                .records(entry("customer", "0", "one"), entry("other", SECOND_KEY, "two")));
        List<String> shards = put.records().stream().map(record -> record.shardId()).toList();
        Check.that("PutRecords", shards, List.of(FIRST, SECOND));
        Check.that("FailedRecordCount", put.failedRecordCount(), 0);

        List<Record> records = read(r -> r.shardIteratorType(ShardIteratorType.TRIM_HORIZON));
        List<SdkBytes> data = records.stream().map(Record::data).toList();
        Check.that("GetShardIterator, GetRecords", data, List.of(bytes, SdkBytes.fromUtf8String("one")));
        Check.that("sequence numbers", records.get(0).sequenceNumber(), first.sequenceNumber());
        Duration age = Duration.between(records.get(0).approximateArrivalTimestamp(), Instant.now());
        Check.that("arrival times", age.abs().compareTo(Duration.ofMinutes(1)) < 0, true);
        Instant hourAgo = Instant.now().minusSeconds(3600);
        Check.that("AT_TIMESTAMP", read(r -> r.shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(hourAgo)).size(), 2);
    }

    private static PutRecordsRequestEntry entry(String key, String hashKey, String data) {
        var entry = PutRecordsRequestEntry.builder().partitionKey(key).explicitHashKey(hashKey);
        return entry.data(SdkBytes.fromUtf8String(data)).build();
    }

    private List<Record> read(Consumer<GetShardIteratorRequest.Builder> position) {
        var start = kinesis.getShardIterator(r -> position.accept(r.streamName(stream).shardId(FIRST)));
        var answer = kinesis.getRecords(r -> r.shardIterator(start.shardIterator()));
        Check.that("MillisBehindLatest", answer.millisBehindLatest(), 0L);
        return answer.records();
    }

    /** Splits a shard, merges its children and doubles the stream. */
    void reshard() {
        kinesis.splitShard(r -> r.streamName(stream).shardToSplit(FIRST).newStartingHashKey(MIDDLE_KEY));
        List<String> split = open();
        Check.that("SplitShard, ListShards", split.size(), 3);
        Check.that("children", children(FIRST), split.subList(1, 3));

        kinesis.mergeShards(r -> r.streamName(stream).shardToMerge(split.get(1)).adjacentShardToMerge(split.get(2)));
        Check.that("MergeShards", open().size(), 2);

        var updated = kinesis.updateShardCount(
                r -> r.streamName(stream).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING));
        Check.that("UpdateShardCount", List.of(updated.targetShardCount(), open().size()), List.of(4, 4));
    }

    private List<String> open() {
        var listed = kinesis.listShards(r -> r.streamName(stream).shardFilter(f -> f.type(ShardFilterType.AT_LATEST)));
        return listed.shards().stream().map(Shard::shardId).toList();
    }

    /** Reads a closed shard to its end, and answers which shards follow it. */
    private List<String> children(String shard) {
        var start = kinesis.getShardIterator(
                r -> r.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON));
        List<String> found = new ArrayList<>();
        for (String[] iterator = {start.shardIterator()}; iterator[0] != null; ) {
            var answer = kinesis.getRecords(r -> r.shardIterator(iterator[0]));
            answer.childShards().forEach(child -> found.add(child.shardId()));
            iterator[0] = answer.nextShardIterator();
        }
        return found;
    }
}
