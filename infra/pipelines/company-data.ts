import { app, database, deadLetter, folder, jsonSchema, outside, pipeline, standIn, topic } from "../model";

/** Companies upload the same tables again and again; what changed from one file to the next becomes the history of their rows. */
const companies = outside("companies that upload CSV files");
const history = database("company_data");
const cdcEvents = history.table("cdc_events");
const rowHistory = history.table("company_data");
const changes = topic("cdc-events", {
  schema: jsonSchema("company-data/change", "FULL"),
  key: "row_key",
  retention: "forever",
});

export const companyData = pipeline("company-data", [
  standIn("company-simulator", { plays: companies, settings: { uploadsPerMinute: 6 } }),
  app("company-ingest", {
    serves: { to: companies, paths: ["/", "/upload", "/uploads", "/companies", "/health", "/openapi.json"] },
    folders: { dataDir: folder("company-files") },
    reads: [cdcEvents, rowHistory],
    writes: [changes],
    transactional: true,
  }),
  app("company-consumer", {
    reads: [changes],
    writes: [cdcEvents, rowHistory],
    folders: { parquetDir: folder("company-parquet") },
    rejects: deadLetter(changes),
  }),
]);
