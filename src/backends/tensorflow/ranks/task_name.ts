/** The one job of a cluster of ranks. */
export const JOB = "worker";

/** The name that TensorFlow has for a rank: a task of that job. */
export const taskOf = (rank: number): string => `/job:${JOB}/replica:0/task:${rank}`;
