import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Collection;
import org.apache.kafka.common.config.ConfigDef;

/** Prints the configuration keys that the jars of a folder, which is on the class path, know: `<kind> <key>`, one a line. */
public class Keys {
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "kafka" -> {
                print("broker", definition("org.apache.kafka.server.config.AbstractKafkaConfig", "CONFIG_DEF").names());
                Method names = Class.forName("org.apache.kafka.storage.internals.log.LogConfig").getMethod("configNames");
                print("topic", (Collection<?>) names.invoke(null));
            }
            case "connect" -> {
                Class<?> crypto = Class.forName("org.apache.kafka.connect.runtime.distributed.Crypto");
                Field system = crypto.getDeclaredField("SYSTEM");
                system.setAccessible(true);
                Method config = Class.forName("org.apache.kafka.connect.runtime.distributed.DistributedConfig").getDeclaredMethod("config", crypto);
                config.setAccessible(true);
                print("worker", ((ConfigDef) config.invoke(null, system.get(null))).names());
                print("producer", definition("org.apache.kafka.clients.producer.ProducerConfig", "CONFIG").names());
                print("consumer", definition("org.apache.kafka.clients.consumer.ConsumerConfig", "CONFIG").names());
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static ConfigDef definition(String type, String field) throws Exception {
        Field found = Class.forName(type).getDeclaredField(field);
        found.setAccessible(true);
        return (ConfigDef) found.get(null);
    }

    static void print(String kind, Collection<?> names) {
        for (Object name : names) System.out.println(kind + " " + name);
    }
}
