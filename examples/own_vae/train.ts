// Trains the variant of sparse_vae.ts on the data of blobs.ts, and looks at what came out:  npm start
import { defineConfig, EarlyStopping, train } from "tfjs-vae";

const config = defineConfig({
  plugins: ["./blobs.ts", "./sparse_vae.ts"],
  model: "SparseVAE",
  model_params: { latent_dim: 8, hidden_dims: [16, 32, 64], sparsity: 0.2 },
  data: "blobs",
  data_params: { size: 2000, radius: 3 },
  exp_params: { LR: 0.002, kld_weight: 0.0005 },
  trainer_params: { max_steps: Number(process.argv[2] ?? 300) },
});

const {
  run: path,
  metrics,
  open,
} = await train(config, {
  baseDir: import.meta.dirname, // which plugins' names start from
  onStep({ step, totalSteps, total }) {
    if (step % 50 === 0) console.log(`step ${step} of ${totalSteps}: loss ${total.toFixed(4)}`);
  },
  callbacks: [new EarlyStopping({ monitor: "val/total", patience: 5 })],
  quiet: true,
});
console.log(`${path}: mean squared error ${metrics["val/mse"]?.toFixed(4)}`);

const run = await open({ quiet: true });
try {
  const blobs = await run.data("test", 8);
  await blobs.beside(await run.reconstruct(blobs)).save("reconstructions.png");
  await (await run.interpolate(blobs.slice(0, 1), blobs.slice(1, 2))).save("interpolation.png");
} finally {
  await run.dispose();
}
