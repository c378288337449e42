import { workerData } from "node:worker_threads";
import { serve, type WorkerArgs } from "./serve.ts";

serve(workerData as WorkerArgs);
