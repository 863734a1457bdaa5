import type { Finding, Policy } from "./policy";
import { isObject } from "./resource";

interface Statement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: unknown;
  readonly Resource?: string | readonly string[];
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Condition?: unknown;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Statements that allow something, of each document among a resource's inputs. */
function* allowed(props: Readonly<Record<string, unknown>>): Generator<[path: string, statement: Statement]> {
  for (const [key, value] of Object.entries(props)) {
    if (!/policy$/i.test(key)) continue;
    const document = typeof value === "string" ? parse(value) : value;
    const statements = isObject(document) ? [document.Statement].flat() : [];
    for (const [index, statement] of statements.entries()) {
      if (isObject(statement) && statement.Effect === "Allow") yield [`${key}.Statement[${index}]`, statement];
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isEveryone = ({ Principal: who, Condition }: Statement) =>
  Condition === undefined &&
  (who === "*" || (isObject(who) && Object.values(who).some((one) => list(one).includes("*"))));

/** Actions that AWS does not tie to a resource: they look at things, or give a token that says nothing. */
const withoutResource = [
  /^(autoscaling|ec2|elasticloadbalancing|acm|wafv2|waf-regional|shield):(Describe|Get|List)\w+$/,
  /^ecr:GetAuthorizationToken$/,
  /^route53:List\w+$/,
];

export const noWildcardIam: Policy = {
  name: "no wildcard IAM",
  *check({ type, props }): Generator<Finding> {
    if (!type.startsWith("aws:")) return;
    const isKey = type === "aws:kms/key:Key";
    for (const [path, statement] of allowed(props)) {
      const actions = list(statement.Action);
      // Without this statement nobody can change the key any more; it leaves the decision to the account's own policies.
      const isRoot = isKey && JSON.stringify(statement.Principal ?? "").includes(":root");
      if (isRoot) continue;
      if (statement.NotAction)
        yield { path, message: "It allows all but what it names.", fix: "Name what is allowed." };
      for (const action of actions.filter((one) => one.includes("*"))) {
        yield { path: `${path}.Action`, message: `It allows ${action}.`, fix: "Name each action." };
      }
      // In a key's own policy the resource is the key.
      const tied = isKey ? [] : actions.filter((one) => !withoutResource.some((known) => known.test(one)));
      if (list(statement.Resource).includes("*") && tied.length > 0) {
        yield {
          path: `${path}.Resource`,
          message: `It allows ${tied.join(", ")} on everything.`,
          fix: "Name the resources.",
        };
      }
      if (isEveryone(statement)) {
        yield { path: `${path}.Principal`, message: "It allows everyone.", fix: "Name who, or add a condition." };
      }
    }
    const { policyArn } = props;
    if (typeof policyArn === "string" && /\/(AdministratorAccess|PowerUserAccess|\w*FullAccess)$/.test(policyArn)) {
      yield {
        path: "policyArn",
        message: `${policyArn} allows more than a part needs.`,
        fix: "Write a policy of its own.",
      };
    }
  },
};

const blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];

export const noPublicBucket: Policy = {
  name: "no public bucket",
  *check({ type, props }) {
    if (!type.startsWith("aws:s3/")) return;
    if (typeof props.acl === "string" && /^public|^authenticated/.test(props.acl)) {
      yield { path: "acl", message: `Everyone is let in by ${props.acl}.`, fix: "Leave it out." };
    }
    if (/PublicAccessBlock$/.test(type)) {
      for (const block of blocks.filter((one) => props[one] !== true)) {
        yield { path: block, message: "The bucket can be made public.", fix: "Set it to true." };
      }
    }
    if (/bucketPolicy:/.test(type)) {
      for (const [path, statement] of allowed(props)) {
        if (isEveryone(statement)) yield { path, message: "Everyone is let in.", fix: "Name who is." };
      }
    }
    if (/:BucketWebsiteConfiguration/.test(type)) {
      yield { path: "bucket", message: "The bucket is a web site.", fix: "Leave it out." };
    }
  },
};
