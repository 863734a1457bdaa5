package dev.millrace.flink.lenient;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** What must be known of a schema registry to judge a record. Asked only for records that could not be read. */
final class Registry implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final int ANSWER_LIMIT_MS = 5000;

    private final String url;
    private final String subject;

    /** @param url of its Confluent-compatible API */
    Registry(String url, String subject) {
        if (subject == null) throw new IllegalArgumentException("The format 'lenient' needs the option 'subject' with 'registry'.");
        this.url = url;
        this.subject = subject;
    }

    /** A registry that lost its contents knows no schema at all: then the record is as good as any other. */
    boolean hasSubject() throws IOException {
        return ask("/subjects/" + URLEncoder.encode(subject, StandardCharsets.UTF_8) + "/versions") != null;
    }

    /** Whether the schema was registered for the records that are read here. */
    boolean isOfSubject(int schemaId) throws IOException {
        String subjects = ask("/schemas/ids/" + schemaId + "/subjects");
        return subjects != null && subjects.contains('"' + subject + '"');
    }

    /** @return what it answers; null when it does not have that. @throws IOException when it does not answer */
    private String ask(String path) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url + path).toURL().openConnection();
        connection.setConnectTimeout(ANSWER_LIMIT_MS);
        connection.setReadTimeout(ANSWER_LIMIT_MS);
        try {
            int status = connection.getResponseCode();
            if (status == HttpURLConnection.HTTP_NOT_FOUND) return null;
            if (status != HttpURLConnection.HTTP_OK) throw new IOException("the registry answers " + status + " to " + path);
            try (InputStream body = connection.getInputStream()) {
                return new String(body.readAllBytes(), StandardCharsets.UTF_8);
            }
        } finally {
            connection.disconnect();
        }
    }
}
