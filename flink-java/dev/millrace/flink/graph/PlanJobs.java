package dev.millrace.flink.graph;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.type.TypeReference;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.table.api.TableException;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.api.internal.TableEnvironmentInternal;
import org.apache.flink.table.operations.Operation;
import org.apache.flink.table.operations.command.SetOperation;

/**
 * Plans SQL scripts into job graphs without any cluster. A graph is a file that a job manager takes as it is (POST /jobs), now or at a later start.
 *
 * <p>Standard input: {@code [{"name", "statements": […], "settings": {…}, "graph": path}, …]}. Standard output: one line of JSON for each, in order:
 * {@code {"name"}}, with {@code "error"} for a script that Flink refuses; that keeps none of the others from being planned.
 */
public final class PlanJobs {
    private static final ObjectMapper json = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        // What Flink's parts log is no answer.
        System.setOut(System.err);
        var scripts = json.readValue(System.in, new TypeReference<List<Map<String, Object>>>() {});
        for (var script : scripts) {
            answers.println(json.writeValueAsString(planned(script)));
        }
        // Threads that Flink's parts have started would keep it alive.
        System.exit(0);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> planned(Map<String, Object> script) {
        String name = (String) script.get("name");
        try {
            var graph = plan((List<String>) script.get("statements"), (Map<String, String>) script.get("settings"));
            GraphFile.write(graph, (String) script.get("graph"));
            return Map.of("name", name);
        } catch (Exception | LinkageError error) {
            return Map.of("name", name, "error", innermost(error));
        }
    }

    private static JobGraph plan(List<String> statements, Map<String, String> settings) throws Exception {
        var environment = new Recorder(Configuration.fromMap(settings));
        var tables = (TableEnvironmentInternal) StreamTableEnvironment.create(environment);
        for (String statement : statements) {
            try {
                run(tables, statement);
            } catch (TableException stopped) {
                if (environment.recorded == null) {
                    throw stopped;
                }
            }
        }
        if (environment.recorded == null) {
            throw new IllegalArgumentException("The script starts no job: its last statement must be EXECUTE STATEMENT SET.");
        }
        return environment.recorded.getJobGraph();
    }

    private static void run(TableEnvironmentInternal tables, String statement) {
        List<Operation> operations = tables.getParser().parse(statement);
        if (operations.get(0) instanceof SetOperation set) {
            tables.getConfig().set(set.getKey().orElseThrow(), set.getValue().orElseThrow());
        } else {
            tables.executeInternal(operations.get(0));
        }
    }

    /** Takes down the graph that it should run, and stops there. */
    private static final class Recorder extends StreamExecutionEnvironment {
        StreamGraph recorded;

        Recorder(Configuration configuration) {
            super(configuration);
        }

        @Override
        public JobClient executeAsync(StreamGraph graph) {
            recorded = graph;
            throw new UnsupportedOperationException("The graph is written, not run.");
        }
    }

    private static String innermost(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
