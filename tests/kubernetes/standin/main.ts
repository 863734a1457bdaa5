import { main } from "@pulumi/pulumi/provider";
import { StandInProvider } from "./provider";

main(new StandInProvider(process.env.MILLRACE_STANDIN_VERSION ?? "", process.env), process.argv.slice(2));

// An engine that was killed tells nobody: whoever has another parent now is on its own.
const engine = process.ppid;
setInterval(() => process.ppid !== engine && process.exit(1), 1000).unref();
