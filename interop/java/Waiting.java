import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** The asynchronous client, waited for after each call: so that both go through the same session. */
final class Waiting {
    private Waiting() {}

    static KinesisClient on(KinesisAsyncClient kinesis) {
        InvocationHandler waiting = (proxy, method, arguments) -> {
            var same = KinesisAsyncClient.class.getMethod(method.getName(), method.getParameterTypes());
            try {
                return ((CompletableFuture<?>) same.invoke(kinesis, arguments)).get();
            } catch (ExecutionException error) {
                throw error.getCause();
            }
        };
        Class<?>[] interfaces = {KinesisClient.class};
        return (KinesisClient) Proxy.newProxyInstance(Waiting.class.getClassLoader(), interfaces, waiting);
    }
}
