import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.EncryptionType;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.LimitExceededException;
import software.amazon.awssdk.services.kinesis.model.ListStreamsResponse;
import software.amazon.awssdk.services.kinesis.model.MetricsName;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.model.Tag;

/** Streams, from their creation to their end, their consumers, and what is refused. */
final class Streams {
    /** The key of the service itself. */
    private static final String KEY = "alias/aws/kinesis";

    private final KinesisClient kinesis;
    private final String stream;

    Streams(KinesisClient kinesis, String stream) {
        this.kinesis = kinesis;
        this.stream = stream;
    }

    /** Makes the stream, with two shards, and answers its ARN. */
    String create() {
        kinesis.createStream(r -> r.streamName(stream).shardCount(2));
        var described = kinesis.describeStream(r -> r.streamName(stream)).streamDescription();
        Check.that("CreateStream", described.streamStatus(), StreamStatus.ACTIVE);
        Check.that("DescribeStream", described.shards().size(), 2);
        return described.streamARN();
    }

    void describe(String arn) {
        var summary = kinesis.describeStreamSummary(r -> r.streamARN(arn)).streamDescriptionSummary();
        Check.that("DescribeStreamSummary", List.of(summary.streamName(), summary.openShardCount()), List.of(stream, 2));
        Duration age = Duration.between(summary.streamCreationTimestamp(), Instant.now());
        Check.that("creation time", age.abs().compareTo(Duration.ofMinutes(1)) < 0, true);

        List<String> names = new ArrayList<>();
        ListStreamsResponse page;
        String[] token = {null};
        do {
            page = kinesis.listStreams(r -> r.limit(1).nextToken(token[0]));
            names.addAll(page.streamNames());
            token[0] = page.nextToken();
        } while (page.hasMoreStreams());
        Check.that("ListStreams", names, List.of(stream));
        Check.that("DescribeLimits", openShards(), 2);
    }

    /** AWS allows one DescribeLimits a second, and the SDK does not retry what exceeds that. */
    private int openShards() {
        while (true) {
            try {
                return kinesis.describeLimits(r -> {}).openShardCount();
            } catch (LimitExceededException tooSoon) {
                Thread.onSpinWait();
            }
        }
    }

    void tag() {
        kinesis.addTagsToStream(r -> r.streamName(stream).tags(Map.of("team", "sales", "stage", "test")));
        kinesis.removeTagsFromStream(r -> r.streamName(stream).tagKeys("stage"));
        var tags = kinesis.listTagsForStream(r -> r.streamName(stream)).tags();
        List<Tag> wanted = List.of(Tag.builder().key("team").value("sales").build());
        Check.that("AddTagsToStream, RemoveTagsFromStream, ListTagsForStream", tags, wanted);
    }

    void retain() {
        kinesis.increaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(48));
        Check.that("IncreaseStreamRetentionPeriod", retention(), 48);
        kinesis.decreaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(24));
        Check.that("DecreaseStreamRetentionPeriod", retention(), 24);
    }

    private Integer retention() {
        var summary = kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary();
        return summary.retentionPeriodHours();
    }

    void monitor() {
        MetricsName metric = MetricsName.INCOMING_BYTES;
        var enabled = kinesis.enableEnhancedMonitoring(r -> r.streamName(stream).shardLevelMetrics(metric));
        Check.that("EnableEnhancedMonitoring", enabled.desiredShardLevelMetrics(), List.of(metric));
        var disabled = kinesis.disableEnhancedMonitoring(r -> r.streamName(stream).shardLevelMetrics(metric));
        Check.that("DisableEnhancedMonitoring", disabled.desiredShardLevelMetrics(), List.of());
    }

    /** Has what is put from now on encrypted, by a key that is there without being made. */
    void encrypt() {
        kinesis.startStreamEncryption(r -> r.streamName(stream).encryptionType(EncryptionType.KMS).keyId(KEY));
        Check.that("StartStreamEncryption", encryption(), List.of(EncryptionType.KMS, KEY));
    }

    void decrypt() {
        kinesis.stopStreamEncryption(r -> r.streamName(stream).encryptionType(EncryptionType.KMS).keyId(KEY));
        Check.that("StopStreamEncryption", encryption(), List.of(EncryptionType.NONE, ""));
    }

    private List<Object> encryption() {
        var summary = kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary();
        String key = summary.keyId();
        return List.of(summary.encryptionType(), key == null ? "" : key);
    }

    /** Registers a consumer, and deregisters it when whoever is given its ARN is done. */
    void consume(String arn, Consumer<String> subscriber) {
        var consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("audit")).consumer();
        var described = kinesis.describeStreamConsumer(r -> r.consumerARN(consumer.consumerARN()));
        String status = described.consumerDescription().consumerStatusAsString();
        Check.that("RegisterStreamConsumer, DescribeStreamConsumer", status, "ACTIVE");
        Check.that("ListStreamConsumers", kinesis.listStreamConsumers(r -> r.streamARN(arn)).consumers(), List.of(consumer));
        subscriber.accept(consumer.consumerARN());
        kinesis.deregisterStreamConsumer(r -> r.consumerARN(consumer.consumerARN()));
        Check.that("DeregisterStreamConsumer", kinesis.listStreamConsumers(r -> r.streamARN(arn)).consumers(), List.of());
    }

    /** Asks for what is refused: errors arrive as the SDK's classes. */
    void refuse() {
        SdkBytes lost = SdkBytes.fromUtf8String("lost");
        refused(ResourceNotFoundException.class, () -> kinesis.putRecord(r -> r.streamName("none").partitionKey("key").data(lost)));
        refused(ResourceInUseException.class, () -> kinesis.createStream(r -> r.streamName(stream).shardCount(1)));
        refused(InvalidArgumentException.class, () -> kinesis.getRecords(r -> r.shardIterator("made-up")));
    }

    private static void refused(Class<? extends KinesisException> wanted, Runnable request) {
        Class<?> got = null;
        try {
            request.run();
        } catch (KinesisException error) {
            got = error.getClass();
        }
        Check.that(wanted.getSimpleName(), got, wanted);
    }

    void remove() {
        kinesis.deleteStream(r -> r.streamName(stream));
        refused(ResourceNotFoundException.class, () -> kinesis.describeStream(r -> r.streamName(stream)));
        Check.that("DeleteStream", kinesis.listStreams(r -> {}).streamNames(), List.of());
    }
}
