package dev.millrace.flink.lenient;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serializable;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;

/**
 * Whose fault it is that a record cannot be read. What the registry's client throws is of the surroundings, and passes when it answers again; only the answer
 * that it does not know the schema is of the record. Everything else is: it would fail the same way each time.
 */
final class Fault implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Characters: whoever made the record may have made its faults long, too. */
    private static final int LONGEST_REASON = 1000;
    /** The registry's code for a schema that it does not have; a 404 without it is of a server that does not know the path. */
    private static final int SCHEMA_NOT_FOUND = 40403;

    private static final int ANSWER_LIMIT_MS = 5000;

    private final String probeUrl;

    /** @param probeUrl answers 200 while the registry holds what it should; null when nobody need ask */
    Fault(String probeUrl) {
        this.probeUrl = probeUrl;
    }

    boolean isOfRecord(Throwable failure) throws IOException {
        for (Throwable cause : causes(failure)) {
            if (cause instanceof RestClientException) {
                return ((RestClientException) cause).getErrorCode() == SCHEMA_NOT_FOUND && isRegistryWhole();
            }
            if (cause instanceof InterruptedIOException || isFromRegistryClient(cause)) return false;
        }
        return !Thread.currentThread().isInterrupted();
    }

    /** Refused, reset, timed out, or an answer that is none. */
    private static boolean isFromRegistryClient(Throwable cause) {
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().equals(RestService.class.getName())) return true;
        }
        return false;
    }

    /** A registry that lost its contents knows no schema at all: then the record is as good as any other. */
    private boolean isRegistryWhole() throws IOException {
        if (probeUrl == null) return true;
        HttpURLConnection connection = (HttpURLConnection) URI.create(probeUrl).toURL().openConnection();
        connection.setConnectTimeout(ANSWER_LIMIT_MS);
        connection.setReadTimeout(ANSWER_LIMIT_MS);
        try {
            return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
        } finally {
            connection.disconnect();
        }
    }

    /** From the outermost cause to the innermost, each said once. */
    static String reason(Throwable failure) {
        Set<String> said = new LinkedHashSet<>();
        for (Throwable cause : causes(failure)) {
            String message = cause.getMessage();
            String name = cause.getClass().getSimpleName();
            said.add(message == null || message.isBlank() ? name : cause.getCause() == null ? name + ": " + message : message);
        }
        String reason = String.join(" ← ", said);
        return reason.length() <= LONGEST_REASON ? reason : reason.substring(0, LONGEST_REASON) + "…";
    }

    private static List<Throwable> causes(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = failure; cause != null && !causes.contains(cause); cause = cause.getCause()) causes.add(cause);
        return causes;
    }
}
