import type { Region } from "@pulumi/aws";
import { getAuthorizationTokenOutput } from "@pulumi/aws/ecr/getAuthorizationToken";
import { Provider } from "@pulumi/aws/provider";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../config";
import { imageNames } from "../kubernetes/images";
import { KubernetesPlatform } from "../kubernetes/platform";
import { outputsOf } from "../kubernetes/program";
import { recordOf } from "../plan/report";
import type { Plan } from "../plan/types";
import { Record as PlanRecord } from "../record";
import { Cloud } from "./cloud";
import { storageClass, syncSecrets } from "./in-cluster";

/** On a cluster of its own on AWS. @returns the stack's outputs */
export function deployOnAws(stack: string, config: StackConfig, plan: Plan): Record<string, unknown> {
  const { region } = config;
  const tags = { "millrace:stack": stack };
  const provider = new Provider("aws", { region: region as Region, defaultTags: { tags } });
  const secrets = Object.values(config.upstreams).map(({ secret }) => secret);
  const cloud = new Cloud("cloud", { stack, config, plan, provider, images: imageNames(plan), secrets });
  // Nothing is put into the cluster before it has nodes, volumes and credentials for pods.
  const cluster = new k8s.Provider(
    "cluster",
    { kubeconfig: kubeconfig(cloud, region), enableServerSideApply: true },
    { dependsOn: cloud },
  );
  const ground = [
    storageClass({ provider: cluster }),
    ...syncSecrets(config, `millrace-${stack}`, { provider: cluster }),
  ];
  const token = getAuthorizationTokenOutput({}, { provider });
  const platform = new KubernetesPlatform(
    "platform",
    {
      plan,
      config,
      provider: cluster,
      registry: {
        prefix: cloud.imagePrefix,
        login: { server: token.proxyEndpoint, username: token.userName, password: pulumi.secret(token.password) },
      },
      buckets: {
        state: pulumi.interpolate`s3://${cloud.buckets.state.id}`,
        backups: pulumi.interpolate`s3://${cloud.buckets.backups.id}/postgres`,
      },
    },
    { dependsOn: ground },
  );
  new PlanRecord("plan", recordOf(plan, config), { dependsOn: platform });
  return {
    ...outputsOf(config, platform),
    cluster: cloud.cluster.name,
    kubeconfig: pulumi.interpolate`aws eks update-kubeconfig --region ${region} --name ${cloud.cluster.name}`,
    imageRegistry: cloud.imagePrefix,
    ...(cloud.dns && { nameServers: cloud.dns.nameServers, certificate: cloud.dns.certificate }),
  };
}

/** Holds no credentials: who uses it logs in to AWS. */
function kubeconfig({ cluster }: Cloud, region: string): pulumi.Output<string> {
  return pulumi.all([cluster.name, cluster.endpoint, cluster.certificateAuthority]).apply(([name, server, { data }]) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server, "certificate-authority-data": data } }],
      users: [
        {
          name,
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: ["eks", "get-token", "--region", region, "--cluster-name", name],
              interactiveMode: "Never",
            },
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name } }],
      "current-context": name,
    }),
  );
}
