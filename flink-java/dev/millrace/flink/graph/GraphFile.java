package dev.millrace.flink.graph;

import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.runtime.jobgraph.JobGraph;

/** A job graph as a file, the way Flink's own client hands it to a job manager. */
final class GraphFile {
    private GraphFile() {}

    static void write(JobGraph graph, String path) throws Exception {
        try (var out = new ObjectOutputStream(Files.newOutputStream(Path.of(path)))) {
            out.writeObject(graph);
        }
    }

    static JobGraph read(String path) throws Exception {
        try (var in = new ObjectInputStream(Files.newInputStream(Path.of(path)))) {
            return (JobGraph) in.readObject();
        }
    }
}
