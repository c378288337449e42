import { Type } from "typebox";

/** In a page nothing is logged: whatever a config says of it is left alone. */
export const Loggers = Type.Unsafe<readonly never[]>({ type: "array", default: [] });
