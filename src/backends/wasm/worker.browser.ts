import { serve, type WorkerArgs } from "./serve.ts";

globalThis.onmessage = ({ data }: MessageEvent<WorkerArgs>) => serve(data);
