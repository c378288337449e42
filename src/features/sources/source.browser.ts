/** In a browser weights are given and not got, whatever the config says of them. */
export const sourceOf = (_network: string, weights: string) => ({
  kind: weights === "random" ? ("random" as const) : ("file" as const),
});
