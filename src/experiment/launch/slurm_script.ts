import { join } from "node:path";
import { TRY_AGAIN } from "../../errors.ts";
import { ownCommand } from "../../process/own_command.ts";
import type { Batch } from "./batch.ts";
import { commandsBy, quoted } from "./shell_script.ts";
import { THREAD_VARIABLES } from "./threads.ts";

/** File in a batch's folder with the exit code of a task that has ended. */
export const codeFile = ({ folder }: Pick<Batch, "folder">, index: number): string =>
  join(folder, `${index}.code`);

export interface ScriptOptions {
  /** Lines for the shell before the command, such as `module load …`. */
  readonly setup: readonly string[];
  /** How often at most a task goes back to the queue by itself. */
  readonly restarts: string;
}

/**
 * The script of a job array: each task is one `vae run`. Before its time is up it is sent SIGUSR1 and has the run save and
 * end, and goes back to the queue, where the run goes on; also where another process still writes to the run (75). Else it
 * leaves the exit code in a file. What Slurm says of a job is kept from the run, which is one process and no rank of many.
 */
export function slurmScript(batch: Batch, { setup, restarts }: ScriptOptions): string {
  const threads = THREAD_VARIABLES.map((name) => `export ${name}="\${${name}:-$cpus}"`);
  return `#!/bin/bash
task=$SLURM_ARRAY_TASK_ID
job=\${SLURM_ARRAY_JOB_ID}_$task
restarts=\${SLURM_RESTART_COUNT:-0}
code_file=${quoted(batch.folder)}/$task.code
cpus=\${SLURM_CPUS_PER_TASK:-\${SLURM_CPUS_ON_NODE:-1}}
${commandsBy("task", batch)}
trap 'time_is_up=yes; kill -TERM $run' USR1
trap 'kill -TERM $run' TERM
rm -f "$code_file"
printf 'job %s on %s%s\\n' "$job" "$SLURMD_NODENAME" "$([ "$restarts" = 0 ] || echo ", restart $restarts")" >>"$output"
for name in \${!SLURM_@} \${!PMI_@} \${!PMIX_@} \${!OMPI_@} TF_CONFIG; do
  [ "$name" = SLURM_CONF ] || unset "$name"
done
${threads.join("\n")}
${setup.map((line) => `${line}\n`).join("")}
${quoted(process.execPath)} ${quoted(ownCommand)} "$@" >>"$output" 2>&1 &
run=$!
while kill -0 $run 2>/dev/null; do wait $run; done
wait $run
code=$?
if [ $code = ${TRY_AGAIN} ] || { [ -n "$time_is_up" ] && [ $code -gt 128 ]; }; then
  if [ "$restarts" -lt ${restarts} ]; then
    scontrol requeue "$job" && exit $code
  fi
fi
echo $code >"$code_file.new" && mv "$code_file.new" "$code_file"
exit $code
`;
}
