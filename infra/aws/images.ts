import { LifecyclePolicy } from "@pulumi/aws/ecr/lifecyclePolicy";
import { Repository } from "@pulumi/aws/ecr/repository";
import type * as pulumi from "@pulumi/pulumi";
import { holdsData, type Scope, within } from "./scope";

/** Old images stay for a way back; more than so many tags of one image are no way back any more. */
const keptImages = 30;

/** A repository for each image: a tag never changes what it means, and what is pushed is scanned. */
export function repository(scope: Scope, image: string, key: pulumi.Input<string>): Repository {
  const its = `${scope.name}/${image}`;
  const made = new Repository(
    `${scope.name}-${image}`,
    {
      name: its,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }],
      forceDelete: !scope.sizes.protect,
    },
    holdsData(scope),
  );
  const expire = { type: "expire" };
  const policy = JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: "images that nothing names",
        selection: {
          tagStatus: "untagged",
          countType: "sinceImagePushed",
          countUnit: "days",
          countNumber: scope.sizes.aws.untaggedImageDays,
        },
        action: expire,
      },
      {
        rulePriority: 2,
        description: "more images than anybody goes back",
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: keptImages },
        action: expire,
      },
    ],
  });
  new LifecyclePolicy(`${scope.name}-${image}`, { repository: made.name, policy }, within(scope));
  return made;
}
