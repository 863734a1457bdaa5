import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup";
import { Eip } from "@pulumi/aws/ec2/eip";
import { FlowLog } from "@pulumi/aws/ec2/flowLog";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway";
import { NatGateway } from "@pulumi/aws/ec2/natGateway";
import { Route } from "@pulumi/aws/ec2/route";
import { RouteTable } from "@pulumi/aws/ec2/routeTable";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation";
import { Subnet } from "@pulumi/aws/ec2/subnet";
import { Vpc } from "@pulumi/aws/ec2/vpc";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy";
import type * as pulumi from "@pulumi/pulumi";
import { output } from "@pulumi/pulumi";
import { logGroup } from "./logs";
import { document, type Scope, trust, within } from "./scope";

export interface Network {
  readonly vpc: Vpc;
  /** One in each of the three zones; nothing in them has an address that the Internet reaches. */
  readonly privateSubnets: readonly Subnet[];
}

const range = "10.40.0.0/16";
/** 8 190 addresses for the pods of each zone, and 254 for load balancers and gateways. */
const privateRange = (zone: number) => `10.40.${zone * 32}.0/19`;
const publicRange = (zone: number) => `10.40.${96 + zone}.0/24`;

/** A network over three zones: nodes in private subnets, their way out through gateways, objects in S3 without leaving the network. */
export function network(scope: Scope, zones: pulumi.Input<readonly string[]>, key: pulumi.Input<string>): Network {
  const { name } = scope;
  const tags = (suffix: string, more: Record<string, string> = {}) => ({ Name: `${name}-${suffix}`, ...more });
  const vpc = new Vpc(
    name,
    { cidrBlock: range, enableDnsHostnames: true, enableDnsSupport: true, tags: tags("network") },
    within(scope),
  );
  // Whatever is made without a group of its own reaches nothing, and is reached by nothing.
  new DefaultSecurityGroup(name, { vpcId: vpc.id, ingress: [], egress: [] }, within(scope));
  const internet = new InternetGateway(name, { vpcId: vpc.id, tags: tags("internet") }, within(scope));
  const subnets = (kind: "public" | "private", cidr: (zone: number) => string, role: string) =>
    [0, 1, 2].map(
      (zone) =>
        new Subnet(
          `${name}-${kind}-${zone}`,
          {
            vpcId: vpc.id,
            cidrBlock: cidr(zone),
            availabilityZone: zoneOf(zones, zone),
            mapPublicIpOnLaunch: false,
            tags: tags(`${kind}-${zone}`, { [`kubernetes.io/role/${role}`]: "1" }),
          },
          within(scope),
        ),
    );
  const outside = subnets("public", publicRange, "elb");
  const inside = subnets("private", privateRange, "internal-elb");

  const everywhere = { destinationCidrBlock: "0.0.0.0/0" };
  const publicTable = new RouteTable(`${name}-public`, { vpcId: vpc.id, tags: tags("public") }, within(scope));
  new Route(`${name}-public`, { routeTableId: publicTable.id, ...everywhere, gatewayId: internet.id }, within(scope));
  const gateways = outside.slice(0, scope.sizes.aws.natGateways).map((subnet, zone) => {
    const suffix = `nat-${zone}`;
    const address = new Eip(`${name}-${suffix}`, { domain: "vpc", tags: tags(suffix) }, within(scope));
    const place = { allocationId: address.id, subnetId: subnet.id, tags: tags(suffix) };
    return new NatGateway(`${name}-${suffix}`, place, within(scope, { dependsOn: [internet] }));
  });
  const privateTables = inside.map((subnet, zone) => {
    const its = `${name}-private-${zone}`;
    const table = new RouteTable(its, { vpcId: vpc.id, tags: tags(`private-${zone}`) }, within(scope));
    const gateway = (gateways[zone] ?? gateways[0]) as NatGateway;
    new Route(its, { routeTableId: table.id, ...everywhere, natGatewayId: gateway.id }, within(scope));
    new RouteTableAssociation(its, { routeTableId: table.id, subnetId: subnet.id }, within(scope));
    return table;
  });
  for (const [zone, subnet] of outside.entries()) {
    const its = `${name}-public-${zone}`;
    new RouteTableAssociation(its, { routeTableId: publicTable.id, subnetId: subnet.id }, within(scope));
  }
  new VpcEndpoint(
    `${name}-s3`,
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${scope.region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: privateTables.map((table) => table.id),
      tags: tags("s3"),
    },
    within(scope),
  );
  flowLogs(scope, vpc, key);
  return { vpc, privateSubnets: inside };
}

const zoneOf = (zones: pulumi.Input<readonly string[]>, zone: number) =>
  output(zones).apply((names) => {
    const found = names[zone];
    if (!found) throw new Error(`the region has ${names.length} availability zones, and three are needed`);
    return found;
  });

/** What was let through and what was refused, for who looks into an incident. */
function flowLogs(scope: Scope, vpc: Vpc, key: pulumi.Input<string>): void {
  const its = `${scope.name}-flow`;
  const group = logGroup(scope, "flow", `/millrace/${scope.name}/network`, key);
  const role = new Role(its, { assumeRolePolicy: trust("vpc-flow-logs.amazonaws.com") }, within(scope));
  new RolePolicy(
    its,
    {
      role: role.id,
      policy: group.arn.apply((arn) =>
        document({
          Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          Resource: `${arn}:*`,
        }),
      ),
    },
    within(scope),
  );
  new FlowLog(
    its,
    {
      vpcId: vpc.id,
      trafficType: "REJECT",
      logDestinationType: "cloud-watch-logs",
      logDestination: group.arn,
      iamRoleArn: role.arn,
    },
    within(scope),
  );
}
