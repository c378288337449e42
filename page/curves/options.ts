import { signal } from "@preact/signals";
import type { Axis } from "../api.ts";
import { kept } from "../kept.ts";

/** Weight of the past in the moving average, 0 to below 1. */
export const smoothing = kept("smoothing", 0.6);
export const axis = kept<Axis>("axis", "step");
export const isLog = kept("log", false);
/** Whether the few highest and lowest values may lie outside a chart. */
export const cutsOutliers = kept("outliers", true);
/** Terms that were put in or taken out, against those shown at first. */
export const termChoices = kept<Readonly<Record<string, boolean>>>("terms", {});

/** What of x is shown; undefined: all. */
export const zoom = signal<{ readonly from: number; readonly to: number } | undefined>(undefined);
