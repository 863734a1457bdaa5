package dev.millrace.flink.lenient;

import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DelegatingConfiguration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.format.ProjectableDecodingFormat;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.Factory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.table.types.utils.TypeConversions;

/**
 * {@code 'value.format' = 'lenient', 'value.lenient.format' = 'avro-confluent', 'value.lenient.avro-confluent.url' = …}: reads with another format, and
 * makes a row also of a record that this one cannot read. All columns of that row are null, and metadata say why, and what it was:
 *
 * <pre>
 *   error STRING  why the record could not be read; null for every other record
 *   bytes BYTES   the record's value, of every record
 * </pre>
 *
 * <p>The table's columns may be null then. What a record has to have is said by {@code 'value.lenient.type'}, where it is NOT NULL.
 *
 * <p>A table without {@code error} would take such rows for data: it fails as the other format does.
 */
public final class LenientFormatFactory implements DeserializationFormatFactory {
    static final String IDENTIFIER = "lenient";

    private static final ConfigOption<String> FORMAT =
            ConfigOptions.key("format").stringType().noDefaultValue().withDescription("The format that reads.");

    private static final ConfigOption<String> TYPE =
            ConfigOptions.key("type")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("What the other format reads, as a ROW type with the table's columns. Default: their own types.");

    private static final ConfigOption<String> REGISTRY =
            ConfigOptions.key("registry")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("URL of the schema registry's Confluent-compatible API: asked when a record names a schema that does not fit.");

    private static final ConfigOption<String> SUBJECT =
            ConfigOptions.key("subject")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("Needed with a registry: what the records are written under.");

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(FORMAT);
    }

    /** Those of the other format are checked when it is known which it is. */
    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        Set<ConfigOption<?>> options = new HashSet<>();
        options.add(TYPE);
        options.add(REGISTRY);
        options.add(SUBJECT);
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        Iterator<Factory> factories = ServiceLoader.load(Factory.class, loader).iterator();
        while (factories.hasNext()) {
            Factory factory = factories.next();
            if (!(factory instanceof DeserializationFormatFactory) || factory instanceof LenientFormatFactory) continue;
            options.add(ConfigOptions.key(factory.factoryIdentifier()).mapType().noDefaultValue());
        }
        return options;
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        FactoryUtil.validateFactoryOptions(this, options);
        String identifier = options.get(FORMAT);
        if (identifier.equals(IDENTIFIER)) throw new ValidationException("The format 'lenient' reads with another one.");
        DeserializationFormatFactory factory =
                FactoryUtil.discoverFactory(context.getClassLoader(), DeserializationFormatFactory.class, identifier);
        checkKeys(factory, options);
        ReadableConfig own = new DelegatingConfiguration((Configuration) options, identifier + ".");
        DecodingFormat<DeserializationSchema<RowData>> inner = factory.createDecodingFormat(context, own);
        DataType type =
                options.getOptional(TYPE)
                        .map(text -> LogicalTypeParser.parse(text, context.getClassLoader()))
                        .map(TypeConversions::fromLogicalToDataType)
                        .orElse(null);
        Fault fault = new Fault(options.getOptional(REGISTRY).map(url -> new Registry(url, options.get(SUBJECT))).orElse(null));
        return inner instanceof ProjectableDecodingFormat
                ? new LenientDecodingFormat.Projectable(
                        (ProjectableDecodingFormat<DeserializationSchema<RowData>>) inner, type, fault)
                : new LenientDecodingFormat(inner, type, fault);
    }

    /** A misspelt option would be as good as none. */
    private static void checkKeys(Factory factory, ReadableConfig options) {
        Set<String> known = new HashSet<>();
        factory.requiredOptions().forEach(option -> known.add(option.key()));
        factory.optionalOptions().forEach(option -> known.add(option.key()));
        ConfigOption<Map<String, String>> given =
                ConfigOptions.key(factory.factoryIdentifier()).mapType().noDefaultValue();
        for (String key : options.getOptional(given).orElse(Map.of()).keySet()) {
            if (known.stream().noneMatch(name -> key.equals(name) || key.startsWith(name + "."))) {
                throw new ValidationException(
                        String.format("The format '%s' has no option '%s'; it has %s.", factory.factoryIdentifier(), key, known));
            }
        }
    }
}
