import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { arrays } from "./arrays.ts";
import { celeba } from "./celeba.ts";
import { cifar10 } from "./cifar10.ts";
import type { DataCommon } from "./common.ts";
import type { Dataset, OpenArgs } from "./dataset.ts";
import type { DatasetDefinition } from "./define.ts";
import { dsprites } from "./dsprites.ts";
import { fileList } from "./file_list.ts";
import { imageFolder } from "./image_folder.ts";
import { fashionMnist, mnist } from "./mnist.ts";
import { records } from "./records.ts";
import { shapes3d } from "./shapes3d.ts";
import { webdataset } from "./webdataset.ts";

const definitions = new Map<string, DatasetDefinition>();

/** The registry: a data set is its file and one line here. */
const own = [
  shapes3d,
  imageFolder,
  mnist,
  fashionMnist,
  cifar10,
  celeba,
  dsprites,
  arrays,
  webdataset,
  fileList,
  records,
] as const;
for (const dataset of own) registerDataset(dataset as unknown as DatasetDefinition);

/** The project's own data sets. */
export type OwnDataset = (typeof own)[number];

/** The names that `data_params.name` may have, in the order of registration. */
export function datasetNames(): readonly string[] {
  return [...definitions.keys()];
}

/** The data set of that name, if there is one. */
export function getDataset(name: string): DatasetDefinition | undefined {
  return definitions.get(name);
}

/** Adds a data set. @throws ConfigError where its name is taken */
export function registerDataset(definition: DatasetDefinition): void {
  if (definitions.has(definition.name)) {
    throw new ConfigError(
      `data set "${definition.name}": expected a name of its own, got one that is taken. Rename it.`,
    );
  }
  definitions.set(definition.name, definition);
}

type DataParams = DataCommon & Readonly<Record<string, unknown>> & { readonly name: string };

/** The data set that `data_params` name, which are checked, or that of `definition`, a plugin's. @throws DataError */
export async function openDataset(
  params: DataParams,
  args: OpenArgs,
  definition = datasetNamed(params.name),
): Promise<Dataset> {
  return definition.open(params, args);
}

/** The data set of that name, which `place` names. @throws ConfigError */
export function datasetNamed(name: string, place = "data_params.name"): DatasetDefinition {
  const definition = getDataset(name);
  if (definition !== undefined) return definition;
  const names = datasetNames();
  throw new ConfigError(
    `${place}: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
  );
}
