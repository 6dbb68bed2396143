import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Counts votes as Kafka's own library does it best: a store that lets each voter in once, a store
 * that adds up by candidate (c:ID) and by state (s:NAME), exactly_once_v2.
 *
 * <p>Count APPLICATION BROKER TOPIC TOTALS_TOPIC FOLDER THREADS
 */
public final class Count {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int COMMIT_MS = 100;
    private static final int CACHE_BYTES = 64 << 20;

    private record Vote(String voter, String candidate, String state) {
        static Vote of(byte[] message) {
            String voter = null;
            String candidate = null;
            String state = null;
            String field = "";
            try (JsonParser json = JSON.createParser(message)) {
                for (JsonToken at = json.nextToken(); at != null; at = json.nextToken()) {
                    if (at == JsonToken.FIELD_NAME) {
                        field = json.currentName();
                    } else if (at == JsonToken.VALUE_STRING) {
                        switch (field) {
                            case "voter_id" -> voter = json.getText();
                            case "candidate_id" -> candidate = json.getText();
                            case "state" -> state = json.getText();
                            default -> { }
                        }
                    }
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
            return new Vote(voter, candidate, state);
        }
    }

    private static final class Once implements Processor<byte[], byte[], String, String> {
        private static final byte[] MARK = {1};
        private ProcessorContext<String, String> context;
        private KeyValueStore<String, byte[]> seen;

        @Override
        public void init(ProcessorContext<String, String> given) {
            context = given;
            seen = given.getStateStore("seen");
        }

        @Override
        public void process(Record<byte[], byte[]> message) {
            Vote vote = Vote.of(message.value());
            if (seen.putIfAbsent(vote.voter(), MARK) == null) {
                context.forward(new Record<>("c:" + vote.candidate(), "", message.timestamp()));
                context.forward(new Record<>("s:" + vote.state(), "", message.timestamp()));
            }
        }
    }

    private static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put("application.id", arguments[0]);
        settings.put("bootstrap.servers", arguments[1]);
        settings.put("state.dir", arguments[4]);
        settings.put("num.stream.threads", arguments[5]);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("auto.offset.reset", "earliest");
        settings.put("commit.interval.ms", COMMIT_MS);
        settings.put("replication.factor", 1);
        settings.put("max.poll.records", 5000);
        settings.put("statestore.cache.max.bytes", CACHE_BYTES);
        return settings;
    }

    public static void main(String[] arguments) throws InterruptedException {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("seen"),
                Serdes.String(), Serdes.ByteArray()).withCachingEnabled());
        builder.stream(arguments[2], Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(Once::new, "seen")
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
                .count(Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("totals")
                        .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
                .toStream()
                .to(arguments[3], Produced.with(Serdes.String(), Serdes.Long()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(arguments));
        Runtime.getRuntime().addShutdownHook(
                new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
        Thread.currentThread().join();
    }
}
