import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;

/** Hands on the text of each record. */
final class Collector implements ShardRecordProcessor {
    private final Consumer<String> texts;

    Collector(Consumer<String> texts) {
        this.texts = texts;
    }

    @Override
    public void initialize(InitializationInput input) {}

    @Override
    public void processRecords(ProcessRecordsInput input) {
        input.records().forEach(record -> texts.accept(StandardCharsets.UTF_8.decode(record.data()).toString()));
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
        try {
            input.checkpointer().checkpoint();
        } catch (InvalidStateException | ShutdownException lost) {
            throw new IllegalStateException(lost);
        }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {}
}
