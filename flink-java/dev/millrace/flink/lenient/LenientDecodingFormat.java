package dev.millrace.flink.lenient;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.Projection;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.format.ProjectableDecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.utils.DataTypeUtils;

/** Another format, with {@code error} and {@code bytes} among its metadata. */
class LenientDecodingFormat implements DecodingFormat<DeserializationSchema<RowData>> {
    static final String ERROR = "error";
    static final String BYTES = "bytes";

    private final DecodingFormat<DeserializationSchema<RowData>> inner;
    private final DataType type;
    private final Fault fault;
    private List<String> metadataKeys = List.of();

    /** @param type what {@code inner} reads; null for the types of the table */
    LenientDecodingFormat(DecodingFormat<DeserializationSchema<RowData>> inner, DataType type, Fault fault) {
        this.inner = inner;
        this.type = type;
        this.fault = fault;
    }

    @Override
    public ChangelogMode getChangelogMode() {
        return inner.getChangelogMode();
    }

    @Override
    public Map<String, DataType> listReadableMetadata() {
        Map<String, DataType> metadata = new LinkedHashMap<>(inner.listReadableMetadata());
        metadata.put(ERROR, DataTypes.STRING().nullable());
        metadata.put(BYTES, DataTypes.BYTES().nullable());
        return metadata;
    }

    @Override
    public void applyReadableMetadata(List<String> keys) {
        metadataKeys = List.copyOf(keys);
        // A format without metadata throws.
        if (!keysOfInner().isEmpty()) inner.applyReadableMetadata(keysOfInner());
    }

    @Override
    public DeserializationSchema<RowData> createRuntimeDecoder(DynamicTableSource.Context context, DataType physicalType) {
        return lenient(context, physicalType, inner.createRuntimeDecoder(context, typeToRead(physicalType)));
    }

    /** Rows have the physical columns first, and then the metadata in the order that they were asked for. */
    DeserializationSchema<RowData> lenient(
            DynamicTableSource.Context context, DataType physicalType, DeserializationSchema<RowData> decoder) {
        if (!metadataKeys.contains(ERROR)) return decoderWithoutErrors(decoder);
        int columns = DataType.getFieldCount(physicalType);
        List<String> ofInner = keysOfInner();
        Map<String, DataType> types = listReadableMetadata();
        List<DataTypes.Field> fields = new ArrayList<>();
        int[] metadata = new int[metadataKeys.size()];
        for (int i = 0; i < metadata.length; i++) {
            String key = metadataKeys.get(i);
            fields.add(DataTypes.FIELD(key, types.get(key)));
            metadata[i] =
                    switch (key) {
                        case ERROR -> LenientDeserializationSchema.ERROR;
                        case BYTES -> LenientDeserializationSchema.BYTES;
                        default -> columns + ofInner.indexOf(key);
                    };
        }
        DataType produced = DataTypeUtils.appendRowFields(physicalType, fields);
        return new LenientDeserializationSchema(
                decoder, context.createTypeInformation(produced), columns, metadata, fault);
    }

    private DeserializationSchema<RowData> decoderWithoutErrors(DeserializationSchema<RowData> decoder) {
        if (!metadataKeys.contains(BYTES)) return decoder;
        throw new ValidationException(
                "A table with the metadata 'bytes' of the format 'lenient' needs 'error', too.");
    }

    DataType typeToRead(DataType physicalType) {
        if (type == null) return physicalType;
        List<String> names = DataType.getFieldNames(physicalType);
        if (DataType.getFieldNames(type).equals(names)) return type;
        throw new ValidationException(
                String.format("The type of the format 'lenient' has the columns %s, and the table has %s.", type, names));
    }

    private List<String> keysOfInner() {
        return metadataKeys.stream().filter(inner.listReadableMetadata()::containsKey).toList();
    }

    /** For a format that reads only those columns that are needed. */
    static final class Projectable extends LenientDecodingFormat
            implements ProjectableDecodingFormat<DeserializationSchema<RowData>> {
        private final ProjectableDecodingFormat<DeserializationSchema<RowData>> inner;

        Projectable(ProjectableDecodingFormat<DeserializationSchema<RowData>> inner, DataType type, Fault fault) {
            super(inner, type, fault);
            this.inner = inner;
        }

        @Override
        public DeserializationSchema<RowData> createRuntimeDecoder(
                DynamicTableSource.Context context, DataType physicalType) {
            return super.createRuntimeDecoder(context, physicalType);
        }

        @Override
        public DeserializationSchema<RowData> createRuntimeDecoder(
                DynamicTableSource.Context context, DataType physicalType, int[][] projections) {
            DataType projected = Projection.of(projections).project(physicalType);
            return lenient(context, projected, inner.createRuntimeDecoder(context, typeToRead(physicalType), projections));
        }
    }
}
