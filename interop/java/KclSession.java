import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Shard;

/**
 * The Kinesis Client Library as it is: two workers share a stream of four shards, while records flow.
 *
 * <p>Meanwhile a shard is split, two are merged, and one worker goes. What both have seen is then judged. The
 * leases are in a DynamoDB, which AWS_ENDPOINT_URL_DYNAMODB names. The workers have the access key of the
 * environment, and who puts records and changes shards that of the profile `operator`. How records are retrieved,
 * POLLING or FANOUT, is the only argument.
 */
public final class KclSession {
    private static final Duration STEP_MAX = Duration.ofMinutes(3);
    /** In the middle of the first of four shards. */
    private static final String MIDDLE = BigInteger.ONE.shiftLeft(125).toString();

    private KclSession() {}

    public static void main(String[] arguments) throws Exception {
        boolean fanOut = switch (arguments[0]) {
            case "POLLING" -> false;
            case "FANOUT" -> true;
            default -> throw new IllegalArgumentException(arguments[0]);
        };
        int status = 1;
        var operator = ProfileCredentialsProvider.create("operator");
        try (KinesisClient kinesis = KinesisClient.builder().credentialsProvider(operator).build()) {
            hold(kinesis, "kcl-" + arguments[0].toLowerCase(), fanOut);
            status = 0;
        } catch (Exception | AssertionError error) {
            error.printStackTrace();
        }
        // Threads of the library's would go on for a while.
        System.exit(status);
    }

    private static void hold(KinesisClient kinesis, String stream, boolean fanOut) throws Exception {
        kinesis.createStream(r -> r.streamName(stream).shardCount(4));
        kinesis.waiter().waitUntilStreamExists(r -> r.streamName(stream));
        History history = new History(STEP_MAX);
        try (Producer producer = new Producer(kinesis, stream, history);
                Worker stays = worker(stream, "stays", fanOut, history)) {
            List<String> four = open(kinesis, stream);
            history.await("records of four shards", () -> history.holders(four).size() == 4);
            // Not before: the library's workers are in each other's way when they make their tables.
            Worker goes = worker(stream, "goes", fanOut, history);
            history.await("two workers", () -> history.holders(four).containsAll(List.of("stays", "goes")));

            kinesis.splitShard(r -> r.streamName(stream).shardToSplit(four.get(0)).newStartingHashKey(MIDDLE));
            kinesis.mergeShards(r -> r.streamName(stream).shardToMerge(four.get(1)).adjacentShardToMerge(four.get(2)));
            List<String> after = open(kinesis, stream);
            history.await("records of split and merged shards", () -> history.holders(after).size() == 4);

            history.await("the worker that goes holds some", () -> history.holders(after).contains("goes"));
            goes.close();
            history.await("the other has taken over", () -> history.holders(after).stream().allMatch("stays"::equals));

            producer.close();
            history.await("every record was seen", history::sawAllThatWasPut);
        }
        history.judge(shards(kinesis, stream));
    }

    private static Worker worker(String stream, String name, boolean fanOut, History history) {
        var own = DefaultCredentialsProvider.builder().build();
        return new Worker(stream, name, own, fanOut, () -> new Processor(name, history));
    }

    private static List<String> open(KinesisClient kinesis, String stream) {
        return shards(kinesis, stream).stream()
                .filter(shard -> shard.sequenceNumberRange().endingSequenceNumber() == null)
                .map(Shard::shardId)
                .toList();
    }

    private static List<Shard> shards(KinesisClient kinesis, String stream) {
        return kinesis.listShards(r -> r.streamName(stream)).shards();
    }
}
