package dev.millrace.flink.json;

import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/**
 * {@code 'value.format' = 'strict-json'}: one JSON object is one row, and everything else is an error that says where and why. Flink's own format takes the
 * number 1.5 for the integer 1 and the text "maybe" for false, passes over what stands behind the object, and makes no row of an empty value or an empty list.
 *
 * <p>A field must be there when its column is NOT NULL. Fields that no column is for are passed over. The whole record is read whichever columns are asked for,
 * so that a record is right or wrong for every reader alike.
 */
public final class StrictJsonFormatFactory implements DeserializationFormatFactory {
    static final String IDENTIFIER = "strict-json";

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of();
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        return new DecodingFormat<>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(DynamicTableSource.Context context, DataType type) {
                return new StrictJsonDeserializationSchema(
                        (RowType) type.getLogicalType(), context.createTypeInformation(type));
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return ChangelogMode.insertOnly();
            }
        };
    }
}
