package dev.millrace.flink.lenient;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.flink.avro.shaded.org.apache.avro.AvroTypeException;

/**
 * Whose fault it is that a record cannot be read. What the registry's client throws is of the surroundings, and passes when it answers again; only the answer
 * that it does not know the schema is of the record. A schema that was registered for these records, and that the reader cannot take, is of the reader.
 * Everything else is of the record: it would fail the same way each time.
 */
final class Fault implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Characters: whoever made the record may have made its faults long, too. */
    private static final int LONGEST_REASON = 1000;
    /** The registry's code for a schema that it does not have; a 404 without it is of a server that does not know the path. */
    private static final int SCHEMA_NOT_FOUND = 40403;

    private final Registry registry;

    /** @param registry null for a format without one */
    Fault(Registry registry) {
        this.registry = registry;
    }

    boolean isOfRecord(Throwable failure, byte[] message) throws IOException {
        for (Throwable cause : causes(failure)) {
            if (cause instanceof RestClientException) {
                boolean unknown = ((RestClientException) cause).getErrorCode() == SCHEMA_NOT_FOUND;
                return unknown && (registry == null || registry.hasSubject());
            }
            if (cause instanceof InterruptedIOException || isFromRegistryClient(cause)) return false;
            if (cause instanceof AvroTypeException && isOfReader(message)) return false;
        }
        return !Thread.currentThread().isInterrupted();
    }

    /** Writer and reader have schemas that do not fit: the record is as it should be if its schema is. Confluent's format: a zero, and the schema's id. */
    private boolean isOfReader(byte[] message) throws IOException {
        return registry != null && message.length >= 5 && registry.isOfSubject(ByteBuffer.wrap(message, 1, 4).getInt());
    }

    /** Refused, reset, timed out, or an answer that is none. */
    private static boolean isFromRegistryClient(Throwable cause) {
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().equals(RestService.class.getName())) return true;
        }
        return false;
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
