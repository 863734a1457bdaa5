import { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate";
import { Addon } from "@pulumi/aws/eks/addon";
import { Cluster } from "@pulumi/aws/eks/cluster";
import { NodeGroup } from "@pulumi/aws/eks/nodeGroup";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment";
import type * as pulumi from "@pulumi/pulumi";
import { identity, managedPolicy } from "./identity";
import { logGroup } from "./logs";
import type { Network } from "./network";
import { holdsData, type Scope, trust, within } from "./scope";

const kubernetesVersion = "1.34";

export interface ClusterArgs {
  readonly network: Network;
  readonly key: pulumi.Input<string>;
  /** Address blocks that reach its API from outside; empty: none. */
  readonly access: readonly string[];
}

/** EKS with a group of nodes in each zone, and the add-ons that pods need for network, names, volumes, credentials and logs. */
export function cluster(scope: Scope, { network, key, access }: ClusterArgs): Cluster {
  const { name } = scope;
  const role = roleOf(scope, "cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
  // Made first: EKS would make a group that keeps its lines for ever.
  const log = logGroup(scope, "cluster", `/aws/eks/${name}/cluster`, key);
  const made = new Cluster(
    name,
    {
      name,
      version: kubernetesVersion,
      roleArn: role.arn,
      enabledClusterLogTypes: ["api", "audit", "authenticator"],
      encryptionConfig: { provider: { keyArn: key }, resources: ["secrets"] },
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
      vpcConfig: {
        subnetIds: network.privateSubnets.map((subnet) => subnet.id),
        endpointPrivateAccess: true,
        endpointPublicAccess: access.length > 0,
        ...(access.length > 0 && { publicAccessCidrs: [...access] }),
      },
    },
    holdsData(scope, { dependsOn: [log, ...role.policies] }),
  );
  const addon = (addonName: string, dependsOn: pulumi.Resource[], configuration?: object) =>
    new Addon(
      `${name}-${addonName}`,
      {
        clusterName: made.name,
        addonName,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "PRESERVE",
        ...(configuration && { configurationValues: JSON.stringify(configuration) }),
      },
      within(scope, { dependsOn }),
    );
  // Before the nodes: a node without a network is not ready. Network policies are enforced by the same add-on.
  const early = [addon("vpc-cni", [], { enableNetworkPolicy: "true" }), addon("kube-proxy", [])];
  const nodes = nodeGroups(scope, made, network, early);
  addon("coredns", nodes);
  const agent = addon("eks-pod-identity-agent", nodes);
  for (const [name, namespace, serviceAccount, managed] of [
    ["aws-ebs-csi-driver", "kube-system", "ebs-csi-controller-sa", "service-role/AmazonEBSCSIDriverPolicy"],
    ["amazon-cloudwatch-observability", "amazon-cloudwatch", "cloudwatch-agent", "CloudWatchAgentServerPolicy"],
  ] as const) {
    const who = identity(scope, name, { cluster: made.name, namespace, serviceAccount, managed });
    addon(name, [agent, who]);
  }
  for (const kind of ["application", "performance", "host", "dataplane"]) {
    logGroup(scope, `logs-${kind}`, `/aws/containerinsights/${name}/${kind}`, key);
  }
  return made;
}

/** Of each zone one: a volume stays in its zone, and so has to be the node that replaces another. */
function nodeGroups(scope: Scope, cluster: Cluster, network: Network, dependsOn: pulumi.Resource[]): NodeGroup[] {
  const { instanceTypes, min, max, diskGiB } = scope.sizes.aws.nodes;
  const role = roleOf(scope, "nodes", "ec2.amazonaws.com", [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
  ]);
  const template = new LaunchTemplate(
    `${scope.name}-nodes`,
    {
      // Pods are one hop further away than the node: they do not get at its credentials.
      metadataOptions: { httpTokens: "required", httpEndpoint: "enabled", httpPutResponseHopLimit: 1 },
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: { volumeSize: diskGiB, volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" },
        },
      ],
    },
    within(scope),
  );
  return network.privateSubnets.map(
    (subnet, zone) =>
      new NodeGroup(
        `${scope.name}-${zone}`,
        {
          clusterName: cluster.name,
          nodeGroupName: `${scope.name}-${zone}`,
          nodeRoleArn: role.arn,
          subnetIds: [subnet.id],
          instanceTypes: [...instanceTypes],
          amiType: "AL2023_x86_64_STANDARD",
          scalingConfig: { minSize: min, maxSize: max, desiredSize: min },
          updateConfig: { maxUnavailable: 1 },
          launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        },
        // How many there are is the autoscaler's to say, or a person's.
        within(scope, { dependsOn: [...dependsOn, ...role.policies], ignoreChanges: ["scalingConfig.desiredSize"] }),
      ),
  );
}

function roleOf(scope: Scope, name: string, service: string, policies: readonly string[]) {
  const its = `${scope.name}-${name}`;
  const role = new Role(its, { assumeRolePolicy: trust(service) }, within(scope));
  const attached = policies.map(
    (policy) =>
      new RolePolicyAttachment(
        `${its}-${policy}`,
        { role: role.name, policyArn: managedPolicy(policy) },
        within(scope),
      ),
  );
  return { arn: role.arn, policies: attached };
}
