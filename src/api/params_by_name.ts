import type { Static, TObject } from "typebox";
import type { DataCommon } from "../data/common.ts";
import type { OwnDataset } from "../data/registry.ts";
import type { OwnModel } from "../models/registry.ts";

/** The parameters of a variant or a data set, by its definition: `ParamsOf<typeof myVae>`. */
export type ParamsOf<Definition extends { readonly params: TObject }> = Static<Definition["params"]>;

type OwnModelParams = { [M in OwnModel as M["name"]]: ParamsOf<M> };
type OwnDataParams = { [D in OwnDataset as D["name"]]: ParamsOf<D> & DataCommon };

/**
 * The parameters of each variant by its name. A plugin's are added by declaration merging:
 *
 * ```ts
 * declare module "tfjs-vae" {
 *   interface ModelParamsByName {
 *     SpreadVAE: ParamsOf<ReturnType<typeof spreadVae>>;
 *   }
 * }
 * ```
 */
export interface ModelParamsByName extends OwnModelParams {}

/** The parameters of each data set by its name, to which a plugin's are added likewise. */
export interface DataParamsByName extends OwnDataParams {}
