/** What helps against faults that no choice of a file or folder causes, by the system's error code. */
export const FAULTS: Readonly<Record<string, string>> = {
  EIO: "the disk reports a fault: check it, and its cable or connection",
  ESTALE: "the network drive has changed under it: mount it anew",
  ETIMEDOUT: "the network drive does not answer: check the connection",
  EMFILE: "too many files are open (ulimit -n)",
  ENFILE: "too many files are open on this machine",
};
