import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Endpoints } from "../plan/types";
import { ports } from "./addresses";
import { disruptionBudget } from "./disruption";
import { caFile, labelsOf, postgresSecret, registryDatabase, registryName } from "./names";
import { caMounts, caVolumes, fromSecret, podTemplate, requirements } from "./pods";
import { after, type Scope } from "./scope";

const managementPort = 9000;

/** Apicurio Registry on Postgres, the same program as locally. */
export function registry(scope: Scope, image: pulumi.Input<string>, endpoints: Endpoints, needs: pulumi.Resource[]) {
  const { replicas, container } = scope.sizes.registry;
  const { host, port } = endpoints.postgres;
  const options = {
    QUARKUS_HTTP_PORT: String(ports.registry),
    QUARKUS_MANAGEMENT_PORT: String(managementPort),
    QUARKUS_LOG_FILE_ENABLE: "false",
    APICURIO_STORAGE_KIND: "sql",
    APICURIO_STORAGE_SQL_KIND: "postgresql",
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${host}:${port}/${registryDatabase}?sslmode=verify-full&sslrootcert=${caFile("postgres")}`,
    APICURIO_DATASOURCE_USERNAME: registryDatabase,
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: "2",
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: "2",
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: "10",
    JAVA_TOOL_OPTIONS: "-XX:MaxRAMPercentage=60",
  };
  const probe = (path: string) => ({ httpGet: { path, port: "management" }, periodSeconds: 5 });
  const deployment = new k8s.apps.v1.Deployment(
    registryName,
    {
      metadata: { name: registryName, namespace: scope.namespace, labels: labelsOf(registryName) },
      spec: {
        replicas,
        selector: { matchLabels: labelsOf(registryName) },
        template: podTemplate(
          registryName,
          {
            image,
            env: [
              ...Object.entries(options).map(([name, value]) => ({ name, value })),
              fromSecret("APICURIO_DATASOURCE_PASSWORD", postgresSecret(registryDatabase), "password"),
            ],
            ports: [
              { name: "http", containerPort: ports.registry },
              { name: "management", containerPort: managementPort },
            ],
            startupProbe: { ...probe("/health/started"), failureThreshold: 60 },
            livenessProbe: probe("/health/live"),
            readinessProbe: probe("/health/ready"),
            resources: requirements(container),
            volumeMounts: caMounts(["postgres"]),
          },
          { volumes: caVolumes(["postgres"]) },
        ),
      },
    },
    after(scope, needs),
  );
  disruptionBudget(scope, registryName, replicas, needs);
  return new k8s.core.v1.Service(
    registryName,
    {
      metadata: { name: registryName, namespace: scope.namespace, labels: labelsOf(registryName) },
      spec: {
        selector: labelsOf(registryName),
        ports: [{ name: "http", port: ports.registry, targetPort: "http" }],
      },
    },
    // No endpoints are waited for: the deployment is ready when they are.
    after(scope, [deployment]),
  );
}
