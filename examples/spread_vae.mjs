// A variant outside the project: the VAE with a term that keeps the posterior's means of a batch apart.
//   plugins: [./spread_vae.mjs]   in a config, and   model_params: { name: SpreadVAE, margin: 2 }
export default ({ tf, Type, defineModel, onePhaseGaussianVAE, blocks, losses }) =>
  defineModel({
    name: "SpreadVAE",
    summary: "The VAE with a penalty on posterior means that lie closer together than a margin.",
    paper: { title: "Auto-Encoding Variational Bayes", url: "https://arxiv.org/abs/1312.6114" },

    // Parameters: they are checked, completed by editors and documented from here.
    params: Type.Object({
      ...blocks.ConvOptions,
      margin: Type.Number({ minimum: 0, default: 1, description: "Distance below which means repel." }),
    }),

    // Loss terms with their default weights; `loss_weights` in a config replaces them by these names.
    terms: () => ({
      reconstruction: { doc: "mean squared error per element", weight: 1 },
      kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
      spread: { doc: "mean of max(0, margin - distance)^2 over the pairs of a batch", weight: 0.1 },
    }),

    build(args) {
      // Encoder, decoder, optimizer and batch norm's statistics come with it: what is left is the loss of a batch.
      return onePhaseGaussianVAE(args, (pass, { images }) => ({
        terms: {
          reconstruction: losses.meanSquaredError(images, pass.recons),
          kl: losses.klToUnitGaussian(pass.mean, pass.logVar),
          spread: spread(pass.mean),
        },
      }));

      /** Mean over the pairs of max(0, margin - distance)^2; `mean` is [B, D]. */
      function spread(mean) {
        const norms = tf.sum(tf.square(mean), 1, true); // [B, 1]
        const squares = tf.sub(tf.add(norms, tf.transpose(norms)), tf.mul(2, tf.matMul(mean, mean, false, true)));
        const distances = tf.sqrt(tf.add(tf.relu(squares), 1e-6));
        return tf.mean(tf.square(tf.relu(tf.sub(args.params.margin, distances))));
      }
    },
  });
