import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** A worker of the Kinesis Client Library, at work from its making until it is closed. */
final class Worker implements AutoCloseable {
    private static final long FAILOVER_MILLIS = 2000;

    private final Scheduler scheduler;
    private final Thread thread;

    /** The credentials are for the stream; the tables of leases are reached with those of the environment. */
    Worker(
            String stream,
            String name,
            AwsCredentialsProvider credentials,
            boolean fanOut,
            ShardRecordProcessorFactory processors) {
        KinesisAsyncClient kinesis = KinesisClientUtil.createKinesisAsyncClient(
                KinesisAsyncClient.builder().credentialsProvider(credentials));
        var start = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(stream, start),
                stream + "-leases",
                kinesis,
                DynamoDbAsyncClient.create(),
                CloudWatchAsyncClient.create(),
                name,
                processors);
        RetrievalSpecificConfig retrieval = fanOut
                ? new FanOutConfig(kinesis).streamName(stream).applicationName(stream + "-leases")
                : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(250);
        LeaseManagementConfig leases = configs.leaseManagementConfig();
        leases.failoverTimeMillis(FAILOVER_MILLIS).shardSyncIntervalMillis(2000);
        leases.workerUtilizationAwareAssignmentConfig()
                .workerMetricsReporterFreqInMillis(1000)
                .varianceBalancingFrequency(1)
                .dampeningPercentage(100);
        scheduler = new Scheduler(
                configs.checkpointConfig(),
                // The library's pauses are made for many workers and slow tables; these have neither.
                configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(100),
                leases,
                configs.lifecycleConfig(),
                configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(retrieval));
        thread = new Thread(scheduler, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Stops without a word to the others, who find out when its leases are not renewed. */
    @Override
    public void close() throws InterruptedException {
        scheduler.shutdown();
        thread.join();
    }
}
