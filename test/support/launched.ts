import { join } from "node:path";
import type { Batch, Fleet } from "../../src/experiment/launch/batch.ts";

/** A batch of so many members' trainings, in the folder of a series. */
export function madeBatch({ out }: Fleet, count: number): Batch {
  const commands = Array.from({ length: count }, (_, i) => ({
    args: ["run", "--config", join(out, `it's ${i}`, "member.yaml"), "--resume", "auto"],
    output: join(out, `it's ${i}`, "output.txt"),
  }));
  return { id: "mwz4sbwy3e7b", folder: join(out, "queue", "mwz4sbwy3e7b"), commands };
}
