import { handlers } from "../../infra/local/provider/handlers";
import { MillraceProvider } from "../../infra/local/provider/provider";

const provider = new MillraceProvider();

/** What the engine is told about a resource of this type at preview: the property and the reason of each failure. */
export async function check(type: string, former: object | undefined, inputs: object): Promise<[string, string][]> {
  if (!(type in handlers)) throw new Error(`there is no type ${type}`);
  const urn = `urn:pulumi:test::millrace::millrace:local:Platform$millrace:local:${type}::name`;
  const { failures = [] } = await provider.check(urn, { ...former }, { ...inputs });
  return failures.map(({ property, reason }) => [property, reason]);
}
