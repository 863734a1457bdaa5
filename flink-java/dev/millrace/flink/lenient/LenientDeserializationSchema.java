package dev.millrace.flink.lenient;

import java.io.IOException;
import java.util.ArrayList;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.util.Collector;
import org.apache.flink.util.InstantiationUtil;

/** Reads with another schema, and makes a row of what it cannot read. */
final class LenientDeserializationSchema implements DeserializationSchema<RowData> {
    private static final long serialVersionUID = 1L;

    /** In place of a position in the rows of the other schema. */
    static final int ERROR = -1;
    static final int BYTES = -2;

    /** Never opened, so that it can be copied at any time. */
    private final DeserializationSchema<RowData> pristine;
    private final TypeInformation<RowData> producedType;
    private final int columns;
    private final int[] metadata;
    private final Fault fault;
    private final Rows rows = new Rows();
    private transient InitializationContext context;
    private transient DeserializationSchema<RowData> inner;

    /**
     * @param columns how many physical columns a row has
     * @param metadata for each column behind them where it comes from: {@link #ERROR}, {@link #BYTES}, or a position in the rows of {@code inner}
     */
    LenientDeserializationSchema(
            DeserializationSchema<RowData> inner,
            TypeInformation<RowData> producedType,
            int columns,
            int[] metadata,
            Fault fault) {
        this.pristine = inner;
        this.producedType = producedType;
        this.columns = columns;
        this.metadata = metadata;
        this.fault = fault;
    }

    @Override
    public void open(InitializationContext context) throws Exception {
        this.context = context;
        renew();
    }

    /**
     * A reader that has failed is not used again: Avro's decoder keeps a text of the length that a bad record claimed, and then fails at every good one. What
     * it knew of the registry it asks again.
     */
    private void renew() throws IOException {
        try {
            inner = InstantiationUtil.clone(pristine, context.getUserCodeClassLoader().asClassLoader());
            inner.open(context);
        } catch (IOException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IOException("the reader cannot be made anew", failure);
        }
    }

    @Override
    public RowData deserialize(byte[] message) {
        throw new UnsupportedOperationException("A record may be several rows, or none: they go to a collector.");
    }

    @Override
    public void deserialize(byte[] message, Collector<RowData> out) throws IOException {
        // What is chained behind the source runs inside of `out`: its failures are no fault of the record, and must not be caught here.
        rows.clear();
        StringData error = read(message);
        if (error != null) {
            out.collect(rowOf(null, message, error));
            return;
        }
        for (int i = 0; i < rows.size(); i++) out.collect(rowOf((GenericRowData) rows.get(i), message, null));
    }

    /** @return why the record cannot be read; null when it was, into {@code rows} */
    private StringData read(byte[] message) throws IOException {
        try {
            inner.deserialize(message, rows);
            return null;
        } catch (IOException | RuntimeException | StackOverflowError failure) {
            if (!fault.isOfRecord(failure, message)) throw failure;
            renew();
            return StringData.fromString(Fault.reason(failure));
        }
    }

    /** Formats make generic rows, as Kafka's connector asks of them. */
    private GenericRowData rowOf(GenericRowData read, byte[] message, StringData error) {
        GenericRowData row = new GenericRowData(columns + metadata.length);
        if (read != null) {
            row.setRowKind(read.getRowKind());
            for (int i = 0; i < columns; i++) row.setField(i, read.getField(i));
        }
        for (int i = 0; i < metadata.length; i++) {
            int from = metadata[i];
            if (from == ERROR) row.setField(columns + i, error);
            else if (from == BYTES) row.setField(columns + i, message);
            else if (read != null) row.setField(columns + i, read.getField(from));
        }
        return row;
    }

    @Override
    public boolean isEndOfStream(RowData nextElement) {
        return false;
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return producedType;
    }

    /** Used for one record after the other, so that none costs a list. */
    private static final class Rows extends ArrayList<RowData> implements Collector<RowData> {
        private static final long serialVersionUID = 1L;

        Rows() {
            super(1);
        }

        @Override
        public void collect(RowData row) {
            add(row);
        }

        @Override
        public void close() {}
    }
}
