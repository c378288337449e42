/** Packs slowly into the folder given, until it is killed. */
import { openPacked } from "../../src/data/packed.ts";
import { slowPack } from "./slow_pack.ts";

await openPacked(slowPack(10), { cacheDir: process.argv[2]! });
