import java.io.File;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.flink.configuration.ConfigOption;

/** Prints every key that an option of the jars below the folder given has, those that it had before included. They are on the class path. */
public class FlinkKeys {
    public static void main(String[] args) throws Exception {
        for (File jar : new File(args[0]).listFiles((folder, name) -> name.endsWith(".jar"))) {
            try (JarFile file = new JarFile(jar)) {
                for (JarEntry entry : Collections.list(file.entries())) {
                    if (entry.getName().matches("org/apache/flink/[^$]*Options\\.class")) printOptions(entry.getName());
                }
            }
        }
    }

    private static void printOptions(String entry) {
        try {
            Class<?> type = Class.forName(entry.replace('/', '.').replaceAll("\\.class$", ""));
            for (Field field : type.getFields()) {
                if (Modifier.isStatic(field.getModifiers()) && field.get(null) instanceof ConfigOption<?> option) System.out.println("flink " + option.key());
            }
        } catch (Throwable unusable) {
            // It wants classes that are not here.
        }
    }
}
