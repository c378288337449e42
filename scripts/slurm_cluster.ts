import { hasSlurm, startSlurm } from "./slurm/cluster.ts";

// A Slurm of one's own on this machine, to try --launcher slurm: npx tsx scripts/slurm_cluster.ts [NODES]
// starts munged, slurmctld and so many slurmd (2) in a temporary folder, by no service and without changing the system's,
// says how to use them, and ends them at Ctrl-C. Debian: apt-get install slurmctld slurmd slurm-client munge.
if (!hasSlurm()) {
  console.error("expected slurmctld, slurmd, slurm-client and munge on this machine, got less. Install them");
  process.exit(1);
}
const nodes = Array.from({ length: Number(process.argv[2] ?? 2) }, (_, i) => `n${i + 1}`);
const cluster = await startSlurm(nodes);
console.log(`Slurm with ${nodes.join(", ")} runs until Ctrl-C. In another shell:`);
console.log(`  export SLURM_CONF=${cluster.env.SLURM_CONF}`);
await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  setInterval(() => {}, 1e6);
});
await cluster.stop();
process.exit();
