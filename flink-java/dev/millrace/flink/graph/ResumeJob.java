package dev.millrace.flink.graph;

import org.apache.flink.api.common.JobID;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;

/**
 * Makes a graph one that a job manager which has run it before takes again: under a new id, and from a checkpoint or savepoint when one is given.
 *
 * <p>Arguments: the graph, where to write the new one, and the snapshot's path (absent: from the beginning). Flink takes the snapshot over and deletes it when it
 * is outlived; state that the graph no longer has is dropped.
 */
public final class ResumeJob {
    public static void main(String[] args) throws Exception {
        var graph = GraphFile.read(args[0]);
        graph.setJobID(JobID.generate());
        if (args.length > 2) {
            graph.setSavepointRestoreSettings(SavepointRestoreSettings.forPath(args[2], true, RecoveryClaimMode.CLAIM));
        }
        GraphFile.write(graph, args[1]);
        System.exit(0);
    }
}
