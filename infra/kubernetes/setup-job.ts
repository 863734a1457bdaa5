import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Endpoints } from "../plan/types";
import { caFile, labelsOf, ownerRole, postgresSecret, setupName, shortHash } from "./names";
import { caMounts, caVolumes, fromSecret, podTemplate, requirements } from "./pods";
import { after, type Scope } from "./scope";
import type { Setup } from "./setup/setup";

const folder = "/etc/millrace/setup";

/** A Job that brings databases and subjects to what is declared; another declaration is another Job, and what relies on it waits until it is complete. */
export function setupJob(
  scope: Scope,
  image: pulumi.Input<string>,
  setup: Setup,
  endpoints: Endpoints,
  needs: readonly pulumi.Resource[],
) {
  const text = JSON.stringify(setup);
  const name = `${setupName}-${shortHash(text)}`;
  const { host, port } = endpoints.postgres;
  const config = new k8s.core.v1.ConfigMap(
    name,
    {
      metadata: { name, namespace: scope.namespace, labels: labelsOf(setupName) },
      immutable: true,
      data: { "setup.json": text },
    },
    after(scope, needs),
  );
  return new k8s.batch.v1.Job(
    setupName,
    {
      metadata: { namespace: scope.namespace, labels: labelsOf(setupName) },
      spec: {
        backoffLimit: 6,
        activeDeadlineSeconds: 1800,
        template: podTemplate(
          setupName,
          {
            image,
            env: [
              { name: "SETUP_FILE", value: `${folder}/setup.json` },
              { name: "POSTGRES", value: `${host}:${port}` },
              { name: "REGISTRY_URL", value: endpoints.registry },
              { name: "PGUSER", value: ownerRole },
              fromSecret("PGPASSWORD", postgresSecret(ownerRole), "password"),
              { name: "PGSSLMODE", value: "verify-full" },
              { name: "NODE_EXTRA_CA_CERTS", value: caFile("postgres") },
            ],
            resources: requirements({ cpu: "50m", cpuLimit: "1", memory: "256Mi" }),
            volumeMounts: [{ name: "setup", mountPath: folder, readOnly: true }, ...caMounts(["postgres"])],
          },
          {
            restartPolicy: "OnFailure",
            volumes: [{ name: "setup", configMap: { name: config.metadata.name } }, ...caVolumes(["postgres"])],
          },
        ),
      },
    },
    after(scope, [config, ...needs]),
  );
}
