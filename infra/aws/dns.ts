import { Certificate } from "@pulumi/aws/acm/certificate";
import { Record } from "@pulumi/aws/route53/record";
import { Zone } from "@pulumi/aws/route53/zone";
import type * as pulumi from "@pulumi/pulumi";
import { type Scope, within } from "./scope";

export interface Dns {
  /** To be named in the domain above, once, by whoever owns it. */
  readonly nameServers: pulumi.Output<string[]>;
  readonly certificate: pulumi.Output<string>;
}

/** The zone of the environment's domain, and a certificate for what is in it, which AWS renews. It is issued once the domain above names the zone. */
export function dns(scope: Scope, domain: string): Dns {
  const zone = new Zone(scope.name, { name: domain, forceDestroy: !scope.sizes.protect }, within(scope));
  const certificate = new Certificate(
    scope.name,
    { domainName: `*.${domain}`, validationMethod: "DNS" },
    within(scope),
  );
  const proof = certificate.domainValidationOptions.apply((options) => options[0]);
  new Record(
    `${scope.name}-certificate`,
    {
      zoneId: zone.zoneId,
      name: proof.apply((option) => option?.resourceRecordName ?? ""),
      type: proof.apply((option) => option?.resourceRecordType ?? ""),
      records: [proof.apply((option) => option?.resourceRecordValue ?? "")],
      ttl: 300,
    },
    within(scope),
  );
  return { nameServers: zone.nameServers, certificate: certificate.arn };
}
