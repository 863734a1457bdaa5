import { run } from "../lib/run";
import { start } from "./app";
import { env } from "./env";

run(env, start);
