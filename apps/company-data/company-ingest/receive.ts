import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { FastifyRequest } from "fastify";
import { idPattern, idRule } from "../change";
import { BadFile } from "./detect";
import type { Progress, UploadArgs } from "./upload";

/** Refused before anything is looked at; the message is for the caller. */
export class Refused extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

const fieldNames = ["company_id", "table_name", "key_columns", "allow_empty"] as const;
type Fields = Partial<Record<(typeof fieldNames)[number], string>>;

/**
 * Writes the one file of a multipart body to `to`; its fields may stand before or behind it.
 *
 * @throws Refused or BadFile; what the disk or the connection says otherwise
 */
export async function receive(
  request: FastifyRequest,
  to: string,
  onProgress: (progress: Progress) => void,
): Promise<UploadArgs> {
  const encoding = request.headers["content-encoding"];
  if (encoding && encoding !== "identity")
    throw new Refused(415, "Send the body as it is: compressed bodies are not taken.");
  if (!request.isMultipart())
    throw new Refused(
      415,
      "Send multipart/form-data with the file in a part of its own: curl -F file=@acme_customers.csv",
    );
  const fields: Fields = {};
  const problems: string[] = [];
  let fileName: string | undefined;
  for await (const part of request.parts()) {
    if (part.type === "file") {
      fileName = part.filename ?? "";
      let bytes = 0;
      let told = 0;
      part.file.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes - told < 1_048_576) return;
        told = bytes;
        onProgress({ stage: "receiving", bytes });
      });
      await pipeline(part.file, createWriteStream(to, { flags: "wx" }));
      if (part.file.truncated) throw new Refused(413, "The file is larger than this server takes.");
    } else if (!isField(part.fieldname))
      problems.push(`there is no field ${JSON.stringify(part.fieldname)}: ${fieldNames.join(", ")}`);
    else if (part.valueTruncated) problems.push(`${part.fieldname} is too long`);
    else if (part.fieldname in fields) problems.push(`${part.fieldname} is given twice`);
    else fields[part.fieldname] = String(part.value);
  }
  if (fileName === undefined) problems.push("there is no file: send it as a part with a file name");
  const args = argsOf(fields, fileName ?? "", problems);
  if (problems.length > 0) throw new BadFile(problems.map((message) => ({ message })));
  return args;
}

const isField = (name: string): name is keyof Fields => (fieldNames as readonly string[]).includes(name);

function argsOf(fields: Fields, fileName: string, problems: string[]): UploadArgs {
  // `acme_customers.csv`; a table's name may hold further underscores.
  const [, companyInName, tableInName] = /^([^_]+)_(.+?)(?:\.csv)?$/i.exec(fileName) ?? [];
  const named = (field: "company_id" | "table_name", inName: string | undefined) => {
    const value = fields[field] ?? inName;
    if (value === undefined)
      problems.push(`${field} is missing: send the field, or name the file <company>_<table>.csv`);
    else if (!idPattern.test(value))
      problems.push(`${field} is ${JSON.stringify(value.slice(0, 100))}; allowed: ${idRule}`);
    return value ?? "";
  };
  const keyColumns = (fields.key_columns ?? "").split(",").filter((name) => name !== "");
  if (new Set(keyColumns).size < keyColumns.length) problems.push("key_columns names a column twice");
  const allowEmpty = fields.allow_empty ?? "false";
  if (!/^(true|false)$/.test(allowEmpty))
    problems.push(`allow_empty is ${JSON.stringify(allowEmpty)}; allowed: true, false`);
  return {
    company: named("company_id", companyInName),
    table: named("table_name", tableInName),
    keyColumns,
    allowEmpty: allowEmpty === "true",
  };
}
