package dev.millrace.flink.json;

import java.io.IOException;

/** JSON that does not fit the columns. */
final class NotAsDeclared extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param path dots between fields, {@code []} for items; empty for the whole record */
    NotAsDeclared(String path, String message) {
        super(path.isEmpty() ? message : path + ": " + message);
    }

    /** Records are bad by the thousand at times, and nobody reads where in this code they were found so. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
