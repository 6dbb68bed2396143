import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/** One OpenSearch node with HTTP, out of its jars: SearchNode HOME HTTP TRANSPORT [KEY=VALUE...] */
public final class SearchNode extends Node {
    private SearchNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
        super(environment, plugins, true);
    }

    private static Settings settings(String[] arguments) throws java.io.IOException {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Settings.Builder settings = Settings.builder().put("path.home", home.toString());
        for (String folder : List.of("config", "data", "logs")) {
            Files.createDirectories(home.resolve(folder));
        }
        settings.put("path.data", home.resolve("data").toString())
                .put("path.logs", home.resolve("logs").toString())
                .put("cluster.name", "psephos-test")
                .put("node.name", "one")
                .put("network.host", "127.0.0.1")
                .put("http.port", arguments[1])
                .put("transport.port", arguments[2])
                .put("http.type", "netty4")
                .put("transport.type", "netty4")
                .put("discovery.type", "single-node")
                .put("node.store.allow_mmap", "false")
                .put("node.processors", "2")
                .put("cluster.routing.allocation.disk.threshold_enabled", "false");
        for (int i = 3; i < arguments.length; i++) {
            int equals = arguments[i].indexOf('=');
            settings.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
        }
        return settings.build();
    }

    public static void main(String[] arguments) throws Exception {
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
                settings(arguments), Map.of(), null, () -> "one");
        Node node = new SearchNode(environment, List.of(Netty4Plugin.class));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (java.io.IOException error) {
                error.printStackTrace();
            }
        }));
        node.start();
        new CountDownLatch(1).await();
    }
}
