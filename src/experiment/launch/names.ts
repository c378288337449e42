/** The launchers, and in a few words what each starts: for help and completion, which load none of them. */
export const LAUNCHERS = {
  local: "processes on this machine",
  slurm: "job arrays of Slurm",
  kubernetes: "Indexed Jobs of Kubernetes",
} as const;
