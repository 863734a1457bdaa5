package dev.millrace.flink.json;

import java.io.IOException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadFeature;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;

/** One JSON object to one row; see {@link StrictJsonFormatFactory}. */
final class StrictJsonDeserializationSchema implements DeserializationSchema<RowData> {
    private static final long serialVersionUID = 1L;

    private final RowType type;
    private final TypeInformation<RowData> producedType;
    private transient JsonFactory factory;
    private transient FieldReader reader;

    StrictJsonDeserializationSchema(RowType type, TypeInformation<RowData> producedType) {
        this.type = type;
        this.producedType = producedType;
    }

    @Override
    public void open(InitializationContext context) {
        // A field that stands twice means different things to different readers.
        factory = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
        // JSON is UTF-8 here; bytes that look like UTF-16 are no JSON.
        factory.disable(JsonFactory.Feature.CHARSET_DETECTION);
        reader = FieldReader.of(type);
    }

    /** @return null for a record without a value */
    @Override
    public RowData deserialize(byte[] message) throws IOException {
        if (message == null) return null;
        try (JsonParser parser = factory.createParser(message)) {
            if (parser.nextToken() == null) throw new NotAsDeclared("", "it is empty");
            RowData row = (RowData) reader.read(parser, "");
            if (parser.nextToken() != null) throw new NotAsDeclared("", "something stands behind the object");
            return row;
        } catch (JsonProcessingException failure) {
            // Without the place in the source: it would carry a part of the record.
            throw new IOException("it is no JSON: " + failure.getOriginalMessage());
        }
    }

    @Override
    public boolean isEndOfStream(RowData nextElement) {
        return false;
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return producedType;
    }
}
