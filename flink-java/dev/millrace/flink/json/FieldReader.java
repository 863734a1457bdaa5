package dev.millrace.flink.json;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;

/** Reads the value at the parser's token, and leaves the parser at the value's last token. */
interface FieldReader {
    Object read(JsonParser parser, String path) throws IOException;

    /** @throws ValidationException for a type that JSON has no values of */
    static FieldReader of(LogicalType type) {
        switch (type.getTypeRoot()) {
            case VARCHAR:
            case CHAR:
                return (parser, path) -> {
                    expect(parser, JsonToken.VALUE_STRING, path, "a text");
                    return StringData.fromString(parser.getText());
                };
            case BOOLEAN:
                return (parser, path) -> {
                    if (!parser.currentToken().isBoolean()) throw otherThan("true or false", parser, path);
                    return parser.getBooleanValue();
                };
            case INTEGER:
                return (parser, path) -> {
                    expect(parser, JsonToken.VALUE_NUMBER_INT, path, "a whole number");
                    long value = longOf(parser, path);
                    if (value != (int) value) throw new NotAsDeclared(path, "a whole number of more than 32 bits");
                    return (int) value;
                };
            case BIGINT:
                return (parser, path) -> {
                    expect(parser, JsonToken.VALUE_NUMBER_INT, path, "a whole number");
                    return longOf(parser, path);
                };
            case DOUBLE:
                return (parser, path) -> {
                    if (!parser.currentToken().isNumeric()) throw otherThan("a number", parser, path);
                    double value = parser.getDoubleValue();
                    if (Double.isInfinite(value)) throw new NotAsDeclared(path, "a number that is too large");
                    return value;
                };
            case DECIMAL:
                return decimal((DecimalType) type);
            case ARRAY:
                return array(((ArrayType) type).getElementType());
            case MAP:
                return map(((MapType) type).getValueType());
            case ROW:
                return row((RowType) type);
            default:
                throw new ValidationException("The format 'strict-json' cannot read " + type.asSummaryString() + ".");
        }
    }

    private static FieldReader decimal(DecimalType type) {
        return (parser, path) -> {
            if (!parser.currentToken().isNumeric()) throw otherThan("a number", parser, path);
            DecimalData value = DecimalData.fromBigDecimal(parser.getDecimalValue(), type.getPrecision(), type.getScale());
            // Rounded, it would be another amount.
            if (value == null || value.toBigDecimal().compareTo(parser.getDecimalValue()) != 0)
                throw new NotAsDeclared(path, "a number that is no " + type.asSummaryString());
            return value;
        };
    }

    private static FieldReader array(LogicalType element) {
        FieldReader reader = nullable(element);
        return (parser, path) -> {
            expect(parser, JsonToken.START_ARRAY, path, "a list");
            List<Object> items = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) items.add(reader.read(parser, path + "[]"));
            return new GenericArrayData(items.toArray());
        };
    }

    private static FieldReader map(LogicalType value) {
        FieldReader reader = nullable(value);
        return (parser, path) -> {
            expect(parser, JsonToken.START_OBJECT, path, "an object");
            Map<Object, Object> entries = new HashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                entries.put(StringData.fromString(name), reader.read(parser, path + "{}"));
            }
            return new GenericMapData(entries);
        };
    }

    private static FieldReader row(RowType type) {
        int count = type.getFieldCount();
        String[] names = type.getFieldNames().toArray(new String[0]);
        FieldReader[] readers = new FieldReader[count];
        boolean[] required = new boolean[count];
        Map<String, Integer> positions = new HashMap<>();
        for (int i = 0; i < count; i++) {
            readers[i] = nullable(type.getTypeAt(i));
            required[i] = !type.getTypeAt(i).isNullable();
            positions.put(names[i], i);
        }
        return (parser, path) -> {
            expect(parser, JsonToken.START_OBJECT, path, "an object");
            GenericRowData row = new GenericRowData(count);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                Integer position = positions.get(parser.currentName());
                parser.nextToken();
                // What is passed over is read as well: it must be JSON, too.
                if (position == null) parser.skipChildren();
                else row.setField(position, readers[position].read(parser, inside(path, names[position])));
            }
            for (int i = 0; i < count; i++) {
                if (required[i] && row.getField(i) == null) throw new NotAsDeclared(inside(path, names[i]), "it is missing");
            }
            return row;
        };
    }

    private static String inside(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    private static FieldReader nullable(LogicalType type) {
        FieldReader reader = of(type);
        boolean nullable = type.isNullable();
        return (parser, path) -> {
            if (parser.currentToken() != JsonToken.VALUE_NULL) return reader.read(parser, path);
            if (nullable) return null;
            throw new NotAsDeclared(path, "it is null");
        };
    }

    private static long longOf(JsonParser parser, String path) throws IOException {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER)
            throw new NotAsDeclared(path, "a whole number of more than 64 bits");
        return parser.getLongValue();
    }

    private static void expect(JsonParser parser, JsonToken token, String path, String what) throws IOException {
        if (parser.currentToken() != token) throw otherThan(what, parser, path);
    }

    private static NotAsDeclared otherThan(String what, JsonParser parser, String path) {
        String found =
                switch (parser.currentToken()) {
                    case START_OBJECT -> "an object";
                    case START_ARRAY -> "a list";
                    case VALUE_STRING -> "a text";
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
                    case VALUE_TRUE, VALUE_FALSE -> "true or false";
                    default -> "null";
                };
        return new NotAsDeclared(path, "it is " + found + ", and should be " + what);
    }
}
