/** Names of the keys that ask for a network, for messages. */
export interface NetworkKeys {
  readonly network: string;
  readonly weights: string;
  readonly layers: string;
  /** The key that sets the side of the images that the network sees; the data's where left out. */
  readonly side?: string;
}

/** Those of a model. */
export const MODEL_KEYS: NetworkKeys = {
  network: "model_params.feature_network",
  weights: "model_params.feature_network.weights",
  layers: "model_params.feature_layers",
};
