import java.math.BigInteger;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/** Notes the records of a shard, and leaves a checkpoint after every third batch. */
final class Processor implements ShardRecordProcessor {
    private final String worker;
    private final History history;
    private History.Tenure tenure;
    private int batches;

    Processor(String worker, History history) {
        this.worker = worker;
        this.history = history;
    }

    @Override
    public void initialize(InitializationInput input) {
        String from = input.extendedSequenceNumber().sequenceNumber();
        boolean number = Character.isDigit(from.charAt(0));
        tenure = history.begin(worker, input.shardId(), number ? new BigInteger(from) : null);
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
        BigInteger last = null;
        for (KinesisClientRecord record : input.records()) {
            last = new BigInteger(record.sequenceNumber());
            tenure.see(last);
        }
        if (last == null || ++batches % 3 != 0) {
            return;
        }
        try {
            tenure.ask(last);
            input.checkpointer().checkpoint();
            tenure.acknowledge(last);
        } catch (InvalidStateException | ShutdownException lost) {
            // Somebody else has the lease by now.
        }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
        tenure.end();
        try {
            input.checkpointer().checkpoint();
        } catch (InvalidStateException | ShutdownException lost) {
            throw new IllegalStateException(lost);
        }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {}
}
