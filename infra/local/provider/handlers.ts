import { access } from "./access";
import { connector } from "./connector";
import { database } from "./database";
import type { AnyHandler } from "./handler";
import { sqlJob } from "./job";
import { migration } from "./migration";
import { password } from "./password";
import { process } from "./process";
import { publication } from "./publication";
import { role } from "./role";
import { subject } from "./subject";
import { topic } from "./topic";

/** Every resource type of the provider, by the name after `millrace:local:`. */
export const handlers: Readonly<Record<string, AnyHandler>> = {
  Access: access,
  Connector: connector,
  Database: database,
  Migration: migration,
  Password: password,
  Process: process,
  Publication: publication,
  Role: role,
  SqlJob: sqlJob,
  Subject: subject,
  Topic: topic,
};
