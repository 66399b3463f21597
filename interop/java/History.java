import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.services.kinesis.model.Shard;

/** What was put and what workers have seen, in the order in which it happened; and the judgement of it. */
final class History {
    /** So many records may be put before they are seen. */
    private static final int UNSEEN_MAX = 100;

    private final long stepMaxNanos;
    private final Map<String, TreeSet<BigInteger>> put = new HashMap<>();
    private final Set<BigInteger> unseen = new HashSet<>();
    private final List<Tenure> tenures = new ArrayList<>();
    private int events;
    private boolean closed;

    History(Duration stepMax) {
        stepMaxNanos = stepMax.toNanos();
    }

    /** The time in which one worker holds one shard's lease. */
    final class Tenure {
        final String worker;
        final String shard;
        /** Null at the beginning of the shard. */
        final BigInteger from;
        final int began;
        final TreeSet<BigInteger> seen = new TreeSet<>();
        final Set<BigInteger> asked = new HashSet<>();
        BigInteger acknowledged;
        Integer ended;

        private Tenure(String worker, String shard, BigInteger from) {
            this.worker = worker;
            this.shard = shard;
            this.from = from;
            began = events++;
        }

        void see(BigInteger number) {
            synchronized (History.this) {
                boolean rises = seen.isEmpty() || number.compareTo(seen.last()) > 0;
                demand(rises, shard + ": " + number + " came again or late to " + worker);
                seen.add(number);
                unseen.remove(number);
                History.this.notifyAll();
            }
        }

        void ask(BigInteger checkpoint) {
            synchronized (History.this) {
                asked.add(checkpoint);
            }
        }

        void acknowledge(BigInteger checkpoint) {
            synchronized (History.this) {
                acknowledged = checkpoint;
            }
        }

        void end() {
            synchronized (History.this) {
                ended = events++;
                History.this.notifyAll();
            }
        }
    }

    synchronized Tenure begin(String worker, String shard, BigInteger from) {
        Tenure tenure = new Tenure(worker, shard, from);
        tenures.add(tenure);
        return tenure;
    }

    synchronized void put(String shard, BigInteger number) {
        boolean rises = put.computeIfAbsent(shard, s -> new TreeSet<>()).add(number)
                && put.get(shard).last().equals(number);
        demand(rises, shard + ": " + number + " was given out late");
        if (tenures.stream().noneMatch(tenure -> tenure.seen.contains(number))) {
            unseen.add(number);
        }
    }

    /** Waits until there is room for another record; no longer than until it is closed. */
    synchronized void awaitRoom() throws InterruptedException {
        while (unseen.size() >= UNSEEN_MAX && !closed) {
            wait();
        }
    }

    /** Nothing more will be put. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    /** Waits until something holds; that it does not after the longest time of a step is an error. */
    synchronized void await(String what, BooleanSupplier holds) throws InterruptedException {
        long began = System.nanoTime();
        while (!holds.getAsBoolean()) {
            long left = stepMaxNanos - (System.nanoTime() - began);
            demand(left > 0, what + " never came; unseen: " + unseen.size() + ", tenures: " + tenures.size());
            wait(left / 1_000_000 + 1);
        }
        Check.that(what, true, true);
    }

    /** Which worker saw records of each of these shards last; fewer than shards if some were not seen. */
    List<String> holders(List<String> shards) {
        Map<String, String> last = new HashMap<>();
        for (Tenure tenure : tenures) {
            if (shards.contains(tenure.shard) && !tenure.seen.isEmpty()) {
                last.put(tenure.shard, tenure.worker);
            }
        }
        return List.copyOf(last.values());
    }

    boolean sawAllThatWasPut() {
        return unseen.isEmpty();
    }

    synchronized void judge(List<Shard> shards) {
        int seen = 0;
        for (Shard shard : shards) {
            Set<BigInteger> together = new HashSet<>();
            BigInteger acknowledged = null;
            Set<BigInteger> asked = new HashSet<>();
            for (Tenure tenure : tenures.stream().filter(one -> one.shard.equals(shard.shardId())).toList()) {
                demandStart(tenure, acknowledged, asked);
                demandWhole(tenure);
                demandParents(tenure, shard);
                acknowledged = tenure.acknowledged == null ? acknowledged : tenure.acknowledged;
                asked.addAll(tenure.asked);
                together.addAll(tenure.seen);
                seen += tenure.seen.size();
            }
            demand(together.equals(put.getOrDefault(shard.shardId(), new TreeSet<>())), shard.shardId() + " is not whole");
        }
        int all = put.values().stream().mapToInt(Set::size).sum();
        System.out.printf("ok: %d records of %d shards in %d tenures, %d seen twice%n",
                all, shards.size(), tenures.size(), seen - all);
    }

    /** A tenure begins where one before it has left off: at its last checkpoint, or one of unknown fate. */
    private static void demandStart(Tenure tenure, BigInteger acknowledged, Set<BigInteger> asked) {
        boolean good = acknowledged == null
                ? tenure.from == null || asked.contains(tenure.from)
                : tenure.from != null && tenure.from.compareTo(acknowledged) >= 0 && asked.contains(tenure.from);
        demand(good, tenure.shard + " began at " + tenure.from + " instead of " + acknowledged);
    }

    /** It sees, from there on, each record that was put. */
    private void demandWhole(Tenure tenure) {
        if (tenure.seen.isEmpty()) {
            return;
        }
        TreeSet<BigInteger> until = new TreeSet<>(put.get(tenure.shard).headSet(tenure.seen.last(), true));
        Set<BigInteger> wanted = tenure.from == null ? until : until.tailSet(tenure.from, false);
        demand(tenure.seen.equals(wanted), tenure.shard + " was not seen whole by " + tenure.worker);
    }

    /** Nobody sees a child before all of its parents were seen to their end. */
    private void demandParents(Tenure tenure, Shard shard) {
        for (String parent : new String[] {shard.parentShardId(), shard.adjacentParentShardId()}) {
            boolean ended = parent == null || tenures.stream().anyMatch(
                    one -> one.shard.equals(parent) && one.ended != null && one.ended < tenure.began);
            demand(ended, shard.shardId() + " began before " + parent + " had ended");
        }
    }

    private static void demand(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError("not ok: " + otherwise);
        }
    }
}
