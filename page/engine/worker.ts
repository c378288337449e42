import { expose } from "comlink";
import { explorer } from "./explorer.ts";
import { trainer } from "./trainer.ts";

/** All that computes, off the page's own thread, which may not wait for others. */
const engine = { ...explorer, ...trainer };
expose(engine);

export type Engine = typeof engine;
