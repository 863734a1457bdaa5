import { idPattern, idRule } from "../change";

const json = (schema: object) => ({ "application/json": { schema } });
const error = {
  type: "object",
  required: ["error"],
  properties: {
    error: { type: "string" },
    problems: {
      type: "array",
      description: "Everything that is wrong with the file, 100 problems at most.",
      items: {
        type: "object",
        required: ["message"],
        properties: { line: { type: "integer", minimum: 1 }, message: { type: "string" } },
      },
    },
  },
};
const refusal = (description: string) => ({ description, content: json(error) });
const id = { type: "string", pattern: idPattern.source, description: idRule };

const tableParameters = ["company", "table"].map((name) => ({ name, in: "path", required: true, schema: id }));

/** The document that `GET /openapi.json` answers with. */
export const openapi = (maxFileMib: number) => ({
  openapi: "3.1.0",
  info: {
    title: "company-ingest",
    version: "1.0.0",
    description: "Companies' files become the history of their rows.",
  },
  paths: {
    "/upload": {
      post: {
        summary: "Compare a CSV file with the current version of its table, and publish what changed.",
        description: `UTF-8, at most ${maxFileMib} MiB, its first line names the columns. An empty field is null, "" is empty text.`,
        parameters: [
          {
            name: "x-upload-id",
            in: "header",
            schema: { type: "string" },
            description: "Any id, for GET /uploads/{id}.",
          },
        ],
        requestBody: {
          required: true,
          content: {
            "multipart/form-data": {
              schema: {
                type: "object",
                required: ["file"],
                properties: {
                  file: {
                    type: "string",
                    contentMediaType: "text/csv",
                    description: "Named <company>_<table>.csv, unless the fields say of whom and what it is.",
                  },
                  company_id: id,
                  table_name: id,
                  key_columns: {
                    type: "string",
                    description: "Names with commas between. Default: those of the version before, else the column id.",
                  },
                  allow_empty: {
                    type: "string",
                    enum: ["true", "false"],
                    default: "false",
                    description: "Take a file without rows.",
                  },
                },
              },
            },
          },
        },
        responses: {
          200: {
            description: "The version is current, and its changes are published.",
            content: json({
              type: "object",
              required: ["message", "file_id", "company_id", "changes_detected"],
              properties: {
                message: { type: "string" },
                file_id: { type: "string", pattern: "^.+_[0-9a-f]{8}$" },
                company_id: id,
                changes_detected: { type: "integer", minimum: 0 },
              },
            }),
          },
          400: refusal("The file or a field is wrong; nothing was changed."),
          403: refusal("The request comes from a page of another site."),
          409: refusal("The current file of the table is gone, and its history is not."),
          413: refusal("Too large, or too many parts."),
          415: refusal("Not multipart/form-data, or compressed."),
          503: refusal("Kafka or Postgres does not answer. Send the file again."),
          507: refusal("No room on the disk. Send the file again."),
        },
      },
    },
    "/uploads/{id}": {
      get: {
        summary: "How far an upload is.",
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
        responses: {
          200: { description: "Its stage.", content: json({ type: "object" }) },
          404: refusal("There is none."),
        },
      },
    },
    "/companies": {
      get: {
        summary: "All tables of all companies, with their current versions.",
        responses: { 200: { description: "The tables.", content: json({ type: "object" }) } },
      },
    },
    "/companies/{company}/tables/{table}": {
      get: {
        summary: "The rows of a table as of a time, 500 at most.",
        parameters: [
          ...tableParameters,
          { name: "as_of", in: "query", schema: { type: "string", format: "date-time" }, description: "Default: now." },
        ],
        responses: {
          200: { description: "The rows.", content: json({ type: "object" }) },
          400: refusal("as_of is no time."),
        },
      },
    },
    "/companies/{company}/tables/{table}/versions": {
      get: {
        summary: "The latest versions of a table, with counts of what changed.",
        parameters: tableParameters,
        responses: { 200: { description: "The versions, newest first.", content: json({ type: "object" }) } },
      },
    },
    "/health": {
      get: {
        summary: "Whether it works.",
        responses: {
          200: {
            description: "It answers.",
            content: json({
              type: "object",
              required: ["status", "kafka", "timestamp"],
              properties: {
                status: { enum: ["UP", "DEGRADED"] },
                kafka: { enum: ["UP", "DOWN"] },
                timestamp: { type: "string", format: "date-time" },
              },
            }),
          },
        },
      },
    },
  },
});
